//! Signing in and out.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::problems::{Password, Problems};
use crate::console::users::form_with;
use crate::console::verify;
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::PlainSecret;
use crate::service::login::SignedIn;
use crate::service::{Ctx, bootstrap, consent, login, people};
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::session;
use crate::web::viewer::{Viewer, Visitor};

/// Where people land who were not on their way somewhere.
const LANDING: &str = "/dashboard";
/// Where a sign-in may lead back to: pages of ours, nothing else.
const WAYS_BACK: [&str; 3] = ["/dashboard", "/admin", "/account"];

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    shell: Shell,
    errors: Vec<Error>,
    email: String,
    client: Option<String>,
    /// Where a suspended person may send the client its refusal.
    way_back: Option<String>,
    administrators: Vec<(String, String)>,
    continue_with: Option<String>,
    next: Option<String>,
    /// A password has just been set with a link.
    is_reset: bool,
    /// There is nobody yet who could sign in.
    is_unused: bool,
}

/// What `/login` may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Way {
    #[serde(rename = "continue")]
    continue_with: Option<String>,
    next: Option<String>,
    again: Option<String>,
    /// `done` after a password was set with a link.
    reset: Option<String>,
}

impl Way {
    /// A page of the sign-in, on the same way.
    pub(super) fn to(&self, path: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields() {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// What a form has to hand on.
    pub(super) fn fields(&self) -> Vec<(&'static str, &str)> {
        let fields = [("continue", &self.continue_with), ("next", &self.next)];
        let filled = fields.into_iter();
        filled.filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

/// `GET /`: to the dashboard, or to sign in.
pub async fn home() -> HttpResponse {
    see_other(LANDING)
}

/// `GET /login`.
///
/// # Errors
/// When the database cannot answer.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    visitor: Visitor,
    way: web::Query<Way>,
) -> Result<HttpResponse, Failure> {
    let way = way.into_inner();
    if visitor.user.is_some() && way.again.is_none() {
        return Ok(see_other(&destination(&way)));
    }
    show(&ctx, &request, way, String::new(), Vec::new()).await
}

/// The sign-in form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoginForm {
    email: String,
    password: String,
    #[serde(flatten)]
    way: Way,
}

/// `POST /login`.
///
/// # Errors
/// When the form is not ours or the database cannot answer; a wrong password shows the form again.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    session: Session,
    visitor: Visitor,
    form: Form<LoginForm>,
) -> Result<HttpResponse, Failure> {
    let LoginForm { email, password, way } = form.0;
    let mut problems = Problems::default();
    let address = problems.keep(login::address(&email));
    if let Err(errors) = problems.unless(address, Password::AskedAnew(&password)) {
        return show(&ctx, &request, way, email, errors).await;
    }
    match login::sign_in(&ctx, &visitor.actor, &email, &password).await {
        Ok(SignedIn::Done(user)) => {
            session::begin(&session, &request, &user, ctx.clock.now())?;
            Ok(see_other(&destination(&way)))
        }
        Ok(SignedIn::NeedsCode(user)) => {
            session::begin_pending(&session, &user, ctx.clock.now())?;
            Ok(see_other(&way.to(verify::PATH)))
        }
        Err(error)
            if matches!(
                error.code,
                ErrorCode::InvalidRequest
                    | ErrorCode::RateLimitExceeded
                    | ErrorCode::PermissionDenied
            ) =>
        {
            show(&ctx, &request, way, email, vec![error]).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /logout`.
///
/// # Errors
/// When the database cannot answer.
pub async fn logout(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    _form: Form<Way>,
) -> Result<HttpResponse, Failure> {
    login::sign_out(&ctx, &viewer.actor).await?;
    session.purge();
    Ok(see_other("/login"))
}

async fn show(
    ctx: &Ctx,
    request: &HttpRequest,
    way: Way,
    email: String,
    errors: Vec<Error>,
) -> Result<HttpResponse, Failure> {
    let parked = match &way.continue_with {
        Some(handle) => consent::unpark(ctx, &PlainSecret::presented(handle.as_str())).await.ok(),
        None => None,
    };
    let is_suspended = errors.iter().any(|error| error.code == ErrorCode::PermissionDenied);
    let way_back = match &parked {
        Some((wanted, _)) if is_suspended => Some(consent::denied_location(ctx, wanted)?),
        _ => None,
    };
    let administrators = if is_suspended { people::administrators(ctx).await? } else { Vec::new() };
    let page = LoginPage {
        shell: Shell::gate(ctx, request),
        errors,
        email,
        client: parked.map(|(_, client)| client.name),
        way_back,
        administrators,
        is_unused: bootstrap::is_unused(ctx).await?,
        is_reset: way.reset.as_deref() == Some("done"),
        continue_with: way.continue_with,
        next: way.next,
    };
    Ok(form_with(&page, &page.errors)?)
}

pub(super) fn destination(way: &Way) -> String {
    if let Some(handle) = &way.continue_with {
        let handle: String = url::form_urlencoded::byte_serialize(handle.as_bytes()).collect();
        return format!("/oauth/authorize?continue={handle}");
    }
    let is_ours = |path: &&String| {
        WAYS_BACK.iter().any(|way| {
            path.strip_prefix(way)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        }) && !path.contains(['\\', '\r', '\n'])
    };
    way.next.as_ref().filter(is_ours).map_or_else(|| LANDING.into(), Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::{Way, destination};

    #[test]
    fn signing_in_leads_only_to_our_own_pages() {
        let to = |next: &str| destination(&Way { next: Some(next.into()), ..Way::default() });
        assert_eq!(to("/admin/mcp/users?page=2"), "/admin/mcp/users?page=2");
        for foreign in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/adminevil",
            "javascript:alert(1)",
            "/admin\\..",
            "/login",
        ] {
            assert_eq!(to(foreign), "/dashboard", "{foreign}");
        }
    }
}
