//! Reading about people: the list of them, and what their page shows beside their row.

use crate::error::Result;
use crate::ids::{AccountId, UserId};
use crate::service::Ctx;
use crate::store::people::{self, PersonRow};
use crate::store::{accounts, activity};

/// A page of the list of people.
#[derive(Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<PersonRow>,
    /// People that match, on all pages.
    pub total: i64,
    /// The page shown: the one asked for, or the last one if there are not so many.
    pub page: i64,
}

/// Lists people by name, those with `text` in name or address.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(ctx: &Ctx, text: Option<String>, page: i64, page_size: i64) -> Result<Page> {
    ctx.db
        .read(move |conn| {
            let text = text.as_deref();
            let total = people::count(conn, text)?;
            let page = page.clamp(1, (total - 1).max(0) / page_size + 1);
            let rows = people::page(conn, text, page_size, (page - 1) * page_size)?;
            Ok(Page { rows, total, page })
        })
        .await
}

/// The name of an account.
///
/// # Errors
/// When the database cannot answer.
pub async fn account_name(ctx: &Ctx, account: AccountId) -> Result<String> {
    ctx.db.read(move |conn| Ok(accounts::name_of(conn, account)?)).await
}

/// The tool that a user's clients called last, unless its record has been removed by age.
///
/// # Errors
/// When the database cannot answer.
pub async fn last_tool_of(ctx: &Ctx, user: UserId) -> Result<Option<String>> {
    ctx.db.read(move |conn| Ok(activity::last_tool_of(conn, user)?)).await
}
