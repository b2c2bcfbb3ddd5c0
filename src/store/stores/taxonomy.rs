//! The values that filters can take, counted.

use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{store_technologies, stores};
use crate::domain::filter::Tier;
use crate::domain::profile::{Taxonomy, TaxonomyValue, label, tier_values};

/// The most values told of one filter, the most frequent.
const MOST_VALUES: i64 = 200;

/// Every filter with its values.
///
/// # Errors
/// When the database cannot answer.
pub fn taxonomy(conn: &mut Conn) -> QueryResult<Taxonomy> {
    // A macro, because Diesel gives every column a type of its own.
    macro_rules! counted {
        ($column:expr) => {
            stores::table
                .filter($column.is_not_null())
                .group_by($column)
                .select(($column.assume_not_null(), count_star()))
                .order((count_star().desc(), $column.asc()))
                .limit(MOST_VALUES)
                .load::<(String, i64)>(conn)?
        };
    }
    let country = counted!(stores::country).into_iter().map(|(code, stores)| TaxonomyValue {
        label: code.clone(),
        value: code,
        stores: Some(stores),
    });
    Ok(Taxonomy {
        country: country.collect(),
        category: labelled(counted!(stores::category)),
        platform: labelled(counted!(stores::platform)),
        theme: labelled(counted!(stores::theme)),
        traffic: tier_values(Tier::visits, "visits a month"),
        revenue: tier_values(Tier::revenue, "US dollars a year"),
        apps: technologies(conn, "app")?,
        pixels: technologies(conn, "pixel")?,
    })
}

fn labelled(counted: Vec<(String, i64)>) -> Vec<TaxonomyValue> {
    let value = |(slug, stores): (String, i64)| TaxonomyValue {
        label: label(&slug),
        value: slug,
        stores: Some(stores),
    };
    counted.into_iter().map(value).collect()
}

fn technologies(conn: &mut Conn, kind: &str) -> QueryResult<Vec<TaxonomyValue>> {
    let rows: Vec<(String, Option<String>, i64)> = store_technologies::table
        .filter(store_technologies::kind.eq(kind))
        .group_by(store_technologies::slug)
        .select((store_technologies::slug, min(store_technologies::name), count_star()))
        .order((count_star().desc(), store_technologies::slug.asc()))
        .limit(MOST_VALUES)
        .load(conn)?;
    let value = |(slug, name, stores): (String, Option<String>, i64)| TaxonomyValue {
        label: name.unwrap_or_else(|| slug.clone()),
        value: slug,
        stores: Some(stores),
    };
    Ok(rows.into_iter().map(value).collect())
}
