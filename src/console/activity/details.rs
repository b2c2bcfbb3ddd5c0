//! `GET /admin/mcp/activity/{call}`: everything that the log has of one call.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::PATH;
use crate::console::mcp_users::parts;
use crate::domain::access::Permission;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::service::records::{Call, activity};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewRecords};

#[derive(Template)]
#[template(path = "activity_call.html")]
struct CallPage {
    shell: Shell,
    call: Call,
    /// The name of the account that pays.
    account: Option<String>,
}

/// `GET /admin/mcp/activity/{call}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn details(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewRecords>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = path.parse().map_err(|_| Error::not_found("There is no such call."))?;
    let (call, account) = activity::call(&ctx, id).await?;
    let template = CallPage { shell: Shell::new(&ctx, &request, &viewer), call, account };
    Ok(render(&template)?)
}
