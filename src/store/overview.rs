//! Figures of the overview, each one query by an index. Tables: `users`, `tokens`, `consents`,
//! `client_groups`, `client_deltas`, `accounts`, `credit_balances`, `outbox`.

use std::collections::{HashMap, HashSet};

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{
    accounts, client_deltas, client_groups, consents, credit_balances as balances, outbox, tokens,
    users,
};
use crate::ids::{ClientGroupId, ClientRowId};
use crate::store::blocked;

/// People with tokens that have not ended.
pub fn people_with_tokens(conn: &mut Conn) -> QueryResult<i64> {
    users::table.filter(users::active_tokens.gt(0)).select(count_star()).get_result(conn)
}

/// Tokens that have not ended.
pub fn live_tokens(conn: &mut Conn, now: Timestamp) -> QueryResult<i64> {
    tokens::table
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.gt(now))
        .select(count_star())
        .get_result(conn)
}

/// Approvals that stand.
pub fn standing_approvals(conn: &mut Conn) -> QueryResult<i64> {
    consents::table.filter(consents::revoked_at.is_null()).select(count_star()).get_result(conn)
}

/// What was written down of tokens of a client: its group, itself, tokens, and how often.
pub type TokenDifference = (Option<ClientGroupId>, ClientRowId, i64, i64);

/// What was written down of tokens since the clients' rows were brought up to date.
pub fn token_differences(conn: &mut Conn) -> QueryResult<Vec<TokenDifference>> {
    client_deltas::table
        .filter(client_deltas::tokens.ne(0))
        .group_by((client_deltas::group_id, client_deltas::client_id, client_deltas::tokens))
        .select((
            client_deltas::group_id,
            client_deltas::client_id,
            client_deltas::tokens,
            count_star(),
        ))
        .load(conn)
}

/// Programs with tokens that work; look-alikes count once. What is not in their rows yet is added,
/// which after a mass act is more than the rows say, and what is of blocked ones is taken away.
pub fn connected_clients(conn: &mut Conn) -> QueryResult<i64> {
    let stored: i64 = client_groups::table
        .filter(client_groups::active_tokens.gt(0))
        .select(count_star())
        .get_result(conn)?;
    let mut more: HashMap<ClientGroupId, i64> = HashMap::new();
    let mut blocked: HashSet<ClientRowId> = HashSet::new();
    for (group, client, tokens) in blocked::clients(conn)? {
        blocked.insert(client);
        if let Some(group) = group {
            *more.entry(group).or_default() -= tokens;
        }
    }
    for (group, client, tokens, times) in token_differences(conn)? {
        if let Some(group) = group.filter(|_| !blocked.contains(&client)) {
            *more.entry(group).or_default() += tokens * times;
        }
    }
    let rows: Vec<(ClientGroupId, i64)> = client_groups::table
        .filter(client_groups::id.eq_any(more.keys()))
        .select((client_groups::id, client_groups::active_tokens))
        .load(conn)?;
    let is_connected = |tokens: i64| i64::from(tokens > 0);
    let change = rows.iter().map(|(group, tokens)| {
        let more = more.get(group).copied().unwrap_or_default();
        is_connected(tokens + more) - is_connected(*tokens)
    });
    Ok(stored + change.sum::<i64>())
}

/// Programs of which any registration is blocked.
pub fn blocked_clients(conn: &mut Conn) -> QueryResult<i64> {
    client_groups::table.filter(client_groups::blocked.gt(0)).select(count_star()).get_result(conn)
}

/// Accounts that have used over 80 % of a month's credits: names, credits spent and left.
pub fn nearly_spent(
    conn: &mut Conn,
    period: Timestamp,
    limit: i64,
) -> QueryResult<Vec<(String, i64, i64)>> {
    balances::table
        .inner_join(accounts::table.on(accounts::id.eq(balances::account_id)))
        .filter(balances::period_start.eq(period))
        .filter(balances::spent.gt(0))
        .filter(balances::spent.gt(balances::balance * 4))
        .order((balances::balance.asc(), balances::account_id.asc()))
        .limit(limit)
        .select((accounts::name, balances::spent, balances::balance))
        .load(conn)
}

/// Mail that was tried and has not gone out, as far as `limit`.
pub fn undelivered(conn: &mut Conn, limit: i64) -> QueryResult<i64> {
    let ids: Vec<i64> = outbox::table
        .filter(outbox::sent_at.is_null())
        .filter(outbox::attempts.gt(1))
        .limit(limit)
        .select(outbox::id)
        .load(conn)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}
