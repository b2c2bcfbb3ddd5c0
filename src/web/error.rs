//! Failures on their way out: the page, the OAuth JSON and the JSON of the REST API of an error. The answer is rendered by
//! the outer middleware, which knows the request's id.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use serde_json::json;

use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::error::{Error, ErrorCode};
use crate::web::flash::Tone;
use crate::web::nav;
use crate::web::page::Shell;

/// A handler's failure, by how it is told.
#[derive(Debug)]
pub enum Failure {
    /// A page for a person.
    Page(Error),
    /// JSON for an OAuth client (RFC 6749 §5.2).
    OAuth(OAuthError),
    /// JSON for a program at the REST API (contract §8).
    Api(Error),
    /// Send the browser elsewhere: sign in first.
    SeeOther(String),
    /// The path takes other methods only.
    WrongMethod {
        /// Those it takes.
        allowed: String,
        /// Who is told.
        audience: Audience,
    },
}

impl Failure {
    /// The code of the error, if it is one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Page(error) | Self::Api(error) => Some(error.code.as_str()),
            Self::OAuth(error) => Some(error.code.as_str()),
            Self::SeeOther(_) => None,
            Self::WrongMethod { audience: Audience::OAuth, .. } => {
                Some(OAuthErrorCode::MethodNotAllowed.as_str())
            }
            Self::WrongMethod { .. } => Some(ErrorCode::MethodNotAllowed.as_str()),
        }
    }
}

/// Who reads a failure, by the path that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person: a page.
    Person,
    /// An OAuth client.
    OAuth,
    /// A program at the REST API.
    Api,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Page(error) | Self::Api(error) => error.fmt(f),
            Self::OAuth(error) => f.write_str(&error.description),
            Self::SeeOther(_) => f.write_str("sign in first"),
            Self::WrongMethod { allowed, .. } => write!(f, "this address takes {allowed}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Page(error)
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        let status = match self {
            Self::Page(error) | Self::Api(error) => error.code.status(),
            Self::OAuth(error) => error.code.status(),
            Self::SeeOther(_) => 303,
            Self::WrongMethod { .. } => 405,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    shell: Bare,
    told: Words<'a>,
}

/// The same for somebody who is signed in: within the frame that they came from.
#[derive(Template)]
#[template(path = "error_signed_in.html")]
struct ErrorInShell<'a> {
    shell: &'a Shell,
    told: Words<'a>,
}

/// What both say.
struct Words<'a> {
    error: &'a Error,
    request_id: &'a str,
    administrators: &'a [(String, String)],
    /// Path and words of the way on.
    way: (Cow<'a, str>, Cow<'a, str>),
    /// Whether the form will have again what was typed.
    is_kept: bool,
}

/// The frame of a page that belongs to nobody.
struct Bare {
    theme: Option<&'static str>,
}

/// Who a failure is told to, beside what it says itself.
#[derive(Debug, Default)]
pub struct Told<'a> {
    /// The request's id, to report it by.
    pub request_id: &'a str,
    /// The visitor's choice.
    pub theme: Option<&'static str>,
    /// The manual's page about it.
    pub help: Option<&'a str>,
    /// Whom to ask for what the own role does not allow: names and addresses.
    pub administrators: &'a [(String, String)],
    /// The frame of the console, if it was there that a signed-in person met it.
    pub shell: Option<&'a Shell>,
    /// The page of ours from which it was asked for.
    pub from: Option<&'a str>,
    /// Whether what was typed into the form is kept for the person.
    pub is_kept: bool,
}

impl<'a> Told<'a> {
    /// The way on: to sign in, to the form, to the list, and else to the dashboard.
    fn way(&self, code: ErrorCode) -> (Cow<'a, str>, Cow<'a, str>) {
        if code == ErrorCode::SignInRequired {
            let next = self.from.unwrap_or("/dashboard").as_bytes();
            let next: String = url::form_urlencoded::byte_serialize(next).collect();
            return (format!("/login?next={next}").into(), "Sign in".into());
        }
        if code == ErrorCode::FormExpired
            && let Some(from) = self.from
        {
            return (from.into(), "Open the form again".into());
        }
        match self.shell.and_then(nav::above) {
            Some(entry) => (entry.path.into(), format!("Back to {}", entry.label).into()),
            None => ("/dashboard".into(), "Go to dashboard".into()),
        }
    }
}

/// The answer to a failure.
pub fn render(failure: &Failure, told: &Told<'_>) -> HttpResponse {
    let Told { request_id, help, .. } = *told;
    match failure {
        Failure::SeeOther(location) => HttpResponse::build(failure.status_code())
            .insert_header((header::LOCATION, location.as_str()))
            .finish(),
        Failure::Page(error) => page(error, told),
        Failure::OAuth(error) => oauth(error, request_id, help),
        Failure::Api(error) => api(error, request_id),
        Failure::WrongMethod { allowed, audience } => {
            let text = format!("This address takes {allowed}.");
            let error = || Error::new(ErrorCode::MethodNotAllowed, text.clone());
            let mut response = match audience {
                Audience::Person => page(&error(), told),
                Audience::Api => api(&error(), request_id),
                Audience::OAuth => {
                    let error = OAuthError::new(OAuthErrorCode::MethodNotAllowed, text);
                    oauth(&error, request_id, help)
                }
            };
            // RFC 9110 §15.5.6: whoever says 405 says what is allowed.
            if let Ok(value) = header::HeaderValue::from_str(allowed) {
                response.headers_mut().insert(header::ALLOW, value);
            }
            response
        }
    }
}

fn page(error: &Error, told: &Told<'_>) -> HttpResponse {
    let Told { request_id, theme, administrators, shell, is_kept, .. } = *told;
    let mut response = build(error.code.status());
    if let Some(seconds) = error.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    let told = Words { error, request_id, administrators, way: told.way(error.code), is_kept };
    let page = match shell {
        Some(shell) => ErrorInShell { shell, told }.render(),
        None => ErrorPage { shell: Bare { theme }, told }.render(),
    };
    match page {
        Ok(page) => response.content_type("text/html; charset=utf-8").body(page),
        Err(_) => response.body(format!("{}\n{request_id}\n", ErrorCode::InternalError.headline())),
    }
}

fn oauth(error: &OAuthError, request_id: &str, help: Option<&str>) -> HttpResponse {
    let mut response = build(error.code.status());
    if let Some(seconds) = error.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if error.code == OAuthErrorCode::InvalidClient {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"portcullis\""));
    }
    let mut body = json!({
        "error": error.code.as_str(),
        "error_description": error.description,
        "request_id": request_id,
    });
    // RFC 6749 §5.2: a page with words for the developer of the client.
    if let (Some(help), Some(members)) = (help, body.as_object_mut()) {
        members.insert("error_uri".into(), json!(help));
    }
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(body)
}

/// What the REST API answers instead of a result.
fn api(error: &Error, request_id: &str) -> HttpResponse {
    let mut response = build(error.code.status());
    if let Some(seconds) = error.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if error.code.status() == 401 {
        // RFC 6750 §3.1: what was sent and is not good is told, what was not sent is not.
        let challenge = match error.code {
            ErrorCode::MissingApiKey => "Bearer realm=\"portcullis\"",
            _ => "Bearer realm=\"portcullis\", error=\"invalid_token\"",
        };
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    let mut body = json!({
        "type": error.code.kind(),
        "code": error.code.as_str(),
        "message": error.message,
        "request_id": request_id,
    });
    if let (Some(param), Some(members)) = (&error.param, body.as_object_mut()) {
        members.insert("param".into(), json!(param));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(json!({ "error": body }))
}

fn build(status: u16) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}
