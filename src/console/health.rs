//! `/healthz`: the process answers. `/readyz`: the database answers too and has this version's
//! schema.

use actix_web::{HttpResponse, web};

use crate::db::migrate;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;

/// `GET /healthz`.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`.
///
/// # Errors
/// `unavailable` while the database cannot be reached or is not migrated.
pub async fn ready(ctx: web::Data<Ctx>) -> Result<HttpResponse, Failure> {
    let pending = ctx.db.maintain(migrate::is_pending).await.map_err(Error::unavailable)?;
    if pending {
        return Err(Error::unavailable("the database is not migrated").into());
    }
    Ok(live().await)
}
