//! The figures of clients and their groups: stored ones, and what has happened since they were
//! stored. Tables: `client_deltas` (written by triggers), `client_days`, `client_fold`, and the
//! figures in `clients` and `client_groups`.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::figure_rows::{self, Addition, Whose};
use crate::db::schema::{
    activity, client_days, client_deltas as deltas, client_fold, clients, tokens,
};
use crate::domain::audit::Outcome;
use crate::ids::{ClientGroupId, ClientRowId};

/// Figures, or differences of figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// People with a live approval.
    pub users: i64,
    /// Tokens stored as active.
    pub tokens: i64,
    /// Answered calls in thirty days.
    pub calls: i64,
    /// Last answered call.
    pub last_used_at: Option<Timestamp>,
}

impl Figures {
    /// Both together.
    #[must_use]
    pub fn plus(&self, more: &Self) -> Self {
        Self {
            users: self.users + more.users,
            tokens: self.tokens + more.tokens,
            calls: self.calls + more.calls,
            last_used_at: self.last_used_at.max(more.last_used_at),
        }
    }
}

/// What was written down since the rows were brought up to date, summed up: group, client, users
/// of the client, users of the group, tokens, and how often.
pub type Difference = (Option<ClientGroupId>, ClientRowId, i64, i64, i64, i64);

/// The differences of the clients of these groups.
pub fn differences(conn: &mut Conn, of: &[ClientGroupId]) -> QueryResult<Vec<Difference>> {
    deltas::table
        .filter(deltas::group_id.eq_any(of))
        .group_by((
            deltas::group_id,
            deltas::client_id,
            deltas::users,
            deltas::group_users,
            deltas::tokens,
        ))
        .select((
            deltas::group_id,
            deltas::client_id,
            deltas::users,
            deltas::group_users,
            deltas::tokens,
            diesel::dsl::count_star(),
        ))
        .load(conn)
}

/// How many tokens of each client are stored as active although their time has passed: those since
/// the last sweep. Of all clients, because few are there at a time and an index finds them; asked
/// for by group, SQLite goes through the group instead.
pub fn overdue(
    conn: &mut Conn,
    now: Timestamp,
) -> QueryResult<Vec<(Option<ClientGroupId>, ClientRowId, i64)>> {
    tokens::table
        .inner_join(clients::table)
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.le(now))
        .group_by((clients::group_id, clients::id))
        .select((clients::group_id, clients::id, diesel::dsl::count_star()))
        .load(conn)
}

/// Calls of a client: group, client, how many, the last.
pub type Calls = (Option<ClientGroupId>, ClientRowId, i64, Option<Timestamp>);

/// Answered calls from `from` on, before `until`, by client.
pub fn calls_between(
    conn: &mut Conn,
    from: Timestamp,
    until: Timestamp,
) -> QueryResult<Vec<Calls>> {
    activity::table
        .inner_join(clients::table.on(activity::client_id.eq(clients::id.nullable())))
        .filter(activity::at.ge(from))
        .filter(activity::at.lt(until))
        .filter(activity::outcome.eq(Outcome::Ok.as_str()))
        .group_by((clients::group_id, clients::id))
        .select((
            clients::group_id,
            clients::id,
            diesel::dsl::count_star(),
            diesel::dsl::max(activity::at).assume_not_null().nullable(),
        ))
        .load(conn)
}

/// Up to when calls are in the rows.
pub fn calls_until(conn: &mut Conn) -> QueryResult<Timestamp> {
    client_fold::table.find(1).select(client_fold::calls_until).get_result(conn)
}

/// Notes up to when calls are in the rows.
pub fn set_calls_until(conn: &mut Conn, at: Timestamp) -> QueryResult<usize> {
    diesel::update(client_fold::table.find(1)).set(client_fold::calls_until.eq(at)).execute(conn)
}

/// A difference as written down.
pub type Written = (i64, ClientRowId, Option<ClientGroupId>, i64, i64, i64);

/// The oldest differences, at most `limit`.
pub fn oldest(conn: &mut Conn, limit: i64) -> QueryResult<Vec<Written>> {
    deltas::table
        .order(deltas::id.asc())
        .limit(limit)
        .select((
            deltas::id,
            deltas::client_id,
            deltas::group_id,
            deltas::users,
            deltas::group_users,
            deltas::tokens,
        ))
        .load(conn)
}

/// Forgets differences that are in the rows now.
pub fn forget(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
    diesel::delete(deltas::table.filter(deltas::id.eq_any(ids))).execute(conn)
}

/// Adds to the figures of clients; a last call that was later stays.
pub fn add_to_clients(conn: &mut Conn, more: &BTreeMap<ClientRowId, Figures>) -> QueryResult<()> {
    add(conn, Whose::Client, more.iter().map(|(id, more)| (id.0, more)))
}

/// Adds to the figures of groups; a last call that was later stays.
pub fn add_to_groups(conn: &mut Conn, more: &BTreeMap<ClientGroupId, Figures>) -> QueryResult<()> {
    add(conn, Whose::Group, more.iter().map(|(id, more)| (id.0, more)))
}

fn add<'a>(
    conn: &mut Conn,
    whose: Whose,
    more: impl Iterator<Item = (i64, &'a Figures)>,
) -> QueryResult<()> {
    let rows: Vec<_> = more
        .map(|(id, more)| Addition {
            id,
            users: more.users,
            tokens: more.tokens,
            calls: more.calls,
            used_at: more.last_used_at.map(|at| at.0),
        })
        .collect();
    figure_rows::add(conn, whose, &rows)
}

/// Adds to the calls of clients on `day`, counted in days since the epoch.
pub fn add_calls(conn: &mut Conn, day: i64, calls: &[(ClientRowId, i64)]) -> QueryResult<()> {
    let calls: Vec<_> = calls.iter().map(|(client, calls)| (client.0, *calls)).collect();
    figure_rows::add_calls(conn, day, &calls)
}

/// A day of a client: client, its group, day, calls.
pub type Day = (ClientRowId, Option<ClientGroupId>, i64, i64);

/// Days before `day`, at most `limit`.
pub fn days_before(conn: &mut Conn, day: i64, limit: i64) -> QueryResult<Vec<Day>> {
    client_days::table
        .inner_join(clients::table)
        .filter(client_days::day.lt(day))
        .order((client_days::day.asc(), client_days::client_id.asc()))
        .limit(limit)
        .select((client_days::client_id, clients::group_id, client_days::day, client_days::calls))
        .load(conn)
}

/// Forgets `day` of these clients.
pub fn forget_day(conn: &mut Conn, day: i64, of: &[ClientRowId]) -> QueryResult<usize> {
    let days = client_days::table.filter(client_days::day.eq(day));
    diesel::delete(days.filter(client_days::client_id.eq_any(of))).execute(conn)
}
