//! Browser sessions. Table: `sessions`. Only the hash of a session's key is kept.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::sessions;
use crate::ids::UserId;
use crate::secrets::HashedSecret;

/// The state of a session that has not expired.
pub fn load(conn: &mut Conn, key: &HashedSecret, now: Timestamp) -> QueryResult<Option<String>> {
    sessions::table
        .filter(sessions::key_hash.eq(key))
        .filter(sessions::expires_at.gt(now))
        .select(sessions::state)
        .get_result(conn)
        .optional()
}

/// Adds a session.
pub fn insert(
    conn: &mut Conn,
    key: &HashedSecret,
    user: Option<UserId>,
    state: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::key_hash.eq(key),
            sessions::user_id.eq(user),
            sessions::state.eq(state),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// Replaces a session's state; 0 rows if it has ended meanwhile, which an update must not undo.
pub fn update(
    conn: &mut Conn,
    key: &HashedSecret,
    user: Option<UserId>,
    state: &str,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::update(sessions::table.filter(sessions::key_hash.eq(key)))
        .set((
            sessions::user_id.eq(user),
            sessions::state.eq(state),
            sessions::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// Prolongs a session.
pub fn prolong(conn: &mut Conn, key: &HashedSecret, expires_at: Timestamp) -> QueryResult<usize> {
    diesel::update(sessions::table.filter(sessions::key_hash.eq(key)))
        .set(sessions::expires_at.eq(expires_at))
        .execute(conn)
}

/// Ends a session.
pub fn delete(conn: &mut Conn, key: &HashedSecret) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::key_hash.eq(key))).execute(conn)
}

/// Ends all sessions of a user.
pub fn delete_of_user(conn: &mut Conn, user: UserId) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user))).execute(conn)
}

/// Removes what has expired.
pub fn purge(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)
}
