//! Keeping what searches go through right (tables `index_entries` and `facets`, and the words of
//! `db::words`): one entry for a store with all its contacts, one for each contact without a store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use diesel::prelude::*;

use super::facets;
use crate::db::schema::{contacts, index_entries, store_technologies, stores};
use crate::db::upsert_row::lock_index;
use crate::db::{Conn, words};
use crate::domain::facet::{Facet, StoreFacts, YES, kind, of_store};
use crate::domain::profile::label;
use crate::domain::words::{Side, add_pieces, spelled};

/// Entries that are read together.
const BATCH: usize = 500;

/// What an entry is to hold.
#[derive(Default)]
struct Entry {
    facets: BTreeMap<Facet, String>,
    words: BTreeSet<u64>,
}

impl Entry {
    fn add(&mut self, kind: &'static str, value: Option<String>) {
        if let Some(value) = value {
            let label = if kind == kind::CONTACT_COUNTRY { value.clone() } else { label(&value) };
            self.facets.insert(Facet::new(kind, value), label);
        }
    }
}

/// Writes the entries of `ids` anew from stores, technologies and contacts; those that nothing is
/// left of go. Nothing is written where nothing differs.
///
/// # Errors
/// When the database refuses.
pub fn rewrite(conn: &mut Conn, ids: &BTreeSet<i64>) -> QueryResult<()> {
    let ids: Vec<i64> = ids.iter().copied().collect();
    for batch in ids.chunks(BATCH) {
        let entries = read(conn, batch)?;
        write(conn, batch, entries)?;
    }
    Ok(())
}

/// Puts the next contacts after `after`, at most `most`, under their entries, without writing those;
/// returns the last one, none at the end.
///
/// # Errors
/// When the database refuses.
pub fn place_contacts(conn: &mut Conn, after: i64, most: i64) -> QueryResult<Option<i64>> {
    lock_index(conn)?;
    let ids: Vec<i64> = contacts::table
        .filter(contacts::id.gt(after))
        .order(contacts::id)
        .select(contacts::id)
        .limit(most)
        .load(conn)?;
    for batch in ids.chunks(BATCH) {
        place(conn, batch)?;
    }
    Ok(ids.last().copied())
}

/// Writes the next entries after `after`, at most `most`, anew; returns the last one, none at the
/// end. Those of contacts without a store come first.
///
/// # Errors
/// When the database refuses.
pub fn rewrite_after(conn: &mut Conn, after: i64, most: i64) -> QueryResult<Option<i64>> {
    lock_index(conn)?;
    let mut ids: Vec<i64> = Vec::new();
    if after < 0 {
        ids = contacts::table
            .filter(contacts::entry_id.gt(after))
            .filter(contacts::entry_id.lt(0))
            .order(contacts::entry_id)
            .select(contacts::entry_id)
            .limit(most)
            .load(conn)?;
    }
    if ids.is_empty() {
        ids = stores::table
            .filter(stores::id.gt(after.max(0)))
            .order(stores::id)
            .select(stores::id)
            .limit(most)
            .load(conn)?;
    }
    let last = ids.last().copied();
    rewrite(conn, &ids.into_iter().collect())?;
    Ok(last)
}

/// Whether the newest store and contact have their entries. Whoever adds one writes its entry too,
/// so only rows that are older than the entries themselves have none.
///
/// # Errors
/// When the database cannot answer.
pub fn are_complete(conn: &mut Conn) -> QueryResult<bool> {
    let store: Option<Option<i64>> = stores::table
        .left_join(index_entries::table.on(index_entries::id.eq(stores::id)))
        .order(stores::id.desc())
        .select(index_entries::id.nullable())
        .limit(1)
        .get_result(conn)
        .optional()?;
    let contact: Option<i64> = contacts::table
        .order(contacts::id.desc())
        .select(contacts::entry_id)
        .limit(1)
        .get_result(conn)
        .optional()?;
    Ok(store != Some(None) && contact != Some(0))
}

/// Puts contacts under the entries they belong to and writes the entries concerned anew.
///
/// # Errors
/// When the database refuses.
pub fn rewrite_of_contacts(conn: &mut Conn, ids: &[i64]) -> QueryResult<()> {
    let mut concerned = BTreeSet::new();
    for batch in ids.chunks(BATCH) {
        concerned.extend(place(conn, batch)?);
    }
    rewrite(conn, &concerned)
}

