//! The values that filters can take, with their counts (table `facets`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::facets;
use crate::db::words::Expression;
use crate::domain::facet::{Asked, Facet, UNRANKED};

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

/// What is asked as words of the index. None where nothing can match: a value that no entry has is
/// wanted, or one is both wanted and not wanted.
///
/// # Errors
/// When the database cannot answer.
pub fn expression(conn: &mut Conn, asked: &Asked) -> QueryResult<Option<Expression>> {
    let wanted = asked.all.iter().flatten().chain(&asked.none).chain([&asked.base]);
    let values: BTreeSet<&str> = wanted.map(|facet| facet.value.as_str()).collect();
    let rows: Vec<(String, String, i64)> = facets::table
        .filter(facets::value.eq_any(values))
        .filter(facets::entries.gt(0))
        .select((facets::kind, facets::value, facets::id))
        .load(conn)?;
    let known: HashMap<(&str, &str), i64> =
        rows.iter().map(|(kind, value, id)| ((kind.as_str(), value.as_str()), *id)).collect();
    let words = |facets: &[Facet]| -> Vec<String> {
        let ids = facets.iter().filter_map(|facet| known.get(&(facet.kind, facet.value.as_str())));
        ids.map(|id| word(*id)).collect()
    };
    let none = words(&asked.none);
    let some = |facets: &[Facet]| -> Option<Vec<String>> {
        let wanted: Vec<_> =
            words(facets).into_iter().filter(|word| !none.contains(word)).collect();
        (!wanted.is_empty()).then_some(wanted)
    };
    let base = some(std::slice::from_ref(&asked.base)).and_then(|base| base.into_iter().next());
    let all: Option<Vec<_>> = asked.all.iter().map(|any| some(any)).collect();
    Ok(base.zip(all).map(|(base, all)| Expression { base, all, none }))
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

/// The steps of a kind from `from` downwards.
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
