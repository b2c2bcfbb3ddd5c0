//! What was typed into a form of the console that could not be taken, because its session had ended
//! or another had begun: kept for a while, and put back into that form when the same person opens it
//! again. Nothing is done with it before they send the form themselves.
//!
//! The form's token says who was shown the form (`csrf`), and the browser that a page of ours sent it,
//! so that neither another site nor another person can have words of theirs put into somebody's form,
//! or a session begun for that in the place of theirs: what another site sends comes without its
//! cookie. What is kept is bounded, sealed, never a
//! password or another secret, and lies with the browser's session (`session`).

use actix_session::{Session, SessionExt};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use askama::Template;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::throttle::{self, Limit};
use crate::web::refill::{self, Fields};
use crate::web::{csrf, session};

/// The longest form that is kept, bytes.
pub const LONGEST: usize = 16 * 1024;
/// How long it is kept, seconds.
const KEPT_SECONDS: i64 = 1800;
/// Its name in the session, and what it is sealed for.
const KEY: &str = "typed";
/// What nobody typed: it says what a button does, or was shown beside the form.
const NOT_TYPED: [&str; 20] = [
    "all", "back", "change", "continue", "count", "enabled", "excluded", "from", "id", "ids",
    "key", "leaked", "once", "people", "seen", "shown", "step", "theme", "username", "was",
];

/// The body of a posted form, for whoever has to keep it.
#[derive(Debug, Clone)]
pub struct Posted(pub Bytes);

/// That what was typed is kept; noted with the request.
#[derive(Debug, Clone, Copy)]
pub struct IsKept;

/// What is kept, as it lies in the session.
#[derive(Serialize, Deserialize)]
pub struct Typed {
    /// Whose it is.
    pub owner: UserId,
    until: Timestamp,
    /// The form's address and its fields.
    sealed: String,
}

#[derive(Template)]
#[template(path = "typed.html")]
struct Notice {}

/// Keeps the form of a request that failed because nobody is signed in any more, or somebody anew.
pub async fn keep(ctx: &Ctx, request: &HttpRequest, error: &Error) {
    let is_cause = matches!(error.code, ErrorCode::SignInRequired | ErrorCode::FormExpired);
    if request.method() != Method::POST || !is_cause {
        return;
    }
    match try_keep(ctx, request).await {
        Ok(true) => {
            request.extensions_mut().insert(IsKept);
        }
        Ok(false) => {}
        Err(error) => log::warn!("what was typed was not kept: {error}"),
    }
}

async fn try_keep(ctx: &Ctx, request: &HttpRequest) -> Result<bool> {
    if !csrf::is_from_here(ctx, request) {
        return Ok(false);
    }
    let posted = request.extensions().get::<Posted>().cloned();
    let Some(mut fields) =
        posted.and_then(|posted| serde_html_form::from_bytes::<Fields>(&posted.0).ok())
    else {
        return Ok(false);
    };
    let now = ctx.clock.now();
    let token = fields.iter().find(|(name, _)| name == "csrf").map(|(_, token)| token.as_str());
    let Some(owner) = token.and_then(|token| csrf::shown_to(ctx, token, now)) else {
        return Ok(false);
    };
    let session = request.get_session();
    fields.retain(|(name, _)| !is_secret(name));
    let is_anothers = session::user(&session, now).is_some_and(|user| user != owner);
    if is_anothers || fields.iter().all(|(name, _)| NOT_TYPED.contains(&name.as_str())) {
        return Ok(false);
    }
    let limit = Limit::forms_kept_of(owner);
    ctx.db.write(move |conn| throttle::count_or_refuse(conn, &limit, now)).await?;
    let action = request.uri().path_and_query().map_or("", |path| path.as_str());
    let plain = serde_json::to_vec(&(action, fields)).map_err(Error::internal)?;
    let sealed = ctx.config.secret.seal(KEY, &plain).map_err(Error::internal)?;
    let typed = Typed { owner, until: now.plus_seconds(KEPT_SECONDS), sealed };
    session.insert(KEY, typed).map_err(Error::internal)?;
    Ok(true)
}

/// Whether a field holds what is never kept, or opens something.
fn is_secret(name: &str) -> bool {
    ["password", "secret", "token"].iter().any(|part| name.contains(part))
        || ["code", "csrf", "handle", "keep_confirmed", "link", "sealed"].contains(&name)
}

/// What is kept for a person, to be taken along into the session that they begin.
pub fn kept_for(session: &Session, user: UserId) -> Option<Typed> {
    session.get::<Typed>(KEY).ok()?.filter(|typed| typed.owner == user)
}

/// Puts what is kept into a session that has just begun.
///
/// # Errors
/// When the session cannot be kept.
pub fn put(session: &Session, typed: Typed) -> Result<()> {
    session.insert(KEY, typed).map_err(Error::internal)
}

/// The page with what is kept for the person in the form that it came from, if the page has it.
pub fn give_back(ctx: &Ctx, response: ServiceResponse) -> ServiceResponse {
    let session = response.request().get_session();
    let Some(typed) = session.get::<Typed>(KEY).ok().flatten() else {
        return response;
    };
    let now = ctx.clock.now();
    if now >= typed.until {
        session.remove(KEY);
        return response;
    }
    let is_page = response.request().method() == Method::GET
        && response.status() == StatusCode::OK
        && response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page || session::user(&session, now) != Some(typed.owner) {
        return response;
    }
    let opened = ctx.config.secret.open(KEY, &typed.sealed).ok();
    let read = opened.and_then(|plain| serde_json::from_slice::<(String, Fields)>(&plain).ok());
    let Some(((action, fields), notice)) = read.zip(Notice {}.render().ok()) else {
        session.remove(KEY);
        return response;
    };
    response.map_body(|_, body| match body.try_into_bytes() {
        Ok(page) => {
            let text = std::str::from_utf8(&page).ok();
            match text.and_then(|text| refill::fill(text, &action, &fields, &notice)) {
                Some(filled) => {
                    session.remove(KEY);
                    BoxBody::new(filled)
                }
                None => BoxBody::new(page),
            }
        }
        Err(stream) => stream,
    })
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    /// Whoever adds a field for a secret to a page has it left out here.
    #[test]
    fn no_page_has_a_secret_field_that_would_be_kept() {
        let mut met = 0;
        for file in std::fs::read_dir("templates").unwrap() {
            let path = file.unwrap().path();
            let Ok(page) = std::fs::read_to_string(&path) else { continue };
            for input in page.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap()) {
                let attribute = |name: &str| {
                    let rest = input.split(&format!("{name}=\"")).nth(1);
                    rest.map(|rest| rest.split('"').next().unwrap())
                };
                let is_typed_secret = attribute(" type")
                    .or(input.strip_prefix("type=\"").and_then(|rest| rest.split('"').next()))
                    == Some("password")
                    || attribute("autocomplete")
                        .is_some_and(|kind| kind.ends_with("-password") || kind == "one-time-code");
                if is_typed_secret && attribute(" name") != Some("{{ name }}") {
                    met += 1;
                    assert!(is_secret(attribute(" name").unwrap()), "{}: {input}", path.display());
                }
            }
            for call in page.split("ui::new_password(\"").skip(1) {
                met += 1;
                assert!(is_secret(call.split('"').next().unwrap()), "{}", path.display());
            }
        }
        assert!(met >= 8, "{met}");
    }
}
