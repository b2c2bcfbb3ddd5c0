//! The outermost middleware: every request gets an id, every answer its headers, every failure its
//! rendering, and the log its line.

use std::cell::Cell;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use crate::error::{Error, ErrorCode};
use crate::secrets::random_text;
use crate::service::metrics::RouteCounters;
use crate::service::{Ctx, people, visit};
use crate::web::dialog;
use crate::web::error::{Audience, Failure, Told, render};
use crate::web::form;
use crate::web::paced::pace;
use crate::web::page::{Shell, THEME_COOKIE, theme};
use crate::web::typed::{self, IsKept};
use crate::web::viewer::Viewer;

/// Pages run no foreign code and are framed by nobody (SECURITY-CHECKLIST §2, 3.4).
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The id of a request, in its answer's `X-Request-Id`, on error pages and in both logs.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The code of the error that an answer tells; put into its extensions by whoever renders the error
/// without a [`Failure`].
#[derive(Debug, Clone, Copy)]
pub struct HelpOn(pub &'static str);

/// The seed of form tokens while nobody is signed in; set as a cookie when a form used it.
#[derive(Debug, Clone)]
pub struct FormSeed {
    /// The seed.
    pub value: String,
    /// Whether the browser sent none, so that no form of ours can have been shown to it.
    pub is_new: bool,
    is_used: std::rc::Rc<Cell<bool>>,
}

impl FormSeed {
    /// The seed, for a form that is about to be shown.
    pub fn for_form(&self) -> &str {
        self.is_used.set(true);
        &self.value
    }
}

/// The name of the form seed's cookie.
pub fn form_cookie(ctx: &Ctx) -> &'static str {
    if ctx.config.is_https() { "__Host-portcullis_form" } else { "portcullis_form" }
}

/// The middleware.
pub async fn outer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let started = Instant::now();
    let id = uuid::Uuid::now_v7().simple().to_string();
    let ctx = request.app_data::<web::Data<Ctx>>().cloned();
    let (method, path) = (request.method().clone(), path_for_log(request.path()).to_owned());
    let theme = theme(request.cookie(THEME_COOKIE).as_ref());
    let seed = seed_of(&request, ctx.as_ref());
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(seed.clone());
    pace(&mut request);
    form::gather(&mut request).await;

    let is_https = ctx.as_ref().is_some_and(|ctx| ctx.config.is_https());
    let response = match visit::within(next.call(request)).await {
        Ok(response) => response,
        Err(cause) => {
            // The sessions could not be asked or kept: nobody further in was, and no page is known.
            let failure = Failure::Page(Error::unavailable(&cause));
            let mut rendered =
                render(&failure, &Told { request_id: &id, theme, ..Told::default() });
            add_headers(rendered.headers_mut(), &id, is_https);
            log::info!(target: "portcullis::access", "{id} {method} {path} {}", rendered.status());
            return Err(InternalError::from_response(cause, rendered).into());
        }
    };
    let failure = response.response().error().and_then(|error| error.as_error::<Failure>());
    let help = failure.and_then(Failure::code).or_else(|| help_on(response.response()));
    let help = help.zip(ctx.as_ref()).map(|(code, ctx)| ctx.config.help_url(code));
    let administrators = match failure {
        Some(Failure::Page(error)) => whom_to_ask(ctx.as_ref(), error).await,
        _ => Vec::new(),
    };
    let frame = response.request().extensions_mut().remove::<Frame>();
    let from = failure.and_then(|_| came_from(response.request().headers()));
    let told = Told {
        request_id: &id,
        theme,
        help: help.as_deref(),
        administrators: &administrators,
        shell: frame.as_ref().map(|frame| &frame.0),
        from: from.as_deref(),
        is_kept: response.request().extensions().get::<IsKept>().is_some(),
    };
    let failure = failure.map(|failure| render(failure, &told));
    let mut response = match failure {
        Some(rendered) => {
            let (request, original) = response.into_parts();
            let mut rendered = rendered;
            for (name, value) in original.headers() {
                if !rendered.headers().contains_key(name) {
                    rendered.headers_mut().append(name.clone(), value.clone());
                }
            }
            ServiceResponse::new(request, rendered).map_into_boxed_body()
        }
        None => response.map_into_boxed_body(),
    };
    dialog::tell_place(&mut response);
    add_headers(response.headers_mut(), &id, is_https);
    // RFC 8288: the manual's words about the error, without a change to any body.
    if let Some(link) = help.and_then(|help| format!("<{help}>; rel=\"help\"").parse().ok()) {
        response.headers_mut().append(header::LINK, link);
    }
    if seed.is_new
        && seed.is_used.get()
        && let Some(ctx) = &ctx
    {
        let cookie = Cookie::build(form_cookie(ctx), seed.value)
            .path("/")
            .http_only(true)
            .secure(is_https)
            .same_site(SameSite::Lax)
            .finish();
        response.response_mut().add_cookie(&cookie)?;
    }
    let (status, took) = (response.status().as_u16(), started.elapsed());
    if let Some((route, ctx)) = response.request().app_data::<RouteCounters>().zip(ctx) {
        ctx.metrics.request(route, status, took);
    }
    // Never the query: codes and states travel in it.
    log::info!(target: "portcullis::access", "{id} {method} {path} {status} {} µs", took.as_micros());
    Ok(response)
}

