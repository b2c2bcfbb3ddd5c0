//! A link for somebody, shown once to whoever made it: where no mail goes out, they hand it over.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::error::Result;
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::people::Link;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "user_link.html")]
struct LinkPage {
    shell: Shell,
    heading: String,
    user: UserId,
    /// What the link is for.
    what: &'static str,
    url: String,
    until: String,
}

/// The page with a link.
///
/// # Errors
/// When the page cannot be rendered.
pub(crate) fn shown_once(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserId,
    heading: String,
    what: &'static str,
    link: &Link,
) -> Result<HttpResponse> {
    render(&LinkPage {
        shell: Shell { path: "/admin/users".into(), ..Shell::new(ctx, request, viewer) },
        heading,
        user,
        what,
        url: link.url.expose().to_owned(),
        until: crate::web::page::exact(&link.until),
    })
}
