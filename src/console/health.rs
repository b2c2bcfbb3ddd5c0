//! `/healthz`: the process answers. `/readyz`: the database answers too and has this version's
//! schema, or that of a newer one: while replicas are replaced one after the other, those that still
//! run go on, or nobody would serve until the new ones do.

use actix_web::{HttpResponse, web};

use crate::db::migrate::{self, Schema};
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
/// `unavailable` while the database cannot be reached or lacks something of this version's schema.
pub async fn ready(ctx: web::Data<Ctx>) -> Result<HttpResponse, Failure> {
    let schema = ctx.db.maintain(migrate::schema).await.map_err(Error::unavailable)?;
    if schema == Schema::Older {
        return Err(Error::unavailable("the database has an older version's schema").into());
    }
    Ok(live().await)
}
