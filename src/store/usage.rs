//! What accounts used, by window. Table: `usage_windows`.

use diesel::prelude::*;
use diesel::query_builder::Query;
use diesel::sql_types::{BigInt, Text};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::usage_windows;
use crate::db::statement::{on_each, statement};
use crate::domain::quota::{Span, Used};
use crate::ids::AccountId;

/// What a call adds to the account's windows, and the most that each may hold afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Addition {
    /// Requests, in every window; negative takes back.
    pub requests: i64,
    /// Rows, in the month.
    pub rows: i64,
    /// Credits, in the month; what limits them is their balance.
    pub credits: i64,
    /// The most requests of a minute.
    pub most_a_minute: i64,
    /// The most requests of a day.
    pub most_a_day: i64,
    /// The most rows of a month.
    pub most_rows: i64,
}

statement! {
    /// Adds to the windows that have room, and tells which these were. A window that does not exist
    /// is begun; the caller has seen that what is added is not too much by itself.
    Count {
        "INSERT INTO usage_windows (account_id, span, starts_at, requests, rows_returned, credits) VALUES (" account: AccountId = BigInt,
        ", 'minute', " minute: Timestamp = BigInt,
        ", " minute_requests: i64 = BigInt,
        ", 0, 0), (" day_account: AccountId = BigInt,
        ", 'day', " day: Timestamp = BigInt,
        ", " day_requests: i64 = BigInt,
        ", 0, 0), (" month_account: AccountId = BigInt,
        ", 'month', " month: Timestamp = BigInt,
        ", " month_requests: i64 = BigInt,
        ", " rows: i64 = BigInt,
        ", " credits: i64 = BigInt,
        ") ON CONFLICT (account_id, span, starts_at) DO UPDATE SET \
           requests = usage_windows.requests + excluded.requests, \
           rows_returned = usage_windows.rows_returned + excluded.rows_returned, \
           credits = usage_windows.credits + excluded.credits \
         WHERE CASE excluded.span \
           WHEN 'minute' THEN usage_windows.requests + excluded.requests <= " most_a_minute: i64 = BigInt,
        " WHEN 'day' THEN usage_windows.requests + excluded.requests <= " most_a_day: i64 = BigInt,
        " ELSE usage_windows.rows_returned + excluded.rows_returned <= " most_rows: i64 = BigInt;
        " END RETURNING span"
    }
}

impl Query for Count {
    type SqlType = Text;
}

/// Which windows an addition was counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// The minute.
    pub minute: bool,
    /// The day.
    pub day: bool,
    /// The month.
    pub month: bool,
}

impl Counted {
    /// Whether it is counted in all of them.
    pub fn everywhere(self) -> bool {
        self.minute && self.day && self.month
    }
}

/// Adds to the windows of the account that hold `now`, each unless it would then hold more than it
/// may.
pub fn count(
    conn: &mut Conn,
    account: AccountId,
    add: &Addition,
    now: Timestamp,
) -> QueryResult<Counted> {
    let all = Counted { minute: true, day: true, month: true };
    counting(account, add, all, now).spans(conn)
}

/// Takes back what was added where it was counted.
pub fn take_back(
    conn: &mut Conn,
    account: AccountId,
    add: &Addition,
    counted: Counted,
    now: Timestamp,
) -> QueryResult<Counted> {
    let back = Addition {
        requests: -add.requests,
        rows: -add.rows,
        credits: -add.credits,
        most_a_minute: i64::MAX,
        most_a_day: i64::MAX,
        most_rows: i64::MAX,
    };
    counting(account, &back, counted, now).spans(conn)
}

/// The statement that adds in the windows `of`, and nothing in the others.
fn counting(account: AccountId, add: &Addition, of: Counted, now: Timestamp) -> Count {
    let only = |counts: bool, number: i64| if counts { number } else { 0 };
    Count {
        account,
        minute: Span::Minute.start(now),
        minute_requests: only(of.minute, add.requests),
        day_account: account,
        day: Span::Day.start(now),
        day_requests: only(of.day, add.requests),
        month_account: account,
        month: Span::Month.start(now),
        month_requests: only(of.month, add.requests),
        rows: only(of.month, add.rows),
        credits: only(of.month, add.credits),
        most_a_minute: add.most_a_minute,
        most_a_day: add.most_a_day,
        most_rows: add.most_rows,
    }
}

impl Count {
    fn spans(&self, conn: &mut Conn) -> QueryResult<Counted> {
        let spans: Vec<String> = on_each!(conn, |conn| self.load(conn)?);
        let has = |span: Span| spans.iter().any(|one| one == span.as_str());
        Ok(Counted { minute: has(Span::Minute), day: has(Span::Day), month: has(Span::Month) })
    }
}

/// What the account used in the windows that hold `now`. Credits are the ledger's to tell
/// (`store::credits`); their count of the month here is for statistics.
pub fn used(conn: &mut Conn, account: AccountId, now: Timestamp) -> QueryResult<Used> {
    let start = |span: Span| (span.as_str(), span.start(now));
    let (minute, day, month) = (start(Span::Minute), start(Span::Day), start(Span::Month));
    let rows: Vec<(String, i64, i64)> = on_each!(conn, |conn| usage_windows::table
        .filter(usage_windows::account_id.eq(account))
        .filter(
            usage_windows::span
                .eq(minute.0)
                .and(usage_windows::starts_at.eq(minute.1))
                .or(usage_windows::span.eq(day.0).and(usage_windows::starts_at.eq(day.1)))
                .or(usage_windows::span.eq(month.0).and(usage_windows::starts_at.eq(month.1))),
        )
        .select((usage_windows::span, usage_windows::requests, usage_windows::rows_returned))
        .load(conn)?);
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
