//! Adding up what the books say. Sums of numbers are decimals on PostgreSQL, for which Diesel's types
//! for both databases have no word, so this is SQL text; both read the same.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::connection::Conn;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// A month whose row does not say what its ledger says.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Difference {
    /// The account.
    #[diesel(sql_type = BigInt)]
    pub account_id: AccountId,
    /// The month.
    #[diesel(sql_type = BigInt)]
    pub period_start: Timestamp,
    /// The balance of the row.
    #[diesel(sql_type = BigInt)]
    pub balance: i64,
    /// What the ledger sums to.
    #[diesel(sql_type = BigInt)]
    pub ledger: i64,
    /// What the row says was spent.
    #[diesel(sql_type = BigInt)]
    pub spent: i64,
    /// What the ledger says was spent.
    #[diesel(sql_type = BigInt)]
    pub ledger_spent: i64,
}

/// Every month whose ledger does not sum to its balance, or whose reveals do not to what was spent.
pub fn differences(conn: &mut Conn) -> QueryResult<Vec<Difference>> {
    diesel::sql_query(
        "SELECT account_id, period_start, balance, ledger, spent, ledger_spent FROM ( \
             SELECT b.account_id, b.period_start, b.balance, b.spent, \
                 CAST(COALESCE(SUM(l.amount), 0) AS BIGINT) AS ledger, \
                 CAST(COALESCE(SUM(CASE WHEN l.kind = 'reveal' THEN -l.amount ELSE 0 END), 0) AS BIGINT) AS ledger_spent \
             FROM credit_balances b \
             LEFT JOIN credit_ledger l ON l.account_id = b.account_id AND l.period_start = b.period_start \
             GROUP BY b.account_id, b.period_start, b.balance, b.spent \
         ) AS months WHERE balance <> ledger OR spent <> ledger_spent ORDER BY account_id, period_start",
    )
    .load(conn)
}
