//! The values that filters can take, counted.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::facets;
use crate::domain::country;
use crate::domain::facet::kind;
use crate::domain::filter::Tier;
use crate::domain::profile::{Taxonomy, TaxonomyValue, Truncated, tier_values};

/// The most values told of one filter, the most frequent.
const MOST_VALUES: i64 = 200;

/// Every filter with its values.
///
/// # Errors
/// When the database cannot answer.
pub fn taxonomy(conn: &mut Conn) -> QueryResult<Taxonomy> {
    let mut truncated = Vec::new();
    let mut values = |conn: &mut Conn, filter: &str, kind: &str| -> QueryResult<_> {
        let values = values(conn, kind)?;
        let listed = i64::try_from(values.len()).unwrap_or(i64::MAX);
        let all = if listed < MOST_VALUES { listed } else { count(conn, kind)? };
        if all > listed {
            truncated.push(Truncated { filter: filter.into(), listed, values: all });
        }
        Ok(values)
    };
    let mut country = values(conn, "country", kind::COUNTRY)?;
    for value in &mut country {
        if let Some(name) = country::name(&value.value) {
            value.label = name.to_owned();
        }
    }
    Ok(Taxonomy {
        country,
        category: values(conn, "category", kind::CATEGORY)?,
        platform: values(conn, "platform", kind::PLATFORM)?,
        theme: values(conn, "theme", kind::THEME)?,
        traffic: tier_values(Tier::visits, "visits a month"),
        revenue: tier_values(Tier::revenue, "US dollars a year"),
        apps: values(conn, "apps", kind::APP)?,
        pixels: values(conn, "pixels", kind::PIXEL)?,
        role: values(conn, "role", kind::ROLE)?,
        seniority: values(conn, "seniority", kind::SENIORITY)?,
        ads: flags(conn, kind::ADS, "Runs advertisements", "Runs no advertisements")?,
        plus: flags(conn, kind::PLUS, "On the top plan", "Not on the top plan")?,
        // Not counted: entries of contacts without a store have that facet too.
        has_contacts: vec![
            flag(true, "Contacts are known", None),
            flag(false, "No contacts are known", None),
        ],
        truncated,
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

/// How many values a filter has.
fn count(conn: &mut Conn, kind: &str) -> QueryResult<i64> {
    facets::table
        .filter(facets::kind.eq(kind))
        .filter(facets::entries.gt(0))
        .count()
        .get_result(conn)
}

/// Both values of a filter that is true or false.
fn flags(conn: &mut Conn, kind: &str, yes: &str, no: &str) -> QueryResult<Vec<TaxonomyValue>> {
    let rows: Vec<(String, i64)> = facets::table
        .filter(facets::kind.eq(kind))
        .select((facets::value, facets::entries))
        .load(conn)?;
    let of = |value: bool| {
        let held = rows.iter().find(|(text, _)| *text == value.to_string());
        Some(held.map_or(0, |(_, entries)| *entries))
    };
    Ok(vec![flag(true, yes, of(true)), flag(false, no, of(false))])
}

fn flag(value: bool, label: &str, stores: Option<i64>) -> TaxonomyValue {
    TaxonomyValue { value: value.to_string(), label: label.to_owned(), stores }
}
