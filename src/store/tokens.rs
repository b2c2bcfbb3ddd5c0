//! Tokens: one row per authorization of a client (or personal access token). Table: `tokens`.
//!
//! Ending tokens moves the owner's counters in the same transaction; `service::revoke` keeps the
//! two together.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{clients, consents, tokens};
use crate::db::statement::statement;
use crate::domain::grant::{EndReason, TokenStatus};
use crate::ids::{ClientRowId, ConsentId, TokenId, UserId};
use crate::secrets::HashedSecret;

/// A token as the console lists it.
#[derive(Debug, Clone, Queryable)]
pub struct TokenRow {
    /// Row id.
    pub id: TokenId,
    /// Its owner.
    pub user_id: UserId,
    /// `oauth` or `personal`.
    pub kind: String,
    /// The client's name, or the name of a personal access token.
    pub label: String,
    /// Space-separated.
    pub scopes: String,
    /// `active`, `expired` or `revoked` as stored.
    pub state: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last tool call with it.
    pub last_used_at: Option<Timestamp>,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// Its approval.
    pub consent_id: Option<ConsentId>,
    /// Whether an administrator vouches for the client, if it is a client.
    pub client_trust: Option<String>,
    /// The owner's own name for the connection, if it is one; empty is none.
    pub connection_label: Option<String>,
    /// When it ended, if that was written down.
    pub ended_at: Option<Timestamp>,
    /// Why it ended, a [`EndReason`] as the database keeps it.
    pub end_reason: Option<String>,
}

impl TokenRow {
    /// What it is at `now`.
    pub fn status(&self, now: Timestamp) -> TokenStatus {
        let is_blocked = self.client_trust.as_deref() == Some("blocked");
        TokenStatus::at(now, &self.state, self.expires_at).of_client(is_blocked)
    }
}

type Columns = (
    tokens::id,
    tokens::user_id,
    tokens::kind,
    tokens::label,
    tokens::scopes,
    tokens::state,
    tokens::created_at,
    tokens::last_used_at,
    tokens::expires_at,
    tokens::consent_id,
    diesel::dsl::Nullable<clients::trust>,
    diesel::dsl::Nullable<consents::label>,
    tokens::ended_at,
    tokens::end_reason,
);

fn columns() -> Columns {
    (
        tokens::id,
        tokens::user_id,
        tokens::kind,
        tokens::label,
        tokens::scopes,
        tokens::state,
        tokens::created_at,
        tokens::last_used_at,
        tokens::expires_at,
        tokens::consent_id,
        clients::trust.nullable(),
        consents::label.nullable(),
        tokens::ended_at,
        tokens::end_reason,
    )
}

/// All tokens of a user that are stored as active, the newest first.
pub fn active_of_user(conn: &mut Conn, user: UserId) -> QueryResult<Vec<TokenRow>> {
    tokens::table
        .left_join(clients::table)
        .left_join(consents::table)
        .filter(tokens::user_id.eq(user))
        .filter(tokens::state.eq("active"))
        .order((tokens::created_at.desc(), tokens::id.desc()))
        .select(columns())
        .load(conn)
}

/// Tokens of a user that have ended, at most `limit`, the newest first.
pub fn ended_of_user(conn: &mut Conn, user: UserId, limit: i64) -> QueryResult<Vec<TokenRow>> {
    tokens::table
        .left_join(clients::table)
        .left_join(consents::table)
        .filter(tokens::user_id.eq(user))
        .filter(tokens::state.ne("active"))
        .order((tokens::created_at.desc(), tokens::id.desc()))
        .limit(limit)
        .select(columns())
        .load(conn)
}

/// The token with that id.
pub fn by_id(conn: &mut Conn, id: TokenId) -> QueryResult<Option<TokenRow>> {
    tokens::table
        .left_join(clients::table)
        .left_join(consents::table)
        .filter(tokens::id.eq(id))
        .select(columns())
        .get_result(conn)
        .optional()
}

/// Personal access tokens of a user, at most `limit`: those stored as active first, and the newest
/// first.
pub fn personal_of_user(conn: &mut Conn, user: UserId, limit: i64) -> QueryResult<Vec<TokenRow>> {
    tokens::table
        .left_join(clients::table)
        .left_join(consents::table)
        .filter(tokens::user_id.eq(user))
        .filter(tokens::kind.eq("personal"))
        .order((tokens::state.eq("active").desc(), tokens::created_at.desc(), tokens::id.desc()))
        .limit(limit)
        .select(columns())
        .load(conn)
}

/// How many tokens of a user there are, ended ones too.
pub fn count_of_user(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    tokens::table.filter(tokens::user_id.eq(user)).count().get_result(conn)
}

/// How many personal access tokens of a user there are, ended ones too.
pub fn count_personal_of_user(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    tokens::table
        .filter(tokens::user_id.eq(user))
        .filter(tokens::kind.eq("personal"))
        .count()
        .get_result(conn)
}

/// How many personal access tokens of a user work.
pub fn count_active_personal(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<i64> {
    tokens::table
        .filter(tokens::user_id.eq(user))
        .filter(tokens::kind.eq("personal"))
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.gt(now))
        .count()
        .get_result(conn)
}

/// How many tokens were ever made under a consent.
pub fn count_of_consent(conn: &mut Conn, consent: ConsentId) -> QueryResult<i64> {
    tokens::table.filter(tokens::consent_id.eq(consent)).count().get_result(conn)
}

