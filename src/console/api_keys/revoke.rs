//! Revoking a key: confirmed, without a password, because dropping the gate must be quick.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{KeyLine, PATH, key_id};
use crate::service::Ctx;
use crate::service::api_keys;
use crate::service::revoke::Revoked;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "api_key_revoke.html")]
struct RevokePage {
    shell: Shell,
    key: KeyLine,
}

/// `GET /dashboard/settings/api-keys/{key}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let row = api_keys::one_of(&ctx, viewer.user.id, key_id(&path)?).await?;
    let template = RevokePage {
        shell: Shell::new(&ctx, &request, &viewer),
        key: KeyLine::new(row, ctx.clock.now()),
    };
    Ok(render(&template)?)
}

/// A confirmation: nothing but its own token.
#[derive(Debug, Default, Deserialize)]
pub struct Confirmed {}

/// `POST /dashboard/settings/api-keys/{key}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    path: web::Path<String>,
    _form: Form<Confirmed>,
) -> Result<HttpResponse, Failure> {
    let id = key_id(&path)?;
    let name = api_keys::one_of(&ctx, viewer.user.id, id).await?.name;
    match api_keys::revoke(&ctx, &viewer.actor, viewer.user.id, id).await? {
        Revoked::Now => flash::put(
            &session,
            Tone::Ok,
            format!("Revoked the key “{name}”. The very next request with it is refused."),
        ),
        Revoked::Already => flash::put(
            &session,
            Tone::Warn,
            format!("The key “{name}” had ended already. Nothing was changed."),
        ),
    }
    Ok(see_other(PATH))
}
