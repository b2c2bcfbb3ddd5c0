//! Insert-or-update, per backend: Diesel's multi-backend connection has no `on_conflict`.
//!
//! Every statement is one conditional write, so that a race is decided by the database and not by
//! a read before it.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::Conn;
use super::schema::{settings, throttles, usage_windows};
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// Writes one statement for both backends, each compiled for its own.
macro_rules! on_each_backend {
    ($conn:expr, |$inner:ident| $statement:expr) => {
        match $conn {
            Conn::Sqlite($inner) => $statement,
            Conn::Postgres($inner) => $statement,
        }
    };
}

/// Sets a setting.
pub fn set_setting(conn: &mut Conn, name: &str, value: &str) -> QueryResult<usize> {
    on_each_backend!(conn, |conn| diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::value.eq(excluded(settings::value)))
        .execute(conn))
}

/// Counts an attempt of `subject`: one more in a window that runs, the first of a new one
/// otherwise. Returns the count.
pub fn count_attempt(
    conn: &mut Conn,
    subject: &str,
    now: Timestamp,
    window_ends_at: Timestamp,
) -> QueryResult<i64> {
    let running =
        diesel::update(throttles::table.find(subject).filter(throttles::window_ends_at.gt(now)))
            .set(throttles::failures.eq(throttles::failures + 1))
            .returning(throttles::failures)
            .get_result(conn)
            .optional()?;
    if let Some(failures) = running {
        return Ok(failures);
    }
    on_each_backend!(conn, |conn| diesel::insert_into(throttles::table)
        .values((
            throttles::subject.eq(subject),
            throttles::failures.eq(1),
            throttles::window_ends_at.eq(window_ends_at),
        ))
        .on_conflict(throttles::subject)
        .do_update()
        .set((throttles::failures.eq(1), throttles::window_ends_at.eq(window_ends_at)))
        .returning(throttles::failures)
        .get_result(conn))
}

/// A window of an account's usage.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The account.
    pub account: AccountId,
    /// `minute`, `day`, `month`.
    pub span: &'static str,
    /// Its start.
    pub starts_at: Timestamp,
}

/// Adds to a window unless a limit would be exceeded; returns whether it was added.
pub fn count_usage(
    conn: &mut Conn,
    window: &Window,
    requests: i64,
    rows: i64,
    most_requests: i64,
    most_rows: i64,
) -> QueryResult<bool> {
    use diesel::query_dsl::methods::FilterDsl;
    if requests > most_requests || rows > most_rows {
        return Ok(false);
    }
    let counted = on_each_backend!(conn, |conn| diesel::insert_into(usage_windows::table)
        .values((
            usage_windows::account_id.eq(window.account),
            usage_windows::span.eq(window.span),
            usage_windows::starts_at.eq(window.starts_at),
            usage_windows::requests.eq(requests),
            usage_windows::rows_returned.eq(rows),
            usage_windows::credits.eq(0),
        ))
        .on_conflict((usage_windows::account_id, usage_windows::span, usage_windows::starts_at))
        .do_update()
        .set((
            usage_windows::requests.eq(usage_windows::requests + requests),
            usage_windows::rows_returned.eq(usage_windows::rows_returned + rows),
        ))
        .filter(usage_windows::requests.le(most_requests.saturating_sub(requests)))
        .filter(usage_windows::rows_returned.le(most_rows.saturating_sub(rows)))
        .execute(conn))?;
    Ok(counted > 0)
}
