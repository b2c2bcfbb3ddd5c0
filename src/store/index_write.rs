//! Writing the index (tables `stores`, `store_technologies`, `contacts`): records become rows, and
//! only what differs is written. What searches go through is brought along (`store::entries`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::dsl::max;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{contacts, store_technologies, stores};
use crate::db::upsert_row::{Cell, Lapse, Technology, UpsertRow, insert_technologies, lock_index};
use crate::domain::import::{Entity, Kind, Record, SUPPRESSED, Value, slug};
use crate::store::entries;

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that had other values.
    pub updated: u64,
    /// Rows that had these values already; nothing was written.
    pub unchanged: u64,
}

impl std::ops::AddAssign for Changes {
    fn add_assign(&mut self, more: Self) {
        self.inserted += more.inserted;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
    }
}

/// The columns of a store that are rows of `store_technologies`, with their kind there.
const TECHNOLOGIES: [(&str, &str); 2] = [("apps", "app"), ("pixels", "pixel")];

/// Technologies by store and kind: slug and name of each.
type Held = HashMap<(i64, &'static str), BTreeMap<String, String>>;

/// Brings the rows of `records` (each key once) to their values. To be run in a transaction.
///
/// # Errors
/// When the database refuses a value.
pub fn upsert(
    conn: &mut Conn,
    entity: Entity,
    records: &[Record],
    now: Timestamp,
) -> QueryResult<Changes> {
    lock_index(conn)?;
    let newest = newest(conn, entity)?;
    let known = known_stores(conn, entity, records)?;
    let held = held_technologies(conn, entity, records, &known)?;
    let homes = stores_of_contacts(conn, entity, records)?;
    let suppressed = suppressed_contacts(conn, entity, records)?;
    let rows: Vec<_> = records
        .iter()
        .map(|record| {
            let is_suppressed = suppressed.contains(&record.key);
            let status = if is_suppressed { Cell::Text(Some(SUPPRESSED)) } else { UNKNOWN };
            row(entity, record, &homes, status, now)
        })
        .collect();
    let written: HashMap<String, i64> =
        UpsertRow::run_all(&rows, conn)?.into_iter().map(|(id, key)| (key, id)).collect();
    let mut changes = Changes::default();
    let mut touched = Touched::default();
    let (mut added, mut stamped) = (Vec::new(), Vec::new());
    for record in records {
        let written = written.get(&record.key).copied();
        // Only of stores: a contact has nothing that is kept elsewhere.
        let store = known.get(&record.key).copied();
        let replaced = match store.or(written.filter(|_| entity == Entity::Stores)) {
            Some(store) => replace_technologies(conn, store, record, &held, &mut added)?,
            None => false,
        };
        match (written, store.filter(|_| replaced)) {
            (Some(id), _) if Some(id) > newest => {
                touched.added.push((id, record));
                changes.inserted += 1;
            }
            (Some(id), _) => {
                touched.changed.push(id);
                changes.updated += 1;
            }
            (None, Some(store)) => {
                touched.changed.push(store);
                stamped.push(store);
                changes.updated += 1;
            }
            (None, None) => changes.unchanged += 1,
        }
    }
    insert_technologies(conn, &added)?;
    if !stamped.is_empty() {
        diesel::update(stores::table.filter(stores::id.eq_any(stamped)))
            .set(stores::imported_at.eq(now.0))
            .execute(conn)?;
    }
    touched.rewrite_entries(conn, entity, &added, &homes)?;
    Ok(changes)
}

/// The rows whose entries in the search index may be others now.
#[derive(Default)]
struct Touched<'a> {
    added: Vec<(i64, &'a Record)>,
    changed: Vec<i64>,
}

impl Touched<'_> {
    fn rewrite_entries(
        mut self,
        conn: &mut Conn,
        entity: Entity,
        technologies: &[Technology],
        homes: &HashMap<String, i64>,
    ) -> QueryResult<()> {
        if entity == Entity::Contacts {
            let mut under = BTreeSet::new();
            for (id, record) in self.added {
                match home(record, homes) {
                    // It was written under it.
                    Some(store) => _ = under.insert(store),
                    None => self.changed.push(id),
                }
            }
            return entries::rewrite_of_contacts(conn, &self.changed, under);
        }
        // Contacts that came before their store: its entry is made of more than its record.
        let keys: Vec<_> = self.added.iter().map(|(_, record)| record.key.as_str()).collect();
        let waiting = entries::waiting_contacts(conn, &keys)?;
        let awaited: HashSet<_> =
            waiting.iter().filter_map(|(_, domain)| domain.as_ref()).collect();
        self.added.retain(|(_, record)| !awaited.contains(&record.key));
        let waiting: Vec<_> = waiting.iter().map(|(id, _)| *id).collect();
        entries::rewrite_of_contacts(conn, &waiting, BTreeSet::new())?;
        entries::write_added(conn, &self.added, technologies)?;
        entries::rewrite(conn, &self.changed.into_iter().collect())
    }
}

