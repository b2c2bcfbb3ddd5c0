//! Keeping what searches go through right (tables `index_entries` and `facets`, and the words of
//! `db::words`): one entry for a store with all its contacts, one for each contact without a store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::hash::{Hash, Hasher};

use diesel::prelude::*;

use super::facets;
use crate::db::entry_rows::{self, EntryRow};
use crate::db::schema::{contacts, index_entries, store_technologies, stores};
use crate::db::upsert_row::lock_index;
use crate::db::{Conn, words};
use crate::domain::facet::{Facet, StoreFacts, YES, kind, of_store};
use crate::domain::profile::label;
use crate::domain::words::{Side, add_pieces, spell};

/// Entries that are read together.
const BATCH: usize = 500;

/// What an entry is to hold.
#[derive(Default)]
struct Entry {
    /// Places in [`Facets`].
    facets: Vec<usize>,
    words: Vec<u64>,
}

/// The facets of the entries of one transaction, and by how much their counts change.
#[derive(Default)]
struct Facets {
    places: HashMap<&'static str, HashMap<String, usize>>,
    ids: Vec<i64>,
    unknown: BTreeMap<Facet, (usize, String)>,
    counts: BTreeMap<i64, i64>,
}

impl Facets {
    /// The place of a facet; `label` words it where it is new.
    fn place(&mut self, kind: &'static str, value: &str, label: impl FnOnce() -> String) -> usize {
        let of_kind = self.places.entry(kind).or_default();
        if let Some(place) = of_kind.get(value) {
            return *place;
        }
        let place = self.ids.len();
        of_kind.insert(value.to_owned(), place);
        self.ids.push(0);
        self.unknown.insert(Facet::new(kind, value), (place, label()));
        place
    }

    /// Looks up the ids of the facets that came since, and makes those that are not there.
    fn look_up(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let unknown = std::mem::take(&mut self.unknown);
        let places: Vec<_> =
            unknown.iter().map(|(facet, (place, _))| (facet.clone(), *place)).collect();
        let wanted = unknown.into_iter().map(|(facet, (_, label))| (facet, label)).collect();
        let ids = facets::ensure(conn, &wanted)?;
        for (facet, place) in places {
            if let (Some(held), Some(id)) = (self.ids.get_mut(place), ids.get(&facet)) {
                *held = *id;
            }
        }
        Ok(())
    }

    fn tally(&mut self, facets: &str, more: i64) {
        for facet in facets.split(' ').filter_map(|id| id.parse().ok()) {
            *self.counts.entry(facet).or_default() += more;
        }
    }

    fn write_counts(self, conn: &mut Conn) -> QueryResult<()> {
        let changed: Vec<_> = self.counts.into_iter().filter(|(_, more)| *more != 0).collect();
        entry_rows::add_counts(conn, &changed)
    }
}

/// Writes the entries of `ids` anew from stores, technologies and contacts; those that nothing is
/// left of go. Nothing is written where nothing differs.
///
/// # Errors
/// When the database refuses.
pub fn rewrite(conn: &mut Conn, ids: &BTreeSet<i64>) -> QueryResult<()> {
    rewrite_these(conn, ids, Which::Different)
}

/// Which entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those whose words are others.
    Different,
    /// All: those too whose words were lost by an accident of which nothing is known here.
    All,
}

