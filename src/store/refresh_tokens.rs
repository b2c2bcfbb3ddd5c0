//! Refresh tokens of a family. Table: `refresh_tokens`; at most one of a token is live, which an
//! index enforces.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{clients, consents, refresh_tokens, tokens, users};
use crate::ids::{ClientRowId, TokenId, UserId};
use crate::secrets::HashedSecret;

/// A presented refresh token with the state of everything it stands on.
#[derive(Debug, Clone, Queryable)]
pub struct PresentedRow {
    /// Row id.
    pub id: i64,
    /// When it was rotated.
    pub retired_at: Option<Timestamp>,
    /// Its token.
    pub token_id: TokenId,
    /// The client it was given to.
    pub client_id: ClientRowId,
    /// Its owner.
    pub user_id: UserId,
    /// Stored state of the token.
    pub state: String,
    /// Idle end.
    pub expires_at: Timestamp,
    /// Absolute end.
    pub absolute_expires_at: Timestamp,
    /// What was granted.
    pub scopes: String,
    /// What the connection covers now; an administrator or the user may have narrowed it.
    pub consent_scopes: String,
    /// The resource it is for.
    pub resource: String,
    /// The owner's `sub`.
    pub subject: String,
    /// The owner's status.
    pub user_status: String,
    /// Whether the owner's clients may call.
    pub mcp_enabled: bool,
    /// When the approval ended.
    pub consent_revoked_at: Option<Timestamp>,
    /// `blocked` when an administrator blocked the client.
    pub client_trust: String,
}

/// Finds a presented refresh token by its hash.
pub fn presented(conn: &mut Conn, hash: &HashedSecret) -> QueryResult<Option<PresentedRow>> {
    refresh_tokens::table
        .inner_join(
            tokens::table
                .inner_join(users::table)
                .inner_join(clients::table)
                .inner_join(consents::table),
        )
        .filter(refresh_tokens::secret_hash.eq(hash))
        .select((
            refresh_tokens::id,
            refresh_tokens::retired_at,
            tokens::id,
            clients::id,
            users::id,
            tokens::state,
            tokens::expires_at,
            tokens::absolute_expires_at,
            tokens::scopes,
            consents::scopes,
            tokens::resource,
            users::subject,
            users::status,
            users::mcp_enabled,
            consents::revoked_at,
            clients::trust,
        ))
        .get_result(conn)
        .optional()
}

/// Adds the live refresh token of a token.
pub fn insert(
    conn: &mut Conn,
    token: TokenId,
    hash: &HashedSecret,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_id.eq(token),
            refresh_tokens::secret_hash.eq(hash),
            refresh_tokens::created_at.eq(now),
        ))
        .execute(conn)
}

/// Retires it; 0 rows if another request was first.
pub fn retire(conn: &mut Conn, id: i64, now: Timestamp) -> QueryResult<usize> {
    diesel::update(refresh_tokens::table.find(id).filter(refresh_tokens::retired_at.is_null()))
        .set(refresh_tokens::retired_at.eq(now))
        .execute(conn)
}
