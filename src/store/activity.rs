//! The log of tool calls. Table: `activity`. Never holds a token, a search text or a channel.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::activity;
use crate::db::statement::statement;
use crate::ids::{AccountId, ApiKeyId, ClientRowId, TokenId, UserId};

/// A call, answered or refused.
#[derive(Debug, Clone)]
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
    /// The key of the REST API.
    pub api_key_id: Option<ApiKeyId>,
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

statement! {
    /// Writes a call down.
    Insert<'a> {
        "INSERT INTO activity (request_id, at, account_id, user_id, client_id, token_id, api_key_id, address, surface, \
         operation, outcome, status, error_code, rows_returned, credits_spent, latency_us) VALUES (" request_id: &'a str = Text,
        ", " at: Timestamp = BigInt,
        ", " account_id: Option<AccountId> = Nullable<BigInt>,
        ", " user_id: Option<UserId> = Nullable<BigInt>,
        ", " client_id: Option<ClientRowId> = Nullable<BigInt>,
        ", " token_id: Option<TokenId> = Nullable<BigInt>,
        ", " api_key_id: Option<ApiKeyId> = Nullable<BigInt>,
        ", " address: Option<&'a str> = Nullable<Text>,
        ", " surface: &'a str = Text,
        ", " operation: &'a str = Text,
        ", " outcome: &'a str = Text,
        ", " status: i32 = Integer,
        ", " error_code: Option<&'a str> = Nullable<Text>,
        ", " rows_returned: i64 = BigInt,
        ", " credits_spent: i64 = BigInt,
        ", " latency_us: i64 = BigInt;
        ")"
    }
}

/// Writes a call down.
pub fn insert(conn: &mut Conn, call: &NewActivity) -> QueryResult<usize> {
    Insert {
        request_id: &call.request_id,
        at: call.at,
        account_id: call.account_id,
        user_id: call.user_id,
        client_id: call.client_id,
        token_id: call.token_id,
        api_key_id: call.api_key_id,
        address: call.address.as_deref(),
        surface: call.surface,
        operation: &call.operation,
        outcome: call.outcome,
        status: call.status,
        error_code: call.error_code.as_deref(),
        rows_returned: call.rows_returned,
        credits_spent: call.credits_spent,
        latency_us: call.latency_us,
    }
    .run(conn)
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
