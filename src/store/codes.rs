//! Authorization codes. Table: `authorization_codes`. Used once: one conditional update.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::authorization_codes as codes;
use crate::ids::{ClientRowId, ConsentId, TokenId, UserId};
use crate::secrets::HashedSecret;

/// A code as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = codes)]
pub struct CodeRow {
    /// Hash of the code.
    pub code_hash: HashedSecret,
    /// The client it was given to.
    pub client_id: ClientRowId,
    /// The user who approved.
    pub user_id: UserId,
    /// The approval.
    pub consent_id: ConsentId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What was granted.
    pub scopes: String,
    /// PKCE challenge, S256.
    pub code_challenge: String,
    /// The resource it is for.
    pub resource: String,
    /// OpenID nonce.
    pub nonce: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// The token made from it, ended if the code comes again.
    pub token_id: Option<TokenId>,
    /// Whether a refresh token comes with it.
    pub with_refresh: bool,
    /// When the person signed in who approved.
    pub signed_in_at: Option<Timestamp>,
}

/// Adds a code.
pub fn insert(conn: &mut Conn, code: &CodeRow) -> QueryResult<usize> {
    diesel::insert_into(codes::table).values(code).execute(conn)
}

/// The code with that hash.
pub fn by_hash(conn: &mut Conn, hash: &HashedSecret) -> QueryResult<Option<CodeRow>> {
    codes::table
        .filter(codes::code_hash.eq(hash))
        .select(CodeRow::as_select())
        .get_result(conn)
        .optional()
}

/// Uses the code up; 0 rows if somebody else was first.
pub fn consume(conn: &mut Conn, hash: &HashedSecret, now: Timestamp) -> QueryResult<usize> {
    diesel::update(codes::table.filter(codes::code_hash.eq(hash)).filter(codes::used_at.is_null()))
        .set(codes::used_at.eq(now))
        .execute(conn)
}

/// Notes which token was made from the code.
pub fn set_token(conn: &mut Conn, hash: &HashedSecret, token: TokenId) -> QueryResult<usize> {
    diesel::update(codes::table.filter(codes::code_hash.eq(hash)))
        .set(codes::token_id.eq(token))
        .execute(conn)
}

/// Uses up every code of a user that is still waiting: access was taken away.
pub fn burn_of_user(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(codes::table.filter(codes::user_id.eq(user)).filter(codes::used_at.is_null()))
        .set(codes::used_at.eq(now))
        .execute(conn)
}

/// Removes codes that ended before `before`. They are kept a while after their use, so that a
/// replay still finds what to revoke.
pub fn purge(conn: &mut Conn, before: Timestamp) -> QueryResult<usize> {
    diesel::delete(codes::table.filter(codes::expires_at.lt(before))).execute(conn)
}
