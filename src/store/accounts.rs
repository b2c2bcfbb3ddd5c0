//! Accounts and their plans. Tables: `accounts`, `plans`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{accounts, plans};
use crate::ids::{AccountId, PlanId};

/// What a plan allows.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = plans)]
pub struct Plan {
    /// Row id.
    pub id: PlanId,
    /// Name.
    pub name: String,
    /// Whether tools and REST work at all.
    pub api_access: bool,
    /// Requests a minute.
    pub requests_per_minute: i64,
    /// Requests a day.
    pub requests_per_day: i64,
    /// Search rows a month.
    pub rows_per_month: i64,
    /// Credits a month.
    pub credits_per_month: i64,
}

/// The plan of that name.
pub fn plan_by_name(conn: &mut Conn, name: &str) -> QueryResult<Option<Plan>> {
    plans::table.filter(plans::name.eq(name)).select(Plan::as_select()).get_result(conn).optional()
}

/// The plan that `account` is on.
pub fn plan_of(conn: &mut Conn, account: AccountId) -> QueryResult<Plan> {
    accounts::table
        .inner_join(plans::table)
        .filter(accounts::id.eq(account))
        .select(Plan::as_select())
        .get_result(conn)
}

/// The account of that name, the oldest if there are several.
pub fn by_name(conn: &mut Conn, name: &str) -> QueryResult<Option<AccountId>> {
    accounts::table
        .filter(accounts::name.eq(name))
        .order(accounts::id.asc())
        .select(accounts::id)
        .first(conn)
        .optional()
}

/// The account's name.
pub fn name_of(conn: &mut Conn, account: AccountId) -> QueryResult<String> {
    accounts::table.find(account).select(accounts::name).first(conn)
}

/// Adds an account.
pub fn insert(conn: &mut Conn, name: &str, plan: PlanId, now: Timestamp) -> QueryResult<AccountId> {
    diesel::insert_into(accounts::table)
        .values((accounts::name.eq(name), accounts::plan_id.eq(plan), accounts::created_at.eq(now)))
        .returning(accounts::id)
        .get_result(conn)
}

/// Accounts by name, `limit` of them: for whoever chooses one.
pub fn choices(conn: &mut Conn, limit: i64) -> QueryResult<Vec<(AccountId, String)>> {
    accounts::table
        .order((accounts::name.asc(), accounts::id.asc()))
        .limit(limit)
        .select((accounts::id, accounts::name))
        .load(conn)
}

/// The account's name, if there is one with that id.
pub fn find_name(conn: &mut Conn, account: AccountId) -> QueryResult<Option<String>> {
    accounts::table.find(account).select(accounts::name).get_result(conn).optional()
}
