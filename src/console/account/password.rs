//! `/account/password`: another password, with the old one.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::PATH;
use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, Result};
use crate::service::people::own;
use crate::service::{Ctx, login};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::session;
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "account_password.html")]
struct PasswordPage {
    shell: Shell,
    errors: Vec<Error>,
    username: String,
}

/// `GET /account/password`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn password_form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(page(&ctx, &request, &viewer, Vec::new())?)
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    password: String,
    new_password: String,
}

/// `POST /account/password`. This session goes on under a new key; all others end.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn set_password(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    session: Session,
    form: Form<PasswordForm>,
) -> Result<HttpResponse, Failure> {
    match change(&ctx, &viewer, &form.0).await {
        Ok(user) => {
            session::begin(&session, &request, &user, ctx.clock.now())?;
            let text = "Your password is changed. You were signed out everywhere else, and your AI clients were disconnected; connect them again when you need them.";
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_form(&error) => Ok(page(&ctx, &request, &viewer, vec![error])?),
        Err(error) => Err(error.into()),
    }
}

async fn change(ctx: &Ctx, viewer: &Viewer, form: &PasswordForm) -> Result<UserRow> {
    let proof = login::confirm_anew(ctx, &viewer.actor, &form.password)
        .await
        .map_err(|error| Error { param: error.param.or(Some("password".into())), ..error })?;
    own::change_password(ctx, &viewer.actor, proof, &form.new_password).await
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let shell = Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) };
    let template = PasswordPage { shell, errors, username: viewer.user.email.clone() };
    form_with(&template, &template.errors)
}
