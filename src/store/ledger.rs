//! Reading the ledger of credits, month by month. Tables: `credit_balances`, `credit_ledger`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{credit_balances, credit_ledger};
use crate::domain::credit::{EntryKind, Month};
use crate::ids::{AccountId, UserId};

/// A change of a balance, as it was written.
#[derive(Debug, Clone, Queryable)]
pub struct EntryRow {
    /// Row id.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub kind: String,
    /// The change.
    pub amount: i64,
    /// The balance after it.
    pub balance_after: i64,
    /// Why, if somebody said.
    pub reason: Option<String>,
    /// Who, if it is a user.
    pub actor_id: Option<UserId>,
    /// Their name.
    pub actor: String,
    /// The request in which it happened.
    pub request_id: Option<String>,
}

type Columns = (
    credit_ledger::id,
    credit_ledger::at,
    credit_ledger::kind,
    credit_ledger::amount,
    credit_ledger::balance_after,
    credit_ledger::reason,
    credit_ledger::actor_id,
    credit_ledger::actor,
    credit_ledger::request_id,
);

const COLUMNS: Columns = (
    credit_ledger::id,
    credit_ledger::at,
    credit_ledger::kind,
    credit_ledger::amount,
    credit_ledger::balance_after,
    credit_ledger::reason,
    credit_ledger::actor_id,
    credit_ledger::actor,
    credit_ledger::request_id,
);

/// Entries of a month before the one with that id, the newest first.
pub fn before(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    id: i64,
    limit: i64,
) -> QueryResult<Vec<EntryRow>> {
    credit_ledger::table
        .filter(credit_ledger::account_id.eq(account))
        .filter(credit_ledger::period_start.eq(period))
        .filter(credit_ledger::id.lt(id))
        .order(credit_ledger::id.desc())
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
}

/// Entries of a month after the one with that id, the oldest first.
pub fn after(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    id: i64,
    limit: i64,
) -> QueryResult<Vec<EntryRow>> {
    credit_ledger::table
        .filter(credit_ledger::account_id.eq(account))
        .filter(credit_ledger::period_start.eq(period))
        .filter(credit_ledger::id.gt(id))
        .order(credit_ledger::id.asc())
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
}

/// How many entries a month has.
pub fn count(conn: &mut Conn, account: AccountId, period: Timestamp) -> QueryResult<i64> {
    credit_ledger::table
        .filter(credit_ledger::account_id.eq(account))
        .filter(credit_ledger::period_start.eq(period))
        .count()
        .get_result(conn)
}

/// How many entries an account has, of all months.
pub fn count_all(conn: &mut Conn, account: AccountId) -> QueryResult<i64> {
    credit_ledger::table.filter(credit_ledger::account_id.eq(account)).count().get_result(conn)
}

/// The newest entry of a month that an administrator made.
pub fn last_adjustment(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
) -> QueryResult<Option<EntryRow>> {
    let kinds = [EntryKind::Grant.as_str(), EntryKind::Take.as_str()];
    credit_ledger::table
        .filter(credit_ledger::account_id.eq(account))
        .filter(credit_ledger::period_start.eq(period))
        .filter(credit_ledger::kind.eq_any(kinds))
        .order(credit_ledger::id.desc())
        .limit(1)
        .select(COLUMNS)
        .get_result(conn)
        .optional()
}

/// What administrators granted in a month, and what they took, which is below zero.
pub fn adjustments(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
) -> QueryResult<Vec<i64>> {
    let kinds = [EntryKind::Grant.as_str(), EntryKind::Take.as_str()];
    credit_ledger::table
        .filter(credit_ledger::account_id.eq(account))
        .filter(credit_ledger::period_start.eq(period))
        .filter(credit_ledger::kind.eq_any(kinds))
        .select(credit_ledger::amount)
        .load(conn)
}

/// The months of an account that were opened, the newest first.
pub fn months(
    conn: &mut Conn,
    account: AccountId,
    limit: i64,
) -> QueryResult<Vec<(Timestamp, Month)>> {
    let rows: Vec<(Timestamp, i64, i64, i64)> = credit_balances::table
        .filter(credit_balances::account_id.eq(account))
        .order(credit_balances::period_start.desc())
        .limit(limit)
        .select((
            credit_balances::period_start,
            credit_balances::allowance,
            credit_balances::balance,
            credit_balances::spent,
        ))
        .load(conn)?;
    let month = |(period, allowance, balance, spent)| (period, Month { allowance, balance, spent });
    Ok(rows.into_iter().map(month).collect())
}

/// The month of each of these accounts, where it was opened.
pub fn months_of(
    conn: &mut Conn,
    accounts: &[AccountId],
    period: Timestamp,
) -> QueryResult<Vec<(AccountId, Month)>> {
    let rows: Vec<(AccountId, i64, i64, i64)> = credit_balances::table
        .filter(credit_balances::account_id.eq_any(accounts))
        .filter(credit_balances::period_start.eq(period))
        .select((
            credit_balances::account_id,
            credit_balances::allowance,
            credit_balances::balance,
            credit_balances::spent,
        ))
        .load(conn)?;
    let month = |(id, allowance, balance, spent)| (id, Month { allowance, balance, spent });
    Ok(rows.into_iter().map(month).collect())
}

/// The opened month of an account before that one.
pub fn month_before(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    credit_balances::table
        .filter(credit_balances::account_id.eq(account))
        .filter(credit_balances::period_start.lt(period))
        .order(credit_balances::period_start.desc())
        .limit(1)
        .select(credit_balances::period_start)
        .get_result(conn)
        .optional()
}
