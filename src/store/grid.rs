//! What the MCP Users grid reads: first the ids of a page, from an index, then the people of those
//! ids and, in one more query each, the tokens behind their dots and their credits. Page N costs
//! what page 1 does.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{accounts, credit_balances, plans, roles, tokens, users};
use crate::db::written::Written;
use crate::domain::access::Standing;
use crate::domain::credit::{Credits, Month};
use crate::domain::grant::TokenStatus;
use crate::domain::quota::Span;
use crate::ids::UserId;

mod filter;
mod find;
mod order;

pub use filter::GridFilter;
pub(super) use filter::conditions;
pub(super) use find::matching;
pub use find::{Found, count, find};
pub use order::page_ids;

pub(super) use crate::db::people_texts::contains;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GridSort {
    /// Full name.
    User,
    /// MCP access.
    Access,
    /// Role's name.
    Role,
    /// Active tokens.
    Clients,
    /// Active tokens, as a number.
    Tokens,
    /// Credits spent this month.
    Credits,
    /// When access was first enabled.
    Added,
    /// Last tool call.
    LastUsed,
}

/// A view of the grid.
#[derive(Debug, Clone)]
pub struct GridQuery {
    /// Whom it shows.
    pub filter: GridFilter,
    /// Sort column.
    pub sort: GridSort,
    /// Largest first.
    pub descending: bool,
    /// Page, from 1.
    pub page: i64,
    /// Rows a page.
    pub page_size: i64,
}

/// A client of a user, as a dot and a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dot {
    /// The client's name, or "Personal Access Token".
    pub name: String,
    /// Whether any of its tokens works.
    pub is_active: bool,
}

/// A row of the grid.
#[derive(Debug, Clone)]
pub struct GridRow {
    /// The user.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role's name.
    pub role: String,
    /// Whether they can sign in.
    pub standing: Standing,
    /// Whether their clients may call.
    pub mcp_enabled: bool,
    /// When access was first enabled.
    pub added_at: Option<Timestamp>,
    /// Last tool call.
    pub last_tool_at: Option<Timestamp>,
    /// Tokens that work at the moment of the query.
    pub active_tokens: usize,
    /// Clients, those with a working token first.
    pub clients: Vec<Dot>,
    /// The account's credits this month.
    pub credits: Credits,
}

/// The names of all roles, for the filter.
pub fn role_names(conn: &mut Conn) -> QueryResult<Vec<String>> {
    roles::table.order(roles::name.asc()).select(roles::name).load(conn)
}

/// Ids of people that match, at most `limit` after `after`, in the order of ids.
pub fn ids_after(
    conn: &mut Conn,
    filter: &GridFilter,
    after: UserId,
    limit: i64,
    now: Timestamp,
) -> QueryResult<Vec<UserId>> {
    let later = Written::new("users.id > ").number(after.0);
    let conditions = conditions(conn, filter, now).into_iter().chain([later]);
    Written::new("SELECT users.id FROM users")
        .all_of(conditions)
        .sql(" ORDER BY users.id LIMIT ")
        .number(limit)
        .users(conn)
}

type Person = (
    (UserId, String, String, bool),
    (Option<Timestamp>, Option<Timestamp>),
    (String, Option<Timestamp>),
    String,
);

/// The people of these ids, in their order.
pub fn rows(conn: &mut Conn, ids: &[UserId], now: Timestamp) -> QueryResult<Vec<GridRow>> {
    let people: Vec<Person> = users::table
        .inner_join(roles::table)
        .filter(users::id.eq_any(ids))
        .select((
            (users::id, users::name, users::email, users::mcp_enabled),
            (users::mcp_added_at, users::last_tool_at),
            (users::status, users::invited_at),
            roles::name,
        ))
        .load(conn)?;
    let mut dots = dots_of(conn, ids, now)?;
    let mut credits = credits_of(conn, ids, now)?;
    let mut rows: HashMap<UserId, GridRow> = people
        .into_iter()
        .map(
            |(
                (id, name, email, mcp_enabled),
                (added_at, last_tool_at),
                (status, invited),
                role,
            )| {
                let (clients, active_tokens) = dots.remove(&id).unwrap_or_default();
                let credits = credits.remove(&id).unwrap_or_default();
                let row = GridRow {
                    id,
                    name,
                    email,
                    role,
                    standing: Standing::of(&status, invited.is_some()),
                    mcp_enabled,
                    added_at,
                    last_tool_at,
                    active_tokens,
                    clients,
                    credits,
                };
                (id, row)
            },
        )
        .collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

/// The credits of these people's accounts, as the console shows them everywhere.
fn credits_of(
    conn: &mut Conn,
    users: &[UserId],
    now: Timestamp,
) -> QueryResult<HashMap<UserId, Credits>> {
    type Row = (UserId, i64, Option<(i64, i64, i64)>);
    let month = Span::Month.start(now);
    let rows: Vec<Row> = users::table
        .inner_join(accounts::table.inner_join(plans::table))
        .left_join(
            credit_balances::table.on(credit_balances::account_id
                .eq(users::account_id)
                .and(credit_balances::period_start.eq(month))),
        )
        .filter(users::id.eq_any(users))
        .select((
            users::id,
            plans::credits_per_month,
            (credit_balances::allowance, credit_balances::balance, credit_balances::spent)
                .nullable(),
        ))
        .load(conn)?;
    let month = |(allowance, balance, spent)| Month { allowance, balance, spent };
    Ok(rows.into_iter().map(|(id, live, row)| (id, Credits::of(row.map(month), live))).collect())
}

type Dots = HashMap<UserId, (Vec<Dot>, usize)>;

/// The clients of the users of one page, each name once, working ones first. Ended tokens are
/// grouped by the database, so that a user with many costs what a user with few does.
fn dots_of(conn: &mut Conn, users: &[UserId], now: Timestamp) -> QueryResult<Dots> {
    let rows: Vec<(UserId, String, String, String, Option<Timestamp>, i64)> = tokens::table
        .filter(tokens::user_id.eq_any(users))
        .group_by((tokens::user_id, tokens::kind, tokens::label, tokens::state))
        .select((
            tokens::user_id,
            tokens::kind,
            tokens::label,
            tokens::state,
            diesel::dsl::max(tokens::expires_at),
            diesel::dsl::count_star(),
        ))
        .load(conn)?;
    let mut dots = Dots::new();
    for (user, kind, label, state, expires_at, tokens) in rows {
        let is_active =
            expires_at.is_some_and(|end| TokenStatus::at(now, &state, end) == TokenStatus::Active);
        let name = if kind == "personal" { "Personal Access Token".to_owned() } else { label };
        let (clients, active_tokens) = dots.entry(user).or_default();
        if is_active {
            *active_tokens += usize::try_from(tokens).unwrap_or_default();
        }
        match clients.iter_mut().find(|dot: &&mut Dot| dot.name == name) {
            Some(dot) => dot.is_active |= is_active,
            None => clients.push(Dot { name, is_active }),
        }
    }
    for (clients, _) in dots.values_mut() {
        clients.sort_by(|a, b| b.is_active.cmp(&a.is_active).then_with(|| a.name.cmp(&b.name)));
    }
    Ok(dots)
}
