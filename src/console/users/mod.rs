//! `GET /admin/users`: the people of this server, with a search, page by page.

mod listing;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::console::mcp_users::parts::{self, Pager};
use crate::error::Error;
use crate::service::{Ctx, directory};
use crate::store::people::PersonRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewUsers};

use listing::{Asked, PAGE_SIZE};

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    shell: Shell,
    asked: Asked,
    errors: Vec<Error>,
    notice: Option<String>,
    pager: Pager,
    total: i64,
    rows: Vec<PersonRow>,
}

/// `GET /admin/users`. What the address says wrongly is named, its default used, and the status
/// 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewUsers>,
) -> Result<HttpResponse, Failure> {
    let (asked, errors) = Asked::parse(request.query_string());
    let found = directory::list(&ctx, asked.text.clone(), asked.page, PAGE_SIZE).await?;
    let status = if errors.is_empty() { 200 } else { 400 };
    let template = UsersPage {
        shell: Shell::new(&ctx, &request, &viewer),
        notice: parts::moved_notice(asked.page, found.page),
        pager: asked.pager(found.page, found.total),
        total: found.total,
        rows: found.rows,
        asked,
        errors,
    };
    Ok(render_with_status(&template, status)?)
}
