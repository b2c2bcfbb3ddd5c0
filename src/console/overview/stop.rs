//! Dropping the gate. Both ways ask first, say what works now, and need the password.

use actix_session::Session;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{PATH, SWITCH};
use crate::console::mcp_users::parts;
use crate::error::{Error, ErrorCode, Result};
use crate::service::stop::{self, Standing};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageSettings, RevokeTokens, Viewer};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Switches the endpoint off.
    Close,
    /// Revokes everything.
    Revoke,
}

#[derive(Template)]
#[template(path = "stop.html")]
struct StopPage {
    shell: Shell,
    errors: Vec<Error>,
    way: Way,
    standing: Standing,
    /// There is nothing that it would stop.
    is_idle: bool,
    /// Whose password is asked for.
    username: String,
}

/// The form of a confirmation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StopForm {
    password: String,
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    way: Way,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let status = error.as_ref().map_or(200, |error| error.code.status());
    let retry_after = error.as_ref().and_then(|error| error.retry_after);
    let standing = stop::standing(ctx).await?;
    let is_idle = match way {
        Way::Close => !ctx.live_now().await?.settings.mcp_enabled,
        Way::Revoke => standing.is_nothing(),
    };
    let template = StopPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        errors: error.into_iter().collect(),
        way,
        standing,
        is_idle,
        username: viewer.user.email.clone(),
    };
    let mut response = render_with_status(&template, status)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// Shows the form again for what is put right in it; everything else is a failure.
async fn again(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    way: Way,
    error: Error,
) -> Result<HttpResponse> {
    let is_of_the_form =
        matches!(error.code, ErrorCode::WrongPassword | ErrorCode::RateLimitExceeded);
    if !is_of_the_form {
        return Err(error);
    }
    let error = Error { param: error.param.or(Some("password".into())), ..error };
    ask(ctx, request, viewer, way, Some(error)).await
}

/// `GET /admin/stop/endpoint`.
///
/// # Errors
/// When the database cannot answer.
pub async fn confirm_close(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageSettings>,
) -> Result<HttpResponse, Failure> {
    Ok(ask(&ctx, &request, &viewer, Way::Close, None).await?)
}

/// `POST /admin/stop/endpoint`.
///
/// # Errors
/// That the database cannot answer; a wrong password shows the form again.
pub async fn close(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageSettings>,
    session: Session,
    form: Form<StopForm>,
) -> Result<HttpResponse, Failure> {
    let proof = match login::reconfirm(&ctx, &viewer.actor, &form.0.password).await {
        Ok(proof) => proof,
        Err(error) => return Ok(again(&ctx, &request, &viewer, Way::Close, error).await?),
    };
    let before = stop::standing(&ctx).await?;
    if stop::switch_off(&ctx, &viewer.actor, proof).await? {
        let text = format!(
            "The MCP endpoint is switched off. {} and {} worked until now; the next request of every AI client is refused, and every call of the REST API.",
            counted(&before.tokens, "token", "tokens"),
            counted(&before.keys, "API key", "API keys"),
        );
        let link = ("Switch it on again".to_owned(), SWITCH.to_owned());
        flash::put_linked(&session, Tone::Ok, text, Some(link));
    } else {
        flash::put(&session, Tone::Warn, "The MCP endpoint was off already. Nothing was changed.");
    }
    Ok(see_other(PATH))
}

/// `GET /admin/stop/everything`.
///
/// # Errors
/// When the database cannot answer.
pub async fn confirm_revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<RevokeTokens>,
) -> Result<HttpResponse, Failure> {
    Ok(ask(&ctx, &request, &viewer, Way::Revoke, None).await?)
}

/// `POST /admin/stop/everything`.
///
/// # Errors
/// That the database cannot answer; a wrong password shows the form again.
pub async fn revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<RevokeTokens>,
    session: Session,
    form: Form<StopForm>,
) -> Result<HttpResponse, Failure> {
    let proof = match login::reconfirm(&ctx, &viewer.actor, &form.0.password).await {
        Ok(proof) => proof,
        Err(error) => return Ok(again(&ctx, &request, &viewer, Way::Revoke, error).await?),
    };
    let ended = stop::revoke_everything(&ctx, &viewer.actor, proof).await?;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    if ended.tokens + ended.approvals + ended.keys == 0 {
        flash::put(&session, Tone::Warn, "Nothing was connected. Nothing was changed.");
    } else {
        let keys = match ended.keys {
            0 => String::new(),
            some => format!(" {} ended too.", counted(&count(some), "API key", "API keys")),
        };
        let text = format!(
            "Revoked {} and {}. Now {} and {} are left; the next request of every AI client is refused.{keys}",
            counted(&count(ended.tokens), "token", "tokens"),
            counted(&count(ended.approvals), "approval", "approvals"),
            counted(&ended.left.tokens, "token", "tokens"),
            counted(&ended.left.approvals, "approval", "approvals"),
        );
        flash::put(&session, Tone::Ok, text);
    }
    Ok(see_other(PATH))
}

/// "1 token", "12,408 tokens".
fn counted(count: &i64, one: &str, more: &str) -> String {
    format!("{} {}", parts::number(count), if *count == 1 { one } else { more })
}
