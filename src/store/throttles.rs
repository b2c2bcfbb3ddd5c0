//! Failed attempts, counted by what was tried and from where. Table: `throttles`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::throttles;
use crate::db::upsert;

/// Failures counted for `subject` in a window that has not ended, with the window's end.
pub fn load(
    conn: &mut Conn,
    subject: &str,
    now: Timestamp,
) -> QueryResult<Option<(i64, Timestamp)>> {
    throttles::table
        .filter(throttles::subject.eq(subject))
        .filter(throttles::window_ends_at.gt(now))
        .select((throttles::failures, throttles::window_ends_at))
        .get_result(conn)
        .optional()
}

/// Counts one more; begins a window that ends at `window_ends_at` if the last one has passed.
/// Returns the count in the current window.
pub fn count(
    conn: &mut Conn,
    subject: &str,
    now: Timestamp,
    window_ends_at: Timestamp,
) -> QueryResult<i64> {
    upsert::count_attempt(conn, subject, now, window_ends_at)
}

/// Counts one less in the current window of `subject`, if there is one.
pub fn take_back(conn: &mut Conn, subject: &str, now: Timestamp) -> QueryResult<usize> {
    let counted = throttles::table
        .filter(throttles::subject.eq(subject))
        .filter(throttles::window_ends_at.gt(now))
        .filter(throttles::failures.gt(0));
    diesel::update(counted).set(throttles::failures.eq(throttles::failures - 1)).execute(conn)
}

/// Forgets the failures of `subject`.
pub fn clear(conn: &mut Conn, subject: &str) -> QueryResult<usize> {
    diesel::delete(throttles::table.filter(throttles::subject.eq(subject))).execute(conn)
}

/// Removes windows that have ended.
pub fn purge(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(throttles::table.filter(throttles::window_ends_at.le(now))).execute(conn)
}