/// The tokens of a consent that are stored as active, with what each allows.
pub fn scopes_of_consent(
    conn: &mut Conn,
    consent: ConsentId,
) -> QueryResult<Vec<(TokenId, String)>> {
    tokens::table
        .filter(tokens::consent_id.eq(consent))
        .filter(tokens::state.eq("active"))
        .order(tokens::id.asc())
        .select((tokens::id, tokens::scopes))
        .load(conn)
}

/// Sets what a token allows.
pub fn set_scopes(conn: &mut Conn, id: TokenId, scopes: &str) -> QueryResult<usize> {
    diesel::update(tokens::table.find(id)).set(tokens::scopes.eq(scopes)).execute(conn)
}

/// The owner of a token and the client it was given to.
pub fn parties(conn: &mut Conn, id: TokenId) -> QueryResult<Option<(UserId, Option<ClientRowId>)>> {
    tokens::table.find(id).select((tokens::user_id, tokens::client_id)).first(conn).optional()
}

/// A client's token to be added.
#[derive(Debug, Insertable)]
#[diesel(table_name = tokens)]
pub struct NewToken<'a> {
    /// `oauth` or `personal`.
    pub kind: &'a str,
    /// Its owner.
    pub user_id: UserId,
    /// The client it was given to.
    pub client_id: Option<ClientRowId>,
    /// The approval it stands on.
    pub consent_id: Option<ConsentId>,
    /// Name for the console.
    pub label: &'a str,
    /// Hash of a personal access token.
    pub secret_hash: Option<HashedSecret>,
    /// Space-separated.
    pub scopes: &'a str,
    /// The resource it is for.
    pub resource: &'a str,
    /// `active`.
    pub state: &'a str,
    /// Now.
    pub created_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it ends whatever happens.
    pub absolute_expires_at: Timestamp,
}

/// Adds a token.
pub fn insert(conn: &mut Conn, token: &NewToken<'_>) -> QueryResult<TokenId> {
    diesel::insert_into(tokens::table).values(token).returning(tokens::id).get_result(conn)
}

/// Prolongs an active token: its refresh token was used.
pub fn prolong(conn: &mut Conn, id: TokenId, expires_at: Timestamp) -> QueryResult<usize> {
    diesel::update(tokens::table.find(id).filter(tokens::state.eq("active")))
        .set(tokens::expires_at.eq(expires_at))
        .execute(conn)
}

statement! {
    /// Notes a use, unless a later one was noted before.
    Touch {
        "UPDATE tokens SET last_used_at = " at: Timestamp = BigInt,
        ", first_used_at = coalesce(first_used_at, " first: Timestamp = BigInt,
        ") WHERE id = " id: TokenId = BigInt,
        " AND (last_used_at IS NULL OR last_used_at < " before: Timestamp = BigInt; ")"
    }
}

/// Notes that a token was used for a tool call.
pub fn touch(conn: &mut Conn, id: TokenId, now: Timestamp) -> QueryResult<usize> {
    Touch { at: now, first: now, id, before: now }.run(conn)
}

/// Revokes one token if it is active and not expired; 0 rows otherwise.
pub fn revoke(
    conn: &mut Conn,
    id: TokenId,
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        tokens::table
            .filter(tokens::id.eq(id))
            .filter(tokens::state.eq("active"))
            .filter(tokens::expires_at.gt(now)),
    )
    .set((
        tokens::state.eq("revoked"),
        tokens::ended_at.eq(now),
        tokens::end_reason.eq(reason.as_str()),
    ))
    .execute(conn)
}

/// Revokes every active token of a user.
pub fn revoke_of_user(
    conn: &mut Conn,
    user: UserId,
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        tokens::table
            .filter(tokens::user_id.eq(user))
            .filter(tokens::state.eq("active"))
            .filter(tokens::expires_at.gt(now)),
    )
    .set((
        tokens::state.eq("revoked"),
        tokens::ended_at.eq(now),
        tokens::end_reason.eq(reason.as_str()),
    ))
    .execute(conn)
}

/// Revokes every active token of a connection.
pub fn revoke_of_consent(
    conn: &mut Conn,
    consent: ConsentId,
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        tokens::table
            .filter(tokens::consent_id.eq(consent))
            .filter(tokens::state.eq("active"))
            .filter(tokens::expires_at.gt(now)),
    )
    .set((
        tokens::state.eq("revoked"),
        tokens::ended_at.eq(now),
        tokens::end_reason.eq(reason.as_str()),
    ))
    .execute(conn)
}

/// Owners of tokens whose time has passed and whose row does not say so yet, at most `limit`
/// tokens' worth.
pub fn expired_owners(conn: &mut Conn, now: Timestamp, limit: i64) -> QueryResult<Vec<UserId>> {
    let mut owners: Vec<UserId> = tokens::table
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.le(now))
        .order(tokens::expires_at.asc())
        .limit(limit)
        .select(tokens::user_id)
        .load(conn)?;
    owners.sort_unstable();
    owners.dedup();
    Ok(owners)
}

/// Marks a user's tokens whose time has passed as expired.
pub fn expire_of_user(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        tokens::table
            .filter(tokens::user_id.eq(user))
            .filter(tokens::state.eq("active"))
            .filter(tokens::expires_at.le(now)),
    )
    .set((
        tokens::state.eq("expired"),
        tokens::ended_at.eq(tokens::expires_at.nullable()),
        tokens::end_reason.eq(EndReason::Expired.as_str()),
    ))
    .execute(conn)
}
