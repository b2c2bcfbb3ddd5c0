//! `/account/confirmation`: whether this session is asked for the password, and asking again.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{Nothing, PATH};
use crate::error::Result;
use crate::service::visit::{self, Window};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "account_confirmation.html")]
struct WindowPage {
    shell: Shell,
    window: Option<Window>,
}

/// `GET /account/confirmation`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn window(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let shell = Shell { path: PATH.to_owned(), ..Shell::new(&ctx, &request, &viewer) };
    Ok(render(&WindowPage { shell, window: visit::current().window })?)
}

/// `POST /account/confirmation`: asks again from now on.
///
/// # Errors
/// When the database cannot answer.
pub async fn end_window(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    _form: Form<Nothing>,
) -> Result<HttpResponse, Failure> {
    let (tone, text) = match login::end_window(&ctx, &viewer.actor).await? {
        true => (Tone::Ok, "You are asked for your password again, from now on."),
        false => (Tone::Warn, "You are asked for your password already. Nothing was changed."),
    };
    flash::put(&session, tone, text);
    Ok(see_other("/account/confirmation"))
}
