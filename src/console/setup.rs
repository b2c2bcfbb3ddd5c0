//! `/setup`: the first administrator, through the one-time link that `serve` prints.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::problems::{Password, Problems};
use crate::console::users::form_with;
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::PlainSecret;
use crate::service::people::{self, NewPerson, fields};
use crate::service::{Ctx, bootstrap, index};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::session;
use crate::web::viewer::Visitor;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    shell: Shell,
    errors: Vec<Error>,
    link: String,
    account: String,
    name: String,
    email: String,
}

/// What the printed link carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Link {
    link: String,
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SetupForm {
    link: String,
    account: String,
    name: String,
    email: String,
    password: String,
}

/// `GET /setup?link=…`.
///
/// # Errors
/// `not_found` when the link is not, or no longer, good.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    query: web::Query<Link>,
) -> Result<HttpResponse, Failure> {
    let link = query.into_inner().link;
    if !bootstrap::is_setup_link_live(&ctx, &PlainSecret::presented(link.as_str())).await? {
        let text = match bootstrap::is_unused(&ctx).await? {
            true => {
                "This server has not been set up yet, and this is not its setup link, or no longer. Open the link that it printed when it started: in the terminal, or in its log. Restarting it prints a new one."
            }
            false => {
                "This setup link has been used, is too old, or is not whole. A server without users prints a new one when it starts."
            }
        };
        return Err(Error::not_found(text).into());
    }
    show(&ctx, &request, SetupForm { link, ..SetupForm::default() }, Vec::new())
}

/// `POST /setup`.
///
/// # Errors
/// `not_found` when the link is no longer good; wrong fields show the form again.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    session: Session,
    visitor: Visitor,
    form: Form<SetupForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    if let Err(errors) = check(&form) {
        return show(&ctx, &request, form, errors);
    }
    let person = NewPerson {
        email: form.email.clone(),
        name: form.name.clone(),
        password: Some(form.password.clone()),
        role: String::new(),
        account: form.account.clone(),
        mcp_enabled: true,
    };
    match people::set_up(&ctx, &visitor.actor, &PlainSecret::presented(form.link.as_str()), person)
        .await
    {
        Ok(id) => {
            session::begin(&session, &request, &people::by_id(&ctx, id).await?, ctx.clock.now())?;
            greet(&ctx, &session).await?;
            Ok(see_other("/dashboard"))
        }
        Err(error) if error.code == ErrorCode::InvalidRequest => {
            show(&ctx, &request, form, vec![error])
        }
        Err(error) => Err(error.into()),
    }
}

/// Everything that is wrong with the form.
fn check(form: &SetupForm) -> Result<(), Vec<Error>> {
    let mut problems = Problems::default();
    let account = problems.keep(fields::account(&form.account));
    let name = problems.keep(fields::own_name(&form.name));
    let email = problems.keep(fields::address(&form.email));
    let password =
        problems.keep(fields::password("password", &form.password, &form.email, &form.name));
    let wanted = account.zip(name).zip(email).zip(password);
    problems.unless(wanted, Password::NotAsked).map(|_| ())
}

/// The first words to the first administrator: what to do next.
async fn greet(ctx: &Ctx, session: &Session) -> Result<()> {
    let (text, link) = match index::is_empty(&ctx.db).await? {
        true => (
            "You are the first administrator. The index is still empty: import a file of stores, then add this server to your AI client.",
            Some(("Import a file".to_owned(), "/admin/index".to_owned())),
        ),
        false => {
            ("You are the first administrator. Add this server to your AI client to try it.", None)
        }
    };
    flash::put_linked(session, Tone::Ok, text, link);
    Ok(())
}

fn show(
    ctx: &Ctx,
    request: &HttpRequest,
    form: SetupForm,
    errors: Vec<Error>,
) -> Result<HttpResponse, Failure> {
    let page = SetupPage {
        shell: Shell::gate(ctx, request),
        errors,
        link: form.link,
        account: form.account,
        name: form.name,
        email: form.email,
    };
    Ok(form_with(&page, &page.errors)?)
}
