//! The values that filters can take, counted.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::facets;
use crate::domain::facet::kind;
use crate::domain::filter::Tier;
use crate::domain::profile::{Taxonomy, TaxonomyValue, tier_values};

/// The most values told of one filter, the most frequent.
const MOST_VALUES: i64 = 200;

/// Every filter with its values.
///
/// # Errors
/// When the database cannot answer.
pub fn taxonomy(conn: &mut Conn) -> QueryResult<Taxonomy> {
    Ok(Taxonomy {
        country: values(conn, kind::COUNTRY)?,
        category: values(conn, kind::CATEGORY)?,
        platform: values(conn, kind::PLATFORM)?,
        theme: values(conn, kind::THEME)?,
        traffic: tier_values(Tier::visits, "visits a month"),
        revenue: tier_values(Tier::revenue, "US dollars a year"),
        apps: values(conn, kind::APP)?,
        pixels: values(conn, kind::PIXEL)?,
        role: values(conn, kind::ROLE)?,
        seniority: values(conn, kind::SENIORITY)?,
    })
}

fn values(conn: &mut Conn, kind: &str) -> QueryResult<Vec<TaxonomyValue>> {
    let rows: Vec<(String, String, i64)> = facets::table
        .filter(facets::kind.eq(kind))
        .filter(facets::entries.gt(0))
        .order((facets::entries.desc(), facets::value.asc()))
        .limit(MOST_VALUES)
        .select((facets::value, facets::label, facets::entries))
        .load(conn)?;
    let told = |(value, label, entries)| TaxonomyValue { value, label, stores: Some(entries) };
    Ok(rows.into_iter().map(told).collect())
}
