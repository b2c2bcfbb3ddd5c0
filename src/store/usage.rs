//! What accounts used, by window. Table: `usage_windows`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::usage_windows;
use crate::domain::quota::{Span, Used};
use crate::ids::AccountId;

pub use crate::db::upsert::{Addition, count_usage as count};

/// What the account used in the windows that hold `now`. Credits are the ledger's to tell
/// (`store::credits`); their count of the month here is for statistics.
pub fn used(conn: &mut Conn, account: AccountId, now: Timestamp) -> QueryResult<Used> {
    let at = |span: Span| (span.as_str(), span.start(now));
    let (minute, day, month) = (at(Span::Minute), at(Span::Day), at(Span::Month));
    let rows: Vec<(String, i64, i64)> = usage_windows::table
        .filter(usage_windows::account_id.eq(account))
        .filter(
            usage_windows::span
                .eq(minute.0)
                .and(usage_windows::starts_at.eq(minute.1))
                .or(usage_windows::span.eq(day.0).and(usage_windows::starts_at.eq(day.1)))
                .or(usage_windows::span.eq(month.0).and(usage_windows::starts_at.eq(month.1))),
        )
        .select((usage_windows::span, usage_windows::requests, usage_windows::rows_returned))
        .load(conn)?;
    let mut used = Used::default();
    for (span, requests, rows) in rows {
        match span.as_str() {
            "minute" => used.minute = requests,
            "day" => used.day = requests,
            _ => used.rows = rows,
        }
    }
    Ok(used)
}

/// Removes minute and day windows that began before `before`; months are kept.
pub fn purge(conn: &mut Conn, before: Timestamp) -> QueryResult<usize> {
    diesel::delete(
        usage_windows::table
            .filter(usage_windows::span.eq_any([Span::Minute.as_str(), Span::Day.as_str()]))
            .filter(usage_windows::starts_at.lt(before)),
    )
    .execute(conn)
}
