//! Reading the store index (tables `stores`, `store_technologies`).

mod narrow;
mod taxonomy;

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::schema::{store_technologies, stores};
use crate::db::{Conn, MultiBackend};
use crate::domain::cursor::Position;
use crate::domain::filter::{StoreFilter, StoreSort};
use crate::domain::profile::{StoreProfile, revenue_tier, traffic_tier};
use narrow::narrow;

pub use taxonomy::taxonomy;

/// A store query that filters are added to.
type Query<'a> = stores::BoxedQuery<'a, MultiBackend>;

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
    let rows = stores::table
        .filter(stores::domain.eq(domain))
        .select(COLUMNS)
        .limit(1)
        .load::<Row>(conn)?;
    Ok(with_technologies(conn, rows, StoreSort::Added)?.pop().map(|found| found.profile))
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
    let query = || narrow(stores::table.into_boxed(), filter);
    let rows = match sort {
        StoreSort::Added => {
            let query = match after {
                Some(after) => query().filter(stores::id.gt(after.id)),
                None => query(),
            };
            query.order(stores::id).limit(limit).select(COLUMNS).load::<Row>(conn)?
        }
        // The two columns are of one type and two names, which Diesel's types keep apart.
        StoreSort::TrafficDesc => {
            let mut rows = Vec::new();
            if !matches!(after, Some(Position { value: None, .. })) {
                let ranked = query().filter(stores::monthly_visits.is_not_null());
                rows = match after {
                    Some(Position { value: Some(visits), id }) => {
                        ranked.filter(stores::monthly_visits.le(*visits)).filter(
                            stores::monthly_visits.lt(*visits).or(stores::id.lt(*id).nullable()),
                        )
                    }
                    _ => ranked,
                }
                .order((stores::monthly_visits.desc(), stores::id.desc()))
                .limit(limit)
                .select(COLUMNS)
                .load::<Row>(conn)?;
            }
            let unranked = query().filter(stores::monthly_visits.is_null());
            fill_up(conn, rows, unranked, after, limit)?
        }
        StoreSort::RevenueDesc => {
            let mut rows = Vec::new();
            if !matches!(after, Some(Position { value: None, .. })) {
                let ranked = query().filter(stores::revenue_usd.is_not_null());
                rows = match after {
                    Some(Position { value: Some(dollars), id }) => ranked
                        .filter(stores::revenue_usd.le(*dollars))
                        .filter(stores::revenue_usd.lt(*dollars).or(stores::id.lt(*id).nullable())),
                    _ => ranked,
                }
                .order((stores::revenue_usd.desc(), stores::id.desc()))
                .limit(limit)
                .select(COLUMNS)
                .load::<Row>(conn)?;
            }
            let unranked = query().filter(stores::revenue_usd.is_null());
            fill_up(conn, rows, unranked, after, limit)?
        }
    };
    with_technologies(conn, rows, sort)
}

/// Adds stores without the sort column's value, which come after all that have one: a query of
/// their own, because the two databases disagree on where nulls sort and an index serves only its
/// own order.
fn fill_up(
    conn: &mut Conn,
    mut rows: Vec<Row>,
    unranked: Query<'_>,
    after: Option<&Position>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let missing = limit.saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    if missing > 0 {
        let unranked = match after {
            Some(Position { value: None, id }) => unranked.filter(stores::id.lt(*id)),
            _ => unranked,
        };
        rows.extend(
            unranked.order(stores::id.desc()).limit(missing).select(COLUMNS).load::<Row>(conn)?,
        );
    }
    Ok(rows)
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
            position: Position { value, id: row.id },
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
