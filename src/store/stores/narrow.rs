//! The filters of a store search as SQL.

use diesel::dsl::{exists, not};
use diesel::expression::BoxableExpression;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

use super::Query;
use crate::db::MultiBackend;
use crate::db::schema::{contacts, store_technologies, stores};
use crate::domain::filter::{StoreFilter, Tier};
use crate::domain::import::slug;

#[diesel::declare_sql_function]
extern "SQL" {
    /// Lower case, by the database for column and pattern alike, so that both agree on what that
    /// is (SQLite: ASCII only).
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

/// Adds every condition of `filter` to `query`. Values are brought to the spelling the import keeps.
pub(super) fn narrow<'a>(mut query: Query<'a>, filter: &StoreFilter) -> Query<'a> {
    if !filter.country.is_empty() {
        let codes: Vec<_> = filter.country.iter().map(|code| code.to_ascii_uppercase()).collect();
        query = query.filter(stores::country.eq_any(codes));
    }
    if !filter.category.is_empty() {
        query = query.filter(stores::category.eq_any(slugs(&filter.category)));
    }
    if !filter.platform.is_empty() {
        query = query.filter(stores::platform.eq_any(slugs(&filter.platform)));
    }
    if !filter.theme.is_empty() {
        query = query.filter(stores::theme.eq_any(slugs(&filter.theme)));
    }
    if let Some(condition) = any_tier(&filter.traffic, visits) {
        query = query.filter(condition);
    }
    if let Some(condition) = any_tier(&filter.revenue, revenue) {
        query = query.filter(condition);
    }
    for (kind, wanted) in [("app", &filter.apps), ("pixel", &filter.pixels)] {
        if !wanted.is_empty() {
            query = query.filter(exists(technologies(kind, wanted)));
        }
    }
    for (kind, unwanted) in [("app", &filter.missing_apps), ("pixel", &filter.missing_pixels)] {
        if !unwanted.is_empty() {
            query = query.filter(not(exists(technologies(kind, unwanted))));
        }
    }
    if let Some(ads) = filter.ads {
        query = query.filter(stores::ads.eq(ads));
    }
    if let Some(plus) = filter.plus {
        query = query.filter(stores::plus.eq(plus));
    }
    if let Some(wanted) = filter.has_contacts {
        let known = contacts::table.filter(contacts::store_domain.eq(stores::domain.nullable()));
        query = if wanted { query.filter(exists(known)) } else { query.filter(not(exists(known))) };
    }
    if let Some(text) = &filter.q {
        let pattern = Some(contains(text.trim()));
        query = query.filter(
            lower(stores::domain.nullable())
                .like(lower(pattern.clone()))
                .escape('\\')
                .or(lower(stores::name).like(lower(pattern.clone())).escape('\\'))
                .or(lower(stores::description).like(lower(pattern)).escape('\\')),
        );
    }
    query
}

fn slugs(values: &[String]) -> Vec<String> {
    values.iter().map(|value| slug(value)).collect()
}

#[diesel::dsl::auto_type]
fn of_kind(kind: &'static str, slugs: Vec<String>) -> _ {
    store_technologies::table
        .filter(store_technologies::store_id.eq(stores::id))
        .filter(store_technologies::kind.eq(kind))
        .filter(store_technologies::slug.eq_any(slugs))
}

fn technologies(kind: &'static str, names: &[String]) -> of_kind {
    of_kind(kind, slugs(names))
}

type Condition = Box<dyn BoxableExpression<stores::table, MultiBackend, SqlType = Nullable<Bool>>>;

fn visits(tier: Tier) -> Condition {
    let (least, below) = tier.visits();
    Box::new(stores::monthly_visits.ge(least).and(stores::monthly_visits.lt(below)))
}

fn revenue(tier: Tier) -> Condition {
    let (least, below) = tier.revenue();
    Box::new(stores::revenue_usd.ge(least).and(stores::revenue_usd.lt(below)))
}

fn any_tier(tiers: &[Tier], range: fn(Tier) -> Condition) -> Option<Condition> {
    tiers.iter().map(|tier| range(*tier)).reduce(|any, range| Box::new(any.or(range)) as Condition)
}

/// A LIKE pattern for text anywhere; `%` and `_` of the caller mean themselves.
fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
