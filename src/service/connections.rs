//! Who has connected what: the MCP Users grid, a user's tokens, the summary on the user's page, a
//! person's own connections.

mod edit;

use std::collections::HashMap;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::TokenStatus;
use crate::domain::quota::Span;
use crate::domain::records::counted_from;
use crate::error::{Error, Result};
use crate::ids::{ConsentId, UserId};
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::connections::{self as store, ConnectionRow, TokenFacts};
use crate::store::grid::{self, GridQuery, GridRow};
use crate::store::tokens::{self, TokenRow};

pub use edit::{Edit, Edited, LONGEST_LABEL, edit, nothing_left};

/// Tokens that have ended are read at most so many, the newest.
const MOST_TOKENS: i64 = 500;

/// A page of the grid.
#[derive(Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<GridRow>,
    /// Rows that match, on all pages.
    pub total: i64,
    /// The page shown: the one asked for, or the last one if there are not so many.
    pub page: i64,
    /// The names of all roles.
    pub roles: Vec<String>,
}

/// Reads a page of the MCP Users grid.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(ctx: &Ctx, query: GridQuery) -> Result<Page> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let found = grid::find(conn, &query.filter, now)?;
            let total = found.total();
            let last = ((total - 1).max(0) / query.page_size) + 1;
            let page = query.page.clamp(1, last);
            let ids = grid::page_ids(conn, &GridQuery { page, ..query }, &found, now)?;
            let rows = grid::rows(conn, &ids, now)?;
            Ok(Page { rows, total, page, roles: grid::role_names(conn)? })
        })
        .await
}

/// Writes down that the list of `view`'s people is exported, and says who they are in its order, on
/// all its pages. `words` and `columns` say for the log what that is.
///
/// # Errors
/// When the database cannot answer.
pub async fn begin_export(
    ctx: &Ctx,
    actor: &Actor,
    view: GridQuery,
    words: String,
    columns: String,
) -> Result<Vec<UserId>> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let ids = ctx
        .db
        .read(move |conn| {
            let found = grid::find(conn, &view.filter, now)?;
            let all = GridQuery { page: 1, page_size: found.total(), ..view };
            Ok(grid::page_ids(conn, &all, &found, now)?)
        })
        .await?;
    ctx.db
        .write(move |conn| {
            let total = ids.len();
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::PeopleExported,
                target: Some(&Target { kind: "users", id: None, label: words.clone() }),
                outcome: Outcome::Ok,
                detail: json!({ "people": total, "columns": columns }),
            };
            audit::insert(conn, &entry)?;
            Ok(ids.clone())
        })
        .await
}

/// The rows of these people, in their order; whoever was deleted meanwhile is missing.
///
/// # Errors
/// When the database cannot answer.
pub async fn export_batch(ctx: &Ctx, ids: Vec<UserId>) -> Result<Vec<GridRow>> {
    let now = ctx.clock.now();
    ctx.db.read(move |conn| Ok(grid::rows(conn, &ids, now)?)).await
}

/// A user's tokens: all that are stored as active, so that whoever counts them counts all, and then the
/// newest of those that have ended.
///
/// # Errors
/// When the database cannot answer.
pub async fn tokens_of(ctx: &Ctx, user: UserId) -> Result<Vec<TokenRow>> {
    ctx.db
        .read(move |conn| {
            let mut rows = tokens::active_of_user(conn, user)?;
            rows.extend(tokens::ended_of_user(conn, user, MOST_TOKENS)?);
            Ok(rows)
        })
        .await
}

/// How many tokens a user has, those that have ended too.
///
/// # Errors
/// When the database cannot answer.
pub async fn count_tokens_of(ctx: &Ctx, user: UserId) -> Result<i64> {
    ctx.db.read(move |conn| Ok(tokens::count_of_user(conn, user)?)).await
}

/// Counts for the user's MCP Info tab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Distinct clients with an active token.
    pub clients: usize,
    /// Active tokens.
    pub active: usize,
    /// Tokens that have not ended, of clients that are blocked.
    pub blocked: usize,
    /// Expired or revoked tokens.
    pub ended: usize,
}

/// Sums a user's tokens up against the clock.
pub fn summary(ctx: &Ctx, tokens: &[TokenRow]) -> Summary {
    let now = ctx.clock.now();
    let of = |status: TokenStatus| tokens.iter().filter(move |token| token.status(now) == status);
    let (active, blocked) = (of(TokenStatus::Active).count(), of(TokenStatus::Blocked).count());
    let mut clients: Vec<_> = of(TokenStatus::Active).map(|token| token.label.as_str()).collect();
    clients.sort_unstable();
    clients.dedup();
    Summary { clients: clients.len(), active, blocked, ended: tokens.len() - active - blocked }
}

