//! Accounts and their plans. Tables: `accounts`, `plans`.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::people_texts::{Contains, contains, equals};
use crate::db::schema::{accounts, plans};
use crate::ids::{AccountId, PlanId};
use crate::store::in_order::lower;

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

impl Plan {
    /// The same without an end to its quotas, for what has been counted before.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self {
            requests_per_minute: i64::MAX,
            requests_per_day: i64::MAX,
            rows_per_month: i64::MAX,
            ..self
        }
    }

    /// What it comes to for an account that has its own switch so.
    #[must_use]
    pub fn within(self, account_access: bool) -> Self {
        Self { api_access: self.api_access && account_access, ..self }
    }
}

/// The plan of that name.
pub fn plan_by_name(conn: &mut Conn, name: &str) -> QueryResult<Option<Plan>> {
    plans::table.filter(plans::name.eq(name)).select(Plan::as_select()).get_result(conn).optional()
}

/// The plan that `account` is on, without API access if that is switched off for the account.
pub fn plan_of(conn: &mut Conn, account: AccountId) -> QueryResult<Plan> {
    let (plan, access): (Plan, bool) = accounts::table
        .inner_join(plans::table)
        .filter(accounts::id.eq(account))
        .select((Plan::as_select(), accounts::api_access))
        .get_result(conn)?;
    Ok(plan.within(access))
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

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AccountRow {
    /// Row id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// The plan that it is on.
    pub plan_id: PlanId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the API access of its plan is left on.
    pub api_access: bool,
}

impl AccountRow {
    /// What of it can be changed.
    pub fn terms(&self) -> AccountTerms {
        let Self { name, plan_id, api_access, .. } = self.clone();
        AccountTerms { name, plan_id, api_access }
    }
}

/// What of an account can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTerms {
    /// Name.
    pub name: String,
    /// The plan.
    pub plan_id: PlanId,
    /// Whether the API access of its plan is left on.
    pub api_access: bool,
}

/// The account with that id.
pub fn find(conn: &mut Conn, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .find(id)
        .select((
            accounts::id,
            accounts::name,
            accounts::plan_id,
            accounts::created_at,
            accounts::api_access,
        ))
        .get_result(conn)
        .optional()
}

/// Changes an account, if it still stands as `was`; 0 rows if it does not.
pub fn replace(
    conn: &mut Conn,
    id: AccountId,
    was: &AccountTerms,
    becomes: &AccountTerms,
) -> QueryResult<usize> {
    diesel::update(
        accounts::table
            .find(id)
            .filter(accounts::name.eq(&was.name))
            .filter(accounts::plan_id.eq(was.plan_id))
            .filter(accounts::api_access.eq(was.api_access)),
    )
    .set((
        accounts::name.eq(&becomes.name),
        accounts::plan_id.eq(becomes.plan_id),
        accounts::api_access.eq(becomes.api_access),
    ))
    .execute(conn)
}

/// Accounts by name, `limit` of them: for whoever chooses one.
pub fn choices(conn: &mut Conn, limit: i64) -> QueryResult<Vec<(AccountId, String)>> {
    accounts::table
        .order((lower(accounts::name).asc(), accounts::id.asc()))
        .limit(limit)
        .select((accounts::id, accounts::name))
        .load(conn)
}

/// Accounts of which that is the name but for the case of letters, by id.
pub fn alike(conn: &mut Conn, name: &str, limit: i64) -> QueryResult<Vec<(AccountId, String)>> {
    let is_it = equals(conn, "accounts.name", name);
    named(conn, is_it, limit)
}

/// Accounts that have `text` in their name, whatever the case of letters, by id.
pub fn holding(conn: &mut Conn, text: &str, limit: i64) -> QueryResult<Vec<(AccountId, String)>> {
    let has_it = contains(conn, "accounts.name", text);
    named(conn, has_it, limit)
}

fn named(conn: &mut Conn, has: Contains, limit: i64) -> QueryResult<Vec<(AccountId, String)>> {
    accounts::table
        .filter(has)
        .order(accounts::id.asc())
        .limit(limit)
        .select((accounts::id, accounts::name))
        .load(conn)
}

/// How many accounts have exactly that name.
pub fn count_named(conn: &mut Conn, name: &str) -> QueryResult<i64> {
    accounts::table.filter(accounts::name.eq(name)).count().get_result(conn)
}

/// The account's name, if there is one with that id.
pub fn find_name(conn: &mut Conn, account: AccountId) -> QueryResult<Option<String>> {
    accounts::table.find(account).select(accounts::name).get_result(conn).optional()
}
