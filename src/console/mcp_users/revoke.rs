//! Revoking one token of a user, or all of them. It asks for a confirmation and never for a
//! password: dropping the gate must be quick (contract §9).

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::back::Back;
use super::tokens::{Live, TokenLine, clients_in_words, lines};
use super::user_id;
use crate::error::Error;
use crate::ids::TokenId;
use crate::service::revoke::{self, Revoked};
use crate::service::{Ctx, connections, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{Tone, put_audited};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::{Admin, RevokeTokens};

/// Where to return to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Way {
    from: String,
    back: String,
}

#[derive(Template)]
#[template(path = "mcp_user_token_revoke.html")]
struct RevokeOnePage {
    shell: Shell,
    user: UserRow,
    token: TokenLine,
    back: Back,
}

/// `GET /admin/mcp/users/{user}/tokens/{token}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_revoke_one(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<RevokeTokens>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path.0)?).await?;
    let token = token_id(&path.1)?;
    let row = connections::tokens_of(&ctx, user.id).await?.into_iter().find(|row| row.id == token);
    let row = row.ok_or_else(|| Error::not_found("There is no such token."))?;
    let template = RevokeOnePage {
        shell: Shell::new(&ctx, &request, &viewer),
        user,
        token: TokenLine::new(row, ctx.clock.now()),
        back: Back::of_query(request.query_string()),
    };
    Ok(render(&template)?)
}

fn token_id(segment: &str) -> Result<TokenId, Error> {
    segment.parse().map_err(|_| Error::not_found("There is no such token."))
}

/// `POST /admin/mcp/users/{user}/tokens/{token}/revoke`: leads back to the person's tokens.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke_one(
    ctx: web::Data<Ctx>,
    viewer: Admin<RevokeTokens>,
    session: Session,
    path: web::Path<(String, String)>,
    form: Form<Way>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path.0)?).await?;
    let token = token_id(&path.1)?;
    let tokens = connections::tokens_of(&ctx, user.id).await?;
    let label = tokens
        .into_iter()
        .find(|row| row.id == token)
        .map_or_else(|| "the token".to_owned(), |row| row.label);
    match revoke::one(&ctx, &viewer.actor, user.id, token).await? {
        Revoked::Now => put_audited(
            &session,
            &viewer,
            Tone::Ok,
            format!("Revoked {label} of {}. Its very next request is refused.", user.name),
        ),
        Revoked::Already => put_audited(
            &session,
            &viewer,
            Tone::Warn,
            format!("{label} of {} had ended already. Nothing was changed.", user.name),
        ),
    }
    Ok(see_other(&Back::parse(&form.0.from, &form.0.back).to(&user.id, "/tokens")))
}

#[derive(Template)]
#[template(path = "mcp_user_revoke.html")]
struct RevokePage {
    shell: Shell,
    user: UserRow,
    live: Live,
    clients: String,
    back: Back,
}

/// `GET /admin/mcp/users/{user}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<RevokeTokens>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let tokens = lines(connections::tokens_of(&ctx, user.id).await?, ctx.clock.now());
    let template = RevokePage {
        shell: Shell::new(&ctx, &request, &viewer),
        live: Live::of(&tokens),
        clients: clients_in_words(&tokens),
        user,
        back: Back::of_query(request.query_string()),
    };
    Ok(render(&template)?)
}

/// `POST /admin/mcp/users/{user}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke_all(
    ctx: web::Data<Ctx>,
    viewer: Admin<RevokeTokens>,
    session: Session,
    path: web::Path<String>,
    form: Form<Way>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    match revoke::all_of_user(&ctx, &viewer.actor, user.id).await? {
        0 => put_audited(
            &session,
            &viewer,
            Tone::Warn,
            format!("{} had no active tokens. Nothing was revoked.", user.name),
        ),
        1 => put_audited(
            &session,
            &viewer,
            Tone::Ok,
            format!("Revoked 1 token of {}. The very next request with it is refused.", user.name),
        ),
        count => put_audited(
            &session,
            &viewer,
            Tone::Ok,
            format!(
                "Revoked {count} tokens of {}. The very next request with any of them is refused.",
                user.name
            ),
        ),
    }
    Ok(see_other(&Back::parse(&form.0.from, &form.0.back).href(&user.id)))
}
