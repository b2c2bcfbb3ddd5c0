//! `/admin/users/new`: lets somebody in, by an invitation or with a password that is told to them.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{form_with, is_of_the_form, problems_of, shown_once};
use crate::console::accounts::{self, AccountField};
use crate::console::mcp_users::back::parameter;
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::domain::access::{MEMBER, Permission};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, RoleId};
use crate::service::directory;
use crate::service::people::admit::{self, Admission, Admitted};
use crate::service::people::fields;
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, exact, see_other};
use crate::web::viewer::{Admin, ManageUsers, Viewer};

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    name: String,
    email: String,
    account: String,
    account_name: String,
    role: String,
    mcp: String,
    how: String,
    new_password: String,
    password: String,
}

/// Roles to choose from.
type Roles = Vec<(RoleId, String)>;

#[derive(Template)]
#[template(path = "user_new.html")]
struct NewPage {
    shell: Shell,
    errors: Vec<Error>,
    form: NewForm,
    roles: Roles,
    account: AccountField,
    username: String,
    /// Whether mail goes out; else the link is shown.
    has_mail: bool,
}

impl NewPage {
    fn problem(&self, name: &str) -> Option<&str> {
        problems_of(&self.errors, name).first().map(|error| error.message.as_ref())
    }

    /// Whether that role is the one chosen.
    fn is_role(&self, id: &RoleId) -> bool {
        self.form.role == id.to_string()
    }

    fn has_role(&self) -> bool {
        self.roles.iter().any(|(id, _)| self.is_role(id))
    }

    fn password_problems(&self) -> Vec<&Error> {
        problems_of(&self.errors, "password")
    }
}

/// `GET /admin/users/new?account=`.
///
/// # Errors
/// When the database cannot answer.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
) -> Result<HttpResponse, Failure> {
    let roles = directory::roles(&ctx).await?;
    let account = parameter(request.query_string(), "account").parse().map(AccountId).ok();
    let account = AccountField::load(&ctx, account).await?;
    let form = NewForm {
        role: member(&roles).map(|id| id.to_string()).unwrap_or_default(),
        mcp: "yes".into(),
        how: "invite".into(),
        ..NewForm::default()
    };
    Ok(page(&ctx, &request, &viewer, (roles, account), form, Vec::new())?)
}

fn member(roles: &Roles) -> Option<RoleId> {
    roles.iter().find(|(_, name)| name == MEMBER.name).map(|(id, _)| *id)
}

/// `POST /admin/users/new`.
///
/// # Errors
/// That the database cannot answer; what is wrong with the form shows it again.
pub async fn create(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    form: Form<NewForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    let roles = directory::roles(&ctx).await?;
    match admit(&ctx, &viewer, &roles, &form).await {
        Ok(admitted) => Ok(told(&ctx, &request, &viewer, &session, admitted)?),
        Err(errors) => {
            let errors = for_the_form(errors, is_of_the_form)?;
            let account = AccountField::again(&ctx, &form.account, &form.account_name).await?;
            Ok(page(&ctx, &request, &viewer, (roles, account), form, errors)?)
        }
    }
}

/// What the form asks for, checked before the own password, whose failures count.
fn read(
    viewer: &Viewer,
    roles: &Roles,
    form: &NewForm,
    account: Result<AccountId>,
    is_free: Result<()>,
) -> Result<Admission, Vec<Error>> {
    let mut problems = Problems::default();
    let invites = form.how == "invite";
    let email =
        problems.keep(fields::address(&form.email).and_then(|email| is_free.map(|()| email)));
    // Who is invited may be left to choose a name.
    let name = match form.name.trim() {
        "" if invites => Some(String::new()),
        name => problems.keep(fields::their_name(name)),
    };
    let account = problems.keep(account);
    let role = match viewer.may(Permission::ManageRoles) {
        true => form.role.parse().map(RoleId).ok(),
        false => member(roles),
    };
    let role =
        problems.keep(role.ok_or_else(|| Error::field("role", "Role: choose one of the list.")));
    let password = problems.keep(match form.how.as_str() {
        "invite" => Ok(None),
        "password" => fields::password("new_password", &form.new_password, &form.email, &form.name)
            .map(|()| Some(form.new_password.clone())),
        _ => Err(Error::field("how", "Sign-in: choose how they get in.")),
    });
    let own = match role != member(roles) {
        true => Password::Asked(&form.password),
        false => Password::NotAsked,
    };
    let wanted = email.zip(name).zip(account).zip(role).zip(password);
    let ((((email, name), account), role), password) = problems.unless(wanted, own)?;
    let mcp_enabled = form.mcp == "yes" && viewer.may(Permission::ManageMcpAccess);
    Ok(Admission { email, name, role, account, mcp_enabled, password })
}

async fn admit(
    ctx: &Ctx,
    viewer: &Viewer,
    roles: &Roles,
    form: &NewForm,
) -> Result<Admitted, Vec<Error>> {
    let account = accounts::chosen(ctx, &form.account, &form.account_name).await;
    let is_free = admit::is_free(ctx, &form.email).await;
    let admission = read(viewer, roles, form, account, is_free)?;
    let proof = match Some(admission.role) != member(roles) {
        true => Some(
            login::reconfirm(ctx, &viewer.actor, &form.password)
                .await
                .map_err(|error| vec![of_the_password(error)])?,
        ),
        false => None,
    };
    admit::admit(ctx, &viewer.actor, proof, admission).await.map_err(|error| vec![error])
}

fn told(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    session: &Session,
    admitted: Admitted,
) -> Result<HttpResponse> {
    let user = admitted.user;
    match admitted.link {
        Some(link) if !link.is_mailed => {
            let heading = format!("{} is invited", user.email);
            return shown_once(ctx, request, viewer, user.id, heading, "invitation", &link);
        }
        Some(link) => {
            let until = exact(&link.until);
            let text =
                format!("Invited {} by mail. The link works once, until {until}.", user.email);
            flash::put(session, Tone::Ok, text);
        }
        None => flash::put(
            session,
            Tone::Ok,
            format!("{} can sign in now. Tell them the password in a safe way.", user.name),
        ),
    }
    Ok(see_other(&format!("/admin/users/{}", user.id)))
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    (roles, account): (Roles, AccountField),
    form: NewForm,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let template = NewPage {
        shell: Shell::new(ctx, request, viewer),
        errors,
        form,
        roles,
        account,
        username: viewer.user.email.clone(),
        has_mail: ctx.config.smtp.is_some(),
    };
    form_with(&template, &template.errors)
}

/// Whether the address is somebody's already.
fn is_known(errors: &[Error]) -> bool {
    errors
        .iter()
        .any(|error| error.code == ErrorCode::Conflict && error.param.as_deref() == Some("email"))
}
