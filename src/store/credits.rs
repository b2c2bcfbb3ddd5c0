//! Credits: a balance for each account and month, and the ledger of its changes. Tables:
//! `credit_balances`, `credit_ledger`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{credit_balances, credit_ledger};
use crate::domain::credit::Month;
use crate::ids::{AccountId, UserId};

pub use crate::db::books::{Difference, differences};

/// A change of a balance, to be written with it.
#[derive(Debug, Insertable)]
#[diesel(table_name = credit_ledger)]
pub struct NewEntry<'a> {
    /// The account.
    pub account_id: AccountId,
    /// The month.
    pub period_start: Timestamp,
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub kind: &'static str,
    /// The change.
    pub amount: i64,
    /// The balance after it.
    pub balance_after: i64,
    /// Why, if somebody said.
    pub reason: Option<&'a str>,
    /// Who, if it is a user.
    pub actor_id: Option<UserId>,
    /// Their name.
    pub actor: &'a str,
    /// The request in which it happened.
    pub request_id: Option<&'a str>,
}

/// The account's month, if it was opened.
pub fn month(conn: &mut Conn, account: AccountId, period: Timestamp) -> QueryResult<Option<Month>> {
    let row: Option<(i64, i64, i64)> = credit_balances::table
        .find((account, period))
        .select((credit_balances::allowance, credit_balances::balance, credit_balances::spent))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(allowance, balance, spent)| Month { allowance, balance, spent }))
}

/// Opens a month with the plan's credits.
pub fn open(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    allowance: i64,
) -> QueryResult<usize> {
    diesel::insert_into(credit_balances::table)
        .values((
            credit_balances::account_id.eq(account),
            credit_balances::period_start.eq(period),
            credit_balances::allowance.eq(allowance),
            credit_balances::balance.eq(allowance),
            credit_balances::spent.eq(0),
        ))
        .execute(conn)
}

/// Brings a month to what the plan gives now, `difference` more than before. Returns the balance.
pub fn follow_plan(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    difference: i64,
) -> QueryResult<i64> {
    diesel::update(credit_balances::table.find((account, period)))
        .set((
            credit_balances::allowance.eq(credit_balances::allowance + difference),
            credit_balances::balance.eq(credit_balances::balance + difference),
        ))
        .returning(credit_balances::balance)
        .get_result(conn)
}

/// Gives `amount` credits. Returns the balance.
pub fn give(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    amount: i64,
) -> QueryResult<i64> {
    diesel::update(credit_balances::table.find((account, period)))
        .set(credit_balances::balance.eq(credit_balances::balance + amount))
        .returning(credit_balances::balance)
        .get_result(conn)
}

/// Takes `amount` credits if there are so many. Returns the balance.
pub fn take(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    amount: i64,
) -> QueryResult<Option<i64>> {
    diesel::update(
        credit_balances::table.find((account, period)).filter(credit_balances::balance.ge(amount)),
    )
    .set(credit_balances::balance.eq(credit_balances::balance - amount))
    .returning(credit_balances::balance)
    .get_result(conn)
    .optional()
}

/// Spends `amount` credits if there are so many. Returns the balance.
pub fn spend(
    conn: &mut Conn,
    account: AccountId,
    period: Timestamp,
    amount: i64,
) -> QueryResult<Option<i64>> {
    diesel::update(
        credit_balances::table.find((account, period)).filter(credit_balances::balance.ge(amount)),
    )
    .set((
        credit_balances::balance.eq(credit_balances::balance - amount),
        credit_balances::spent.eq(credit_balances::spent + amount),
    ))
    .returning(credit_balances::balance)
    .get_result(conn)
    .optional()
}

/// Writes an entry of the ledger.
pub fn enter(conn: &mut Conn, entry: &NewEntry<'_>) -> QueryResult<usize> {
    diesel::insert_into(credit_ledger::table).values(entry).execute(conn)
}