/// Whoever can give what somebody's role does not allow; nobody for other failures.
async fn whom_to_ask(ctx: Option<&web::Data<Ctx>>, error: &Error) -> Vec<(String, String)> {
    match ctx {
        Some(ctx) if error.code == ErrorCode::PermissionDenied => {
            people::administrators(ctx).await.unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The frame of the console around a failure, for somebody who is signed in.
#[derive(Debug)]
struct Frame(Shell);

/// The middleware inside of the sessions, which know nobody any more when [`outer`] renders a
/// failure: keeps the frame that the failure is shown in, and what was typed into a form that could
/// not be taken.
pub async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let response = next.call(request).await?.map_into_boxed_body();
    let failure = response.response().error().and_then(|error| error.as_error::<Failure>());
    if let Some(failure) = failure {
        let request = response.request();
        let ctx = request.app_data::<web::Data<Ctx>>();
        if let (Some(ctx), Failure::Page(error)) = (ctx, failure)
            && is_of_console(request.path())
        {
            typed::keep(ctx, request, error).await;
        }
        if let Some(shell) = shell_of(ctx, request, failure).await {
            request.extensions_mut().insert(Frame(shell));
        }
    }
    let ctx = response.request().app_data::<web::Data<Ctx>>().cloned();
    match ctx {
        Some(ctx) if is_of_console(response.request().path()) => {
            Ok(typed::give_back(&ctx, response))
        }
        _ => Ok(response),
    }
}

/// The frame of the console for somebody signed in who met a failure of their own there; what is
/// wrong with the server is told without another question to it.
async fn shell_of(
    ctx: Option<&web::Data<Ctx>>,
    request: &HttpRequest,
    failure: &Failure,
) -> Option<Shell> {
    let is_theirs = match failure {
        Failure::Page(error) => error.code.status() < 500,
        Failure::WrongMethod { audience, .. } => *audience == Audience::Person,
        _ => false,
    };
    if !is_theirs || !is_of_console(request.path()) {
        return None;
    }
    let viewer = Viewer::extract(request).await.ok()?;
    Some(Shell { viewer: Some(viewer), ..Shell::gate(ctx?, request) })
}

fn is_of_console(path: &str) -> bool {
    ["/dashboard", "/admin", "/account"].iter().any(|part| {
        path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The page of the console from which a request came, if the browser says so.
fn came_from(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let url = url::Url::parse(text(header::REFERER)?).ok()?;
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let is_ours = text(header::HOST) == Some(host.as_str()) && is_of_console(url.path());
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    is_ours.then(|| format!("{}{query}", url.path()))
}

/// The code that an answer says it tells.
fn help_on(response: &actix_web::HttpResponse<impl MessageBody>) -> Option<&'static str> {
    response.extensions().get::<HelpOn>().map(|help| help.0)
}

/// The path as it may stand in the log: that of an invitation is a secret.
fn path_for_log(path: &str) -> &str {
    if path.starts_with("/invite/") { "/invite/…" } else { path }
}

fn seed_of(request: &ServiceRequest, ctx: Option<&web::Data<Ctx>>) -> FormSeed {
    let known = ctx
        .and_then(|ctx| request.cookie(form_cookie(ctx)))
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| (32..=64).contains(&value.len()));
    let is_new = known.is_none();
    FormSeed { value: known.unwrap_or_else(random_text), is_new, is_used: std::rc::Rc::default() }
}

fn add_headers(headers: &mut HeaderMap, id: &str, is_https: bool) {
    let mut set = |name: HeaderName, value: &str| {
        if !headers.contains_key(&name)
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
    };
    set(HeaderName::from_static("x-request-id"), id);
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    set(header::CACHE_CONTROL, "no-store");
    if is_https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
}
