//! System → Plans: what each plan allows, and changing it in two steps.

mod delete;
mod edit;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::access::Permission;
use crate::domain::plan::LIMITS;
use crate::error::{Error, Result};
use crate::ids::PlanId;
use crate::service::Ctx;
use crate::service::plans::{self, Offered};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewAccounts};

pub use delete::{confirm_delete, delete};
pub use edit::{create, form, save, show};

/// Where the screen is.
const PATH: &str = "/admin/plans";

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    shell: Shell,
    may_change: bool,
    plans: Vec<Offered>,
}

/// `GET /admin/plans`.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewAccounts>,
) -> Result<HttpResponse, Failure> {
    let template = PlansPage {
        shell: Shell::new(&ctx, &request, &viewer),
        may_change: viewer.may(Permission::ManageAccounts),
        plans: plans::list(&ctx).await?,
    };
    Ok(render(&template)?)
}

/// The plan a path names. What cannot be an id is a plan that is not there.
fn plan_id(segment: &str) -> Result<PlanId> {
    segment.parse().map_err(|_| Error::not_found("There is no such plan."))
}
