//! `GET /dashboard/usage/export`: all of the person's own calls as a CSV file, the same one as that of
//! Your activity without a filter.

use actix_web::{HttpResponse, web};

use crate::console::own_records;
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::viewer::Viewer;

/// Sends all calls that are kept, newest first.
///
/// # Errors
/// When the database cannot answer.
pub async fn export(ctx: web::Data<Ctx>, viewer: Viewer) -> Result<HttpResponse, Failure> {
    own_records::send_activity(&ctx, &viewer, "format=csv").await
}
