//! Deleting a role, with another one for whoever has it.

use actix_session::Session;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{PATH, role_id};
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::steps::{Fields, counted, is_of_the_form, problem, status};
use crate::error::{Error, ErrorCode, Result};
use crate::service::mass::Fingerprint;
use crate::service::roles::{self, Deleted, Held};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageRoles, Viewer};

#[derive(Template)]
#[template(path = "role_delete.html")]
struct DeletePage {
    shell: Shell,
    errors: Vec<Error>,
    /// Those of the password's field.
    password_errors: Vec<Error>,
    held: Held,
    /// Who has it.
    holders: Fingerprint,
    /// Roles that people could get instead.
    others: Vec<Held>,
    to: String,
    username: String,
}

impl DeletePage {
    fn problem(&self, name: &str) -> Option<&str> {
        problem(&self.errors, name)
    }

    /// Whether the person who looks has the role.
    fn is_own(&self) -> bool {
        self.shell.user().is_some_and(|user| user.role_id == self.held.role.id)
    }

    fn is_chosen(&self, other: &Held) -> bool {
        self.to == other.role.id.to_string()
    }
}

/// `GET /admin/roles/{role}/delete`.
///
/// # Errors
/// `not_found`; `conflict` for a built-in role; `permission_denied` for one that allows more than the
/// own; or that the database cannot answer.
pub async fn confirm_delete(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageRoles>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let held = roles::by_id(&ctx, role_id(&path)?).await?;
    if held.role.built_in {
        let message =
            format!("{} is built in and stays. Its tools can be changed.", held.role.name);
        return Err(Error::new(ErrorCode::Conflict, message).into());
    }
    roles::stand_over(&ctx, &viewer.actor, &held.role).await?;
    Ok(page(&ctx, &request, &viewer, held, String::new(), Vec::new()).await?)
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    held: Held,
    to: String,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = status(&errors);
    let retry_after = errors.iter().find_map(|error| error.retry_after);
    let is_of_password = |error: &&Error| error.param.as_deref() == Some("password");
    let all = roles::list(ctx).await?.into_iter();
    let holders = roles::holders(ctx, held.role.id).await?;
    let template = DeletePage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        password_errors: errors
            .iter()
            .filter(is_of_password)
            .map(|error| Error::field("password", error.message.clone()))
            .collect(),
        errors,
        others: all.filter(|other| other.role.id != held.role.id).collect(),
        held: Held { people: holders.people, ..held },
        holders,
        to,
        username: viewer.user.email.clone(),
    };
    let mut response = render_with_status(&template, status)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// `POST /admin/roles/{role}/delete`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn delete(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageRoles>,
    session: Session,
    path: web::Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let held = roles::by_id(&ctx, role_id(&path)?).await?;
    let fields = Fields(form.0);
    let to = fields.one("to").to_owned();
    match carry_out(&ctx, &viewer, &held, &fields).await {
        Ok(deleted) => {
            let mut text = format!("Deleted the role {}.", deleted.name);
            if deleted.moved > 0 {
                let people = counted(&deleted.moved, "person has", "people have");
                text = format!("{text} {people} the role {} now.", deleted.to);
            }
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(errors) => {
            let errors = for_the_form(errors, is_of_the_form)?;
            // As it is now: that may be what is wrong.
            let held = roles::by_id(&ctx, held.role.id).await?;
            Ok(page(&ctx, &request, &viewer, held, to, errors).await?)
        }
    }
}

async fn carry_out(
    ctx: &Ctx,
    viewer: &Viewer,
    held: &Held,
    fields: &Fields,
) -> Result<Deleted, Vec<Error>> {
    let (to, password) = (fields.one("to"), fields.one("password"));
    let mut problems = Problems::default();
    let chosen = problems.keep(match held.people > 0 && to.is_empty() {
        true => {
            Err(Error::field("to", "Role: choose which one the people who have this role get."))
        }
        false => Ok(role_id(to).ok()),
    });
    let to = problems.unless(chosen, Password::Asked(password))?;
    let proof = login::reconfirm(ctx, &viewer.actor, password).await;
    let proof = proof.map_err(|error| vec![of_the_password(error)])?;
    // A number that cannot be read is none that was shown.
    let seen = |name| fields.one(name).parse().unwrap_or(-1);
    let seen = Fingerprint { people: seen("people"), ids: seen("ids") };
    let deleted = roles::delete(ctx, &viewer.actor, proof, held.role.id, to, seen).await;
    deleted.map_err(|error| vec![error])
}
