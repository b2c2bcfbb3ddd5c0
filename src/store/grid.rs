//! What the MCP Users grid reads: users with their stored counters, and, in one more query, the
//! tokens behind the dots of the users on the page. Every sort has an index.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::clock::Timestamp;
use crate::db::schema::{tokens, users};
use crate::db::{Conn, MultiBackend};
use crate::domain::grant::TokenStatus;
use crate::ids::UserId;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GridSort {
    /// Full name.
    User,
    /// MCP access.
    Access,
    /// Active tokens.
    Clients,
    /// When access was first enabled.
    Added,
    /// Last tool call.
    LastUsed,
}

/// A view of the grid.
#[derive(Debug, Clone)]
pub struct GridQuery {
    /// Text in name or address.
    pub text: Option<String>,
    /// Only users with access enabled, or disabled.
    pub access: Option<bool>,
    /// First enabled at or after.
    pub added_from: Option<Timestamp>,
    /// First enabled before.
    pub added_until: Option<Timestamp>,
    /// Last used at or after.
    pub used_from: Option<Timestamp>,
    /// Last used before.
    pub used_until: Option<Timestamp>,
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
}

type Condition = Box<dyn BoxableExpression<users::table, MultiBackend, SqlType = Bool>>;

fn conditions(query: &GridQuery) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = vec![Box::new(users::deleted_at.is_null())];
    if let Some(text) = &query.text {
        let pattern = format!("%{}%", escape_like(&text.to_lowercase()));
        conditions.push(Box::new(
            lower(users::name)
                .like(pattern.clone())
                .escape('\\')
                .or(users::email.like(pattern).escape('\\')),
        ));
    }
    if let Some(access) = query.access {
        conditions.push(Box::new(users::mcp_enabled.eq(access)));
    }
    if let Some(at) = query.added_from {
        conditions.push(Box::new(users::mcp_added_at.ge(at).assume_not_null()));
    }
    if let Some(at) = query.added_until {
        conditions.push(Box::new(users::mcp_added_at.lt(at).assume_not_null()));
    }
    if let Some(at) = query.used_from {
        conditions.push(Box::new(users::last_tool_at.ge(at).assume_not_null()));
    }
    if let Some(at) = query.used_until {
        conditions.push(Box::new(users::last_tool_at.lt(at).assume_not_null()));
    }
    conditions
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Lower case, as the database understands it.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Makes `%`, `_` and the escape itself ordinary characters of a LIKE pattern.
pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// How many users match.
pub fn count(conn: &mut Conn, query: &GridQuery) -> QueryResult<i64> {
    let mut statement = users::table.select(diesel::dsl::count_star()).into_boxed();
    for condition in conditions(query) {
        statement = statement.filter(condition);
    }
    statement.first(conn)
}

type UserColumns = (UserId, String, String, bool, Option<Timestamp>, Option<Timestamp>);

/// The rows of a page; users without a value sort last both ways.
pub fn page(conn: &mut Conn, query: &GridQuery, now: Timestamp) -> QueryResult<Vec<GridRow>> {
    let mut statement = users::table
        .select((
            users::id,
            users::name,
            users::email,
            users::mcp_enabled,
            users::mcp_added_at,
            users::last_tool_at,
        ))
        .into_boxed();
    for condition in conditions(query) {
        statement = statement.filter(condition);
    }
    let statement = match (query.sort, query.descending) {
        (GridSort::User, false) => statement.order((users::name.asc(), users::id.asc())),
        (GridSort::User, true) => statement.order((users::name.desc(), users::id.desc())),
        (GridSort::Access, false) => statement.order((users::mcp_enabled.asc(), users::id.asc())),
        (GridSort::Access, true) => statement.order((users::mcp_enabled.desc(), users::id.desc())),
        (GridSort::Clients, false) => {
            statement.order((users::active_tokens.asc(), users::id.asc()))
        }
        (GridSort::Clients, true) => {
            statement.order((users::active_tokens.desc(), users::id.desc()))
        }
        (GridSort::Added, false) => statement.order((
            users::mcp_added_at.is_null().asc(),
            users::mcp_added_at.asc(),
            users::id.asc(),
        )),
        (GridSort::Added, true) => statement.order((
            users::mcp_added_at.is_null().asc(),
            users::mcp_added_at.desc(),
            users::id.desc(),
        )),
        (GridSort::LastUsed, false) => statement.order((
            users::last_tool_at.is_null().asc(),
            users::last_tool_at.asc(),
            users::id.asc(),
        )),
        (GridSort::LastUsed, true) => statement.order((
            users::last_tool_at.is_null().asc(),
            users::last_tool_at.desc(),
            users::id.desc(),
        )),
    };
    let people: Vec<UserColumns> =
        statement.limit(query.page_size).offset((query.page - 1) * query.page_size).load(conn)?;
    let ids: Vec<UserId> = people.iter().map(|person| person.0).collect();
    let mut dots = dots_of(conn, &ids, now)?;
    Ok(people
        .into_iter()
        .map(|(id, name, email, mcp_enabled, added_at, last_tool_at)| {
            let (clients, active_tokens) = dots.remove(&id).unwrap_or_default();
            GridRow { id, name, email, mcp_enabled, added_at, last_tool_at, active_tokens, clients }
        })
        .collect())
}

type Dots = std::collections::HashMap<UserId, (Vec<Dot>, usize)>;

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
