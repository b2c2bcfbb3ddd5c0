//! The values that filters can take, with their counts (table `facets`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::facets;
use crate::db::words::Expression;
use crate::domain::facet::{Asked, Facet, UNRANKED};
use crate::domain::filter::StoreSort;
use crate::domain::words::STEPS;

/// Values of one statement.
const BATCH: usize = 1_000;

/// The ids of facets, those made that are not there yet; `label` is what people read.
///
/// # Errors
/// When the database refuses.
pub fn ensure(
    conn: &mut Conn,
    wanted: &BTreeMap<Facet, String>,
) -> QueryResult<HashMap<Facet, i64>> {
    let mut ids = HashMap::new();
    let values: BTreeSet<&str> = wanted.keys().map(|facet| facet.value.as_str()).collect();
    let values: Vec<_> = values.into_iter().collect();
    let mut known: HashMap<(String, String), i64> = HashMap::new();
    for batch in values.chunks(BATCH) {
        let rows: Vec<(String, String, i64)> = facets::table
            .filter(facets::value.eq_any(batch.iter().copied()))
            .select((facets::kind, facets::value, facets::id))
            .load(conn)?;
        known.extend(rows.into_iter().map(|(kind, value, id)| ((kind, value), id)));
    }
    for (facet, label) in wanted {
        let id = match known.get(&(facet.kind.to_owned(), facet.value.clone())) {
            Some(id) => *id,
            None => diesel::insert_into(facets::table)
                .values((
                    facets::kind.eq(facet.kind),
                    facets::value.eq(&facet.value),
                    facets::label.eq(label),
                    facets::entries.eq(0),
                ))
                .returning(facets::id)
                .get_result(conn)?,
        };
        ids.insert(facet.clone(), id);
    }
    Ok(ids)
}

/// Whether there is a facet.
///
/// # Errors
/// When the database cannot answer.
pub fn is_known(conn: &mut Conn, facet: &Facet) -> QueryResult<bool> {
    let held =
        facets::table.filter(facets::kind.eq(facet.kind)).filter(facets::value.eq(&facet.value));
    diesel::select(diesel::dsl::exists(held)).get_result(conn)
}

/// Facets, of which an entry has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OneOf {
    /// Their ids.
    pub ids: Vec<i64>,
    /// In how many entries the index has them, all together.
    pub entries: i64,
    /// No entry that has one is on a higher step of visits, nor of revenue.
    pub highest: [i64; 2],
}

impl OneOf {
    fn words(&self) -> Vec<String> {
        self.ids.iter().copied().map(word).collect()
    }
}

/// What is asked, in facets that the index has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Everything looked for has it.
    pub base: OneOf,
    /// One of each is wanted.
    pub all: Vec<OneOf>,
    /// None of these is wanted.
    pub none: OneOf,
}

impl Sought {
    /// The same as words of the index.
    pub fn expression(&self) -> Expression {
        Expression {
            base: self.base.words().join(" "),
            all: self.all.iter().map(OneOf::words).collect(),
            none: self.none.words(),
        }
    }

    /// The highest step on which there may be something that is looked for.
    pub fn highest(&self, sort: StoreSort) -> u16 {
        let highest = self.all.iter().chain([&self.base]).map(|list| {
            let [visits, dollars] = list.highest;
            if sort == StoreSort::RevenueDesc { dollars } else { visits }
        });
        highest.min().and_then(|step| step.try_into().ok()).unwrap_or(u16::MAX)
    }

    /// Whether an entry with these facets is one that is looked for: `facets` are their ids, with
    /// spaces between.
    pub fn allows(&self, facets: &str) -> bool {
        let has: Vec<i64> = facets.split(' ').filter_map(|id| id.parse().ok()).collect();
        let has_any = |list: &OneOf| list.ids.iter().any(|id| has.contains(id));
        self.all.iter().all(has_any) && !has_any(&self.none)
    }
}

