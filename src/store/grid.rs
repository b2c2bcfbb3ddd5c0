//! What the MCP Users grid reads: first the ids of a page, from an index, then the people of those
//! ids and, in one more query each, the tokens behind their dots and their credits. Page N costs
//! what page 1 does.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{accounts, clients, credit_balances, plans, roles, tokens, users};
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
    /// What it is by its tokens.
    pub state: DotState,
}

/// What a client of a user is by its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DotState {
    /// One of them works.
    Active,
    /// One has not ended, and none works: an administrator has blocked the client.
    Blocked,
    /// All have ended.
    Ended,
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
    /// Tokens that would work at that moment if their client were not blocked.
    pub blocked_tokens: usize,
    /// Clients: working ones, blocked ones, those that have ended.
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
    let conditions = conditions(conn, filter, now)?.into_iter().chain([later]);
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
                let Dots { clients, active, blocked } = dots.remove(&id).unwrap_or_default();
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
                    active_tokens: active,
                    blocked_tokens: blocked,
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

/// The clients of a user, and how many tokens of them work and are blocked.
#[derive(Debug, Default)]
struct Dots {
    clients: Vec<Dot>,
    active: usize,
    blocked: usize,
}

type Tokens = (UserId, String, String, String, Option<String>, Option<Timestamp>, i64);

/// The clients of the users of one page, each name once, working ones first. Ended tokens are
/// grouped by the database, so that a user with many costs what a user with few does.
fn dots_of(
    conn: &mut Conn,
    users: &[UserId],
    now: Timestamp,
) -> QueryResult<HashMap<UserId, Dots>> {
    let rows: Vec<Tokens> = tokens::table
        .left_join(clients::table)
        .filter(tokens::user_id.eq_any(users))
        .group_by((tokens::user_id, tokens::kind, tokens::label, tokens::state, clients::trust))
        .select((
            tokens::user_id,
            tokens::kind,
            tokens::label,
            tokens::state,
            clients::trust.nullable(),
            diesel::dsl::max(tokens::expires_at),
            diesel::dsl::count_star(),
        ))
        .load(conn)?;
    let mut dots: HashMap<UserId, Dots> = HashMap::new();
    for (user, kind, label, state, trust, expires_at, tokens) in rows {
        let name = if kind == "personal" { "Personal Access Token".to_owned() } else { label };
        let is_blocked = trust.as_deref() == Some("blocked");
        let status = expires_at.map(|end| TokenStatus::at(now, &state, end).of_client(is_blocked));
        let of_user = dots.entry(user).or_default();
        let tokens = usize::try_from(tokens).unwrap_or_default();
        let state = match status {
            Some(TokenStatus::Active) => {
                of_user.active += tokens;
                DotState::Active
            }
            Some(TokenStatus::Blocked) => {
                of_user.blocked += tokens;
                DotState::Blocked
            }
            _ => DotState::Ended,
        };
        match of_user.clients.iter_mut().find(|dot: &&mut Dot| dot.name == name) {
            Some(dot) => dot.state = dot.state.min(state),
            None => of_user.clients.push(Dot { name, state }),
        }
    }
    for of_user in dots.values_mut() {
        of_user.clients.sort_by(|a, b| a.state.cmp(&b.state).then_with(|| a.name.cmp(&b.name)));
    }
    Ok(dots)
}
