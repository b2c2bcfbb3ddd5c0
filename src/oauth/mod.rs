//! The OAuth 2.1 authorization server's endpoints, one file each. They parse and render; the rules
//! are in `service` and `domain`.

pub mod authorize;
mod consent_page;
mod form;
mod guessing;
pub mod introspect;
pub mod jwks;
pub mod metadata;
mod parameters;
pub mod register;
pub mod revoke;
pub mod token;
pub mod userinfo;

use actix_web::{HttpMessage, HttpRequest, web};

use crate::domain::audit::Actor;
use crate::service::Ctx;
use crate::web::address;
use crate::web::outer::RequestId;

/// A program that calls, for the log: its address and the request.
fn caller(ctx: &web::Data<Ctx>, request: &HttpRequest) -> Actor {
    Actor {
        user: None,
        label: "client".into(),
        address: address::caller(request.head(), &ctx.config.trusted_proxies),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
        reason: None,
    }
}
