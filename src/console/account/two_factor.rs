//! `/account/two-factor`: turning two-factor sign-in on and off, and recovery codes.

use actix_session::{Session, SessionExt};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::PATH;
use super::qr::Picture;
use crate::console::problems::of_the_password;
use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::PlainSecret;
use crate::service::forms::Once;
use crate::service::two_factor::{self as service, SetUp};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

/// What is confirmed with the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    SetUp,
    TurnOff,
    Codes,
}

#[derive(Template)]
#[template(path = "account_two_factor.html")]
struct ActPage {
    shell: Shell,
    errors: Vec<Error>,
    act: Act,
    /// Random text of this form: one form makes codes once.
    once: Once,
    username: String,
    codes_left: i64,
}

#[derive(Template)]
#[template(path = "account_two_factor_key.html")]
struct KeyPage {
    shell: Shell,
    errors: Vec<Error>,
    picture: Picture,
    key: String,
    sealed: String,
}

#[derive(Template)]
#[template(path = "account_recovery_codes.html")]
struct CodesPage {
    shell: Shell,
    codes: String,
    /// Two-factor sign-in has just been turned on.
    is_new: bool,
}

/// The form of what is confirmed with the password.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActForm {
    password: String,
    once: Once,
}

/// `GET /account/two-factor`: begins to set up, or leads to what can be done with what is set up.
///
/// # Errors
/// When the database cannot answer.
pub async fn two_factor(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(page(&ctx, &request, &viewer, Act::SetUp, None).await?)
}

/// `GET /account/two-factor/off`.
///
/// # Errors
/// When the database cannot answer.
pub async fn ask_turn_off(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(page(&ctx, &request, &viewer, Act::TurnOff, None).await?)
}

/// `GET /account/two-factor/codes`.
///
/// # Errors
/// When the database cannot answer.
pub async fn ask_codes(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(page(&ctx, &request, &viewer, Act::Codes, None).await?)
}

/// `POST /account/two-factor`: shows the secret to the app. It counts once a code has come back.
///
/// # Errors
/// When the database cannot answer; a wrong password shows the form again.
pub async fn set_up_two_factor(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let set_up = match login::confirm_anew(&ctx, &viewer.actor, &form.0.password).await {
        Ok(proof) => service::set_up(&ctx, proof).await,
        Err(error) => Err(of_the_password(error)),
    };
    match set_up {
        Ok(set_up) => Ok(key_page(&ctx, &request, &viewer, set_up, Vec::new())?),
        Err(error) => refused(&ctx, &request, &viewer, Act::SetUp, error).await,
    }
}

/// The form with the first code.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct KeyForm {
    sealed: String,
    code: String,
}

/// `POST /account/two-factor/on`: answers with the recovery codes, this once.
///
/// # Errors
/// `form_expired`, `conflict`, or that the database cannot answer; a wrong code shows the form again.
pub async fn turn_on_two_factor(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<KeyForm>,
) -> Result<HttpResponse, Failure> {
    let KeyForm { sealed, code } = form.0;
    match service::turn_on(&ctx, &viewer.actor, &sealed, &code).await {
        Ok(codes) => Ok(codes_page(&ctx, &request, &viewer, &codes, true)?),
        Err(error) if is_of_the_form(&error) => {
            let set_up = service::set_up_again(&ctx, &viewer.actor, &sealed).await?;
            Ok(key_page(&ctx, &request, &viewer, set_up, vec![error])?)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/two-factor/off`.
///
/// # Errors
/// When the database cannot answer; a wrong password shows the form again.
pub async fn turn_off_two_factor(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    session: Session,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let done = match login::confirm_anew(&ctx, &viewer.actor, &form.0.password).await {
        Ok(proof) => service::turn_off(&ctx, &viewer.actor, proof).await,
        Err(error) => Err(of_the_password(error)),
    };
    let (tone, text) = match done {
        Ok(true) => (Tone::Ok, "Two-factor sign-in is off. Your password alone is enough now."),
        Ok(false) => (Tone::Warn, "Two-factor sign-in was off already. Nothing was changed."),
        Err(error) => return refused(&ctx, &request, &viewer, Act::TurnOff, error).await,
    };
    flash::put(&session, tone, text);
    Ok(see_other(PATH))
}

/// `POST /account/two-factor/codes`: answers with new recovery codes, this once.
///
/// # Errors
/// When the database cannot answer; a wrong password shows the form again.
pub async fn renew_codes(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    match made_anew(&ctx, &viewer, &form.0).await {
        Ok(codes) => Ok(codes_page(&ctx, &request, &viewer, &codes, false)?),
        Err(error) => refused(&ctx, &request, &viewer, Act::Codes, error).await,
    }
}

async fn made_anew(ctx: &Ctx, viewer: &Viewer, form: &ActForm) -> Result<Vec<PlainSecret>> {
    let proof = login::confirm_anew(ctx, &viewer.actor, &form.password).await;
    let proof = proof.map_err(of_the_password)?;
    service::renew_codes(ctx, &viewer.actor, proof, form.once.clone()).await
}

async fn refused(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    act: Act,
    error: Error,
) -> Result<HttpResponse, Failure> {
    if is_of_the_form(&error) || error.code == ErrorCode::Conflict {
        return Ok(page(ctx, request, viewer, act, Some(error)).await?);
    }
    Err(error.into())
}

fn shell(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer) -> Shell {
    Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) }
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    act: Act,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let is_on = viewer.user.two_factor_at.is_some();
    // What is on is not set up again, and of what is off there is nothing to end or renew.
    if is_on == (act == Act::SetUp) {
        if let Some(error) = error {
            flash::put(&request.get_session(), Tone::Warn, error.message);
        }
        return Ok(see_other("/account#two-factor"));
    }
    let template = ActPage {
        shell: shell(ctx, request, viewer),
        errors: error.into_iter().collect(),
        act,
        once: Once::fresh(),
        username: viewer.user.email.clone(),
        codes_left: service::codes_left(ctx, viewer.user.id).await?,
    };
    form_with(&template, &template.errors)
}

fn key_page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    set_up: SetUp,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let template = KeyPage {
        shell: shell(ctx, request, viewer),
        errors,
        picture: Picture::of(set_up.uri.expose())?,
        key: set_up.key.expose().to_owned(),
        sealed: set_up.sealed,
    };
    form_with(&template, &template.errors)
}

fn codes_page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    codes: &[PlainSecret],
    is_new: bool,
) -> Result<HttpResponse> {
    let codes: Vec<&str> = codes.iter().map(PlainSecret::expose).collect();
    render(&CodesPage { shell: shell(ctx, request, viewer), codes: codes.join("\n"), is_new })
}
