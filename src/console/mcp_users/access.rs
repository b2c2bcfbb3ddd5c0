//! Turning a person's MCP access on and off, confirmed with the administrator's own password.

use actix_session::Session;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::back::{Back, parameter};
use super::tokens::{Live, clients_in_words, lines};
use super::user_id;
use crate::console::user_edit;
use crate::error::{Error, ErrorCode, Result};
use crate::service::access::{self, Authority, Changed};
use crate::service::{Ctx, connections, login, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{Tone, put_audited};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageMcpAccess, Viewer};

#[derive(Template)]
#[template(path = "mcp_user_access.html")]
struct AccessPage {
    shell: Shell,
    errors: Vec<Error>,
    user: UserRow,
    /// What is asked for.
    enable: bool,
    /// The reason as typed.
    reason: String,
    /// It is to be turned off and is the own, which cannot be.
    is_own: bool,
    /// It is so already.
    is_idle: bool,
    live: Live,
    clients: String,
    /// Whose password is asked for.
    username: String,
    back: Back,
}

/// `GET /admin/mcp/users/{user}/access`: asks whether to turn access on (`enabled=yes`) or off
/// (`enabled=no`); without either, to turn it to the other state.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_access(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageMcpAccess>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let query = request.query_string();
    let enable = yes_or_no(&parameter(query, "enabled")).unwrap_or(!user.mcp_enabled);
    Ok(ask(&ctx, &request, &viewer, user, (enable, String::new()), Back::of_query(query), None)
        .await?)
}

/// The form of the confirmation, and of the person's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AccessForm {
    enabled: String,
    /// What the person's page showed.
    was: String,
    reason: String,
    password: String,
    from: String,
    back: String,
}

/// `POST /admin/mcp/users/{user}/access`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn set_access(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageMcpAccess>,
    session: Session,
    path: web::Path<String>,
    form: Form<AccessForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let back = Back::parse(&form.0.from, &form.0.back);
    match change(&ctx, &viewer, &user, &form.0).await {
        Ok(changed) => {
            let (tone, text) = told(&changed, &user);
            put_audited(&session, &viewer, tone, text);
            Ok(see_other(&back.href(&user.id)))
        }
        Err(error) if is_of_the_form(error.code) => {
            let error = match error.code {
                ErrorCode::Conflict => error,
                // Whatever else is wrong is put right in the password field, or is the throttle on it.
                _ => Error { param: error.param.or(Some("password".into())), ..error },
            };
            // What was left as it was shown is shown as it is now.
            let wanted = yes_or_no(&form.0.enabled).filter(|_| form.0.enabled != form.0.was);
            let (status, retry_after) = (error.code.status(), error.retry_after);
            // The confirmation says nothing of what was.
            let mut response = if form.0.was.is_empty() {
                let enable = wanted.unwrap_or(!user.mcp_enabled);
                let typed = (enable, form.0.reason);
                ask(&ctx, &request, &viewer, user, typed, back, Some(error)).await?
            } else {
                let typed = (wanted, form.0.reason);
                user_edit::show_again(&ctx, &request, &viewer, user, typed, error).await?
            };
            *response.status_mut() =
                actix_web::http::StatusCode::from_u16(status).map_err(Error::internal)?;
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

async fn change(ctx: &Ctx, viewer: &Viewer, user: &UserRow, form: &AccessForm) -> Result<Changed> {
    let enabled = yes_or_no(&form.enabled)
        .ok_or_else(|| Error::field("enabled", "MCP Access: choose Enabled or Disabled."))?;
    let actor = access::because(&viewer.actor, &form.reason)?;
    let proof = login::reconfirm(ctx, &viewer.actor, &form.password).await?;
    if form.was == form.enabled {
        // Nothing else was chosen, so nothing that somebody else did meanwhile is undone.
        let (is_as_shown, name) = (user.mcp_enabled == enabled, &user.name);
        let state = if user.mcp_enabled { "enabled" } else { "disabled" };
        let told = format!(
            "Somebody changed this meanwhile: MCP access of {name} is {state} now. Nothing was changed."
        );
        return match is_as_shown {
            true => Ok(Changed::Nothing),
            false => Err(Error {
                param: Some("enabled".into()),
                ..Error::new(ErrorCode::Conflict, told)
            }),
        };
    }
    access::set(ctx, &actor, Authority::Password(proof), user.id, enabled).await
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn is_of_the_form(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidRequest
            | ErrorCode::WrongPassword
            | ErrorCode::RateLimitExceeded
            | ErrorCode::Conflict
    )
}

fn told(changed: &Changed, user: &UserRow) -> (Tone, String) {
    let name = &user.name;
    match changed {
        Changed::Enabled => (
            Tone::Ok,
            format!(
                "Enabled MCP access of {name}. Tokens that ended stay ended: AI clients connect and are approved again."
            ),
        ),
        Changed::Disabled { tokens: 0 } => {
            (Tone::Ok, format!("Disabled MCP access of {name}. There were no active tokens."))
        }
        Changed::Disabled { tokens } => (
            Tone::Ok,
            format!(
                "Disabled MCP access of {name} and revoked {tokens} {}. The very next request of their AI clients is refused.",
                if *tokens == 1 { "token" } else { "tokens" }
            ),
        ),
        Changed::Nothing => {
            let state = if user.mcp_enabled { "enabled" } else { "disabled" };
            (Tone::Warn, format!("MCP access of {name} was {state} already. Nothing was changed."))
        }
    }
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserRow,
    (enable, reason): (bool, String),
    back: Back,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let tokens = lines(connections::tokens_of(ctx, user.id).await?, ctx.clock.now());
    let template = AccessPage {
        shell: Shell::new(ctx, request, viewer),
        errors: error.into_iter().collect(),
        is_own: !enable && access::is_own(&viewer.actor, user.id),
        is_idle: enable == user.mcp_enabled,
        user,
        enable,
        reason,
        live: Live::of(&tokens),
        clients: clients_in_words(&tokens),
        username: viewer.user.email.clone(),
        back,
    };
    render_with_status(&template, 200)
}
