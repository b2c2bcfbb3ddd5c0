//! The tab User Info, and changing name and address.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::place::was;
use super::{Tab, href, page};
use crate::clock::Timestamp;
use crate::console::accounts::AccountField;
use crate::console::mcp_users::user_id;
use crate::console::problems::{Password, Problems, of_the_password};
use crate::console::users::{form_with, is_of_the_form};
use crate::error::{Error, Result};
use crate::ids::RoleId;
use crate::service::directory;
use crate::service::forms::Once;
use crate::service::people::{self, edit, fields, invite};
use crate::service::{Ctx, login};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::viewer::{Admin, ManageUsers, Viewer};

/// The tab.
pub(super) struct InfoTab {
    /// Name as typed.
    pub name: String,
    /// Address as typed.
    pub email: String,
    /// Role as chosen.
    pub role: String,
    /// Account as chosen.
    pub account: AccountField,
    /// Role and account as they are.
    pub was: String,
    /// Roles to choose from.
    pub roles: Vec<(RoleId, String)>,
    /// Whose password is asked for.
    pub username: String,
    /// Random text of the form that invites again: it makes one link.
    pub once: Once,
    /// Until when the invitation works, if it still does.
    pub invited_until: Option<Timestamp>,
    /// Whether it is the person who looks.
    pub is_own: bool,
}

impl InfoTab {
    /// Reads it.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn load(ctx: &Ctx, viewer: &Viewer, user: &UserRow) -> Result<Self> {
        Ok(Self {
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role_id.to_string(),
            account: AccountField::load(ctx, Some(user.account_id)).await?,
            was: was(user),
            roles: directory::roles(ctx).await?,
            username: viewer.user.email.clone(),
            once: Once::fresh(),
            invited_until: invite::works_until(ctx, user.id).await?,
            is_own: user.id == viewer.user.id,
        })
    }

    /// Whether that role is the one chosen.
    pub fn is_role(&self, id: &RoleId) -> bool {
        self.role == id.to_string()
    }

    /// Whether a role that there is still is chosen.
    pub fn has_role(&self) -> bool {
        self.roles.iter().any(|(id, _)| self.is_role(id))
    }
}

/// The form of name and address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DetailsForm {
    name: String,
    email: String,
    password: String,
}

/// Asks for the password before an address is changed.
#[derive(Template)]
#[template(path = "user_address.html")]
struct AddressPage {
    shell: Shell,
    errors: Vec<Error>,
    user: UserRow,
    name: String,
    email: String,
    username: String,
}

/// `POST /admin/users/{user}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn save(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<DetailsForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let DetailsForm { name, email, password } = form.0;
    let is_first = password.is_empty();
    let mut problems = Problems::default();
    let checked = problems.keep(fields::their_name(&name));
    let checked = checked.zip(problems.keep(fields::address(&email)));
    if let Err(errors) = problems.unless(checked, Password::NotAsked) {
        return details_again(&ctx, &request, &viewer, user, (name, email), errors).await;
    }
    match details(&ctx, &viewer, &user, &name, &email, &password).await {
        Err(error) if error.param.as_deref() == Some("password") => {
            // Whoever has not been asked yet has made no mistake.
            let errors: Vec<Error> = if is_first { Vec::new() } else { vec![error] };
            let shell = Shell { path: href(&user, ""), ..Shell::new(&ctx, &request, &viewer) };
            let username = viewer.user.email.clone();
            let page = AddressPage { shell, errors, user, name, email, username };
            Ok(form_with(&page, &page.errors)?)
        }
        Ok(is_changed) => {
            told(&session, is_changed, "Saved name and e-mail address.");
            Ok(see_other(&href(&user, "")))
        }
        Err(error) if is_of_the_form(&error) => {
            details_again(&ctx, &request, &viewer, user, (name, email), vec![error]).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The tab with the name and address that were typed, and what is wrong with them.
async fn details_again(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserRow,
    (name, email): (String, String),
    errors: Vec<Error>,
) -> Result<HttpResponse, Failure> {
    let tab = InfoTab { name, email, ..InfoTab::load(ctx, viewer, &user).await? };
    Ok(page(ctx, request, viewer, user, Tab::Info(tab), errors).await?)
}

/// Saves name and address; only a new address, that may be had, needs the password.
async fn details(
    ctx: &Ctx,
    viewer: &Viewer,
    user: &UserRow,
    name: &str,
    email: &str,
    password: &str,
) -> Result<bool> {
    let unproven = edit::details(ctx, &viewer.actor, None, user.id, name, email).await;
    match unproven {
        Err(error) if error.param.as_deref() == Some("password") => {}
        done => return done,
    }
    let proof = login::reconfirm(ctx, &viewer.actor, password).await.map_err(of_the_password)?;
    edit::details(ctx, &viewer.actor, Some(proof), user.id, name, email).await
}

/// Says what was saved.
pub(super) fn told(session: &Session, is_changed: bool, text: &str) {
    match is_changed {
        true => flash::put(session, Tone::Ok, text),
        false => flash::put(session, Tone::Warn, "Nothing was different. Nothing was changed."),
    }
}
