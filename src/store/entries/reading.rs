//! Reading what entries are to hold from stores, technologies and contacts.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use super::draft::{Entry, Facets, StoreRow, StoreTexts, ids_in, spelling};
use super::making::HeldEntries;
use crate::db::Conn;
use crate::db::among::among;
use crate::db::schema::{contacts, facets as facet_rows, store_technologies, stores};
use crate::domain::contact::{Contact, ContactPreview};
use crate::domain::facet::{Facet, YES, kind};
use crate::domain::words::Side;
use crate::store::contacts::Row;

/// Everything that the entries of `ids` are to hold.
pub(super) fn read(
    conn: &mut Conn,
    ids: &[i64],
    facets: &mut Facets,
) -> QueryResult<HashMap<i64, Entry>> {
    let mut entries: HashMap<i64, Entry> = HashMap::with_capacity(ids.len());
    read_stores(conn, ids, &mut entries, facets)?;
    let technologies: Vec<(i64, String, String, String)> = store_technologies::table
        .filter(among(conn, "store_technologies.store_id", ids))
        .select((
            store_technologies::store_id,
            store_technologies::kind,
            store_technologies::slug,
            store_technologies::name,
        ))
        .load(conn)?;
    for (store, kind, slug, name) in technologies {
        let place = facets.place(of_kind(&kind), &slug, || name);
        entries.entry(store).or_default().facets.push(place);
    }
    read_contacts(conn, ids, &mut entries, facets)?;
    Ok(entries)
}

/// The kind of facets that a kind of technologies is.
pub(super) fn of_kind(technology: &str) -> &'static str {
    if technology == kind::APP { kind::APP } else { kind::PIXEL }
}

fn read_stores(
    conn: &mut Conn,
    ids: &[i64],
    entries: &mut HashMap<i64, Entry>,
    facets: &mut Facets,
) -> QueryResult<()> {
    let rows: Vec<StoreRow> = stores::table
        .filter(among(conn, "stores.id", ids))
        .select(StoreRow::as_select())
        .load(conn)?;
    for store in rows {
        entries.entry(store.id).or_default().add_store(store, facets);
    }
    Ok(())
}

fn read_contacts(
    conn: &mut Conn,
    ids: &[i64],
    entries: &mut HashMap<i64, Entry>,
    facets: &mut Facets,
) -> QueryResult<()> {
    let rows: Vec<Row> = contacts::table
        .filter(among(conn, "contacts.entry_id", ids))
        .select(Row::as_select())
        .load(conn)?;
    for row in rows {
        let entry = entries.entry(row.entry_id).or_default();
        // Nobody finds a contact by what its preview does not show.
        let contact = ContactPreview::from(Contact::from(row));
        let texts = [Some(contact.name()), contact.title, contact.store_domain];
        entry.texts.extend(texts.into_iter().flatten().map(|text| (Side::People, text)));
        let values = [
            (kind::CONTACTS, Some(YES.to_owned())),
            (kind::ROLE, contact.role),
            (kind::SENIORITY, contact.seniority),
            (kind::CONTACT_COUNTRY, contact.country),
        ];
        for facet in values.into_iter().filter_map(|(kind, value)| Some(Facet::new(kind, value?))) {
            entry.facets.push(facets.place(facet.kind, &facet.value, || spelling(&facet)));
        }
    }
    Ok(())
}

/// The same where only contacts may have changed: what the entries hold of their stores is taken from
/// `held`, which spares the technologies.
pub(super) fn read_people(
    conn: &mut Conn,
    ids: &[i64],
    held: &HeldEntries,
    facets: &mut Facets,
) -> QueryResult<HashMap<i64, Entry>> {
    let known: Vec<i64> = ids.iter().copied().filter(|id| held.contains_key(id)).collect();
    let texts: Vec<StoreTexts> = stores::table
        .filter(among(conn, "stores.id", &known))
        .select(StoreTexts::as_select())
        .load(conn)?;
    let of_people = facets_of_people(conn, held)?;
    let mut entries: HashMap<i64, Entry> = HashMap::with_capacity(ids.len());
    for store in texts {
        let Some((held, _)) = held.get(&store.id) else { continue };
        let entry = entries.entry(store.id).or_default();
        entry.kept.extend(ids_in(held).filter(|facet| !of_people.contains(facet)));
        entry.add_texts(store);
    }
    let (of_stores, others): (Vec<i64>, Vec<i64>) =
        ids.iter().partition(|id| entries.contains_key(id));
    entries.extend(read(conn, &others, facets)?);
    read_contacts(conn, &of_stores, &mut entries, facets)?;
    Ok(entries)
}

/// Those of the facets that entries have of their contacts.
fn facets_of_people(conn: &mut Conn, held: &HeldEntries) -> QueryResult<HashSet<i64>> {
    let all: BTreeSet<i64> = held.values().flat_map(|(facets, _)| ids_in(facets)).collect();
    let all: Vec<i64> = all.into_iter().collect();
    let rows: Vec<(i64, String)> = facet_rows::table
        .filter(among(conn, "facets.id", &all))
        .select((facet_rows::id, facet_rows::kind))
        .load(conn)?;
    let of_people = rows.into_iter().filter(|(_, kind)| kind::OF_PEOPLE.contains(&kind.as_str()));
    Ok(of_people.map(|(id, _)| id).collect())
}
