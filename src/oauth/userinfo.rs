//! `/oauth/userinfo` (OpenID Connect Core §5.3): who the token's user is, as far as its scopes say.

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::domain::scope::Scope;
use crate::error::{Error, Result};
use crate::secrets::SecretKind;
use crate::service::verify;
use crate::service::{Ctx, people};
use crate::web::error::Failure;
use crate::web::outer::RequestId;

/// Answers with the claims that the token's scopes allow.
///
/// # Errors
/// When the database cannot answer; a bad token is answered with a challenge.
pub async fn show(ctx: web::Data<Ctx>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let Some(token) = bearer(&request) else {
        return Ok(challenge(&request, 401, "Bearer"));
    };
    let state = Ctx::clone(&ctx);
    let verdict = ctx
        .db
        .read(move |conn| {
            let live = state.live(conn)?;
            let config = &state.config;
            let verdict = verify::bearer(&state, conn, &live, &token, &config.userinfo_url())?;
            if verdict.is_ok() || token.starts_with(SecretKind::PersonalAccessToken.prefix()) {
                return Ok(verdict);
            }
            // A good token without the scope `openid` is not meant for here either, and is told
            // what it lacks.
            verify::bearer(&state, conn, &live, &token, &config.mcp_url)
        })
        .await?;
    let Ok(principal) = verdict else {
        return Ok(challenge(&request, 401, "Bearer error=\"invalid_token\""));
    };
    if !principal.scopes.contains(Scope::OpenId) {
        let value = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
        return Ok(challenge(&request, 403, value));
    }
    let user = people::by_id(&ctx, principal.user).await?;
    let mut claims = Map::from_iter([("sub".to_owned(), json!(user.subject))]);
    if principal.scopes.contains(Scope::Profile) {
        claims.insert("name".into(), json!(user.name));
    }
    if principal.scopes.contains(Scope::Email) {
        claims.insert("email".into(), json!(user.email));
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(Value::Object(claims)))
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer"))
        .then(|| token.trim().to_owned())
}

fn challenge(request: &HttpRequest, status: u16, value: &'static str) -> HttpResponse {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (error, told) = match (status, value) {
        (403, _) => ("insufficient_scope", "the token does not have the scope openid"),
        (_, "Bearer") => ("invalid_token", "no token was sent"),
        _ => ("invalid_token", "the token is not valid"),
    };
    let status = actix_web::http::StatusCode::from_u16(status).map_err(Error::internal);
    HttpResponse::build(status.unwrap_or(actix_web::http::StatusCode::UNAUTHORIZED))
        .insert_header((header::WWW_AUTHENTICATE, value))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate"))
        .json(json!({ "error": error, "error_description": told, "request_id": id }))
}
