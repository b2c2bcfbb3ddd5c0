//! System → Permissions → User Roles: what each role allows, and changing it in two steps.

mod delete;
mod edit;
mod form;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::access::{PERMISSIONS, Permission};
use crate::domain::role::{parse_tools, titles};
use crate::domain::tool::TOOLS;
use crate::error::{Error, Result};
use crate::ids::RoleId;
use crate::service::Ctx;
use crate::service::roles::{self, Held};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewRoles};

pub use delete::{confirm_delete, delete};
pub use edit::{create, form, save, show};

/// Where the screen is.
const PATH: &str = "/admin/roles";

#[derive(Template)]
#[template(path = "roles.html")]
struct RolesPage {
    shell: Shell,
    may_change: bool,
    roles: Vec<Held>,
}

impl RolesPage {
    /// What a role allows in the console, in short.
    fn permissions(&self, held: &Held) -> String {
        let permissions = held.role.terms().permissions();
        match permissions.len() {
            0 => "Only what is their own".into(),
            all if all == PERMISSIONS.len() => "Everything".into(),
            _ => titles(&permissions).join(", "),
        }
    }

    /// Whether the person who looks may delete it: it allows nothing that their own role does not.
    fn may_delete(&self, held: &Held) -> bool {
        let permissions = held.role.terms().permissions();
        !held.role.built_in && permissions.iter().all(|permission| self.shell.may(*permission))
    }

    /// Which tools it allows, in short.
    fn tools(&self, held: &Held) -> String {
        let tools = parse_tools(&held.role.tools);
        match tools.len() {
            0 => "None".into(),
            all if all == TOOLS.len() => format!("All {all}"),
            some => format!("{some} of {}", TOOLS.len()),
        }
    }
}

/// `GET /admin/roles`.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewRoles>,
) -> Result<HttpResponse, Failure> {
    let template = RolesPage {
        shell: Shell::new(&ctx, &request, &viewer),
        may_change: viewer.may(Permission::ManageRoles),
        roles: roles::list(&ctx).await?,
    };
    Ok(render(&template)?)
}

/// The role a path names. What cannot be an id is a role that is not there.
fn role_id(segment: &str) -> Result<RoleId> {
    segment.parse().map_err(|_| Error::not_found("There is no such role."))
}
