//! `POST /oauth/introspect` (RFC 7662): for confidential clients, about their own tokens.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::domain::audit::Actor;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::oauth::caller;
use crate::oauth::form::{credentials, presented, read_form};
use crate::oauth::guessing::slowed;
use crate::oauth::parameters::Parameters;
use crate::secrets::PlainSecret;
use crate::service::introspect::{self, Active};
use crate::service::{Ctx, issue};
use crate::web::error::Failure;

/// Says whether a token works, and what it is.
///
/// # Errors
/// `invalid_request`, `invalid_client`, or too many failures.
pub async fn introspect(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Failure> {
    let actor = caller(&ctx, &request);
    let parameters = read_form(&request, body).await?;
    let attempt = attempt(&ctx, &request, &parameters, &actor);
    let told = slowed(&ctx, &actor, &presented(&request, &parameters), attempt).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(told))
}

async fn attempt(
    ctx: &Ctx,
    request: &HttpRequest,
    parameters: &Parameters,
    actor: &Actor,
) -> Result<Value, OAuthError> {
    let client =
        issue::authenticate(ctx, actor, credentials(request, parameters)?, issue::Ways::WithSecret)
            .await?;
    if client.secret_hash.is_none() {
        return Err(OAuthError::new(
            OAuthErrorCode::InvalidClient,
            "only clients with a secret may introspect",
        ));
    }
    let token = PlainSecret::presented(parameters.require("token")?);
    let active = introspect::token(ctx, &client, token).await?;
    Ok(describe(ctx, &client.client_id, active))
}

fn describe(ctx: &Ctx, client_id: &str, active: Option<Active>) -> Value {
    match active {
        None => json!({ "active": false }),
        Some(Active::Access(claims, principal)) => json!({
            "active": true,
            "token_type": "Bearer",
            "scope": principal.scopes.to_string(),
            "client_id": client_id,
            "sub": claims.sub,
            "aud": claims.aud,
            "iss": claims.iss,
            "jti": claims.jti,
            "iat": claims.iat,
            "exp": claims.exp,
        }),
        Some(Active::Refresh { subject, scopes, expires }) => json!({
            "active": true,
            "scope": scopes.to_string(),
            "client_id": client_id,
            "sub": subject,
            "iss": ctx.config.public_url,
            "exp": expires,
        }),
    }
}
