//! Registrations that look alike. Table: `client_groups`; its counters of members are kept by
//! triggers on `clients`, its figures by `store::client_figures`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{client_groups as groups, clients, consents};
use crate::db::upsert::{AlikeGroup, keep_group};
use crate::domain::lookalike::Lookalike;
use crate::ids::{ClientGroupId, ClientRowId};

/// A group, as confirmations and titles name it.
#[derive(Debug, Clone, Queryable)]
pub struct GroupRow {
    /// Row id.
    pub id: ClientGroupId,
    /// The name its members gave themselves; never trusted, always escaped.
    pub name: String,
    /// Where their redirect URIs lead.
    pub redirect_host: String,
    /// Members.
    pub clients: i64,
    /// Members that are blocked.
    pub blocked: i64,
}

/// The group with that id.
pub fn by_id(conn: &mut Conn, id: ClientGroupId) -> QueryResult<Option<GroupRow>> {
    groups::table
        .find(id)
        .select((groups::id, groups::name, groups::redirect_host, groups::clients, groups::blocked))
        .get_result(conn)
        .optional()
}

/// The group of registrations that look like this; made if there is none.
pub fn keep(conn: &mut Conn, alike: &Lookalike) -> QueryResult<ClientGroupId> {
    let Lookalike { key, name, redirect_host, registration } = alike;
    keep_group(conn, &AlikeGroup { key, name, redirect_host, registration })
}

/// Gives a group the name and redirect host of its only member.
pub fn rename(conn: &mut Conn, id: ClientGroupId, alike: &Lookalike) -> QueryResult<usize> {
    diesel::update(groups::table.find(id))
        .set((groups::name.eq(&alike.name), groups::redirect_host.eq(&alike.redirect_host)))
        .execute(conn)
}

/// Removes groups without members.
pub fn remove_empty(conn: &mut Conn) -> QueryResult<usize> {
    diesel::delete(groups::table.filter(groups::clients.eq(0))).execute(conn)
}

/// A client without a group: id, registration, `client_id`, name, redirect URIs.
pub type Ungrouped = (ClientRowId, String, String, String, String);

/// Clients without a group, at most `limit`; those that were deleted get none.
pub fn ungrouped(conn: &mut Conn, limit: i64) -> QueryResult<Vec<Ungrouped>> {
    clients::table
        .filter(clients::group_id.is_null())
        .filter(clients::deleted_at.is_null())
        .order(clients::id.asc())
        .limit(limit)
        .select((
            clients::id,
            clients::registration,
            clients::client_id,
            clients::name,
            clients::redirect_uris,
        ))
        .load(conn)
}

/// Puts a client into a group.
pub fn put(conn: &mut Conn, client: ClientRowId, group: ClientGroupId) -> QueryResult<usize> {
    diesel::update(clients::table.find(client)).set(clients::group_id.eq(group)).execute(conn)
}

/// Counts a group's users anew, each once.
pub fn recount_users(conn: &mut Conn, group: ClientGroupId) -> QueryResult<usize> {
    let users: i64 = consents::table
        .inner_join(clients::table)
        .filter(clients::group_id.eq(group))
        .filter(consents::revoked_at.is_null())
        .select(diesel::dsl::count(consents::user_id).aggregate_distinct())
        .get_result(conn)?;
    diesel::update(groups::table.find(group)).set(groups::users.eq(users)).execute(conn)
}