/// The contacts of these domains, whose entry is another once there is a store.
///
/// # Errors
/// When the database cannot answer.
pub fn contacts_of_domains(conn: &mut Conn, domains: &[&str]) -> QueryResult<Vec<i64>> {
    contacts::table.filter(contacts::store_domain.eq_any(domains)).select(contacts::id).load(conn)
}

/// Puts contacts under the entry of their store or one of their own; returns the entries concerned.
fn place(conn: &mut Conn, ids: &[i64]) -> QueryResult<BTreeSet<i64>> {
    let rows: Vec<(i64, i64, Option<i64>)> = contacts::table
        .left_join(stores::table.on(contacts::store_domain.eq(stores::domain.nullable())))
        .filter(contacts::id.eq_any(ids))
        .select((contacts::id, contacts::entry_id, stores::id.nullable()))
        .load(conn)?;
    let mut concerned = BTreeSet::new();
    for (id, held, store) in rows {
        let entry = store.unwrap_or(-id);
        concerned.insert(entry);
        if held != entry {
            concerned.insert(held);
            diesel::update(contacts::table.find(id))
                .set(contacts::entry_id.eq(entry))
                .execute(conn)?;
        }
    }
    // What a contact has that is under no entry yet.
    concerned.remove(&0);
    Ok(concerned)
}

fn read(conn: &mut Conn, ids: &[i64]) -> QueryResult<HashMap<i64, Entry>> {
    let mut entries: HashMap<i64, Entry> = HashMap::new();
    read_stores(conn, ids, &mut entries)?;
    let technologies: Vec<(i64, String, String, String)> = store_technologies::table
        .filter(store_technologies::store_id.eq_any(ids))
        .select((
            store_technologies::store_id,
            store_technologies::kind,
            store_technologies::slug,
            store_technologies::name,
        ))
        .load(conn)?;
    for (store, of_kind, slug, name) in technologies {
        let of_kind = if of_kind == kind::APP { kind::APP } else { kind::PIXEL };
        entries.entry(store).or_default().facets.insert(Facet::new(of_kind, slug), name);
    }
    read_contacts(conn, ids, &mut entries)?;
    Ok(entries)
}

fn read_stores(conn: &mut Conn, ids: &[i64], entries: &mut HashMap<i64, Entry>) -> QueryResult<()> {
    let rows: Vec<StoreRow> =
        stores::table.filter(stores::id.eq_any(ids)).select(StoreRow::as_select()).load(conn)?;
    for store in rows {
        let entry = entries.entry(store.id).or_default();
        let facts = StoreFacts {
            country: store.country.as_deref(),
            category: store.category.as_deref(),
            platform: store.platform.as_deref(),
            theme: store.theme.as_deref(),
            visits: store.monthly_visits,
            dollars: store.revenue_usd,
            plus: store.plus,
            ads: store.ads,
        };
        for facet in of_store(&facts) {
            let label =
                if facet.kind == kind::COUNTRY { facet.value.clone() } else { label(&facet.value) };
            entry.facets.insert(facet, label);
        }
        let texts = [Some(&store.domain), store.name.as_ref(), store.description.as_ref()];
        for text in texts.into_iter().flatten() {
            add_pieces(&mut entry.words, Side::Store, text);
        }
    }
    Ok(())
}

fn read_contacts(
    conn: &mut Conn,
    ids: &[i64],
    entries: &mut HashMap<i64, Entry>,
) -> QueryResult<()> {
    let rows: Vec<ContactRow> = contacts::table
        .filter(contacts::entry_id.eq_any(ids))
        .select(ContactRow::as_select())
        .load(conn)?;
    for contact in rows {
        let entry = entries.entry(contact.entry_id).or_default();
        entry.add(kind::CONTACTS, Some(YES.to_owned()));
        let name = full_name(contact.first_name.as_deref(), contact.last_name.as_deref());
        let texts = [Some(&name), contact.title.as_ref(), contact.store_domain.as_ref()];
        for text in texts.into_iter().flatten() {
            add_pieces(&mut entry.words, Side::People, text);
        }
        entry.add(kind::ROLE, contact.role);
        entry.add(kind::SENIORITY, contact.seniority);
        entry.add(kind::CONTACT_COUNTRY, contact.country);
    }
    Ok(())
}

