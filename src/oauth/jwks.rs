//! `GET /oauth/jwks`: the public keys of access tokens (RFC 7517).

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::error::Result;
use crate::service::Ctx;
use crate::web::error::Failure;

/// How long clients may keep the keys, seconds.
const KEEP_SECONDS: u32 = 300;

/// Answers with every key whose tokens are accepted.
///
/// # Errors
/// When the keys cannot be read.
pub async fn show(ctx: web::Data<Ctx>) -> Result<HttpResponse, Failure> {
    let live = ctx.live_now().await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CACHE_CONTROL, format!("public, max-age={KEEP_SECONDS}")))
        .json(json!({ "keys": live.keys.jwks() })))
}
