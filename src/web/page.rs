//! The frame of every page: who looks, where they are, and what the last action did.

use actix_session::SessionExt;
use actix_web::cookie::Cookie;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Timestamp;
use crate::domain::access::{Permission, parse_permissions};
use crate::domain::time_zone;
use crate::error::{Error, Result};
use crate::service::{Ctx, visit};
use crate::store::users::UserRow;
use crate::web::flash::{self, Flash};
use crate::web::viewer::Viewer;
use crate::web::{csrf, help, nav};

/// The cookie with a person's choice of theme.
pub const THEME_COOKIE: &str = "portcullis_theme";

/// What every template of the signed-in frame needs.
#[derive(Debug)]
pub struct Shell {
    /// The form token.
    pub csrf: String,
    /// What the last action did.
    pub flash: Option<Flash>,
    /// `light`, `dark`, or nothing for the system's.
    pub theme: Option<&'static str>,
    /// Who looks; nobody on the pages of the gate.
    pub viewer: Option<Viewer>,
    /// The path shown, for the navigation.
    pub path: String,
    /// Whether the page is to say that every AI client is refused now.
    pub is_closed: bool,
}

impl Shell {
    /// The frame for a signed-in person.
    pub fn new(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer) -> Self {
        Self {
            viewer: Some(viewer.clone()),
            flash: flash::take(&request.get_session()),
            ..Self::gate(ctx, request)
        }
    }

    /// The frame of a page that speaks of AI clients: it knows whether all of them are refused now.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn of_gate(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer) -> Result<Self> {
        let is_closed = !ctx.live_now().await?.settings.mcp_enabled;
        Ok(Self { is_closed, ..Self::new(ctx, request, viewer) })
    }

    /// The frame of the pages before and beside the console.
    pub fn gate(ctx: &Ctx, request: &HttpRequest) -> Self {
        let theme = theme(request.cookie(THEME_COOKIE).as_ref());
        Self {
            csrf: csrf::token(ctx, request),
            flash: None,
            theme,
            viewer: None,
            path: request.path().to_owned(),
            is_closed: false,
        }
    }

    /// The frame of pages without a form, for whoever is not signed in.
    pub fn public(request: &HttpRequest) -> Self {
        let theme = theme(request.cookie(THEME_COOKIE).as_ref());
        let path = request.path().to_owned();
        Self { csrf: String::new(), flash: None, theme, viewer: None, path, is_closed: false }
    }

    /// Whether the person who looks may do it.
    pub fn may(&self, permission: Permission) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.may(permission))
    }

    /// Whether somebody may do no more than the person who looks: only over these does anybody have
    /// a say (`service::people::guard`).
    pub fn stands_over(&self, user: &UserRow) -> bool {
        let theirs = parse_permissions(&user.permissions);
        self.viewer.as_ref().is_some_and(|viewer| theirs.is_subset(&viewer.permissions))
    }

    /// The person who looks.
    pub fn user(&self) -> Option<&UserRow> {
        self.viewer.as_ref().map(|viewer| &viewer.user)
    }

    /// The navigation as the person who looks sees it.
    pub fn navigation(&self) -> Vec<nav::Shown> {
        nav::of(self)
    }

    /// The address of the manual's page about the screen shown, if there is one.
    pub fn help(&self) -> Option<String> {
        help::about(&self.path)
    }

    /// Whether the page shown is `path` or below it.
    pub fn is_at(&self, path: &str) -> bool {
        self.path == path || self.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The theme that a cookie asks for, if it is one.
pub fn theme(cookie: Option<&Cookie<'_>>) -> Option<&'static str> {
    ["light", "dark"]
        .into_iter()
        .find(|theme| cookie.is_some_and(|cookie| cookie.value() == *theme))
}

/// Renders a page.
///
/// # Errors
/// When the template fails, which is our fault.
pub fn render(template: &impl Template) -> Result<HttpResponse> {
    render_with_status(template, 200)
}

/// Renders a page with another status: a form with its errors.
///
/// # Errors
/// When the template fails, which is our fault.
pub fn render_with_status(template: &impl Template, status: u16) -> Result<HttpResponse> {
    let status = actix_web::http::StatusCode::from_u16(status).map_err(Error::internal)?;
    let body = template.render().map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// Lets the browser show its own copy of the answer to a posted form when somebody comes back to it;
/// otherwise it asks whether to send the form again. Only for pages that hold no secret.
pub fn keep_for_back(response: &mut HttpResponse) {
    let value = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(CACHE_CONTROL, value);
}

/// A 303 to a path of ours.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((actix_web::http::header::LOCATION, location)).finish()
}

/// A moment as people read it: "7 minutes ago" up to a week, then the date.
pub fn ago(at: &Timestamp, now: &Timestamp) -> String {
    let seconds = (now.0 - at.0).div_euclid(1000);
    let plural =
        |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        ..0 => in_own_zone(at, "%-d %b %Y"),
        0..60 => "just now".into(),
        60..3600 => plural(seconds / 60, "minute"),
        3600..86_400 => plural(seconds / 3600, "hour"),
        86_400..604_800 => plural(seconds / 86_400, "day"),
        _ => in_own_zone(at, "%-d %b %Y"),
    }
}

/// A moment in the zone of the person of the request in hand; in UTC for everybody else.
fn in_own_zone(at: &Timestamp, format: &str) -> String {
    time_zone::in_zone(*at, visit::current().zone, format)
}

/// A moment in full, with its zone.
pub fn exact(at: &Timestamp) -> String {
    in_own_zone(at, "%-d %b %Y, %H:%M:%S %Z")
}

/// A time of the day that is shown, with its zone.
pub fn clock(at: &Timestamp) -> String {
    in_own_zone(at, "%H:%M %Z")
}

/// The day of a moment that is shown.
pub fn day(at: &Timestamp) -> String {
    in_own_zone(at, "%-d %b %Y")
}

/// A time of the day to the second, under a head that says the zone; with what the zone is called
/// then where the clock is set anew within three hours, when some times come twice.
pub fn second(at: &Timestamp) -> String {
    let offset = |seconds| in_own_zone(&at.plus_seconds(seconds), "%z");
    let is_plain = visit::current().zone.is_none() || offset(-CLOSE_TO) == offset(CLOSE_TO);
    in_own_zone(at, if is_plain { "%H:%M:%S" } else { "%H:%M:%S %Z" })
}

/// So close to a change of the clock the zone is named, seconds.
const CLOSE_TO: i64 = 3 * 3_600;

/// What is said of a day that is one of UTC, to whoever reads times in another zone.
pub fn in_utc() -> &'static str {
    if zone() == "UTC" { "" } else { " (UTC)" }
}

/// The zone in which times are shown, for the head of a column of them.
pub fn zone() -> &'static str {
    visit::current().zone.map_or("UTC", |zone| zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_for_a_week() {
        let now = Timestamp(1_800_000_000_000);
        assert_eq!(ago(&now.plus_seconds(-30), &now), "just now");
        assert_eq!(ago(&now.plus_seconds(-60), &now), "1 minute ago");
        assert_eq!(ago(&now.plus_seconds(-7200), &now), "2 hours ago");
        assert_eq!(ago(&now.plus_seconds(-6 * 86_400), &now), "6 days ago");
        assert_eq!(
            ago(&now.plus_seconds(-8 * 86_400), &now),
            now.plus_seconds(-8 * 86_400).to_utc().format("%-d %b %Y").to_string()
        );
    }
}
