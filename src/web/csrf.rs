//! Form tokens: a keyed digest of the session (or, while nobody is signed in, of a cookie), so that
//! only forms we showed to this browser are taken (ASVS 3.5.1).

use actix_web::{HttpMessage, HttpRequest};

use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::web::outer::FormSeed;
use crate::web::session::session_id;

/// What digests of form tokens are for.
const PURPOSE: &str = "form token";

/// The token for forms shown in answer to `request`.
pub fn token(ctx: &Ctx, request: &HttpRequest) -> String {
    match session_id(request) {
        Some(session) => ctx.config.secret.sign(PURPOSE, session.expose().as_bytes()),
        None => {
            let seed = request.extensions().get::<FormSeed>().cloned();
            seed.map(|seed| ctx.config.secret.sign(PURPOSE, seed.for_form().as_bytes()))
                .unwrap_or_default()
        }
    }
}

/// Checks a posted token, and that the browser does not say that another site sent the form.
///
/// # Errors
/// `form_expired`.
pub fn check(ctx: &Ctx, request: &HttpRequest, presented: &str) -> Result<()> {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_foreign = matches!(site, Some("cross-site"));
    let seed = match session_id(request) {
        Some(session) => Some(session.expose().to_owned()),
        None => request.extensions().get::<FormSeed>().map(|seed| seed.value.clone()),
    };
    let is_ours =
        seed.is_some_and(|seed| ctx.config.secret.verify(PURPOSE, seed.as_bytes(), presented));
    if is_ours && !is_foreign {
        return Ok(());
    }
    let seed = request.extensions().get::<FormSeed>().cloned();
    if session_id(request).is_none() && seed.is_none_or(|seed| seed.is_new) {
        // Such as at another address than its own, over http where that one is https.
        return Err(Error::new(
            ErrorCode::FormExpired,
            format!(
                "Nothing was changed. Your browser has not sent the cookie that came with the form. Open this server as {}, allow its cookies, and try again.",
                ctx.config.public_url
            ),
        ));
    }
    Err(Error::new(
        ErrorCode::FormExpired,
        "Nothing was changed. Go back, reload the page and try again; you may have signed in or out in another window.",
    ))
}
