//! `POST /oauth/revoke` (RFC 7009): 200 whatever the token was.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::oauth::caller;
use crate::oauth::form::{credentials, read_form};
use crate::secrets::PlainSecret;
use crate::service::{Ctx, issue, revoke};
use crate::web::error::Failure;

/// Takes a token back.
///
/// # Errors
/// `invalid_request`, `invalid_client`.
pub async fn revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Failure> {
    let parameters = read_form(&request, body).await?;
    let client = issue::authenticate(&ctx, credentials(&request, &parameters)?).await?;
    let token = PlainSecret::presented(parameters.require("token")?);
    revoke::by_client(&ctx, &caller(&ctx, &request), &client, token)
        .await
        .map_err(crate::domain::oauth_error::OAuthError::from)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .finish())
}
