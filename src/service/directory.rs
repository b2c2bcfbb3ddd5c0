//! Reading about people: the list of them, and what their page shows beside their row.

use crate::error::Result;
use crate::ids::{AccountId, RoleId, UserId};
use crate::service::Ctx;
use crate::store::people::{self, CallRow, PeopleQuery, PersonRow};
use crate::store::{accounts, activity, roles};

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

/// Lists people.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(ctx: &Ctx, query: PeopleQuery) -> Result<Page> {
    ctx.db
        .read(move |conn| {
            let total = people::count(conn, &query)?;
            let page = query.page.clamp(1, (total - 1).max(0) / query.page_size + 1);
            let rows = people::page(conn, &PeopleQuery { page, ..query })?;
            Ok(Page { rows, total, page })
        })
        .await
}

/// Roles to choose from.
///
/// # Errors
/// When the database cannot answer.
pub async fn roles(ctx: &Ctx) -> Result<Vec<(RoleId, String)>> {
    ctx.db.read(|conn| Ok(roles::choices(conn)?)).await
}

/// The calls of a person before the one with that id, newest first; at most `limit`.
///
/// # Errors
/// When the database cannot answer.
pub async fn calls_of(ctx: &Ctx, user: UserId, before: i64, limit: i64) -> Result<Vec<CallRow>> {
    ctx.db.read(move |conn| Ok(people::calls_of(conn, user, before, limit)?)).await
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
