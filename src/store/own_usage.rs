//! What a person's clients, keys and own searches did, summed up by the database. Table: `activity`.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{activity, clients};
use crate::ids::{ClientRowId, UserId};

/// Calls of one day, tool, outcome and client.
#[derive(Debug, Clone, Queryable)]
pub struct Part {
    /// Days since the epoch, UTC.
    pub day: i64,
    /// The tool.
    pub operation: String,
    /// `ok`, `denied`, `limited`, `error`.
    pub outcome: String,
    /// `mcp`, `rest` or `console`.
    pub surface: String,
    /// The client, if one called.
    pub client: Option<ClientRowId>,
    /// How many calls.
    pub calls: i64,
}

type Row = (BigInt, Text, Text, Text, Nullable<BigInt>, BigInt);

/// The call that is `rows` calls older than a user's newest, if there are so many.
pub fn nth_newest(conn: &mut Conn, user: UserId, rows: i64) -> QueryResult<Option<i64>> {
    activity::table
        .filter(activity::user_id.eq(user))
        .order(activity::id.desc())
        .offset(rows)
        .limit(1)
        .select(activity::id)
        .get_result(conn)
        .optional()
}

/// A user's calls after the one with the id `after`, from `since` on, summed up.
pub fn parts(
    conn: &mut Conn,
    user: UserId,
    after: i64,
    since: Timestamp,
) -> QueryResult<Vec<Part>> {
    // Diesel cannot group by an expression; column names are the same on both backends.
    activity::table
        .filter(activity::user_id.eq(user))
        .filter(activity::id.gt(after))
        .filter(activity::at.ge(since))
        .group_by(sql::<BigInt>("at / 86400000, operation, outcome, surface, client_id"))
        .select(sql::<Row>("at / 86400000, operation, outcome, surface, client_id, COUNT(*)"))
        .load(conn)
}

/// The names of these clients.
pub fn client_names(
    conn: &mut Conn,
    of: &[ClientRowId],
) -> QueryResult<Vec<(ClientRowId, String)>> {
    clients::table.filter(clients::id.eq_any(of)).select((clients::id, clients::name)).load(conn)
}
