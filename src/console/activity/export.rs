//! `GET /admin/mcp/activity/export`: the view as a file.

use actix_web::{HttpRequest, HttpResponse, web};

use super::grid::{read, to_query};
use crate::console::activity::file::send;
use crate::service::Ctx;
use crate::store::activity_grid::ActivityQuery;
use crate::web::error::Failure;
use crate::web::viewer::{Admin, ViewRecords};

/// `GET /admin/mcp/activity/export?format=csv|jsonl`, with the filters of the screen.
///
/// # Errors
/// Names what is wrong with the address; says that it is too much; or that the database cannot
/// answer.
pub async fn export(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewRecords>,
) -> Result<HttpResponse, Failure> {
    let asked = read(ctx.clock.now(), request.query_string());
    let query = to_query(&asked.view);
    Ok(send::<ActivityQuery>(&ctx, &viewer, asked, query).await?)
}
