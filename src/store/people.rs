//! What the list of people and a person's page read. Tables: `users` with role and account,
//! `activity`.

use diesel::prelude::*;

use super::grid::contains;
use crate::clock::Timestamp;
use crate::db::schema::{accounts, activity, clients, roles, users};
use crate::db::{Conn, MultiBackend};
use crate::domain::access::{Standing, UserStatus};
use crate::ids::{AccountId, RoleId, UserId};
use crate::store::in_order::lower;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleSort {
    /// Full name.
    Name,
    /// Role's name.
    Role,
    /// Account's name.
    Account,
    /// Status, then whether they were invited.
    Standing,
    /// MCP access.
    Access,
    /// When the user was created.
    Created,
}

/// A view of the list.
#[derive(Debug, Clone)]
pub struct PeopleQuery {
    /// Text in name or address.
    pub text: Option<String>,
    /// Only users with the role.
    pub role: Option<RoleId>,
    /// Only users of the account.
    pub account: Option<AccountId>,
    /// Only users who stand so.
    pub standing: Option<Standing>,
    /// Only users with MCP access enabled, or disabled.
    pub access: Option<bool>,
    /// Sort column.
    pub sort: PeopleSort,
    /// Largest first.
    pub descending: bool,
    /// Page, from 1.
    pub page: i64,
    /// Rows a page.
    pub page_size: i64,
}

/// A person as the list shows them.
#[derive(Debug, Clone, Queryable)]
pub struct PersonRow {
    /// Row id.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role's name.
    pub role: String,
    /// Account's name.
    pub account: String,
    /// `active` or `suspended`.
    pub status: String,
    /// Since when they are only invited.
    pub invited_at: Option<Timestamp>,
    /// Whether their clients may call.
    pub mcp_enabled: bool,
    /// When the user was created.
    pub created_at: Timestamp,
}

impl PersonRow {
    /// How they stand.
    pub fn standing(&self) -> Standing {
        Standing::of(&self.status, self.invited_at.is_some())
    }
}

type OfRoles = diesel::dsl::InnerJoinQuerySource<users::table, roles::table>;
type Source = diesel::dsl::InnerJoinQuerySource<OfRoles, accounts::table>;
type Condition =
    Box<dyn BoxableExpression<Source, MultiBackend, SqlType = diesel::sql_types::Bool>>;

fn conditions(conn: &Conn, query: &PeopleQuery) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = vec![Box::new(users::deleted_at.is_null())];
    if let Some(text) = &query.text {
        let name = contains(conn, "users.name", text);
        conditions.push(Box::new(name.or(contains(conn, "users.email", text))));
    }
    if let Some(role) = query.role {
        conditions.push(Box::new(users::role_id.eq(role)));
    }
    if let Some(account) = query.account {
        conditions.push(Box::new(users::account_id.eq(account)));
    }
    if let Some(access) = query.access {
        conditions.push(Box::new(users::mcp_enabled.eq(access)));
    }
    if let Some(standing) = query.standing {
        let status = match standing {
            Standing::Active | Standing::Invited => UserStatus::Active,
            Standing::Suspended => UserStatus::Suspended,
        };
        conditions.push(Box::new(users::status.eq(status.as_str())));
        match standing {
            Standing::Active => conditions.push(Box::new(users::invited_at.is_null())),
            Standing::Invited => conditions.push(Box::new(users::invited_at.is_not_null())),
            Standing::Suspended => {}
        }
    }
    conditions
}

/// How many match.
pub fn count(conn: &mut Conn, query: &PeopleQuery) -> QueryResult<i64> {
    let mut statement = users::table
        .inner_join(roles::table)
        .inner_join(accounts::table)
        .select(diesel::dsl::count_star())
        .into_boxed();
    for condition in conditions(conn, query) {
        statement = statement.filter(condition);
    }
    statement.first(conn)
}

/// The rows of a page.
pub fn page(conn: &mut Conn, query: &PeopleQuery) -> QueryResult<Vec<PersonRow>> {
    let mut statement = users::table
        .inner_join(roles::table)
        .inner_join(accounts::table)
        .select((
            users::id,
            users::name,
            users::email,
            roles::name,
            accounts::name,
            users::status,
            users::invited_at,
            users::mcp_enabled,
            users::created_at,
        ))
        .into_boxed();
    for condition in conditions(conn, query) {
        statement = statement.filter(condition);
    }
    let statement = match (query.sort, query.descending) {
        (PeopleSort::Name, false) => statement.order(lower(users::name).asc()),
        (PeopleSort::Name, true) => statement.order(lower(users::name).desc()),
        (PeopleSort::Role, false) => statement.order(roles::name.asc()),
        (PeopleSort::Role, true) => statement.order(roles::name.desc()),
        (PeopleSort::Account, false) => statement.order(lower(accounts::name).asc()),
        (PeopleSort::Account, true) => statement.order(lower(accounts::name).desc()),
        (PeopleSort::Standing, false) => {
            statement.order((users::status.asc(), users::invited_at.is_not_null().asc()))
        }
        (PeopleSort::Standing, true) => {
            statement.order((users::status.desc(), users::invited_at.is_not_null().desc()))
        }
        (PeopleSort::Access, false) => statement.order(users::mcp_enabled.asc()),
        (PeopleSort::Access, true) => statement.order(users::mcp_enabled.desc()),
        (PeopleSort::Created, false) => statement.order(users::created_at.asc()),
        (PeopleSort::Created, true) => statement.order(users::created_at.desc()),
    };
    // Ties are broken by id in the same direction, so that pages never overlap.
    let statement = match query.descending {
        false => statement.then_order_by(users::id.asc()),
        true => statement.then_order_by(users::id.desc()),
    };
    statement.limit(query.page_size).offset((query.page - 1) * query.page_size).load(conn)
}

/// A call as a person's page shows it.
#[derive(Debug, Clone, Queryable)]
pub struct CallRow {
    /// Row id, by which pages follow each other.
    pub id: i64,
    /// When it was answered.
    pub at: Timestamp,
    /// The request's id.
    pub request_id: String,
    /// The tool or route.
    pub operation: String,
    /// The client's name, if it is still registered.
    pub client: Option<String>,
    /// The caller's address.
    pub address: Option<String>,
    /// `ok`, `denied`, `limited`, `error`.
    pub outcome: String,
    /// Code of the refusal.
    pub error_code: Option<String>,
    /// Rows returned.
    pub rows_returned: i64,
    /// Credits spent.
    pub credits_spent: i64,
}

/// The calls of a person before the one with that id, newest first.
pub fn calls_of(
    conn: &mut Conn,
    user: UserId,
    before: i64,
    limit: i64,
) -> QueryResult<Vec<CallRow>> {
    activity::table
        .left_join(clients::table.on(activity::client_id.eq(clients::id.nullable())))
        .filter(activity::user_id.eq(user))
        .filter(activity::id.lt(before))
        .order(activity::id.desc())
        .limit(limit)
        .select((
            activity::id,
            activity::at,
            activity::request_id,
            activity::operation,
            clients::name.nullable(),
            activity::address,
            activity::outcome,
            activity::error_code,
            activity::rows_returned,
            activity::credits_spent,
        ))
        .load(conn)
}
