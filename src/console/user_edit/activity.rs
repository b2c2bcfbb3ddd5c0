//! What the tab Activity shows: the last calls of a person's AI clients, page after page.

use crate::console::mcp_users::back::parameter;
use crate::error::Result;
use crate::service::{Ctx, directory};
use crate::store::people::CallRow;
use crate::store::users::UserRow;

/// Calls a page.
const PAGE: usize = 50;

/// The tab.
pub(super) struct ActivityTab {
    /// The calls, newest first.
    pub calls: Vec<CallRow>,
    /// Whether these are the newest.
    pub is_first: bool,
    /// Where older ones follow.
    pub before: Option<i64>,
    /// How long calls are kept, in days.
    pub kept_days: i64,
}

impl ActivityTab {
    /// Reads it; a position that cannot be one is the beginning.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn load(ctx: &Ctx, user: &UserRow, query: &str) -> Result<Self> {
        let asked: Option<i64> = parameter(query, "before").parse().ok();
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut calls = directory::calls_of(ctx, user.id, asked.unwrap_or(i64::MAX), limit).await?;
        let is_more = calls.len() > PAGE;
        calls.truncate(PAGE);
        Ok(Self {
            before: calls.last().map(|call| call.id).filter(|_| is_more),
            is_first: asked.is_none(),
            kept_days: ctx.live_now().await?.settings.activity_days,
            calls,
        })
    }
}
