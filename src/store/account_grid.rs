//! What the list of accounts and its export read: accounts by filter and order, and, in a query each,
//! the people, windows and months of the accounts of one page.

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::accounts::AccountRow;
use super::grid::contains;
use crate::clock::Timestamp;
use crate::db::schema::{accounts, roles, usage_windows, users};
use crate::db::{Conn, MultiBackend};
use crate::domain::access::Standing;
use crate::domain::quota::Span;
use crate::ids::{AccountId, PlanId, UserId};
use crate::store::in_order::lower;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountSort {
    /// Name.
    Name,
    /// Plan, in the order in which plans were made.
    Plan,
    /// Credits spent this month.
    Credits,
    /// When it was made.
    Created,
}

/// Which accounts.
#[derive(Debug, Clone, Default)]
pub struct AccountQuery {
    /// Text in the name.
    pub text: Option<String>,
    /// Only this one: whoever searches for a person's address means their account.
    pub only: Option<AccountId>,
    /// On any of these plans.
    pub plans: Option<Vec<PlanId>>,
    /// Whose own switch is so.
    pub switch: Option<bool>,
    /// That have spent most of the credits of the month that began then.
    pub nearly_out: Option<Timestamp>,
}

/// Accounts that have spent any credits of a month; ends with the month.
const SPENT: &str = "SELECT account_id FROM credit_balances WHERE spent > 0 AND period_start = ";
/// Accounts that have spent four fifths of what their plan now gives them; ends with the month.
const NEARLY_OUT: &str = "accounts.id IN (SELECT b.account_id FROM credit_balances b \
     JOIN accounts a ON a.id = b.account_id JOIN plans p ON p.id = a.plan_id \
     WHERE b.spent > 0 AND b.spent * 5 >= 4 * (b.balance + b.spent + p.credits_per_month - b.allowance) \
     AND b.period_start = ";

type Statement<'a> = accounts::BoxedQuery<'a, MultiBackend>;

fn matching(conn: &Conn, query: &AccountQuery) -> Statement<'static> {
    let mut rows = accounts::table.into_boxed();
    if let Some(text) = &query.text {
        rows = rows.filter(contains(conn, "accounts.name", text));
    }
    if let Some(id) = query.only {
        rows = rows.filter(accounts::id.eq(id));
    }
    if let Some(plans) = query.plans.clone() {
        rows = rows.filter(accounts::plan_id.eq_any(plans));
    }
    if let Some(switch) = query.switch {
        rows = rows.filter(accounts::api_access.eq(switch));
    }
    if let Some(period) = query.nearly_out {
        rows = rows.filter(sql::<Bool>(NEARLY_OUT).bind::<BigInt, _>(period).sql(")"));
    }
    rows
}

/// How many accounts match.
pub fn count(conn: &mut Conn, query: &AccountQuery) -> QueryResult<i64> {
    matching(conn, query).count().get_result(conn)
}

/// The columns of an [`AccountRow`].
type Columns =
    (accounts::id, accounts::name, accounts::plan_id, accounts::created_at, accounts::api_access);

const COLUMNS: Columns =
    (accounts::id, accounts::name, accounts::plan_id, accounts::created_at, accounts::api_access);

/// Part of a list: so many rows after the first so many.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// Rows that are passed over.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

/// A part of the list in the order of a column that has an index.
pub fn rows(
    conn: &mut Conn,
    query: &AccountQuery,
    sort: AccountSort,
    descending: bool,
    slice: Slice,
) -> QueryResult<Vec<AccountRow>> {
    let rows = matching(conn, query);
    let rows = match (sort, descending) {
        (AccountSort::Name, false) => rows.order((lower(accounts::name).asc(), accounts::id.asc())),
        (AccountSort::Name, true) => {
            rows.order((lower(accounts::name).desc(), accounts::id.desc()))
        }
        (AccountSort::Plan, false) => rows.order((accounts::plan_id.asc(), accounts::id.asc())),
        (AccountSort::Plan, true) => rows.order((accounts::plan_id.desc(), accounts::id.desc())),
        (AccountSort::Created, false) => {
            rows.order((accounts::created_at.asc(), accounts::id.asc()))
        }
        (AccountSort::Created, true) => {
            rows.order((accounts::created_at.desc(), accounts::id.desc()))
        }
        (AccountSort::Credits, false) => rows.order(accounts::id.asc()),
        (AccountSort::Credits, true) => rows.order(accounts::id.desc()),
    };
    rows.limit(slice.limit).offset(slice.offset).select(COLUMNS).load(conn)
}

