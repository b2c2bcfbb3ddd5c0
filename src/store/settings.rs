//! Settings of a running server. Tables: `settings`, `settings_version`.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::db::schema::{settings, settings_version};
use crate::db::{Conn, upsert};

/// The number that grows with every change of a setting or key, so that replicas know when what
/// they remember is old.
pub fn version(conn: &mut Conn) -> QueryResult<i64> {
    settings_version::table.select(settings_version::version).get_result(conn)
}

/// All rows.
pub fn all(conn: &mut Conn) -> QueryResult<BTreeMap<String, String>> {
    let rows: Vec<(String, String)> =
        settings::table.select((settings::name, settings::value)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Sets one.
pub fn set(conn: &mut Conn, name: &str, value: &str) -> QueryResult<usize> {
    upsert::set_setting(conn, name, value)
}

/// Removes one, which gives it its default.
pub fn clear(conn: &mut Conn, name: &str) -> QueryResult<usize> {
    diesel::delete(settings::table.filter(settings::name.eq(name))).execute(conn)
}

/// Tells every replica that something changed.
pub fn bump(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(settings_version::table)
        .set(settings_version::version.eq(settings_version::version + 1))
        .execute(conn)
}
