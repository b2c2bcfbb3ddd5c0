//! What a person's own page reads of their connections: approvals with their clients, and in one
//! more query each what their tokens and their calls say. Tables: `consents`, `tokens`, `activity`.

use diesel::dsl::{exists, max, min, not};
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{activity, clients, consents, tokens};
use crate::ids::{ConsentId, UserId};

/// An approval with its client.
#[derive(Debug, Clone, Queryable)]
pub struct ConnectionRow {
    /// The approval.
    pub id: ConsentId,
    /// The name the client gave itself.
    pub client: String,
    /// `unverified`, `verified` or `blocked`.
    pub trust: String,
    /// Where the client was sent back to.
    pub redirect_uri: String,
    /// Space-separated.
    pub scopes: String,
    /// When it was first approved.
    pub connected_at: Timestamp,
    /// When the approval was taken back.
    pub revoked_at: Option<Timestamp>,
    /// Its owner's own name for it; empty is none.
    pub label: String,
}

type Columns = (
    consents::id,
    clients::name,
    clients::trust,
    consents::redirect_uri,
    consents::scopes,
    consents::created_at,
    consents::revoked_at,
    consents::label,
);

const COLUMNS: Columns = (
    consents::id,
    clients::name,
    clients::trust,
    consents::redirect_uri,
    consents::scopes,
    consents::created_at,
    consents::revoked_at,
    consents::label,
);

/// Whether a token of the approval works at that moment.
macro_rules! has_working_token {
    ($now:expr) => {
        exists(
            tokens::table
                .filter(tokens::consent_id.eq(consents::id.nullable()))
                .filter(tokens::state.eq("active"))
                .filter(tokens::expires_at.gt($now)),
        )
    };
}

/// Whether it came as far as a token: an approval without one connected nothing.
macro_rules! was_connected {
    () => {
        exists(tokens::table.filter(tokens::consent_id.eq(consents::id.nullable())))
    };
}

/// A user's connections that work, newest first, at most `limit`.
pub fn live(
    conn: &mut Conn,
    user: UserId,
    now: Timestamp,
    limit: i64,
) -> QueryResult<Vec<ConnectionRow>> {
    consents::table
        .inner_join(clients::table)
        .filter(consents::user_id.eq(user))
        .filter(consents::revoked_at.is_null())
        .filter(has_working_token!(now))
        .order((consents::created_at.desc(), consents::id.desc()))
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
}

/// A user's connections that have ended, newest first, at most `limit`.
pub fn ended(
    conn: &mut Conn,
    user: UserId,
    now: Timestamp,
    limit: i64,
) -> QueryResult<Vec<ConnectionRow>> {
    consents::table
        .inner_join(clients::table)
        .filter(consents::user_id.eq(user))
        .filter(consents::revoked_at.is_not_null().or(not(has_working_token!(now))))
        .filter(was_connected!())
        .order((consents::created_at.desc(), consents::id.desc()))
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
}

/// How many of a user's connections have ended.
pub fn count_ended(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<i64> {
    consents::table
        .filter(consents::user_id.eq(user))
        .filter(consents::revoked_at.is_not_null().or(not(has_working_token!(now))))
        .filter(was_connected!())
        .count()
        .get_result(conn)
}

/// A user's connection with that id, whether it works or not.
pub fn of_user(conn: &mut Conn, user: UserId, id: ConsentId) -> QueryResult<Option<ConnectionRow>> {
    consents::table
        .inner_join(clients::table)
        .filter(consents::id.eq(id))
        .filter(consents::user_id.eq(user))
        .select(COLUMNS)
        .get_result(conn)
        .optional()
}

/// What the tokens of one state say together of their connection.
#[derive(Debug, Clone, Queryable)]
pub struct TokenFacts {
    /// The connection.
    pub consent: Option<ConsentId>,
    /// `active`, `expired` or `revoked` as stored.
    pub state: String,
    /// The latest end.
    pub expires_at: Option<Timestamp>,
    /// The first tool call.
    pub first_used_at: Option<Timestamp>,
    /// The last tool call.
    pub last_used_at: Option<Timestamp>,
    /// When the newest was made.
    pub created_at: Option<Timestamp>,
}

/// The tokens of these connections, put together by connection and state.
pub fn token_facts(conn: &mut Conn, of: &[ConsentId]) -> QueryResult<Vec<TokenFacts>> {
    tokens::table
        .filter(tokens::consent_id.eq_any(of))
        .group_by((tokens::consent_id, tokens::state))
        .select((
            tokens::consent_id,
            tokens::state,
            max(tokens::expires_at),
            min(tokens::first_used_at),
            max(tokens::last_used_at),
            max(tokens::created_at),
        ))
        .load(conn)
}

/// The newest calls of a user, at most `limit`: of which connection, and when. The limit and not
/// the time bounds the query, so that a busy person's page costs what anybody's does.
pub fn newest_calls(
    conn: &mut Conn,
    user: UserId,
    limit: i64,
) -> QueryResult<Vec<(Option<ConsentId>, Timestamp)>> {
    activity::table
        .left_join(tokens::table.on(activity::token_id.eq(tokens::id.nullable())))
        .filter(activity::user_id.eq(user))
        .order(activity::id.desc())
        .limit(limit)
        .select((tokens::consent_id.nullable(), activity::at))
        .load(conn)
}