/// How many matching accounts have spent credits of the month.
pub fn count_spenders(
    conn: &mut Conn,
    query: &AccountQuery,
    period: Timestamp,
) -> QueryResult<i64> {
    spenders(conn, query, period, true).count().get_result(conn)
}

fn spenders(
    conn: &Conn,
    query: &AccountQuery,
    period: Timestamp,
    are_wanted: bool,
) -> Statement<'static> {
    let head = format!("accounts.id {} ({SPENT}", if are_wanted { "IN" } else { "NOT IN" });
    matching(conn, query).filter(sql::<Bool>(&head).bind::<BigInt, _>(period).sql(")"))
}

/// A part of the accounts that have spent credits of the month, by how many.
pub fn spender_rows(
    conn: &mut Conn,
    query: &AccountQuery,
    period: Timestamp,
    descending: bool,
    slice: Slice,
) -> QueryResult<Vec<AccountRow>> {
    let way = if descending { "DESC" } else { "ASC" };
    let order = format!(") {way}, accounts.id {way}");
    spenders(conn, query, period, true)
        .order(
            sql::<BigInt>(
                "(SELECT spent FROM credit_balances WHERE account_id = accounts.id AND period_start = ",
            )
            .bind::<BigInt, _>(period)
            .sql(&order),
        )
        .limit(slice.limit)
        .offset(slice.offset)
        .select(COLUMNS)
        .load(conn)
}

/// A part of the accounts that have spent none.
pub fn saver_rows(
    conn: &mut Conn,
    query: &AccountQuery,
    period: Timestamp,
    descending: bool,
    slice: Slice,
) -> QueryResult<Vec<AccountRow>> {
    let rows = spenders(conn, query, period, false);
    let rows = match descending {
        false => rows.order(accounts::id.asc()),
        true => rows.order(accounts::id.desc()),
    };
    rows.limit(slice.limit).offset(slice.offset).select(COLUMNS).load(conn)
}

/// Matching accounts after the one with that id, by id: for files.
pub fn after(
    conn: &mut Conn,
    query: &AccountQuery,
    id: AccountId,
    limit: i64,
) -> QueryResult<Vec<AccountRow>> {
    matching(conn, query)
        .filter(accounts::id.gt(id))
        .order(accounts::id.asc())
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
}

/// How many people each of these accounts has, where it has any.
pub fn people_of(conn: &mut Conn, accounts: &[AccountId]) -> QueryResult<Vec<(AccountId, i64)>> {
    users::table
        .filter(users::account_id.eq_any(accounts))
        .filter(users::deleted_at.is_null())
        .group_by(users::account_id)
        .select((users::account_id, count_star()))
        .load(conn)
}

/// Requests and rows of these accounts in the window of that span that began then.
pub fn windows_of(
    conn: &mut Conn,
    accounts: &[AccountId],
    span: Span,
    starts_at: Timestamp,
) -> QueryResult<Vec<(AccountId, i64, i64)>> {
    usage_windows::table
        .filter(usage_windows::account_id.eq_any(accounts))
        .filter(usage_windows::span.eq(span.as_str()))
        .filter(usage_windows::starts_at.eq(starts_at))
        .select((usage_windows::account_id, usage_windows::requests, usage_windows::rows_returned))
        .load(conn)
}

/// A person of an account.
#[derive(Debug, Clone, Queryable)]
pub struct MemberRow {
    /// Row id.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role's name.
    pub role: String,
    /// `active` or `suspended`.
    pub status: String,
    /// Since when they are only invited.
    pub invited_at: Option<Timestamp>,
    /// Whether their clients may call.
    pub mcp_enabled: bool,
    /// Last tool call.
    pub last_tool_at: Option<Timestamp>,
}

impl MemberRow {
    /// How they stand.
    pub fn standing(&self) -> Standing {
        Standing::of(&self.status, self.invited_at.is_some())
    }
}

/// People of an account by name.
pub fn members(conn: &mut Conn, account: AccountId, slice: Slice) -> QueryResult<Vec<MemberRow>> {
    users::table
        .inner_join(roles::table)
        .filter(users::account_id.eq(account))
        .filter(users::deleted_at.is_null())
        .order((lower(users::name).asc(), users::id.asc()))
        .limit(slice.limit)
        .offset(slice.offset)
        .select((
            users::id,
            users::name,
            users::email,
            roles::name,
            users::status,
            users::invited_at,
            users::mcp_enabled,
            users::last_tool_at,
        ))
        .load(conn)
}
