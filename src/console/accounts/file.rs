//! The list of accounts, and the ledger of one, as files.

use actix_web::{HttpRequest, HttpResponse, web};

use super::account_id;
use super::ledger::month;
use super::query::Asked;
use crate::console::mcp_users::back::parameter;
use crate::domain::access::Permission;
use crate::domain::export::Format;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::service::accounts::{self, Export};
use crate::web::error::Failure;
use crate::web::export::{BATCH, File, send};
use crate::web::viewer::{Admin, ViewAccounts};

fn format(query: &str) -> Result<Format> {
    Format::parse(&parameter(query, "format"))
        .ok_or_else(|| Error::field("format", "Format: choose csv or jsonl."))
}

/// `GET /admin/accounts/export?format=csv|jsonl`, with the filters of the screen. Nothing of an address
/// that cannot be read is passed over: a file does not show which filters it has.
///
/// # Errors
/// Names what is wrong with the address; or that the database cannot answer.
pub async fn export(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewAccounts>,
) -> Result<HttpResponse, Failure> {
    let format = format(request.query_string())?;
    let asked = Asked::parse(request.query_string());
    let (wanted, filters) =
        (asked.view.wanted(viewer.may(Permission::ViewUsers)), asked.view.filters());
    if let Some(problem) = asked.problems.into_iter().next() {
        return Err(problem.into());
    }
    let begun = accounts::begin_export(&ctx, &viewer.actor, wanted, format, filters).await?;
    let columns = Export::COLUMNS.to_vec();
    let file = File { name: "accounts", format, columns, at: ctx.clock.now() };
    let ctx = Ctx::clone(&ctx);
    Ok(send(file, Some(begun.rows), AccountId(0), move |after| {
        let (ctx, begun) = (ctx.clone(), begun.clone());
        async move { begun.batch(&ctx, after, BATCH).await }
    }))
}

/// `GET /admin/accounts/{account}/ledger/export?format=csv|jsonl&month=2026-11`; without a month, of
/// all.
///
/// # Errors
/// Names what is wrong with the address; `not_found`; or that the database cannot answer.
pub async fn export_ledger(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewAccounts>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let account = account_id(&path)?;
    let format = format(request.query_string())?;
    let typed = parameter(request.query_string(), "month");
    let period = match typed.is_empty() {
        true => None,
        false => Some(month(&typed).ok_or_else(|| {
            Error::field("month", "Month: enter one like 2026-11, or leave it out for all.")
        })?),
    };
    let begun = accounts::begin_ledger(&ctx, &viewer.actor, account, period, format).await?;
    let (columns, first) = (begun.columns, begun.first);
    let file = File { name: "ledger", format, columns, at: ctx.clock.now() };
    let ctx = Ctx::clone(&ctx);
    Ok(send(file, Some(begun.rows), first, move |position| {
        let ctx = ctx.clone();
        async move { accounts::ledger_batch(&ctx, account, period.is_none(), position, BATCH).await }
    }))
}
