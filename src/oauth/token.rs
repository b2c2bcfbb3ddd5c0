//! `POST /oauth/token`: an ordered list of checks, each with its OAuth error (OAuth 2.1 §3.2).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::domain::audit::Actor;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::oauth::caller;
use crate::oauth::form::{credentials, presented, read_form};
use crate::oauth::guessing::slowed;
use crate::oauth::parameters::Parameters;
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::issue::{self, CodeExchange, Issued, RefreshExchange};
use crate::web::error::Failure;

/// Exchanges a code or a refresh token for tokens.
///
/// # Errors
/// The OAuth errors of the checks.
pub async fn exchange(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Failure> {
    let actor = caller(&ctx, &request);
    let parameters = read_form(&request, body).await?;
    let attempt = attempt(&ctx, &request, &parameters, &actor);
    let presented = presented(&request, &parameters);
    Ok(answer(&slowed(&ctx, &actor, &presented, attempt).await?))
}

async fn attempt(
    ctx: &web::Data<Ctx>,
    request: &HttpRequest,
    parameters: &Parameters,
    actor: &Actor,
) -> Result<Issued, OAuthError> {
    let grant_type = parameters.require("grant_type")?;
    if !matches!(grant_type.as_str(), "authorization_code" | "refresh_token") {
        return Err(OAuthError::new(
            OAuthErrorCode::UnsupportedGrantType,
            "grant_type must be authorization_code or refresh_token",
        ));
    }
    let client =
        issue::authenticate(ctx, actor, credentials(request, parameters)?, issue::Ways::Registered)
            .await?;
    if grant_type == "refresh_token" {
        let exchange = RefreshExchange {
            refresh_token: PlainSecret::presented(parameters.require("refresh_token")?),
            scope: parameters.get("scope"),
            resource: parameters.all("resource"),
        };
        return issue::for_refresh_token(ctx, actor, &client, exchange).await;
    }
    let exchange = CodeExchange {
        code: PlainSecret::presented(parameters.require("code")?),
        redirect_uri: parameters.get("redirect_uri"),
        // Every code here has a challenge, so a missing verifier is a wrong one (checklist F6).
        verifier: parameters.get("code_verifier").unwrap_or_default(),
        resource: parameters.all("resource"),
    };
    issue::for_code(ctx, actor, &client, exchange).await
}

fn answer(issued: &Issued) -> HttpResponse {
    let mut body = json!({
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": issued.scopes.to_string(),
    });
    if let (Some(refresh), Some(members)) = (&issued.refresh_token, body.as_object_mut()) {
        members.insert("refresh_token".into(), json!(refresh.expose()));
    }
    if let (Some(id_token), Some(members)) = (&issued.id_token, body.as_object_mut()) {
        members.insert("id_token".into(), json!(id_token));
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::PRAGMA, "no-cache"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(body)
}
