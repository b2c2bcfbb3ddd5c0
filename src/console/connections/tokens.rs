//! Taking back one of a person's own personal access tokens: a confirmation, no password.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::PATH;
use super::revoke::Confirmed;
use crate::domain::grant::TokenStatus;
use crate::error::Error;
use crate::ids::TokenId;
use crate::service::revoke::{self, Revoked};
use crate::service::{Ctx, personal_tokens};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "personal_token_revoke.html")]
struct RevokePage {
    shell: Shell,
    id: TokenId,
    name: String,
    is_active: bool,
}

/// `GET /dashboard/settings/mcp/tokens/{token}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_revoke_token(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let row = personal_tokens::own_one(&ctx, viewer.user.id, token_id(&path)?).await?;
    let template = RevokePage {
        shell: Shell::new(&ctx, &request, &viewer),
        id: row.id,
        is_active: row.status(ctx.clock.now()) == TokenStatus::Active,
        name: row.label,
    };
    Ok(render(&template)?)
}

/// `POST /dashboard/settings/mcp/tokens/{token}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke_token(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    path: web::Path<String>,
    _form: Form<Confirmed>,
) -> Result<HttpResponse, Failure> {
    let row = personal_tokens::own_one(&ctx, viewer.user.id, token_id(&path)?).await?;
    let name = row.label;
    match revoke::one(&ctx, &viewer.actor, viewer.user.id, row.id).await? {
        Revoked::Now => flash::put(
            &session,
            Tone::Ok,
            format!("Revoked the token “{name}”. The very next request with it is refused."),
        ),
        Revoked::Already => flash::put(
            &session,
            Tone::Warn,
            format!("The token “{name}” had ended already. Nothing was changed."),
        ),
    }
    Ok(see_other(&format!("{PATH}#tokens")))
}

/// The token a path names. What cannot be an id is a token that is not there.
fn token_id(segment: &str) -> Result<TokenId, Error> {
    segment.parse().map_err(|_| Error::not_found("There is no such token."))
}
