//! The log of tool calls. Table: `activity`. Never holds a token, a search text or a channel.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::activity;
use crate::ids::{AccountId, ClientRowId, TokenId, UserId};

/// A call, answered or refused.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = activity)]
pub struct NewActivity {
    /// The request's id.
    pub request_id: String,
    /// When it was answered.
    pub at: Timestamp,
    /// The account that pays.
    pub account_id: Option<AccountId>,
    /// The user.
    pub user_id: Option<UserId>,
    /// The client.
    pub client_id: Option<ClientRowId>,
    /// The token.
    pub token_id: Option<TokenId>,
    /// The caller's address.
    pub address: Option<String>,
    /// `mcp` or `rest`.
    pub surface: &'static str,
    /// The tool or route.
    pub operation: String,
    /// `ok`, `denied`, `limited`, `error`.
    pub outcome: &'static str,
    /// HTTP status of the answer.
    pub status: i32,
    /// Code of the refusal.
    pub error_code: Option<String>,
    /// Rows returned.
    pub rows_returned: i64,
    /// Credits spent.
    pub credits_spent: i64,
    /// From arrival to answer, microseconds.
    pub latency_us: i64,
}

/// Writes a call down.
pub fn insert(conn: &mut Conn, call: &NewActivity) -> QueryResult<usize> {
    diesel::insert_into(activity::table).values(call).execute(conn)
}

/// The tool of a user's last answered call, unless its record has been removed by age.
pub fn last_tool_of(conn: &mut Conn, user: UserId) -> QueryResult<Option<String>> {
    activity::table
        .filter(activity::user_id.eq(user))
        .filter(activity::surface.eq("mcp"))
        .filter(activity::outcome.eq("ok"))
        .order(activity::id.desc())
        .select(activity::operation)
        .first(conn)
        .optional()
}

/// Removes calls before `before`, at most `limit` of them.
pub fn purge(conn: &mut Conn, before: Timestamp, limit: i64) -> QueryResult<usize> {
    let oldest: Vec<i64> = activity::table
        .filter(activity::at.lt(before))
        .order(activity::at.asc())
        .limit(limit)
        .select(activity::id)
        .load(conn)?;
    diesel::delete(activity::table.filter(activity::id.eq_any(oldest))).execute(conn)
}