/// What the index knows of a facet.
#[derive(Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = facets)]
struct Held {
    id: i64,
    entries: i64,
    highest_visits: i64,
    highest_dollars: i64,
}

/// What is asked in facets of the index. None where nothing can match: a value that no entry has is
/// wanted, or one is both wanted and not wanted.
///
/// # Errors
/// When the database cannot answer.
pub fn sought(conn: &mut Conn, asked: &Asked) -> QueryResult<Option<Sought>> {
    let wanted = asked.all.iter().flatten().chain(&asked.none).chain([&asked.base]);
    let values: BTreeSet<&str> = wanted.map(|facet| facet.value.as_str()).collect();
    let rows: Vec<(String, String, Held)> = facets::table
        .filter(facets::value.eq_any(values))
        .filter(facets::entries.gt(0))
        .select((facets::kind, facets::value, Held::as_select()))
        .load(conn)?;
    let known: HashMap<(&str, &str), Held> =
        rows.iter().map(|(kind, value, held)| ((kind.as_str(), value.as_str()), *held)).collect();
    let one_of = |facets: &[Facet], but: &[i64]| {
        let mut list = OneOf::default();
        for facet in facets {
            let held = known.get(&(facet.kind, facet.value.as_str()));
            if let Some(held) = held.filter(|held| !but.contains(&held.id)) {
                let [visits, dollars] = list.highest;
                list.ids.push(held.id);
                list.entries += held.entries;
                list.highest = [visits.max(held.highest_visits), dollars.max(held.highest_dollars)];
            }
        }
        list
    };
    let none = one_of(&asked.none, &[]);
    let some =
        |facets: &[Facet]| Some(one_of(facets, &none.ids)).filter(|list| !list.ids.is_empty());
    let base = some(std::slice::from_ref(&asked.base));
    let all: Option<Vec<_>> = asked.all.iter().map(|any| some(any)).collect();
    Ok(base.zip(all).map(|(base, all)| Sought { base, all, none: none.clone() }))
}

/// The id of a facet, if there is such.
///
/// # Errors
/// When the database cannot answer.
pub fn id(conn: &mut Conn, kind: &str, value: &str) -> QueryResult<Option<i64>> {
    facets::table
        .filter(facets::kind.eq(kind))
        .filter(facets::value.eq(value))
        .select(facets::id)
        .get_result(conn)
        .optional()
}

/// The word that a facet has in the index.
pub fn word(id: i64) -> String {
    format!("f{id}")
}

/// A step that stores are on.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The id of its facet.
    pub facet: i64,
    /// Its number.
    pub step: u16,
    /// How many entries are on it.
    pub entries: i64,
}

/// The next steps of a kind from the value `from` downwards: as many as there are in a flight.
///
/// # Errors
/// When the database cannot answer.
pub fn steps(conn: &mut Conn, kind: &str, from: &str) -> QueryResult<Vec<Step>> {
    let rows: Vec<(i64, String, i64)> = facets::table
        .filter(facets::kind.eq(kind))
        .filter(facets::value.ne(UNRANKED))
        .filter(facets::value.le(from))
        .filter(facets::entries.gt(0))
        .order(facets::value.desc())
        .limit(i64::from(STEPS))
        .select((facets::id, facets::value, facets::entries))
        .load(conn)?;
    let step = |(facet, value, entries): (i64, String, i64)| {
        Some(Step { facet, step: value.parse().ok()?, entries })
    };
    Ok(rows.into_iter().filter_map(step).collect())
}

/// The words of every flight of a kind, by its number.
///
/// # Errors
/// When the database cannot answer.
pub fn words_of(conn: &mut Conn, kind: &str) -> QueryResult<HashMap<u16, String>> {
    let rows: Vec<(String, i64)> = facets::table
        .filter(facets::kind.eq(kind))
        .select((facets::value, facets::id))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(value, id)| Some((value.parse().ok()?, word(id)))).collect())
}