/// First and last name as one text.
pub(super) fn full_name(first: Option<&str>, last: Option<&str>) -> String {
    [first, last].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = stores)]
struct StoreRow {
    id: i64,
    domain: String,
    name: Option<String>,
    platform: Option<String>,
    country: Option<String>,
    category: Option<String>,
    monthly_visits: Option<i64>,
    revenue_usd: Option<i64>,
    theme: Option<String>,
    plus: Option<bool>,
    ads: Option<bool>,
    description: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts)]
struct ContactRow {
    entry_id: i64,
    store_domain: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    title: Option<String>,
    role: Option<String>,
    seniority: Option<String>,
    country: Option<String>,
}

/// Brings the entries of `ids` to `wanted`, and the facets' counts with them.
fn write(conn: &mut Conn, ids: &[i64], wanted: HashMap<i64, Entry>) -> QueryResult<()> {
    let mut every = BTreeMap::new();
    for entry in wanted.values() {
        for (facet, label) in &entry.facets {
            if !every.contains_key(facet) {
                every.insert(facet.clone(), label.clone());
            }
        }
    }
    let facet_ids = facets::ensure(conn, &every)?;
    let held: Vec<(i64, String, i64)> =
        index_entries::table.filter(index_entries::id.eq_any(ids)).load(conn)?;
    let held: HashMap<i64, (String, i64)> =
        held.into_iter().map(|(id, facets, digest)| (id, (facets, digest))).collect();
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for id in ids {
        let old = held.get(id);
        let Some(entry) = wanted.get(id) else {
            if let Some((old, _)) = old {
                tally(&mut counts, old, -1);
                words::remove(conn, *id)?;
                diesel::delete(index_entries::table.find(id)).execute(conn)?;
            }
            continue;
        };
        let mut own: Vec<i64> =
            entry.facets.keys().filter_map(|facet| facet_ids.get(facet).copied()).collect();
        own.sort_unstable();
        let new = Line::of(&own, &entry.words);
        if old.is_some_and(|(_, digest)| *digest == new.digest) {
            continue;
        }
        match old {
            Some((old, _)) => {
                tally(&mut counts, old, -1);
                diesel::update(index_entries::table.find(id))
                    .set((
                        index_entries::facets.eq(&new.facets),
                        index_entries::digest.eq(new.digest),
                    ))
                    .execute(conn)?;
            }
            None => {
                diesel::insert_into(index_entries::table)
                    .values((
                        index_entries::id.eq(id),
                        index_entries::facets.eq(&new.facets),
                        index_entries::digest.eq(new.digest),
                    ))
                    .execute(conn)?;
            }
        }
        words::put(conn, *id, &new.words, old.is_none())?;
        tally(&mut counts, &new.facets, 1);
    }
    for (facet, more) in counts.into_iter().filter(|(_, more)| *more != 0) {
        facets::count(conn, facet, more)?;
    }
    Ok(())
}

/// An entry as it is stored.
struct Line {
    facets: String,
    words: String,
    digest: i64,
}

impl Line {
    fn of(facets: &[i64], pieces: &BTreeSet<u64>) -> Self {
        let own: Vec<_> = facets.iter().map(i64::to_string).collect();
        let words: Vec<_> = facets
            .iter()
            .map(|id| facets::word(*id))
            .chain(pieces.iter().map(|piece| spelled(*piece)))
            .collect();
        let words = words.join(" ");
        // The same in every process of one version of the standard library; where it is not, an
        // entry is written once more than it needs to be.
        let mut digest = std::hash::DefaultHasher::new();
        words.hash(&mut digest);
        Self { facets: own.join(" "), words, digest: digest.finish().cast_signed() }
    }
}

fn tally(counts: &mut BTreeMap<i64, i64>, facets: &str, more: i64) {
    for facet in facets.split(' ').filter_map(|id| id.parse().ok()) {
        *counts.entry(facet).or_default() += more;
    }
}
