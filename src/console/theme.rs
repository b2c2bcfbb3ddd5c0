//! `POST /account/theme`: light, dark, or what the system says. Kept in a cookie, so that no page
//! flashes in the other colours first.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::REFERER;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::page::{THEME_COOKIE, see_other};
use crate::web::viewer::Viewer;

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ThemeForm {
    theme: String,
}

/// Sets the theme and goes back to the page that asked.
///
/// # Errors
/// When the theme is none of the three.
pub async fn set(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    _viewer: Viewer,
    form: Form<ThemeForm>,
) -> Result<HttpResponse, Failure> {
    if !matches!(form.0.theme.as_str(), "system" | "light" | "dark") {
        return Err(Error::field("theme", "Choose system, light or dark.").into());
    }
    let cookie = Cookie::build(THEME_COOKIE, form.0.theme)
        .path("/")
        .max_age(Duration::days(365))
        .http_only(true)
        .secure(ctx.config.is_https())
        .same_site(SameSite::Lax)
        .finish();
    let mut response = see_other(&way_back(&ctx, &request));
    response.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(response)
}

/// The page that asked, if it is one of ours.
fn way_back(ctx: &Ctx, request: &HttpRequest) -> String {
    request
        .headers()
        .get(REFERER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix(ctx.config.public_url.as_str()))
        .filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .unwrap_or("/dashboard")
        .to_owned()
}
