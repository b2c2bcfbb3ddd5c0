//! Deleting a plan that nobody is on.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{PATH, plan_id};
use crate::console::steps::{Change, Confirm, Fields, is_of_the_form};
use crate::error::{Error, ErrorCode, Result};
use crate::service::plans::{self, Offered};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::viewer::{Admin, ManageAccounts, Viewer};

/// `GET /admin/plans/{plan}/delete`.
///
/// # Errors
/// `not_found`; `conflict` for a plan that cannot be deleted; or that the database cannot answer.
pub async fn confirm_delete(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let offered = plans::by_id(&ctx, plan_id(&path)?).await?;
    if offered.built_in || offered.accounts > 0 {
        let why = match offered.built_in {
            true => "It is built in and stays. Its limits can be changed.",
            false => "Accounts are on it. Put them on another plan first.",
        };
        let message = format!("{} cannot be deleted. {why}", offered.plan.name);
        return Err(Error::new(ErrorCode::Conflict, message).into());
    }
    Ok(ask(&ctx, &request, &viewer, &offered, None)?)
}

fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    offered: &Offered,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let page = Confirm {
        heading: format!("Delete the plan {}?", offered.plan.name),
        crumbs: vec![("Plans".into(), PATH.into())],
        changes: vec![
            Change::note("No account is on it, so nobody notices."),
            Change::note(
                "What it allowed is kept in the audit log. It cannot be brought back, only made anew.",
            ),
        ],
        action: format!("{PATH}/{}/delete", offered.plan.id),
        verb: "Delete the plan",
        is_dangerous: true,
        has_form: false,
        ..Confirm::new(ctx, request, viewer, PATH)
    };
    page.answer(error)
}

/// `POST /admin/plans/{plan}/delete`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a wrong password shows the page again.
pub async fn delete(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
    session: Session,
    path: web::Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let offered = plans::by_id(&ctx, plan_id(&path)?).await?;
    let fields = Fields(form.0);
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => plans::delete(&ctx, &viewer.actor, proof, offered.plan.id).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(name) => {
            flash::put(&session, Tone::Ok, format!("Deleted the plan {name}."));
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_form(&error) => {
            Ok(ask(&ctx, &request, &viewer, &offered, Some(error))?)
        }
        Err(error) => Err(error.into()),
    }
}
