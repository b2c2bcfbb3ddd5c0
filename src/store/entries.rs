//! Keeping what searches go through right (tables `index_entries` and `facets`, and the words of
//! `db::words`): one entry for a store with all its contacts, one for each contact without a store.

mod draft;
mod making;
mod reading;

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::among::among;
use crate::db::schema::{contacts, index_entries, stores};
use crate::db::upsert_row::{Technology, lock_index};
use crate::db::{Conn, words};
use crate::domain::import::Record;
use draft::{Entry, Facets, StoreRow};
use making::HeldEntries;
use reading::{of_kind, read, read_people};

/// Entries that are read and written together: as many as an import writes in one transaction, for
/// FTS5 writes out what it has collected of the words whenever another table is written.
const BATCH: usize = 5_000;

/// Writes the entries of `ids` anew from stores, technologies and contacts; those that nothing is
/// left of go. Nothing is written where nothing differs.
///
/// # Errors
/// When the database refuses.
pub fn rewrite(conn: &mut Conn, ids: &BTreeSet<i64>) -> QueryResult<()> {
    rewrite_these(conn, ids, Which::Different)
}

/// Whether there is any entry.
///
/// # Errors
/// When the database cannot answer.
pub fn any(conn: &mut Conn) -> QueryResult<bool> {
    let first: Option<i64> =
        index_entries::table.select(index_entries::id).first(conn).optional()?;
    Ok(first.is_some())
}

/// Which entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those whose words are others.
    Different,
    /// The same, where only contacts may have changed.
    People,
    /// All: those too whose words were lost by an accident of which nothing is known here.
    All,
}

fn rewrite_these(conn: &mut Conn, ids: &BTreeSet<i64>, which: Which) -> QueryResult<()> {
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut facets = Facets::default();
    for batch in ids.chunks(BATCH) {
        let held = held(conn, batch)?;
        let entries = match which {
            Which::People => read_people(conn, batch, &held, &mut facets)?,
            Which::Different | Which::All => read(conn, batch, &mut facets)?,
        };
        facets.look_up(conn)?;
        write(conn, batch, (entries, held), &mut facets, which)?;
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

/// Puts contacts under the entries they belong to and writes the entries concerned anew, and those
/// of `concerned` too.
///
/// # Errors
/// When the database refuses.
pub fn rewrite_of_contacts(
    conn: &mut Conn,
    ids: &[i64],
    mut concerned: BTreeSet<i64>,
) -> QueryResult<()> {
    for batch in ids.chunks(BATCH) {
        concerned.extend(place(conn, batch)?);
    }
    rewrite_these(conn, &concerned, Which::People)
}

/// The contacts of these domains that are under no store yet, each with its domain: their entry is
/// another once there is one.
///
/// # Errors
/// When the database cannot answer.
pub fn waiting_contacts(
    conn: &mut Conn,
    domains: &[&str],
) -> QueryResult<Vec<(i64, Option<String>)>> {
    contacts::table
        .filter(contacts::store_domain.eq_any(domains))
        // In the words of the index.
        .filter(sql::<Bool>("contacts.entry_id <= 0"))
        .select((contacts::id, contacts::store_domain))
        .load(conn)
}

/// Writes the entries of stores that were just added, that have no contacts and of which all is
/// known: their records and their `technologies`.
///
/// # Errors
/// When the database refuses.
pub fn write_added(
    conn: &mut Conn,
    added: &[(i64, &Record)],
    technologies: &[Technology],
) -> QueryResult<()> {
    let mut facets = Facets::default();
    let mut of_store: HashMap<i64, Vec<&Technology>> = HashMap::new();
    for technology in technologies {
        of_store.entry(technology.store).or_default().push(technology);
    }
    for batch in added.chunks(BATCH) {
        let mut entries = Vec::with_capacity(batch.len());
        for (id, record) in batch {
            let mut entry = Entry::default();
            entry.add_store(StoreRow::of(*id, record), &mut facets);
            for technology in of_store.remove(id).into_iter().flatten() {
                let Technology { kind, slug, name, .. } = technology;
                entry.facets.push(facets.place(of_kind(kind), slug, || name.clone()));
            }
            entries.push((*id, entry));
        }
        facets.look_up(conn)?;
        making::write(conn, &entries, &HeldEntries::new(), &mut facets)?;
    }
    facets.write_counts(conn)
}

/// Puts contacts under the entry of their store or one of their own; returns the entries concerned.
fn place(conn: &mut Conn, ids: &[i64]) -> QueryResult<BTreeSet<i64>> {
    let rows: Vec<(i64, i64, Option<i64>)> = contacts::table
        .left_join(stores::table.on(contacts::store_domain.eq(stores::domain.nullable())))
        .filter(contacts::id.eq_any(ids))
        .select((contacts::id, contacts::entry_id, stores::id.nullable()))
        .load(conn)?;
    let (mut concerned, mut alone) = (BTreeSet::new(), Vec::new());
    for (id, held, store) in rows {
        let entry = store.unwrap_or(-id);
        concerned.insert(entry);
        if held == entry {
            continue;
        }
        concerned.insert(held);
        match store {
            None => alone.push(id),
            Some(store) => {
                diesel::update(contacts::table.find(id))
                    .set(contacts::entry_id.eq(store))
                    .execute(conn)?;
            }
        }
    }
    if !alone.is_empty() {
        diesel::update(contacts::table.filter(contacts::id.eq_any(alone)))
            .set(contacts::entry_id.eq(contacts::id * -1_i64))
            .execute(conn)?;
    }
    // What a contact has that is under no entry yet.
    concerned.remove(&0);
    Ok(concerned)
}

/// The entries of `ids` as they are now.
fn held(conn: &mut Conn, ids: &[i64]) -> QueryResult<HeldEntries> {
    let rows: Vec<(i64, String, i64)> =
        index_entries::table.filter(among(conn, "index_entries.id", ids)).load(conn)?;
    Ok(rows.into_iter().map(|(id, facets, digest)| (id, (facets, Some(digest)))).collect())
}

/// Brings the entries of `ids` from what they are to what is wanted.
fn write(
    conn: &mut Conn,
    ids: &[i64],
    (mut wanted, mut held): (HashMap<i64, Entry>, HeldEntries),
    facets: &mut Facets,
    which: Which,
) -> QueryResult<()> {
    let mut gone = Vec::new();
    for (id, (facet_ids, digest)) in &mut held {
        if !wanted.contains_key(id) {
            facets.counts.go(facet_ids);
            gone.push(*id);
        }
        if which == Which::All {
            *digest = None;
        }
    }
    if !gone.is_empty() {
        words::remove(conn, &gone)?;
        let gone = index_entries::table.filter(index_entries::id.eq_any(gone));
        diesel::delete(gone).execute(conn)?;
    }
    // In the order of their ids, in which FTS5 wants them.
    let wanted: Vec<_> = ids.iter().filter_map(|id| Some((*id, wanted.remove(id)?))).collect();
    making::write(conn, &wanted, &held, facets)
}

#[cfg(test)]
mod tests;
