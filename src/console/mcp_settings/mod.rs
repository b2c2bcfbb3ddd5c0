//! System → AI Agent Connector → Settings: a form, and a page that says what its changes will do
//! before they are made. The confirmation is a page of its own, so that nothing needs script.

mod form;
mod page;

use actix_session::Session;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::settings::{Settings, changes};
use crate::error::{Error, ErrorCode, Result};
use crate::service::settings::{self, Edit};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::viewer::{Admin, ManageSettings, ViewSettings, Viewer};

use form::{Posted, Step};
use page::{confirmation, settings_page};

/// Where the screen is.
const PATH: &str = "/admin/mcp/settings";

/// `GET /admin/mcp/settings`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewSettings>,
) -> Result<HttpResponse, Failure> {
    let current = current(&ctx).await?;
    Ok(settings_page(&ctx, &request, &viewer, &current, &Posted::nothing(), Vec::new())?)
}

/// `POST /admin/mcp/settings`: checks what was entered, asks for confirmation, saves.
///
/// # Errors
/// A form that no page of ours makes; what is wrong with its values shows it again.
pub async fn save(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageSettings>,
    session: Session,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let posted = Posted::read(form.0)?;
    let becomes = match posted.becomes() {
        Ok(becomes) => becomes,
        Err(errors) => return Ok(again(&ctx, &request, &viewer, &posted, errors)?),
    };
    let edit = Edit { was: posted.was.clone(), becomes };
    if posted.step == Step::Edit {
        return Ok(again(&ctx, &request, &viewer, &posted, Vec::new())?);
    }
    if changes(&edit.was, &edit.becomes).is_empty() {
        flash::put(
            &session,
            Tone::Warn,
            "Nothing was changed: every setting has this value already.",
        );
        return Ok(see_other(PATH));
    }
    let done = match posted.step {
        Step::Confirm => confirm(&ctx, &viewer, &edit, &posted.password).await,
        _ => edit.check_against(&current(&ctx).await?).map(|()| false),
    };
    match done {
        Ok(true) => {
            flash::put(&session, Tone::Ok, page::told(&edit));
            Ok(see_other(PATH))
        }
        Ok(false) => Ok(confirmation(&ctx, &request, &viewer, &edit, None)?),
        Err(error) if error.code == ErrorCode::Conflict => {
            let current = current(&ctx).await?;
            Ok(settings_page(
                &ctx,
                &request,
                &viewer,
                &current,
                &posted.only_touched(),
                vec![error],
            )?)
        }
        Err(error) if is_of_the_password(error.code) => {
            // Whatever is wrong is put right in the password field, or is the throttle on it.
            let error = Error { param: error.param.or(Some("password".into())), ..error };
            let retry_after = error.retry_after;
            let mut response = confirmation(&ctx, &request, &viewer, &edit, Some(error))?;
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves what was confirmed.
async fn confirm(ctx: &Ctx, viewer: &Viewer, edit: &Edit, password: &str) -> Result<bool> {
    let proof = match edit.widens() {
        true => Some(login::reconfirm(ctx, &viewer.actor, password).await?),
        false => None,
    };
    settings::change(ctx, &viewer.actor, proof, edit.clone()).await?;
    Ok(true)
}

fn is_of_the_password(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::WrongPassword | ErrorCode::RateLimitExceeded)
}

/// The form as it was sent, with what is wrong.
fn again(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    posted: &Posted,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    settings_page(ctx, request, viewer, &posted.was, posted, errors)
}

async fn current(ctx: &Ctx) -> Result<Settings> {
    Ok(ctx.live_now().await?.settings.clone())
}
