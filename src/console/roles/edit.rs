//! Making, duplicating and changing a role: a form, then what it does and the password.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::form::{Typed, told, told_new};
use super::{PATH, role_id};
use crate::console::mcp_users::back::parameter;
use crate::console::steps::{
    Confirm, Fields, Step, counted, is_of_the_form, is_of_the_password, problem, status,
};
use crate::domain::access::Permission;
use crate::domain::role::{PERMISSION_GROUPS, RoleTerms, TOOL_TREE};
use crate::error::{Error, Result};
use crate::service::roles::{self, Held};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageRoles, ViewRoles, Viewer};

#[derive(Template)]
#[template(path = "role.html")]
struct RolePage {
    shell: Shell,
    errors: Vec<Error>,
    may_change: bool,
    /// The role; nothing while it is made.
    held: Option<Held>,
    /// What it said when the form was opened.
    was: String,
    typed: Typed,
}

impl RolePage {
    fn problem(&self, name: &str) -> Option<&str> {
        problem(&self.errors, name)
    }

    fn heading(&self) -> &str {
        self.held.as_ref().map_or("Make a role", |held| held.role.name.as_str())
    }

    fn action(&self) -> String {
        self.held
            .as_ref()
            .map_or_else(|| format!("{PATH}/new"), |held| format!("{PATH}/{}", held.role.id))
    }

    /// Whether name and permissions are for ever.
    fn is_built_in(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.role.built_in)
    }

    /// Whether the viewer can tick that box: nobody gives or takes what they do not have.
    fn may_tick(&self, permission: &Permission) -> bool {
        self.may_change && !self.is_built_in() && self.shell.may(*permission)
    }

    /// Whether a box that cannot be ticked is to be sent all the same.
    fn is_kept(&self, permission: &Permission) -> bool {
        self.may_change
            && !self.is_built_in()
            && !self.shell.may(*permission)
            && self.typed.has(permission)
    }
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    held: Option<Held>,
    was: String,
    typed: Typed,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = status(&errors);
    let template = RolePage {
        shell: Shell::new(ctx, request, viewer),
        may_change: viewer.may(Permission::ManageRoles),
        errors,
        held,
        was,
        typed,
    };
    render_with_status(&template, status)
}

fn text_of(terms: &RoleTerms) -> Result<String> {
    serde_json::to_string(terms).map_err(Error::internal)
}

/// `GET /admin/roles/new`; `from` names a role to start from.
///
/// # Errors
/// When the database cannot answer.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageRoles>,
) -> Result<HttpResponse, Failure> {
    let mut terms = RoleTerms {
        name: String::new(),
        description: String::new(),
        permissions: "[]".into(),
        tools: "[]".into(),
    };
    if let Ok(from) = role_id(&parameter(request.query_string(), "from")) {
        let role = roles::by_id(&ctx, from).await?.role;
        terms = RoleTerms { name: format!("{} (copy)", role.name), ..role.terms() };
    }
    let mut typed = Typed::of(&terms);
    // What the viewer cannot give is not offered as if they could.
    typed.permissions.retain(|permission| viewer.may(*permission));
    Ok(page(&ctx, &request, &viewer, None, String::new(), typed, Vec::new())?)
}

/// `GET /admin/roles/{role}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewRoles>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let held = roles::by_id(&ctx, role_id(&path)?).await?;
    let terms = held.role.terms();
    let (was, typed) = (text_of(&terms)?, Typed::of(&terms));
    Ok(page(&ctx, &request, &viewer, Some(held), was, typed, Vec::new())?)
}

/// `POST /admin/roles/new`.
///
/// # Errors
/// That the database cannot answer; what is wrong with the form shows it again.
pub async fn create(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageRoles>,
    session: Session,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let fields = Fields(form.0);
    let typed = Typed::read(&fields);
    let again = |typed, errors| page(&ctx, &request, &viewer, None, String::new(), typed, errors);
    let terms = match typed.terms(None) {
        Ok(terms) => terms,
        Err(errors) => return Ok(again(typed, errors)?),
    };
    let confirm = |error| {
        let page = Confirm {
            heading: format!("Make the role {}?", terms.name),
            crumbs: vec![("User Roles".into(), PATH.into())],
            changes: told_new(&terms),
            action: format!("{PATH}/new"),
            fields: Typed::fields(&terms),
            verb: "Make the role",
            ..Confirm::new(&ctx, &request, &viewer, PATH)
        };
        page.answer(error)
    };
    match fields.step() {
        Step::Edit => return Ok(again(typed, Vec::new())?),
        Step::Ask => return Ok(confirm(None)?),
        Step::Confirm => {}
    }
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => roles::create(&ctx, &viewer.actor, proof, terms.clone()).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => {
            let text =
                format!("Made the role {}. People get it on their page in All Users.", terms.name);
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_password(&error) => Ok(confirm(Some(error))?),
        Err(error) if is_of_the_form(&error) => Ok(again(typed, vec![error])?),
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/roles/{role}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn save(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageRoles>,
    session: Session,
    path: web::Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let held = roles::by_id(&ctx, role_id(&path)?).await?;
    let fields = Fields(form.0);
    let was: RoleTerms = serde_json::from_str(fields.one("was"))
        .map_err(|_| Error::field("was", "This form is not of this page. Open the role again."))?;
    let (id, name, people) = (held.role.id, held.role.name.clone(), held.people);
    let current = held.role.terms();
    let was_text = text_of(&was)?;
    let mut typed = Typed::read(&fields);
    if held.role.built_in {
        let fixed = Typed::of(&current);
        (typed.name, typed.description) = (fixed.name, fixed.description);
        typed.permissions = fixed.permissions;
    }
    let again = |typed, errors| {
        page(&ctx, &request, &viewer, Some(held.clone()), was_text.clone(), typed, errors)
    };
    let becomes = match typed.terms(Some(&current).filter(|_| held.role.built_in)) {
        Ok(becomes) => becomes,
        Err(errors) => return Ok(again(typed, errors)?),
    };
    if fields.step() == Step::Edit {
        return Ok(again(typed, Vec::new())?);
    }
    if was == becomes {
        flash::put(&session, Tone::Warn, "Nothing was changed: the role says so already.");
        return Ok(see_other(PATH));
    }
    let is_own = viewer.user.role == name;
    let confirm = |error| {
        let mut fields = Typed::fields(&becomes);
        fields.push(("was", was_text.clone()));
        let page = Confirm {
            heading: format!("Change the role {name}?"),
            crumbs: vec![
                ("User Roles".into(), PATH.into()),
                (name.clone(), format!("{PATH}/{id}")),
            ],
            changes: told(&was, &becomes, people, is_own),
            action: format!("{PATH}/{id}"),
            fields,
            cancel: format!("{PATH}/{id}"),
            ..Confirm::new(&ctx, &request, &viewer, PATH)
        };
        page.answer(error)
    };
    if fields.step() == Step::Ask {
        return Ok(confirm(None)?);
    }
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => {
            roles::change(&ctx, &viewer.actor, proof, id, was.clone(), becomes.clone()).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => {
            let whom = counted(&people, "person", "people");
            let text = format!(
                "Changed the role {}. It counts from the next request of {whom}.",
                becomes.name
            );
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_password(&error) => Ok(confirm(Some(error))?),
        Err(error) if is_of_the_form(&error) => Ok(again(typed, vec![error])?),
        Err(error) => Err(error.into()),
    }
}
