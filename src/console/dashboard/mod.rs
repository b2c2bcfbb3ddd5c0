//! `GET /dashboard`: a person's own access, address and connections.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::clients_config::Tabs;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::tokens::{TokenLine, lines};
use crate::service::{Ctx, connections, people, verify};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

/// Ended connections that are listed; the newest.
const MOST_ENDED: usize = 20;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    shell: Shell,
    now: Timestamp,
    user: UserRow,
    /// Names and addresses of those who can enable access; read while it is disabled.
    administrators: Vec<(String, String)>,
    /// The account's plan, if nothing may be called with it.
    no_calls: Option<String>,
    /// Those that have not ended; whose client is blocked come last.
    live: Vec<TokenLine>,
    /// Whether any of them is held back.
    any_blocked: bool,
    ended: Vec<TokenLine>,
    ended_count: usize,
    mcp_url: String,
    clients: Tabs,
}

/// `GET /dashboard`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let now = ctx.clock.now();
    let tokens = lines(connections::tokens_of(&ctx, viewer.user.id).await?, now);
    let (live, mut ended): (Vec<_>, Vec<_>) =
        tokens.into_iter().partition(TokenLine::has_not_ended);
    let ended_count = ended.len();
    ended.truncate(MOST_ENDED);
    let administrators = match viewer.user.mcp_enabled {
        true => Vec::new(),
        false => people::administrators(&ctx).await?,
    };
    let client = parameter(request.query_string(), "client");
    let template = DashboardPage {
        shell: Shell::of_gate(&ctx, &request, &viewer).await?,
        no_calls: verify::plan_without_calls(&ctx, viewer.user.id).await?,
        now,
        user: viewer.user.clone(),
        administrators,
        any_blocked: live.iter().any(|token| !token.is_active()),
        live,
        ended,
        ended_count,
        mcp_url: ctx.config.mcp_url.clone(),
        clients: Tabs::new(&client, &ctx.config.mcp_url, "?client="),
    };
    Ok(render(&template)?)
}
