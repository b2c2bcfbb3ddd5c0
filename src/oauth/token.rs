//! `POST /oauth/token`: an ordered list of checks, each with its OAuth error (OAuth 2.1 §3.2).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::domain::audit::Actor;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::oauth::caller;
use crate::oauth::parameters::Parameters;
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::issue::{self, CodeExchange, Credentials, Issued, RefreshExchange};
use crate::service::throttle::{self, Limit};
use crate::web::error::Failure;

/// The largest token request, bytes.
const LARGEST: usize = 16 * 1024;

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
    check_throttle(&ctx, &actor).await?;
    let result = attempt(&ctx, &request, body, &actor).await;
    if let Err(error) = &result
        && matches!(error.code, OAuthErrorCode::InvalidGrant | OAuthErrorCode::InvalidClient)
    {
        count_failure(&ctx, &actor).await?;
    }
    Ok(answer(&result?))
}

async fn attempt(
    ctx: &web::Data<Ctx>,
    request: &HttpRequest,
    body: web::Payload,
    actor: &Actor,
) -> Result<Issued, OAuthError> {
    let parameters = read_form(request, body).await?;
    let grant_type = parameters.require("grant_type")?;
    if !matches!(grant_type.as_str(), "authorization_code" | "refresh_token") {
        return Err(OAuthError::new(
            OAuthErrorCode::UnsupportedGrantType,
            "grant_type must be authorization_code or refresh_token",
        ));
    }
    let client = issue::authenticate(ctx, credentials(request, &parameters)?).await?;
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
        verifier: parameters.require("code_verifier")?,
        resource: parameters.all("resource"),
    };
    issue::for_code(ctx, actor, &client, exchange).await
}

async fn read_form(request: &HttpRequest, body: web::Payload) -> Result<Parameters, OAuthError> {
    let invalid = |text: &'static str| OAuthError::new(OAuthErrorCode::InvalidRequest, text);
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("send the request as application/x-www-form-urlencoded"));
    }
    let body = body
        .to_bytes_limited(LARGEST)
        .await
        .map_err(|_| invalid("the request is larger than 16 KiB"))?
        .map_err(|_| invalid("the request did not arrive whole"))?;
    let parameters = Parameters::parse(&body);
    match parameters.repeated() {
        Some(name) => Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            format!("{} must not be repeated", printable(&name)),
        )),
        None => Ok(parameters),
    }
}

/// How the client presents itself; two ways at once are refused (OAuth 2.1 §2.4).
fn credentials(request: &HttpRequest, parameters: &Parameters) -> Result<Credentials, OAuthError> {
    let in_body = parameters.get("client_id");
    let secret = parameters.get("client_secret");
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        let client_id = in_body.ok_or_else(|| {
            OAuthError::new(OAuthErrorCode::InvalidClient, "client_id is missing")
        })?;
        let method = if secret.is_some() { "client_secret_post" } else { "none" };
        return Ok(Credentials { client_id, secret: secret.map(PlainSecret::presented), method });
    };
    let broken = || {
        OAuthError::new(
            OAuthErrorCode::InvalidClient,
            "the Authorization header is no valid Basic authentication",
        )
    };
    let (client_id, basic_secret) =
        value.to_str().ok().and_then(decode_basic).ok_or_else(broken)?;
    if secret.is_some() || in_body.is_some_and(|in_body| in_body != client_id) {
        return Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            "the client must authenticate in one way only",
        ));
    }
    Ok(Credentials {
        client_id,
        secret: Some(PlainSecret::presented(basic_secret)),
        method: "client_secret_basic",
    })
}

/// User and password of Basic authentication, each form-decoded (RFC 6749 §2.3.1).
fn decode_basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((form_decode(user), form_decode(password)))
}

fn form_decode(text: &str) -> String {
    let pair = format!("x={}", text.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Only what an `error_description` may hold (RFC 6749 §5.2).
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !"\"\\".contains(*c)).take(40).collect()
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
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::PRAGMA, "no-cache"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(body)
}

async fn check_throttle(ctx: &web::Data<Ctx>, actor: &Actor) -> Result<(), OAuthError> {
    let Some(limit) = actor.address.map(Limit::token_failures_from) else { return Ok(()) };
    let now = ctx.clock.now();
    Ok(ctx.db.glance(move |conn| throttle::check(conn, &limit, now)).await?)
}

async fn count_failure(ctx: &web::Data<Ctx>, actor: &Actor) -> Result<(), OAuthError> {
    let Some(limit) = actor.address.map(Limit::token_failures_from) else { return Ok(()) };
    let now = ctx.clock.now();
    ctx.db.join_batch(move |conn| throttle::count(conn, &limit, now).map(|_| ())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::decode_basic;

    #[test]
    fn basic_credentials_are_form_decoded() {
        // "a%3Ab:c+d%26"
        assert_eq!(decode_basic("Basic YSUzQWI6YytkJTI2"), Some(("a:b".into(), "c d&".into())));
        assert_eq!(decode_basic("bearer x"), None);
        assert_eq!(decode_basic("Basic !!"), None);
    }
}
