//! `/login/verify`: the code that completes a sign-in.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::login::{Way, destination};
use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, ErrorCode, Result};
use crate::service::two_factor::{self, Factor};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::session;
use crate::web::viewer::Visitor;

/// Where the page is.
pub(super) const PATH: &str = "/login/verify";

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    shell: Shell,
    errors: Vec<Error>,
    way: Way,
}

/// `GET /login/verify`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    session: Session,
    way: web::Query<Way>,
) -> Result<HttpResponse, Failure> {
    let way = way.into_inner();
    if session::pending(&session, ctx.clock.now()).is_none() {
        return Ok(see_other(&way.to("/login")));
    }
    Ok(page(&ctx, &request, way, Vec::new())?)
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct VerifyForm {
    code: String,
    #[serde(flatten)]
    way: Way,
}

/// `POST /login/verify`.
///
/// # Errors
/// When the form is not ours or the database cannot answer; a wrong code shows the form again.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    session: Session,
    visitor: Visitor,
    form: Form<VerifyForm>,
) -> Result<HttpResponse, Failure> {
    let VerifyForm { code, way } = form.0;
    let now = ctx.clock.now();
    let Some(user) = session::pending(&session, now) else {
        return Ok(see_other(&way.to("/login")));
    };
    match login::second_factor(&ctx, &visitor.actor, user, &code).await {
        // The password was changed since it was given.
        Ok((user, _)) if !session::has_password_of(&session, &user) => {
            session.purge();
            Ok(see_other(&way.to("/login")))
        }
        Ok((user, factor)) => {
            session::begin(&session, &request, &user, now)?;
            if factor == Factor::RecoveryCode {
                let left = two_factor::codes_left(&ctx, user.id).await?;
                let text = format!(
                    "You signed in with a recovery code, which no longer works. {left} are left; make new ones under Account Setting."
                );
                flash::put(&session, Tone::Warn, text);
            }
            Ok(see_other(&destination(&way)))
        }
        Err(error) if error.code == ErrorCode::SignInRequired => {
            session.purge();
            Ok(see_other(&way.to("/login")))
        }
        Err(error) if is_of_the_form(&error) => {
            let error = Error { param: error.param.or(Some("code".into())), ..error };
            Ok(page(&ctx, &request, way, vec![error])?)
        }
        Err(error) => Err(error.into()),
    }
}

fn page(ctx: &Ctx, request: &HttpRequest, way: Way, errors: Vec<Error>) -> Result<HttpResponse> {
    let template = VerifyPage { shell: Shell::gate(ctx, request), errors, way };
    form_with(&template, &template.errors)
}
