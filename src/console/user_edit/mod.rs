//! `GET /admin/users/{user}`: a person, with the tabs User Info and MCP Info.

mod mcp;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::user_id;
use crate::domain::access::Permission;
use crate::error::{Error, ErrorCode, Result};
use crate::service::{Ctx, directory, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewUsers, Viewer};

use mcp::McpTab;

#[derive(Template)]
#[template(path = "user_edit.html")]
struct UserPage {
    shell: Shell,
    now: Timestamp,
    errors: Vec<Error>,
    user: UserRow,
    account: String,
    may_see_mcp: bool,
    /// What the tab MCP Info shows; nothing while User Info is shown.
    mcp: Option<McpTab>,
}

/// `GET /admin/users/{user}?tab=info|mcp`.
///
/// # Errors
/// `not_found`, that the role does not include MCP, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewUsers>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let is_mcp = parameter(request.query_string(), "tab") == "mcp";
    if is_mcp && !viewer.may(Permission::ViewMcpUsers) {
        return Err(Error::new(
            ErrorCode::PermissionDenied,
            format!("Your role is {}. It does not include MCP Users.", viewer.user.role),
        )
        .into());
    }
    let client = parameter(request.query_string(), "client");
    let mcp = match is_mcp {
        true => Some(McpTab::load(&ctx, &viewer, &user, user.mcp_enabled, &client).await?),
        false => None,
    };
    Ok(page(&ctx, &request, &viewer, user, mcp, None).await?)
}

/// The tab MCP Info after its form was refused, with what was chosen and what is wrong.
///
/// # Errors
/// When the database cannot answer.
pub(crate) async fn show_again(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserRow,
    wanted: Option<bool>,
    error: Error,
) -> Result<HttpResponse> {
    let chosen = wanted.unwrap_or(user.mcp_enabled);
    let mcp = McpTab::load(ctx, viewer, &user, chosen, "").await?;
    page(ctx, request, viewer, user, Some(mcp), Some(error)).await
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserRow,
    mcp: Option<McpTab>,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let template = UserPage {
        shell: Shell::new(ctx, request, viewer),
        now: ctx.clock.now(),
        errors: error.into_iter().collect(),
        account: directory::account_name(ctx, user.account_id).await?,
        user,
        may_see_mcp: viewer.may(Permission::ViewMcpUsers),
        mcp,
    };
    render_with_status(&template, 200)
}
