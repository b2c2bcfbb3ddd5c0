//! `GET /admin/mcp/users/{user}/tokens`: a user's tokens; the script shows it as a dialog.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::back::Back;
use super::tokens::{Live, TokenLine, lines};
use super::user_id;
use crate::clock::Timestamp;
use crate::domain::access::Permission;
use crate::domain::grant::TokenStatus;
use crate::service::{Ctx, connections, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewMcpUsers};

/// Tokens on the page at most: working ones first, then the newest.
const MOST_SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "mcp_user_tokens.html")]
struct DetailsPage {
    shell: Shell,
    now: Timestamp,
    user: UserRow,
    tokens: Vec<TokenLine>,
    live: Live,
    /// How many there are; of more than a page can hold, not all are shown.
    total: i64,
    back: Back,
    /// There are working personal tokens, and the setting refuses them.
    has_idle_tokens: bool,
}

/// `GET /admin/mcp/users/{user}/tokens`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn details(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let now = ctx.clock.now();
    let mut tokens = lines(connections::tokens_of(&ctx, user.id).await?, now);
    let is_off = !ctx.live_now().await?.settings.personal_access_tokens;
    let total = connections::count_tokens_of(&ctx, user.id).await?;
    let has_idle_tokens =
        is_off && tokens.iter().any(|token| token.is_personal && token.is_active());
    let live = Live::of(&tokens);
    tokens.truncate(MOST_SHOWN);
    let template = DetailsPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now,
        user,
        live,
        total,
        has_idle_tokens,
        tokens,
        back: Back::of_query(request.query_string()),
    };
    Ok(render(&template)?)
}
