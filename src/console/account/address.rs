//! `/account/email`: signing in with another address, once a link that went there is followed.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::PATH;
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::PlainSecret;
use crate::service::people::{fields, own};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::{Viewer, Visitor};

#[derive(Template)]
#[template(path = "account_email.html")]
struct AddressPage {
    shell: Shell,
    errors: Vec<Error>,
    /// Address as typed.
    email: String,
    username: String,
    has_mail: bool,
}

/// `GET /account/email`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn email_form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(page(&ctx, &request, &viewer, String::new(), Vec::new())?)
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AddressForm {
    email: String,
    password: String,
}

/// `POST /account/email`: sends the link.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn ask_email(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    session: Session,
    form: Form<AddressForm>,
) -> Result<HttpResponse, Failure> {
    let AddressForm { email, password } = form.0;
    match ask(&ctx, &viewer, &email, &password).await {
        Ok(email) => {
            let text = format!(
                "If nobody signs in with {email}, a link is on its way there. Until you follow it, nothing changes. It works once, for a day."
            );
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(errors) => {
            let errors = for_the_form(errors, |error| {
                is_of_the_form(error) || error.code == ErrorCode::Conflict
            })?;
            Ok(page(&ctx, &request, &viewer, email, errors)?)
        }
    }
}

async fn ask(
    ctx: &Ctx,
    viewer: &Viewer,
    email: &str,
    password: &str,
) -> Result<String, Vec<Error>> {
    let mut problems = Problems::default();
    let email = problems.keep(fields::address(email));
    let email = problems.unless(email, Password::AskedAnew(password))?;
    let proof = login::confirm_anew(ctx, &viewer.actor, password)
        .await
        .map_err(|error| vec![of_the_password(error)])?;
    own::ask_for_address(ctx, &viewer.actor, proof, &email)
        .await
        .map_err(|error| vec![Error { param: error.param.or(Some("email".into())), ..error }])
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    email: String,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let template = AddressPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        errors,
        email,
        username: viewer.user.email.clone(),
        has_mail: ctx.config.smtp.is_some(),
    };
    form_with(&template, &template.errors)
}

#[derive(Template)]
#[template(path = "account_email_link.html")]
struct LinkPage {
    shell: Shell,
    link: String,
    old: String,
    new: String,
    /// It is done.
    is_done: bool,
}

/// What the link carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Link {
    link: String,
}

/// `GET /account/email/confirm?link=…`. Looking uses nothing up: mail programs look first.
///
/// # Errors
/// `not_found` when the link is not, or no longer, good.
pub async fn email_link(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    query: web::Query<Link>,
) -> Result<HttpResponse, Failure> {
    let link = query.into_inner().link;
    let (user, new) = own::look_at_address(&ctx, &PlainSecret::presented(link.as_str())).await?;
    let shell = Shell::gate(&ctx, &request);
    Ok(render(&LinkPage { shell, link, old: user.email, new, is_done: false })?)
}

/// `POST /account/email/confirm`. Whoever has the link has the mailbox; nobody is signed in by it.
///
/// # Errors
/// `not_found` when the link is no longer good; `conflict` if somebody has the address now.
pub async fn confirm_email(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    visitor: Visitor,
    form: Form<Link>,
) -> Result<HttpResponse, Failure> {
    let link = form.0.link;
    let secret = PlainSecret::presented(link.as_str());
    let (user, _) = own::look_at_address(&ctx, &secret).await?;
    let new = own::confirm_address(&ctx, &visitor.actor, &secret).await?;
    let shell = Shell::gate(&ctx, &request);
    Ok(render(&LinkPage { shell, link, old: user.email, new, is_done: true })?)
}
