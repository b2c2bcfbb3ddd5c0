//! Calls by day, tool and outcome, so that nobody counts the log. Tables: `activity_days`,
//! `activity_fold`; a job writes them from `activity`.

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{activity, activity_days as days, activity_fold};

/// Calls of one tool that ended one way.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Part {
    /// The tool or route.
    pub operation: String,
    /// `ok`, `denied`, `limited`, `error`.
    pub outcome: String,
    /// How many.
    pub calls: i64,
    /// Rows that they returned.
    pub rows: i64,
    /// Credits that they spent.
    pub credits: i64,
}

/// Up to when calls are counted.
pub fn until(conn: &mut Conn) -> QueryResult<Timestamp> {
    activity_fold::table.find(1).select(activity_fold::calls_until).get_result(conn)
}

/// Notes up to when calls are counted.
pub fn set_until(conn: &mut Conn, at: Timestamp) -> QueryResult<usize> {
    diesel::update(activity_fold::table.find(1))
        .set(activity_fold::calls_until.eq(at))
        .execute(conn)
}

/// Calls of the log from `from` on, before `until`, summed up.
pub fn between(conn: &mut Conn, from: Timestamp, until: Timestamp) -> QueryResult<Vec<Part>> {
    activity::table
        .filter(activity::at.ge(from))
        .filter(activity::at.lt(until))
        .group_by((activity::operation, activity::outcome))
        .select((
            activity::operation,
            activity::outcome,
            count_star(),
            sql::<BigInt>("CAST(SUM(activity.rows_returned) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(activity.credits_spent) AS BIGINT)"),
        ))
        .load(conn)
}

/// When the row was written that is `rows` rows before the newest, if there are so many from `from`
/// on.
pub fn nth_newest(conn: &mut Conn, from: Timestamp, rows: i64) -> QueryResult<Option<Timestamp>> {
    activity::table
        .filter(activity::at.ge(from))
        .order((activity::at.desc(), activity::id.desc()))
        .offset(rows)
        .limit(1)
        .select(activity::at)
        .get_result(conn)
        .optional()
}

/// Adds to a day, counted in days since the epoch, in a transaction that holds `lock::activity`.
pub fn add(conn: &mut Conn, day: i64, part: &Part) -> QueryResult<usize> {
    let changed = diesel::update(days::table.find((day, &part.operation, &part.outcome)))
        .set((
            days::calls.eq(days::calls + part.calls),
            days::rows_returned.eq(days::rows_returned + part.rows),
            days::credits.eq(days::credits + part.credits),
        ))
        .execute(conn)?;
    if changed > 0 {
        return Ok(changed);
    }
    diesel::insert_into(days::table)
        .values((
            days::day.eq(day),
            days::operation.eq(&part.operation),
            days::outcome.eq(&part.outcome),
            days::calls.eq(part.calls),
            days::rows_returned.eq(part.rows),
            days::credits.eq(part.credits),
        ))
        .execute(conn)
}

/// What is counted from a day on.
pub fn since(conn: &mut Conn, day: i64) -> QueryResult<Vec<(i64, Part)>> {
    days::table
        .filter(days::day.ge(day))
        .select((
            days::day,
            (days::operation, days::outcome, days::calls, days::rows_returned, days::credits),
        ))
        .load(conn)
}

/// Forgets days before `day`.
pub fn forget_before(conn: &mut Conn, day: i64) -> QueryResult<usize> {
    diesel::delete(days::table.filter(days::day.lt(day))).execute(conn)
}
