//! Where one is signed in, and ending that.

use actix_session::Session;
use actix_web::{HttpResponse, web};

use super::{Nothing, PATH};
use crate::error::Result;
use crate::service::Ctx;
use crate::service::sessions::{self, Which};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::session;
use crate::web::viewer::Viewer;

/// `POST /account/sessions/{session}/end`.
///
/// # Errors
/// When the database cannot answer.
pub async fn end_session(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    path: web::Path<String>,
    _form: Form<Nothing>,
) -> Result<HttpResponse, Failure> {
    let which = Which::One(path.into_inner());
    let (tone, text) = match sessions::end(&ctx, &viewer.actor, viewer.user.id, which).await? {
        0 => (Tone::Warn, "That session had ended already."),
        _ => (Tone::Ok, "Ended that session. Its next click leads to sign-in."),
    };
    flash::put(&session, tone, text);
    Ok(see_other(PATH))
}

/// `POST /account/sessions/end`: all but this one.
///
/// # Errors
/// When the database cannot answer.
pub async fn end_others(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    _form: Form<Nothing>,
) -> Result<HttpResponse, Failure> {
    let which = Which::Others(session::handle(&viewer.session));
    let (tone, text) = match sessions::end(&ctx, &viewer.actor, viewer.user.id, which).await? {
        0 => (Tone::Warn, "You are signed in nowhere else.".to_owned()),
        1 => (Tone::Ok, "Ended 1 other session.".to_owned()),
        count => (Tone::Ok, format!("Ended {count} other sessions.")),
    };
    flash::put(&session, tone, text);
    Ok(see_other(PATH))
}
