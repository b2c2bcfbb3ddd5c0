//! Does anything break the way of a client to this server? Asked by a person whose client does not
//! connect, walked by the server over its own public addresses.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::revoke::Confirmed;
use crate::service::Ctx;
use crate::service::doctor::{self, Finding, Level};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "connection_check.html")]
struct CheckPage {
    shell: Shell,
    public_url: String,
    mcp_url: String,
    /// What was found; none before it was looked.
    findings: Option<Vec<Finding>>,
}

impl CheckPage {
    fn new(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer) -> Self {
        Self {
            shell: Shell::new(ctx, request, viewer),
            public_url: ctx.config.public_url.clone(),
            mcp_url: ctx.config.mcp_url.clone(),
            findings: None,
        }
    }

    /// How many came out like that.
    fn count(&self, level: Level) -> usize {
        self.findings.iter().flatten().filter(|finding| finding.level == level).count()
    }
}

/// `GET /dashboard/settings/mcp/check`: what would be done, and the button.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn ask_check(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(render(&CheckPage::new(&ctx, &request, &viewer))?)
}

/// `POST /dashboard/settings/mcp/check`: looks, and shows what was found.
///
/// # Errors
/// `rate_limit_exceeded`, or that the database cannot answer.
pub async fn run_check(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    _form: Form<Confirmed>,
) -> Result<HttpResponse, Failure> {
    let findings = doctor::check_connection(&ctx, viewer.user.id).await?;
    let page = CheckPage { findings: Some(findings), ..CheckPage::new(&ctx, &request, &viewer) };
    Ok(render(&page)?)
}
