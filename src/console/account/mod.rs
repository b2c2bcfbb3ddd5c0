//! Account Setting: what a person can change about themselves.

mod address;
mod confirmation;
mod password;
mod qr;
mod sessions;
mod two_factor;

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::console::problems::{Password, Problems, for_the_form};
use crate::console::user_edit::SessionsTab;
use crate::console::users::{form_with, is_of_the_form};
use crate::domain::time_zone;
use crate::error::{Error, Result};
use crate::service::people::{fields, own};
use crate::service::{Ctx, connections, directory};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::viewer::Viewer;

pub use address::{ask_email, confirm_email, email_form, email_link};
pub use confirmation::{end_window, window};
pub use password::{password_form, set_password};
pub use sessions::{end_others, end_session};
pub use two_factor::{
    ask_codes, ask_turn_off, renew_codes, set_up_two_factor, turn_off_two_factor,
    turn_on_two_factor, two_factor,
};

/// The page.
pub(crate) const PATH: &str = "/account";

#[derive(Template)]
#[template(path = "account_setting.html")]
struct AccountPage {
    shell: Shell,
    now: Timestamp,
    errors: Vec<Error>,
    user: UserRow,
    account: String,
    /// Name as typed.
    name: String,
    /// Zone as chosen.
    zone: String,
    zones: Vec<&'static str>,
    /// Connections that work.
    connections: usize,
    codes_left: i64,
    sessions: SessionsTab,
}

/// The form of name and zone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    name: String,
    time_zone: String,
}

/// `GET /account`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let name = viewer.user.name.clone();
    let time_zone = viewer.user.time_zone.clone().unwrap_or_default();
    Ok(page(&ctx, &request, &viewer, ProfileForm { name, time_zone }, Vec::new()).await?)
}

/// `POST /account`: name and time zone.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn save(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    session: Session,
    form: Form<ProfileForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    match profile(&ctx, &viewer, &form).await {
        Ok(true) => flash::put(&session, Tone::Ok, "Saved your profile."),
        Ok(false) => {
            flash::put(&session, Tone::Warn, "Nothing was different. Nothing was changed.");
        }
        Err(errors) => {
            let errors = for_the_form(errors, is_of_the_form)?;
            return Ok(page(&ctx, &request, &viewer, form, errors).await?);
        }
    }
    Ok(see_other(PATH))
}

async fn profile(ctx: &Ctx, viewer: &Viewer, form: &ProfileForm) -> Result<bool, Vec<Error>> {
    let mut problems = Problems::default();
    let name = problems.keep(fields::own_name(&form.name));
    let zone = problems.keep(fields::zone(&form.time_zone));
    let (name, _) = problems.unless(name.zip(zone), Password::NotAsked)?;
    own::profile(ctx, &viewer.actor, viewer.user.id, &name, &form.time_zone)
        .await
        .map_err(|error| vec![error])
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    form: ProfileForm,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let user = viewer.user.clone();
    let template = AccountPage {
        shell: Shell::new(ctx, request, viewer),
        now: ctx.clock.now(),
        errors,
        account: directory::account_name(ctx, user.account_id).await?,
        name: form.name,
        zone: form.time_zone,
        zones: time_zone::names(),
        connections: connections::own(ctx, user.id, false).await?.live.len(),
        codes_left: crate::service::two_factor::codes_left(ctx, user.id).await?,
        sessions: SessionsTab::load(ctx, viewer, &user).await?,
        user,
    };
    form_with(&template, &template.errors)
}

/// A form without fields of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Nothing {}
