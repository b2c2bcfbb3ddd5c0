//! `/invite/{token}`: who was invited chooses a name and a password, and is signed in.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::problems::{Password, Problems, for_the_form};
use crate::console::users::{form_with, is_of_the_form};
use crate::domain::audit::Actor;
use crate::error::{Error, Result};
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::people::{fields, invite};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::session;
use crate::web::viewer::Visitor;

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage {
    shell: Shell,
    errors: Vec<Error>,
    link: String,
    email: String,
    name: String,
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    name: String,
    password: String,
}

/// `GET /invite/{token}`. Looking uses nothing up: mail programs look first.
///
/// # Errors
/// `not_found` when the invitation is not, or no longer, good.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let link = path.into_inner();
    let user = invite::look(&ctx, &PlainSecret::presented(link.as_str())).await?;
    let name = user.name.clone();
    Ok(page(&ctx, &request, link, &user, name, Vec::new())?)
}

/// `POST /invite/{token}`.
///
/// # Errors
/// `not_found` when the invitation is no longer good; wrong fields show the form again.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    session: Session,
    visitor: Visitor,
    path: web::Path<String>,
    form: Form<InviteForm>,
) -> Result<HttpResponse, Failure> {
    let link = path.into_inner();
    let secret = PlainSecret::presented(link.as_str());
    let user = invite::look(&ctx, &secret).await?;
    let InviteForm { name, password } = form.0;
    match accept(&ctx, &visitor.actor, &secret, &user, &name, &password).await {
        Ok(user) => {
            session::begin(&session, &request, &user, ctx.clock.now())?;
            flash::put(&session, Tone::Ok, format!("Welcome, {}. You are signed in.", user.name));
            Ok(see_other("/dashboard"))
        }
        Err(errors) => {
            Ok(page(&ctx, &request, link, &user, name, for_the_form(errors, is_of_the_form)?)?)
        }
    }
}

async fn accept(
    ctx: &Ctx,
    actor: &Actor,
    secret: &PlainSecret,
    user: &UserRow,
    name: &str,
    password: &str,
) -> Result<UserRow, Vec<Error>> {
    let mut problems = Problems::default();
    let checked = problems.keep(fields::own_name(name));
    let fits = problems.keep(fields::password("password", password, &user.email, name));
    let (name, ()) = problems.unless(checked.zip(fits), Password::NotAsked)?;
    invite::accept(ctx, actor, secret, &name, password).await.map_err(|error| vec![error])
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    link: String,
    user: &UserRow,
    name: String,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let email = user.email.clone();
    let template = InvitePage { shell: Shell::gate(ctx, request), errors, link, email, name };
    form_with(&template, &template.errors)
}
