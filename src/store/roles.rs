//! Roles. Table: `roles`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::roles;
use crate::ids::RoleId;

/// The role of that name.
pub fn by_name(conn: &mut Conn, name: &str) -> QueryResult<Option<RoleId>> {
    roles::table.filter(roles::name.eq(name)).select(roles::id).get_result(conn).optional()
}

/// Brings a built-in role to what this version knows; `permissions` and `tools` are JSON arrays of
/// names.
pub fn update_built_in(
    conn: &mut Conn,
    name: &str,
    permissions: &str,
    tools: &str,
) -> QueryResult<usize> {
    diesel::update(roles::table.filter(roles::name.eq(name)).filter(roles::built_in.eq(true)))
        .set((roles::permissions.eq(permissions), roles::tools.eq(tools)))
        .execute(conn)
}

/// Roles by name: for whoever chooses one.
pub fn choices(conn: &mut Conn) -> QueryResult<Vec<(RoleId, String)>> {
    roles::table
        .order((roles::name.asc(), roles::id.asc()))
        .select((roles::id, roles::name))
        .load(conn)
}

/// Name and permissions, a JSON array, of the role with that id.
pub fn find(conn: &mut Conn, id: RoleId) -> QueryResult<Option<(String, String)>> {
    roles::table.find(id).select((roles::name, roles::permissions)).get_result(conn).optional()
}
