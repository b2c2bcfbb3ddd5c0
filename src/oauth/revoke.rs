//! `POST /oauth/revoke` (RFC 7009): 200 whatever the token was.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::audit::Actor;
use crate::domain::oauth_error::OAuthError;
use crate::oauth::caller;
use crate::oauth::form::{credentials, presented, read_form};
use crate::oauth::guessing::slowed;
use crate::oauth::parameters::Parameters;
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
    let parameters = read_form(&request, body).await?;
    let attempt = attempt(&ctx, &request, &parameters, &actor);
    slowed(&ctx, &actor, &presented(&request, &parameters), attempt).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .finish())
}

async fn attempt(
    ctx: &Ctx,
    request: &HttpRequest,
    parameters: &Parameters,
    actor: &Actor,
) -> Result<(), OAuthError> {
    let client =
        issue::authenticate(ctx, actor, credentials(request, parameters)?, issue::Ways::WithSecret)
            .await?;
    let token = PlainSecret::presented(parameters.require("token")?);
    Ok(revoke::by_client(ctx, actor, &client, token).await?)
}