/// How many rows there are.
pub fn count(conn: &mut Conn, entity: Entity) -> QueryResult<i64> {
    match entity {
        Entity::Stores => stores::table.count().get_result(conn),
        Entity::Contacts => contacts::table.count().get_result(conn),
    }
}

fn row<'a>(
    entity: Entity,
    record: &'a Record,
    homes: &HashMap<String, i64>,
    empty_status: Cell<'static>,
    now: Timestamp,
) -> UpsertRow<'a> {
    let mut given = Vec::new();
    for column in entity.columns() {
        let Some(value) = record.values.get(column.name) else { continue };
        match (column.name, value) {
            // A contact whose status is given as empty is not one of none.
            ("email_status", Value::Null) => given.push((column.name, empty_status)),
            (name, _) if TECHNOLOGIES.iter().any(|(column, _)| *column == name) => {}
            (name, value) => given.push((name, cell(column.kind, value))),
        }
    }
    let (mut defaults, mut lapse) = (Vec::new(), None);
    if entity == Entity::Contacts {
        // The entry of a new one; that of a known one is seen to with the other entries.
        let home = home(record, homes).unwrap_or(0);
        defaults.push(("entry_id", Cell::Number(Some(home))));
        if !record.values.contains_key("email_status") {
            defaults.push(("email_status", UNKNOWN));
            lapse = record.values.contains_key("email").then_some(LOOKED_AT);
        }
    }
    UpsertRow {
        table: entity.name(),
        key: (entity.key(), &record.key),
        given,
        defaults,
        lapse,
        imported_at: now.0,
    }
}

const UNKNOWN: Cell<'static> = Cell::Text(Some("unknown"));

/// Nobody has looked at an address that takes the place of another; that a person does not want to be
/// written to is said of the person.
const LOOKED_AT: Lapse = Lapse { column: "email_status", of: "email", but: SUPPRESSED };

fn cell(kind: Kind, value: &Value) -> Cell<'_> {
    match (kind, value) {
        (Kind::Count | Kind::Moment, Value::Number(number)) => Cell::Number(Some(*number)),
        (Kind::Count | Kind::Moment, _) => Cell::Number(None),
        (Kind::Flag, Value::Flag(flag)) => Cell::Flag(Some(*flag)),
        (Kind::Flag, _) => Cell::Flag(None),
        (_, Value::Text(text)) => Cell::Text(Some(text)),
        _ => Cell::Text(None),
    }
}

fn store_domain(record: &Record) -> Option<&str> {
    match record.values.get("store_domain") {
        Some(Value::Text(domain)) => Some(domain),
        _ => None,
    }
}

/// The store that a contact belongs to, if it is there.
fn home(record: &Record, homes: &HashMap<String, i64>) -> Option<i64> {
    homes.get(store_domain(record)?).copied()
}

