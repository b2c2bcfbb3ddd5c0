//! Authorization requests as they came, while nobody is signed in for whom the client's document
//! could be fetched. Table: `waiting_requests`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::waiting_requests as waiting;
use crate::secrets::HashedSecret;

/// Adds a request.
pub fn insert(
    conn: &mut Conn,
    handle: &HashedSecret,
    asked: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(waiting::table)
        .values((
            waiting::handle_hash.eq(handle),
            waiting::asked.eq(asked),
            waiting::created_at.eq(now),
            waiting::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// What was asked under that handle, unless it is too old.
pub fn load(conn: &mut Conn, handle: &HashedSecret, now: Timestamp) -> QueryResult<Option<String>> {
    waiting::table
        .filter(waiting::handle_hash.eq(handle))
        .filter(waiting::expires_at.gt(now))
        .select(waiting::asked)
        .get_result(conn)
        .optional()
}

/// Removes what has expired.
pub fn purge(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(waiting::table.filter(waiting::expires_at.le(now))).execute(conn)
}
