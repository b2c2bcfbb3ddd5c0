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

/// What is kept of a session.
#[derive(Debug)]
pub struct Kept<'a> {
    /// Whose it is, once somebody has signed in.
    pub user: Option<UserId>,
    /// Its content.
    pub state: &'a str,
    /// What it is called on pages.
    pub handle: Option<&'a str>,
    /// What the browser calls itself.
    pub user_agent: Option<&'a str>,
    /// From where somebody signed in.
    pub address: Option<&'a str>,
    /// When it was used, to a few minutes.
    pub seen_at: Option<Timestamp>,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
}

/// Adds a session.
pub fn insert(
    conn: &mut Conn,
    key: &HashedSecret,
    kept: &Kept<'_>,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::key_hash.eq(key),
            sessions::user_id.eq(kept.user),
            sessions::state.eq(kept.state),
            sessions::handle.eq(kept.handle),
            sessions::user_agent.eq(kept.user_agent),
            sessions::address.eq(kept.address),
            sessions::seen_at.eq(kept.seen_at),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(kept.expires_at),
        ))
        .execute(conn)
}

/// Replaces a session's content; 0 rows if it has ended meanwhile, which an update must not undo.
pub fn update(conn: &mut Conn, key: &HashedSecret, kept: &Kept<'_>) -> QueryResult<usize> {
    diesel::update(sessions::table.filter(sessions::key_hash.eq(key)))
        .set((
            sessions::user_id.eq(kept.user),
            sessions::state.eq(kept.state),
            sessions::handle.eq(kept.handle),
            sessions::user_agent.eq(kept.user_agent),
            sessions::address.eq(kept.address),
            sessions::seen_at.eq(kept.seen_at),
            sessions::expires_at.eq(kept.expires_at),
        ))
        .execute(conn)
}

/// A session as a person's page shows it.
#[derive(Debug, Clone, Queryable)]
pub struct SessionRow {
    /// What it is called on pages.
    pub handle: String,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// From where somebody signed in.
    pub address: Option<String>,
    /// When somebody signed in.
    pub started_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub seen_at: Option<Timestamp>,
}

/// A user's sessions that have not expired, the last one used first.
pub fn of_user(
    conn: &mut Conn,
    user: UserId,
    now: Timestamp,
    limit: i64,
) -> QueryResult<Vec<SessionRow>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::handle.is_not_null())
        .order((sessions::seen_at.desc(), sessions::key_hash.asc()))
        .limit(limit)
        .select((
            sessions::handle.assume_not_null(),
            sessions::user_agent,
            sessions::address,
            sessions::created_at,
            sessions::seen_at,
        ))
        .load(conn)
}

/// How many sessions of a user have not expired.
pub fn count_of_user(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<i64> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::handle.is_not_null())
        .count()
        .get_result(conn)
}

/// Since when and until when a user is not asked for the password again, in the session that is
/// called so.
pub fn window(
    conn: &mut Conn,
    user: UserId,
    handle: &str,
    now: Timestamp,
) -> QueryResult<Option<(Timestamp, Timestamp)>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::handle.eq(handle))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::confirmed_at.le(now))
        .filter(sessions::confirmed_until.gt(now))
        .select((
            sessions::confirmed_at.assume_not_null(),
            sessions::confirmed_until.assume_not_null(),
        ))
        .get_result(conn)
        .optional()
}

/// Whether a user's session that is called so goes on.
pub fn is_open(conn: &mut Conn, user: UserId, handle: &str, now: Timestamp) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        sessions::table
            .filter(sessions::user_id.eq(user))
            .filter(sessions::handle.eq(handle))
            .filter(sessions::expires_at.gt(now)),
    ))
    .get_result(conn)
}

/// Sets or, with nothing, ends that time.
pub fn set_window(
    conn: &mut Conn,
    user: UserId,
    handle: &str,
    window: Option<(Timestamp, Timestamp)>,
) -> QueryResult<usize> {
    let called =
        sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::handle.eq(handle));
    diesel::update(called)
        .set((
            sessions::confirmed_at.eq(window.map(|(since, _)| since)),
            sessions::confirmed_until.eq(window.map(|(_, until)| until)),
        ))
        .execute(conn)
}

/// Ends the session of a user that is called so.
pub fn delete_called(conn: &mut Conn, user: UserId, handle: &str) -> QueryResult<usize> {
    diesel::delete(
        sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::handle.eq(handle)),
    )
    .execute(conn)
}

/// Ends all sessions of a user but the one that is called so.
pub fn delete_others(conn: &mut Conn, user: UserId, handle: &str) -> QueryResult<usize> {
    diesel::delete(
        sessions::table
            .filter(sessions::user_id.eq(user))
            .filter(sessions::handle.is_null().or(sessions::handle.ne(handle))),
    )
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

/// Ends all sessions of everybody.
pub fn delete_all(conn: &mut Conn) -> QueryResult<usize> {
    diesel::delete(sessions::table).execute(conn)
}

/// Removes what has expired.
pub fn purge(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)
}
