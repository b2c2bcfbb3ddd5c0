//! Answers that a repeated request gets again. Table: `idempotency_keys`. Holds how each id came
//! out, never what was revealed.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::idempotency_keys;
use crate::ids::AccountId;

/// An answer kept.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct Kept {
    /// The account.
    pub account_id: AccountId,
    /// The key.
    pub key: String,
    /// Digest of the request's body.
    pub body_digest: String,
    /// How it came out, JSON.
    pub outcome: String,
    /// When it was answered first.
    pub at: Timestamp,
}

/// The answer to that key.
pub fn find(conn: &mut Conn, account: AccountId, key: &str) -> QueryResult<Option<Kept>> {
    idempotency_keys::table
        .find((account, key))
        .select(Kept::as_select())
        .get_result(conn)
        .optional()
}

/// Keeps an answer.
pub fn insert(conn: &mut Conn, kept: &Kept) -> QueryResult<usize> {
    diesel::insert_into(idempotency_keys::table).values(kept).execute(conn)
}

/// Forgets the answer to that key.
pub fn forget(conn: &mut Conn, account: AccountId, key: &str) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table.find((account, key))).execute(conn)
}

/// Removes answers given at `until` or before.
pub fn purge(conn: &mut Conn, until: Timestamp) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::at.le(until))).execute(conn)
}
