//! Keeping the figures that the clients grid sorts by. Transactions write differences down instead
//! of changing rows that users share; this brings the rows up to date. What is shown never waits
//! for it.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::lookalike::Lookalike;
use crate::domain::records::counted_from;
use crate::error::Result;
use crate::ids::{ClientGroupId, ClientRowId};
use crate::service::Ctx;
use crate::store::client_figures::{self as store, Figures};
use crate::store::client_groups;

/// Differences, days or clients in one transaction.
const AT_ONCE: i64 = 2_000;
/// A call is written down so long after it was answered at most, seconds.
const GRACE_SECONDS: i64 = 60;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Brings the rows up to date. Safe to run twice and on every replica.
///
/// # Errors
/// When the database cannot answer.
pub async fn fold(ctx: &Ctx) -> Result<()> {
    adopt_all(ctx).await?;
    let now = ctx.clock.now();
    while ctx.db.write(fold_differences).await? > 0 {}
    while ctx.db.write(move |conn| fold_calls(conn, now)).await? {}
    while ctx.db.write(move |conn| drop_old_days(conn, now)).await? > 0 {}
    Ok(())
}

/// Gives a group to every client that has none: rows of an earlier version.
///
/// # Errors
/// When the database cannot answer.
pub async fn adopt_all(ctx: &Ctx) -> Result<()> {
    while ctx.db.write(adopt).await? > 0 {}
    Ok(())
}

/// Gives a group to some clients that have none, inside the caller's transaction. Returns to how
/// many.
fn adopt(conn: &mut Conn) -> Result<usize> {
    lock::clients(conn)?;
    // What is waiting for them names no group yet.
    while fold_differences(conn)? > 0 {}
    let clients = client_groups::ungrouped(conn, AT_ONCE)?;
    let mut groups = Vec::new();
    for (id, registration, client_id, name, redirect_uris) in &clients {
        let alike = Lookalike::of(registration, client_id, name, redirect_uris);
        let group = client_groups::keep(conn, &alike)?;
        client_groups::put(conn, *id, group)?;
        groups.push(group);
    }
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        client_groups::recount_users(conn, group)?;
    }
    Ok(clients.len())
}

fn fold_differences(conn: &mut Conn) -> Result<usize> {
    lock::clients(conn)?;
    let written = store::oldest(conn, AT_ONCE)?;
    let mut of_clients: BTreeMap<ClientRowId, Figures> = BTreeMap::new();
    let mut of_groups: BTreeMap<ClientGroupId, Figures> = BTreeMap::new();
    for (_, client, group, users, group_users, tokens) in &written {
        let more = Figures { users: *users, tokens: *tokens, ..Figures::default() };
        let sum = of_clients.entry(*client).or_default();
        *sum = sum.plus(&more);
        if let Some(group) = group {
            let sum = of_groups.entry(*group).or_default();
            *sum = sum.plus(&Figures { users: *group_users, ..more });
        }
    }
    store::add_to_clients(conn, &of_clients)?;
    store::add_to_groups(conn, &of_groups)?;
    let ids: Vec<i64> = written.iter().map(|row| row.0).collect();
    store::forget(conn, &ids)?;
    Ok(written.len())
}

/// Folds the calls of at most one day. Returns whether there may be more.
fn fold_calls(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    lock::clients(conn)?;
    let first = counted_from(now);
    let from = store::calls_until(conn)?.max(first);
    let day = from.0.div_euclid(DAY);
    let until = now.plus_seconds(-GRACE_SECONDS).min(Timestamp((day + 1) * DAY));
    if until <= from {
        return Ok(false);
    }
    let mut of_clients: BTreeMap<ClientRowId, Figures> = BTreeMap::new();
    let mut of_groups: BTreeMap<ClientGroupId, Figures> = BTreeMap::new();
    let mut of_day = Vec::new();
    for (group, client, calls, last_used_at) in store::calls_between(conn, from, until)? {
        let more = Figures { calls, last_used_at, ..Figures::default() };
        of_clients.insert(client, more);
        if let Some(group) = group {
            let sum = of_groups.entry(group).or_default();
            *sum = sum.plus(&more);
        }
        of_day.push((client, calls));
    }
    store::add_calls(conn, day, &of_day)?;
    store::add_to_clients(conn, &of_clients)?;
    store::add_to_groups(conn, &of_groups)?;
    store::set_calls_until(conn, until)?;
    Ok(true)
}

/// Takes days that are over thirty days ago out of the figures. Returns how many.
fn drop_old_days(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    lock::clients(conn)?;
    let days = store::days_before(conn, counted_from(now).0.div_euclid(DAY), AT_ONCE)?;
    let mut of_clients: BTreeMap<ClientRowId, Figures> = BTreeMap::new();
    let mut of_groups: BTreeMap<ClientGroupId, Figures> = BTreeMap::new();
    let mut old: BTreeMap<i64, Vec<ClientRowId>> = BTreeMap::new();
    for (client, group, day, calls) in &days {
        let less = Figures { calls: -calls, ..Figures::default() };
        let sum = of_clients.entry(*client).or_default();
        *sum = sum.plus(&less);
        if let Some(group) = group {
            let sum = of_groups.entry(*group).or_default();
            *sum = sum.plus(&less);
        }
        old.entry(*day).or_default().push(*client);
    }
    for (day, clients) in old {
        store::forget_day(conn, day, &clients)?;
    }
    store::add_to_clients(conn, &of_clients)?;
    store::add_to_groups(conn, &of_groups)?;
    Ok(days.len())
}
