//! Who has connected what: the MCP Users grid, a user's tokens, the summary on the user's page.

use crate::domain::grant::TokenStatus;
use crate::error::Result;
use crate::ids::UserId;
use crate::service::Ctx;
use crate::store::grid::{self, GridQuery, GridRow};
use crate::store::tokens::{self, TokenRow};

/// Tokens shown in a user's details at most; the newest, and active ones before others.
pub const MOST_TOKENS: i64 = 500;

/// A page of the grid.
#[derive(Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<GridRow>,
    /// Rows that match, on all pages.
    pub total: i64,
    /// The page shown: the one asked for, or the last one if there are not so many.
    pub page: i64,
}

/// Reads a page of the MCP Users grid.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(ctx: &Ctx, query: GridQuery) -> Result<Page> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let total = grid::count(conn, &query)?;
            let last = ((total - 1).max(0) / query.page_size) + 1;
            let page = query.page.clamp(1, last);
            let rows = grid::page(conn, &GridQuery { page, ..query }, now)?;
            Ok(Page { rows, total, page })
        })
        .await
}

/// A user's tokens: those stored as active first, then the newest.
///
/// # Errors
/// When the database cannot answer.
pub async fn tokens_of(ctx: &Ctx, user: UserId) -> Result<Vec<TokenRow>> {
    ctx.db.read(move |conn| Ok(tokens::of_user(conn, user, MOST_TOKENS)?)).await
}

/// Counts for the user's MCP Info tab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Distinct clients with an active token.
    pub clients: usize,
    /// Active tokens.
    pub active: usize,
    /// Expired or revoked tokens.
    pub ended: usize,
}

/// Sums a user's tokens up against the clock.
pub fn summary(ctx: &Ctx, tokens: &[TokenRow]) -> Summary {
    let now = ctx.clock.now();
    let active: Vec<_> =
        tokens.iter().filter(|token| token.status(now) == TokenStatus::Active).collect();
    let mut clients: Vec<_> = active.iter().map(|token| token.label.as_str()).collect();
    clients.sort_unstable();
    clients.dedup();
    Summary { clients: clients.len(), active: active.len(), ended: tokens.len() - active.len() }
}
