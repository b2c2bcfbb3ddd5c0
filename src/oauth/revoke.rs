//! `POST /oauth/revoke` (RFC 7009): 200 whatever the token was.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::audit::Actor;
use crate::domain::oauth_error::OAuthError;
use crate::oauth::caller;
use crate::oauth::form::{credentials, read_form};
use crate::oauth::guessing::slowed;
use crate::secrets::PlainSecret;
use crate::service::{Ctx, issue, revoke};
use crate::web::error::Failure;

/// Takes a token back.
///
/// # Errors
/// `invalid_request`, `invalid_client`, or too many failures.
pub async fn revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Failure> {
    let actor = caller(&ctx, &request);
    slowed(&ctx, &actor, attempt(&ctx, &request, body, &actor)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .finish())
}

async fn attempt(
    ctx: &Ctx,
    request: &HttpRequest,
    body: web::Payload,
    actor: &Actor,
) -> Result<(), OAuthError> {
    let parameters = read_form(request, body).await?;
    let client = issue::authenticate(ctx, credentials(request, &parameters)?).await?;
    let token = PlainSecret::presented(parameters.require("token")?);
    Ok(revoke::by_client(ctx, actor, &client, token).await?)
}
