//! Form tokens: a keyed digest of the session (or, while nobody is signed in, of a cookie), so that
//! only forms we showed to this browser are taken (ASVS 3.5.1).

use actix_session::SessionExt;
use actix_web::{HttpMessage, HttpRequest};

use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::web::outer::FormSeed;
use crate::web::session::{self, session_id};

/// What digests of form tokens are for.
const PURPOSE: &str = "form token";
/// What the digest is for that says to whom a form was shown.
const SHOWN_TO: &str = "form shown to";
/// For so long a form says to whom it was shown, days.
const DAYS: i64 = 8;

/// The token for forms shown in answer to `request`.
pub fn token(ctx: &Ctx, request: &HttpRequest) -> String {
    match session_id(request) {
        Some(session) => {
            let digest = ctx.config.secret.sign(PURPOSE, session.expose().as_bytes());
            let now = ctx.clock.now();
            let shown = session::user(&request.get_session(), now).map(|user| of(ctx, user, now));
            format!("{digest}{}", shown.unwrap_or_default())
        }
        None => {
            let seed = request.extensions().get::<FormSeed>().cloned();
            seed.map(|seed| ctx.config.secret.sign(PURPOSE, seed.for_form().as_bytes()))
                .unwrap_or_default()
        }
    }
}

/// The part of a token that outlives the session.
fn of(ctx: &Ctx, user: UserId, now: Timestamp) -> String {
    let said = format!("{user}.{}", day(now));
    format!(".{said}.{}", ctx.config.secret.sign(SHOWN_TO, said.as_bytes()))
}

fn day(now: Timestamp) -> i64 {
    now.0.div_euclid(86_400_000)
}

/// The person to whom the form with a token was shown, be their session over or not.
pub fn shown_to(ctx: &Ctx, presented: &str, now: Timestamp) -> Option<UserId> {
    let (_, shown) = presented.split_once('.')?;
    let (said, digest) = shown.rsplit_once('.')?;
    let (user, shown_on) = said.split_once('.')?;
    let age = day(now) - shown_on.parse::<i64>().ok()?;
    let is_ours = ctx.config.secret.verify(SHOWN_TO, said.as_bytes(), digest);
    (is_ours && (0..=DAYS).contains(&age)).then(|| user.parse().ok())?
}

/// Whether the browser says that a page of ours sent the request: by `Sec-Fetch-Site`, or, where it
/// sends none (over plain http), by `Origin`.
pub fn is_from_here(ctx: &Ctx, request: &HttpRequest) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => text("origin") == Some(ctx.config.public_url.as_str()),
    }
}

/// Checks a posted token, and that the browser does not say that another site sent the form.
///
/// # Errors
/// `form_expired`.
pub fn check(ctx: &Ctx, request: &HttpRequest, presented: &str) -> Result<()> {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let presented = presented.split_once('.').map_or(presented, |(digest, _)| digest);
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
