//! What the tab Activity shows: a person's last calls, page after page.

use crate::console::mcp_users::back::parameter;
use crate::domain::records::Cursor;
use crate::error::Result;
use crate::service::Ctx;
use crate::service::records::{Call, activity};
use crate::store::activity_grid::ActivityQuery;
use crate::store::users::UserRow;

/// Calls a page.
const PAGE: i64 = 20;

/// The tab.
pub(super) struct ActivityTab {
    /// The calls, newest first.
    pub calls: Vec<Call>,
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
        let before: Option<i64> = parameter(query, "before").parse().ok();
        let query = ActivityQuery { user: Some(user.id), ..ActivityQuery::default() };
        let asked = activity::Asked { query, ..activity::Asked::default() };
        let cursor = before.map_or(Cursor::Newest, Cursor::Before);
        let page = activity::page(ctx, asked, cursor, PAGE).await?;
        Ok(Self {
            before: page.rows.last().map(|call| call.row.id).filter(|_| page.older.is_some()),
            is_first: before.is_none(),
            kept_days: ctx.live_now().await?.settings.activity_days,
            calls: page.rows,
        })
    }
}
