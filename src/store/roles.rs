//! Roles. Table: `roles`.

use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{roles, users};
use crate::domain::role::RoleTerms;
use crate::ids::{RoleId, UserId};

/// The role of that name.
pub fn by_name(conn: &mut Conn, name: &str) -> QueryResult<Option<RoleId>> {
    roles::table.filter(roles::name.eq(name)).select(roles::id).get_result(conn).optional()
}

/// Brings a built-in role to what this version knows; `permissions` is a JSON array of names.
pub fn update_built_in(
    conn: &mut Conn,
    name: &str,
    description: &str,
    permissions: &str,
) -> QueryResult<usize> {
    diesel::update(roles::table.filter(roles::name.eq(name)).filter(roles::built_in.eq(true)))
        .set((roles::permissions.eq(permissions), roles::description.eq(description)))
        .execute(conn)
}

/// Gives a built-in role these tools, a JSON array of names, unless somebody has chosen others.
pub fn update_tools(conn: &mut Conn, name: &str, tools: &str) -> QueryResult<usize> {
    diesel::update(
        roles::table
            .filter(roles::name.eq(name))
            .filter(roles::built_in.eq(true))
            .filter(roles::tools_chosen.eq(false)),
    )
    .set(roles::tools.eq(tools))
    .execute(conn)
}

/// A role.
#[derive(Debug, Clone, Queryable)]
pub struct RoleRow {
    /// Row id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// A JSON array of names.
    pub permissions: String,
    /// A JSON array of names.
    pub tools: String,
    /// Whether it comes with the product.
    pub built_in: bool,
}

impl RoleRow {
    /// What it says.
    pub fn terms(&self) -> RoleTerms {
        let Self { name, description, permissions, tools, .. } = self.clone();
        RoleTerms { name, description, permissions, tools }
    }
}

type Columns =
    (roles::id, roles::name, roles::description, roles::permissions, roles::tools, roles::built_in);

const COLUMNS: Columns =
    (roles::id, roles::name, roles::description, roles::permissions, roles::tools, roles::built_in);

/// All roles, in the order in which they were made.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<RoleRow>> {
    roles::table.order(roles::id.asc()).select(COLUMNS).load(conn)
}

/// The role with that id.
pub fn by_id(conn: &mut Conn, id: RoleId) -> QueryResult<Option<RoleRow>> {
    roles::table.find(id).select(COLUMNS).get_result(conn).optional()
}

/// How many people have each role that anybody has.
pub fn people_by_role(conn: &mut Conn) -> QueryResult<Vec<(RoleId, i64)>> {
    users::table
        .filter(users::deleted_at.is_null())
        .group_by(users::role_id)
        .select((users::role_id, count_star()))
        .load(conn)
}

/// How many people have a role.
pub fn people_with(conn: &mut Conn, id: RoleId) -> QueryResult<i64> {
    users::table
        .filter(users::role_id.eq(id))
        .filter(users::deleted_at.is_null())
        .count()
        .get_result(conn)
}

/// Who has a role.
pub fn holders(conn: &mut Conn, id: RoleId) -> QueryResult<Vec<UserId>> {
    users::table
        .filter(users::role_id.eq(id))
        .filter(users::deleted_at.is_null())
        .select(users::id)
        .load(conn)
}

/// Adds a role.
pub fn insert(conn: &mut Conn, terms: &RoleTerms) -> QueryResult<RoleId> {
    diesel::insert_into(roles::table)
        .values((
            roles::name.eq(&terms.name),
            roles::description.eq(&terms.description),
            roles::permissions.eq(&terms.permissions),
            roles::tools.eq(&terms.tools),
            roles::built_in.eq(false),
            roles::tools_chosen.eq(true),
        ))
        .returning(roles::id)
        .get_result(conn)
}

/// Makes a role say something else, if it still says `was`; 0 rows if it does not.
pub fn replace(
    conn: &mut Conn,
    id: RoleId,
    was: &RoleTerms,
    becomes: &RoleTerms,
) -> QueryResult<usize> {
    diesel::update(
        roles::table
            .find(id)
            .filter(roles::name.eq(&was.name))
            .filter(roles::description.eq(&was.description))
            .filter(roles::permissions.eq(&was.permissions))
            .filter(roles::tools.eq(&was.tools)),
    )
    .set((
        roles::name.eq(&becomes.name),
        roles::description.eq(&becomes.description),
        roles::permissions.eq(&becomes.permissions),
        roles::tools.eq(&becomes.tools),
        roles::tools_chosen.eq(true),
    ))
    .execute(conn)
}

/// Gives everybody who has one role the other, deleted people too. The caller holds their locks.
pub fn move_people(conn: &mut Conn, from: RoleId, to: RoleId) -> QueryResult<usize> {
    diesel::update(users::table.filter(users::role_id.eq(from)))
        .set(users::role_id.eq(to))
        .execute(conn)
}

/// Removes a role that nobody has, unless it is built in; 0 rows if it may not go.
pub fn delete(conn: &mut Conn, id: RoleId) -> QueryResult<usize> {
    let in_use = exists(users::table.filter(users::role_id.eq(id)));
    diesel::delete(roles::table.find(id).filter(roles::built_in.eq(false)).filter(not(in_use)))
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
