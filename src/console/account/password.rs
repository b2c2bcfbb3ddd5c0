//! `/account/password`: another password, with the old one.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::PATH;
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, Result};
use crate::service::people::{fields, own};
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
        Err(errors) => Ok(page(&ctx, &request, &viewer, for_the_form(errors, is_of_the_form)?)?),
    }
}

async fn change(ctx: &Ctx, viewer: &Viewer, form: &PasswordForm) -> Result<UserRow, Vec<Error>> {
    let mut problems = Problems::default();
    let UserRow { email, name, .. } = &viewer.user;
    let fits = problems.keep(fields::password("new_password", &form.new_password, email, name));
    problems.unless(fits, Password::AskedAnew(&form.password))?;
    let proof = login::confirm_anew(ctx, &viewer.actor, &form.password)
        .await
        .map_err(|error| vec![of_the_password(error)])?;
    own::change_password(ctx, &viewer.actor, proof, &form.new_password)
        .await
        .map_err(|error| vec![error])
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