/// The ids of the stores that contacts belong to, by domain.
fn stores_of_contacts(
    conn: &mut Conn,
    entity: Entity,
    records: &[Record],
) -> QueryResult<HashMap<String, i64>> {
    if entity != Entity::Contacts {
        return Ok(HashMap::new());
    }
    let domains: HashSet<_> = records.iter().filter_map(store_domain).collect();
    let rows: Vec<(String, i64)> = stores::table
        .filter(stores::domain.eq_any(domains))
        .select((stores::domain, stores::id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Those of the records with an empty status whose contact does not want to be written to: empty does
/// not say that they do again.
fn suppressed_contacts(
    conn: &mut Conn,
    entity: Entity,
    records: &[Record],
) -> QueryResult<HashSet<String>> {
    let is_empty = |record: &&Record| record.values.get("email_status") == Some(&Value::Null);
    let keys: Vec<_> = records.iter().filter(is_empty).map(|record| record.key.as_str()).collect();
    if entity != Entity::Contacts || keys.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<String> = contacts::table
        .filter(contacts::external_id.eq_any(keys))
        .filter(contacts::email_status.eq(SUPPRESSED))
        .select(contacts::external_id)
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The highest id, if there is any row. Ids rise, and nobody else adds rows meanwhile: a row that is
/// written with a higher one was not there before.
fn newest(conn: &mut Conn, entity: Entity) -> QueryResult<Option<i64>> {
    match entity {
        Entity::Stores => stores::table.select(max(stores::id)).first(conn),
        Entity::Contacts => contacts::table.select(max(contacts::id)).first(conn),
    }
}

/// The ids of the stores that are there already, by domain.
fn known_stores(
    conn: &mut Conn,
    entity: Entity,
    records: &[Record],
) -> QueryResult<HashMap<String, i64>> {
    if entity != Entity::Stores {
        return Ok(HashMap::new());
    }
    let keys = records.iter().map(|record| record.key.as_str());
    let rows: Vec<(String, i64)> = stores::table
        .filter(stores::domain.eq_any(keys))
        .select((stores::domain, stores::id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn held_technologies(
    conn: &mut Conn,
    entity: Entity,
    records: &[Record],
    known: &HashMap<String, i64>,
) -> QueryResult<Held> {
    let gives_any =
        |record: &&Record| TECHNOLOGIES.iter().any(|(name, _)| record.values.contains_key(*name));
    let mut held = Held::new();
    if entity == Entity::Stores {
        let ids = records.iter().filter(gives_any).filter_map(|record| known.get(&record.key));
        let rows: Vec<(i64, String, String, String)> = store_technologies::table
            .filter(store_technologies::store_id.eq_any(ids.copied()))
            .select((
                store_technologies::store_id,
                store_technologies::kind,
                store_technologies::slug,
                store_technologies::name,
            ))
            .load(conn)?;
        for (store, kind, slug, name) in rows {
            if let Some((_, kind)) = TECHNOLOGIES.iter().find(|(_, known)| *known == kind) {
                held.entry((store, *kind)).or_default().insert(slug, name);
            }
        }
    }
    Ok(held)
}

/// Replaces the technologies of a store where the record gives others; says whether it did. Those
/// to be added join `added`: one statement adds them for many stores.
fn replace_technologies(
    conn: &mut Conn,
    store: i64,
    record: &Record,
    held: &Held,
    added: &mut Vec<Technology>,
) -> QueryResult<bool> {
    let mut replaced = false;
    for (column, kind) in TECHNOLOGIES {
        let wanted: BTreeMap<String, String> = match record.values.get(column) {
            None => continue,
            Some(Value::List(names)) => {
                names.iter().map(|name| (slug(name), name.clone())).collect()
            }
            Some(_) => BTreeMap::new(),
        };
        let has = held.get(&(store, kind));
        if has.map_or(wanted.is_empty(), |has| *has == wanted) {
            continue;
        }
        replaced = true;
        if has.is_some() {
            let old = store_technologies::table
                .filter(store_technologies::store_id.eq(store))
                .filter(store_technologies::kind.eq(kind));
            diesel::delete(old).execute(conn)?;
        }
        let rows = wanted.into_iter().map(|(slug, name)| Technology { store, kind, slug, name });
        added.extend(rows);
    }
    Ok(replaced)
}

#[cfg(test)]
mod tests;
