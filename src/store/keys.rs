//! Signing keys. Table: `signing_keys`; private halves are encrypted.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::signing_keys;

/// A key pair for access tokens.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = signing_keys)]
pub struct SigningKeyRow {
    /// Key id in the JWT header and the JWKS.
    pub kid: String,
    /// JWS algorithm, `ES256`.
    pub algorithm: String,
    /// PKCS #8, encrypted under `SECRET`.
    pub private_key: String,
    /// Public point, x, base64url.
    pub public_x: String,
    /// Public point, y, base64url.
    pub public_y: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped signing; its tokens are still accepted while they live.
    pub retired_at: Option<Timestamp>,
}

/// All keys, newest first.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<SigningKeyRow>> {
    signing_keys::table
        .order(signing_keys::id.desc())
        .select((
            signing_keys::kid,
            signing_keys::algorithm,
            signing_keys::private_key,
            signing_keys::public_x,
            signing_keys::public_y,
            signing_keys::created_at,
            signing_keys::retired_at,
        ))
        .load(conn)
}

/// Adds a key.
pub fn insert(conn: &mut Conn, key: &SigningKeyRow) -> QueryResult<usize> {
    diesel::insert_into(signing_keys::table).values(key).execute(conn)
}

/// Retires every key in use.
pub fn retire_all(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::update(signing_keys::table.filter(signing_keys::retired_at.is_null()))
        .set(signing_keys::retired_at.eq(now))
        .execute(conn)
}

/// Forgets keys retired before `before`.
pub fn purge(conn: &mut Conn, before: Timestamp) -> QueryResult<usize> {
    diesel::delete(signing_keys::table.filter(signing_keys::retired_at.lt(before))).execute(conn)
}

/// Forgets every key.
pub fn forget_all(conn: &mut Conn) -> QueryResult<usize> {
    diesel::delete(signing_keys::table).execute(conn)
}
