//! `/forgot-password` and `/reset-password`: a link by mail, and a new password with it.

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::people::reset;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::outer::RequestId;
use crate::web::page::{Shell, render, render_with_status, see_other};
use crate::web::viewer::Visitor;

#[derive(Template)]
#[template(path = "forgot_password.html")]
struct ForgotPage {
    shell: Shell,
    errors: Vec<Error>,
    email: String,
    /// It was sent, or would have been.
    is_done: bool,
    /// Whether this server sends mail.
    sends_mail: bool,
}

/// The form that asks for a link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ForgotForm {
    email: String,
}

/// `GET /forgot-password`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn forgot(ctx: web::Data<Ctx>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let shell = Shell::gate(&ctx, &request);
    let (errors, email) = (Vec::new(), String::new());
    let sends_mail = ctx.config.smtp.is_some();
    Ok(render(&ForgotPage { shell, errors, email, is_done: false, sends_mail })?)
}

/// `POST /forgot-password`: one answer, whoever the address belongs to.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn ask(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    visitor: Visitor,
    form: Form<ForgotForm>,
) -> Result<HttpResponse, Failure> {
    let email = form.0.email;
    let asked = reset::request(&ctx, &visitor.actor, &email).await;
    let shell = Shell::gate(&ctx, &request);
    let sends_mail = ctx.config.smtp.is_some();
    match asked {
        Ok(()) => {
            let errors = Vec::new();
            Ok(render(&ForgotPage { shell, errors, email, is_done: true, sends_mail })?)
        }
        Err(error) if is_of_the_form(&error) => {
            let page = ForgotPage { shell, errors: vec![error], email, is_done: false, sends_mail };
            Ok(form_with(&page, &page.errors)?)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "reset_password.html")]
struct ResetPage {
    shell: Shell,
    errors: Vec<Error>,
    link: String,
    email: String,
}

/// What somebody with an old link sees: why it fails, and the way to a new one.
#[derive(Template)]
#[template(path = "reset_gone.html")]
struct GonePage {
    shell: Shell,
    why: Error,
    request_id: String,
}

fn gone(ctx: &Ctx, request: &HttpRequest, why: Error) -> Result<HttpResponse, Failure> {
    if why.code != ErrorCode::NotFound {
        return Err(why.into());
    }
    let status = why.code.status();
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    let page = GonePage {
        shell: Shell::gate(ctx, request),
        why,
        request_id: request_id.unwrap_or_default(),
    };
    Ok(render_with_status(&page, status)?)
}

/// What the link carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Link {
    link: String,
}

/// `GET /reset-password?link=…`.
///
/// # Errors
/// When the database cannot answer; a link that is no longer good leads to a new one.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    query: web::Query<Link>,
) -> Result<HttpResponse, Failure> {
    let link = query.into_inner().link;
    let user = match reset::look(&ctx, &PlainSecret::presented(link.as_str())).await {
        Ok(user) => user,
        Err(why) => return gone(&ctx, &request, why),
    };
    let shell = Shell::gate(&ctx, &request);
    Ok(render(&ResetPage { shell, errors: Vec::new(), link, email: user.email })?)
}

/// The form with the new password.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ResetForm {
    link: String,
    password: String,
}

/// `POST /reset-password`. Nobody is signed in by it: whoever set the password can.
///
/// # Errors
/// When the database cannot answer; a password that will not do shows the form again, a link that
/// is no longer good leads to a new one.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    visitor: Visitor,
    form: Form<ResetForm>,
) -> Result<HttpResponse, Failure> {
    let ResetForm { link, password } = form.0;
    let secret = PlainSecret::presented(link.as_str());
    let user = match reset::look(&ctx, &secret).await {
        Ok(user) => user,
        Err(why) => return gone(&ctx, &request, why),
    };
    match reset::finish(&ctx, &visitor.actor, &secret, &password).await {
        Ok(()) => Ok(see_other("/login?reset=done&again=1")),
        Err(error) if is_of_the_form(&error) => {
            let shell = Shell::gate(&ctx, &request);
            let page = ResetPage { shell, errors: vec![error], link, email: user.email };
            Ok(form_with(&page, &page.errors)?)
        }
        Err(error) => gone(&ctx, &request, error),
    }
}