fn rewrite_these(conn: &mut Conn, ids: &BTreeSet<i64>, which: Which) -> QueryResult<()> {
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut facets = Facets::default();
    for batch in ids.chunks(BATCH) {
        let entries = read(conn, batch, &mut facets)?;
        facets.look_up(conn)?;
        write(conn, batch, entries, &mut facets, which)?;
    }
    facets.write_counts(conn)
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

/// How many entries there are.
///
/// # Errors
/// When the database cannot answer.
pub fn count(conn: &mut Conn) -> QueryResult<u64> {
    let entries: i64 = index_entries::table.count().get_result(conn)?;
    Ok(entries.unsigned_abs())
}

/// How many entries there are to be: with every contact under its own.
///
/// # Errors
/// When the database cannot answer.
pub fn wanted(conn: &mut Conn) -> QueryResult<u64> {
    let stores: i64 = stores::table.count().get_result(conn)?;
    let alone: i64 = contacts::table.filter(contacts::entry_id.lt(0)).count().get_result(conn)?;
    Ok(stores.unsigned_abs() + alone.unsigned_abs())
}

/// Writes the next entries after `after`, at most `most`, anew; returns the last one and how many,
/// none at the end. Those of contacts without a store come first.
///
/// # Errors
/// When the database refuses.
pub fn rewrite_after(conn: &mut Conn, after: i64, most: i64) -> QueryResult<Option<(i64, u64)>> {
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
    let last = ids.last().map(|last| (*last, ids.len() as u64));
    rewrite_these(conn, &ids.into_iter().collect(), Which::All)?;
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

fn read(conn: &mut Conn, ids: &[i64], facets: &mut Facets) -> QueryResult<HashMap<i64, Entry>> {
    let mut entries: HashMap<i64, Entry> = HashMap::with_capacity(ids.len());
    read_stores(conn, ids, &mut entries, facets)?;
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
        entries.entry(store).or_default().facets.push(facets.place(of_kind, &slug, || name));
    }
    read_contacts(conn, ids, &mut entries, facets)?;
    Ok(entries)
}

fn read_stores(
    conn: &mut Conn,
    ids: &[i64],
    entries: &mut HashMap<i64, Entry>,
    facets: &mut Facets,
) -> QueryResult<()> {
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
            entry.facets.push(facets.place(facet.kind, &facet.value, || spelling(&facet)));
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
    facets: &mut Facets,
) -> QueryResult<()> {
    let rows: Vec<ContactRow> = contacts::table
        .filter(contacts::entry_id.eq_any(ids))
        .select(ContactRow::as_select())
        .load(conn)?;
    for contact in rows {
        let entry = entries.entry(contact.entry_id).or_default();
        let name = full_name(contact.first_name.as_deref(), contact.last_name.as_deref());
        let texts = [Some(&name), contact.title.as_ref(), contact.store_domain.as_ref()];
        for text in texts.into_iter().flatten() {
            add_pieces(&mut entry.words, Side::People, text);
        }
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

/// What people read for a facet.
fn spelling(facet: &Facet) -> String {
    match facet.kind {
        kind::COUNTRY | kind::CONTACT_COUNTRY => facet.value.clone(),
        _ => label(&facet.value),
    }
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

/// Brings the entries of `ids` to `wanted`.
fn write(
    conn: &mut Conn,
    ids: &[i64],
    mut wanted: HashMap<i64, Entry>,
    facets: &mut Facets,
    which: Which,
) -> QueryResult<()> {
    let held: Vec<(i64, String, i64)> =
        index_entries::table.filter(index_entries::id.eq_any(ids)).load(conn)?;
    let held: HashMap<i64, (String, i64)> =
        held.into_iter().map(|(id, facets, digest)| (id, (facets, digest))).collect();
    let (mut rows, mut gone) = (Vec::new(), Vec::new());
    for id in ids {
        let old = held.get(id);
        let new = wanted.remove(id).map(|entry| line(*id, entry, &facets.ids));
        let is_same = new.as_ref().map(|new| new.digest) == old.map(|(_, digest)| *digest);
        if is_same && which == Which::Different {
            continue;
        }
        if let Some((old, _)) = old {
            facets.tally(old, -1);
            if new.is_none() {
                gone.push(*id);
            }
        }
        if let Some(new) = new {
            facets.tally(&new.facets, 1);
            rows.push(new);
        }
    }
    if !gone.is_empty() {
        words::remove(conn, &gone)?;
        let gone = index_entries::table.filter(index_entries::id.eq_any(gone));
        diesel::delete(gone).execute(conn)?;
    }
    entry_rows::put(conn, &rows)
}

/// An entry as it is stored; `ids` are those of the facets' places.
fn line(id: i64, entry: Entry, ids: &[i64]) -> EntryRow {
    let mut own: Vec<i64> =
        entry.facets.iter().filter_map(|place| ids.get(*place).copied()).collect();
    own.sort_unstable();
    own.dedup();
    let mut pieces = entry.words;
    pieces.sort_unstable();
    pieces.dedup();
    let (mut facets, mut words) = (String::new(), String::with_capacity(pieces.len() * 10));
    for id in own {
        let space = if facets.is_empty() { "" } else { " " };
        // Writing to a text does not fail.
        let _ = write!(facets, "{space}{id}");
        let _ = write!(words, "{space}{}", facets::word(id));
    }
    for piece in pieces {
        if !words.is_empty() {
            words.push(' ');
        }
        spell(&mut words, piece);
    }
    // The same in every process of one version of the standard library; where it is not, an entry
    // is written once more than it needs to be.
    let mut digest = std::hash::DefaultHasher::new();
    words.hash(&mut digest);
    EntryRow { id, facets, words, digest: digest.finish().cast_signed() }
}