/// Connections listed on a person's own page at most, working and ended each; the newest.
pub const MOST_CONNECTIONS: i64 = 100;
/// Calls of a person that are looked through to count those of each connection.
const MOST_CALLS: i64 = 20_000;

/// A connection as its owner sees it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The approval with its client.
    pub row: ConnectionRow,
    /// What it is now.
    pub status: TokenStatus,
    /// When it was last approved or begun anew.
    pub latest_at: Timestamp,
    /// First tool call.
    pub first_used_at: Option<Timestamp>,
    /// Last tool call.
    pub last_used_at: Option<Timestamp>,
    /// When it ends, or ended by itself, unless it is refreshed.
    pub expires_at: Option<Timestamp>,
    /// Calls in the last 30 days of the calendar, as everywhere.
    pub calls: usize,
    /// Calls in this month, UTC.
    pub calls_this_month: usize,
}

/// A person's own connections.
#[derive(Debug, Clone)]
pub struct Own {
    /// Those that work, newest first.
    pub live: Vec<Connection>,
    /// Those that have ended, newest first; empty unless asked for.
    pub ended: Vec<Connection>,
    /// How many have ended.
    pub ended_count: i64,
    /// There were more calls than are looked through: the counts are the least there were.
    pub is_at_least: bool,
}

/// Reads a person's own connections, with those that have ended if asked.
///
/// # Errors
/// When the database cannot answer.
pub async fn own(ctx: &Ctx, user: UserId, with_ended: bool) -> Result<Own> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let live = store::live(conn, user, now, MOST_CONNECTIONS)?;
            let ended = match with_ended {
                true => store::ended(conn, user, now, MOST_CONNECTIONS)?,
                false => Vec::new(),
            };
            let ids: Vec<_> = live.iter().chain(&ended).map(|row| row.id).collect();
            let facts = store::token_facts(conn, &ids)?;
            let calls = store::newest_calls(conn, user, MOST_CALLS)?;
            let (since, month) = (counted_from(now), Span::Month.start(now));
            let recent = calls.iter().filter(|(_, at)| *at >= since.min(month)).count();
            let mut counts: HashMap<ConsentId, (usize, usize)> = HashMap::new();
            for (consent, at) in &calls {
                if let Some(consent) = consent {
                    let (of_days, of_month) = counts.entry(*consent).or_default();
                    *of_days += usize::from(*at >= since);
                    *of_month += usize::from(*at >= month);
                }
            }
            let told = |row: ConnectionRow| {
                let (calls, calls_this_month) = counts.get(&row.id).copied().unwrap_or_default();
                Connection { calls, calls_this_month, ..connection(row, &facts, now) }
            };
            Ok(Own {
                live: live.into_iter().map(told).collect(),
                ended: ended.into_iter().map(told).collect(),
                ended_count: store::count_ended(conn, user, now)?,
                is_at_least: i64::try_from(recent).is_ok_and(|recent| recent >= MOST_CALLS),
            })
        })
        .await
}

/// One of a person's own connections, without its calls.
///
/// # Errors
/// `not_found` if there is none, or it is somebody else's.
pub async fn own_one(ctx: &Ctx, user: UserId, id: ConsentId) -> Result<Connection> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn: &mut Conn| {
            let row = store::of_user(conn, user, id)?
                .ok_or_else(|| Error::not_found("There is no such connection."))?;
            let facts = store::token_facts(conn, &[id])?;
            Ok(connection(row, &facts, now))
        })
        .await
}

/// A connection by what its tokens say.
fn connection(row: ConnectionRow, facts: &[TokenFacts], now: Timestamp) -> Connection {
    let own = || facts.iter().filter(|fact| fact.consent == Some(row.id));
    let status_of =
        |fact: &TokenFacts| fact.expires_at.map(|end| TokenStatus::at(now, &fact.state, end));
    let latest = own().max_by_key(|fact| fact.created_at);
    let status = match row.revoked_at {
        Some(_) => TokenStatus::Revoked,
        None if own().any(|fact| status_of(fact) == Some(TokenStatus::Active)) => {
            TokenStatus::Active
        }
        None => latest.and_then(status_of).unwrap_or(TokenStatus::Expired),
    };
    let of_status = || own().filter(|fact| status_of(fact) == Some(status));
    Connection {
        status: status.of_client(row.trust == "blocked"),
        latest_at: latest.and_then(|fact| fact.created_at).unwrap_or(row.connected_at),
        first_used_at: own().filter_map(|fact| fact.first_used_at).min(),
        last_used_at: own().filter_map(|fact| fact.last_used_at).max(),
        expires_at: of_status().filter_map(|fact| fact.expires_at).max(),
        calls: 0,
        calls_this_month: 0,
        row,
    }
}
