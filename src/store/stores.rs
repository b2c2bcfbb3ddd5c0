//! Reading the store index (tables `stores`, `store_technologies`).

mod plan;
mod taxonomy;
mod walk;

use std::collections::HashMap;

use diesel::prelude::*;

use super::facets;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{store_technologies, stores};
use crate::domain::cursor::Position;
use crate::domain::facet::{Asked, ceiling};
use crate::domain::filter::{StoreFilter, StoreSort};
use crate::domain::profile::{StoreProfile, revenue_tier, traffic_tier};
use crate::domain::words::{Side, fold, holds, pieces_of_query};
use crate::ids::StoreId;
use plan::{MEASURED, Prices, Question};
use walk::Walk;

pub use taxonomy::taxonomy;

/// A store found, with its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// After this store.
    pub position: Position,
    /// The store.
    pub profile: StoreProfile,
}

/// The store of that domain, in the spelling of `domain::host`.
///
/// # Errors
/// When the database cannot answer.
pub fn by_domain(conn: &mut Conn, domain: &str) -> QueryResult<Option<StoreProfile>> {
    Ok(by_domains(conn, &[domain.to_owned()])?.pop().map(|(_, profile)| profile))
}

/// The stores of these domains with their ids, in no order.
///
/// # Errors
/// When the database cannot answer.
pub fn by_domains(
    conn: &mut Conn,
    domains: &[String],
) -> QueryResult<Vec<(StoreId, StoreProfile)>> {
    let rows =
        stores::table.filter(stores::domain.eq_any(domains)).select(COLUMNS).load::<Row>(conn)?;
    let found = with_technologies(conn, rows, StoreSort::Added)?;
    Ok(found.into_iter().map(|found| (StoreId(found.position.id), found.profile)).collect())
}

/// At most `limit` stores that match all of `filter`, in the order of `sort`, after the place
/// `after`. Stores without traffic or revenue come last in the order of these.
///
/// # Errors
/// When the database cannot answer.
pub fn search(
    conn: &mut Conn,
    filter: &StoreFilter,
    sort: StoreSort,
    after: Option<&Position>,
    limit: i64,
) -> QueryResult<Vec<Found>> {
    search_at(conn, filter, MEASURED, (sort, after, limit))
}

fn search_at(
    conn: &mut Conn,
    filter: &StoreFilter,
    prices: Prices,
    (sort, after, limit): (StoreSort, Option<&Position>, i64),
) -> QueryResult<Vec<Found>> {
    let text = filter.q.as_deref().map(fold);
    let pieces = text.iter().flat_map(|text| pieces_of_query(Side::Store, text));
    let Some(sought) = facets::sought(conn, &Asked::by_stores(filter))? else {
        return Ok(Vec::new());
    };
    let question = Question::new(sought, pieces.collect(), prices);
    let mut walk = Walk::new(question, sort, after, ceiling(filter, sort));
    let size = usize::try_from(limit).unwrap_or_default();
    let mut rows: Vec<Row> = Vec::new();
    while rows.len() < size {
        let ids = walk.next(conn, limit - rows.len() as i64)?;
        if ids.is_empty() {
            break;
        }
        let before = rows.len();
        let matches = by_ids(conn, &ids)?.into_iter().filter(|row| row.holds(text.as_deref()));
        rows.extend(matches);
        walk.compared(ids.len(), rows.len() - before);
    }
    rows.truncate(size);
    with_technologies(conn, rows, sort)
}

/// Which of these stores hold the folded text, in the order given.
///
/// # Errors
/// When the database cannot answer.
pub(super) fn holding(conn: &mut Conn, ids: &[i64], text: &str) -> QueryResult<Vec<i64>> {
    let rows = by_ids(conn, ids)?;
    Ok(rows.into_iter().filter(|row| row.holds(Some(text))).map(|row| row.id).collect())
}

/// The rows of these ids, in their order.
fn by_ids(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<Row>> {
    let rows = stores::table.filter(stores::id.eq_any(ids)).select(COLUMNS).load::<Row>(conn)?;
    let mut rows: HashMap<i64, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

#[derive(Queryable)]
struct Row {
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
    products: Option<i64>,
    description: Option<String>,
    updated_at: Option<i64>,
}

impl Row {
    fn holds(&self, text: Option<&str>) -> bool {
        let texts = [Some(self.domain.as_str()), self.name.as_deref(), self.description.as_deref()];
        text.is_none_or(|text| holds(text, &texts))
    }
}

type Columns = (
    stores::id,
    stores::domain,
    stores::name,
    stores::platform,
    stores::country,
    stores::category,
    stores::monthly_visits,
    stores::revenue_usd,
    stores::theme,
    stores::plus,
    stores::ads,
    stores::products,
    stores::description,
    stores::updated_at,
);

/// The columns of a [`Row`], in its order.
const COLUMNS: Columns = (
    stores::id,
    stores::domain,
    stores::name,
    stores::platform,
    stores::country,
    stores::category,
    stores::monthly_visits,
    stores::revenue_usd,
    stores::theme,
    stores::plus,
    stores::ads,
    stores::products,
    stores::description,
    stores::updated_at,
);

/// Turns a page of rows into profiles: one query for the technologies of all of them.
fn with_technologies(conn: &mut Conn, rows: Vec<Row>, sort: StoreSort) -> QueryResult<Vec<Found>> {
    let mut slugs: HashMap<(i64, bool), Vec<String>> = HashMap::new();
    if !rows.is_empty() {
        let used: Vec<(i64, String, String)> = store_technologies::table
            .filter(store_technologies::store_id.eq_any(rows.iter().map(|row| row.id)))
            .order((store_technologies::store_id, store_technologies::slug))
            .select((
                store_technologies::store_id,
                store_technologies::kind,
                store_technologies::slug,
            ))
            .load(conn)?;
        for (store, kind, slug) in used {
            slugs.entry((store, kind == "app")).or_default().push(slug);
        }
    }
    let mut take = |store: i64, apps: bool| slugs.remove(&(store, apps)).unwrap_or_default();
    let found = rows.into_iter().map(|row| {
        let value = match sort {
            StoreSort::Added => None,
            StoreSort::TrafficDesc => row.monthly_visits,
            StoreSort::RevenueDesc => row.revenue_usd,
        };
        Found {
            position: Position { value, id: row.id, walk: None },
            profile: StoreProfile {
                apps: take(row.id, true),
                pixels: take(row.id, false),
                domain: row.domain,
                name: row.name,
                platform: row.platform,
                country: row.country,
                category: row.category,
                monthly_visits: row.monthly_visits,
                traffic: row.monthly_visits.and_then(traffic_tier),
                revenue_usd: row.revenue_usd,
                revenue: row.revenue_usd.and_then(revenue_tier),
                theme: row.theme,
                plus: row.plus,
                ads: row.ads,
                products: row.products,
                description: row.description,
                updated_at: row.updated_at.map(|at| Timestamp(at).to_rfc3339()),
            },
        }
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests;
