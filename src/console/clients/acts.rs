//! Blocking, unblocking and disconnecting, one client or all look-alikes, and deleting one that was
//! registered by hand. Each asks first and says
//! what it touches; only unblocking, which lets somebody in, asks for the password (contract §9).

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::edit::by_hand;
use super::query::{Asked, PATH};
use super::{counted, path_of, whom};
use crate::console::mcp_users::back::parameter;
use crate::error::{Error, ErrorCode, Result};
use crate::service::clients::{self, Named, Touched, Whom};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{Tone, put_audited};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageClients, Viewer};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Block,
    Unblock,
    Revoke,
    Delete,
}

impl Act {
    fn verb(self) -> &'static str {
        match self {
            Self::Block => "Block",
            Self::Unblock => "Unblock",
            Self::Revoke => "Revoke all connections of",
            Self::Delete => "Delete",
        }
    }

    fn segment(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Revoke => "revoke",
            Self::Delete => "delete",
        }
    }
}

#[derive(Template)]
#[template(path = "client_act.html")]
struct ActPage {
    shell: Shell,
    errors: Vec<Error>,
    act: Act,
    named: Named,
    is_group: bool,
    touched: Touched,
    path: String,
    /// Where Cancel leads.
    href: String,
    /// The view of the grid to return to; `client` for the client's page.
    back: String,
    /// Whose password is asked for.
    username: String,
}

/// The form of a confirmation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActForm {
    back: String,
    password: String,
}

/// The value of `back` that means the client's page.
const CLIENT: &str = "client";

/// Where an act returns to: a view is read and written anew, so that it can lead nowhere else.
fn back_href(back: &str, whom: Whom) -> String {
    if back == CLIENT { path_of(whom) } else { Asked::parse(back).view.href() }
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    act: Act,
    whom: Whom,
    back: String,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let (status, retry_after) =
        error.as_ref().map_or((200, None), |error| (error.code.status(), error.retry_after));
    let template = ActPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        errors: error.into_iter().collect(),
        act,
        named: clients::named(ctx, whom).await?,
        is_group: matches!(whom, Whom::Group(_)),
        touched: clients::touched(ctx, whom).await?,
        path: path_of(whom),
        href: back_href(&back, whom),
        back,
        username: viewer.user.email.clone(),
    };
    let mut response = render_with_status(&template, status)?;
    *response.status_mut() = StatusCode::from_u16(status).map_err(Error::internal)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// Makes the handler that asks for an act.
macro_rules! asks {
    ($(#[$doc:meta])* $name:ident, $act:expr) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// `not_found`, or that the database cannot answer.
        pub async fn $name(
            ctx: web::Data<Ctx>,
            request: HttpRequest,
            viewer: Admin<ManageClients>,
            path: web::Path<String>,
        ) -> Result<HttpResponse, Failure> {
            let back = parameter(request.query_string(), "back");
            Ok(ask(&ctx, &request, &viewer, $act, whom(&path)?, back, None).await?)
        }
    };
}

asks! {
    /// `GET /admin/mcp/clients/{client}/block`.
    confirm_block, Act::Block
}
asks! {
    /// `GET /admin/mcp/clients/{client}/unblock`.
    confirm_unblock, Act::Unblock
}
asks! {
    /// `GET /admin/mcp/clients/{client}/revoke`.
    confirm_revoke, Act::Revoke
}

/// `GET /admin/mcp/clients/{client}/delete`.
///
/// # Errors
/// `not_found`; `conflict` for a client that was not registered by hand; or that the database cannot
/// answer.
pub async fn confirm_delete(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let client = by_hand(&ctx, &path).await?;
    let back = parameter(request.query_string(), "back");
    Ok(ask(&ctx, &request, &viewer, Act::Delete, Whom::Client(client.id), back, None).await?)
}

/// `POST /admin/mcp/clients/{client}/delete`.
///
/// # Errors
/// `not_found`; `conflict` for a client that was not registered by hand; or that the database cannot
/// answer.
pub async fn delete(
    ctx: web::Data<Ctx>,
    viewer: Admin<ManageClients>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let client = by_hand(&ctx, &path).await?;
    let ended = clients::delete(&ctx, &viewer.actor, client.id).await?;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let text = format!(
        "Deleted {}. {} and {} ended with it; the next request from it is refused.",
        client.name,
        counted(&count(ended.connections), "connection", "connections"),
        counted(&count(ended.tokens), "token", "tokens"),
    );
    put_audited(&session, &viewer, Tone::Ok, text);
    // There is no page of it any more.
    let back = if form.0.back == CLIENT { "" } else { &form.0.back };
    Ok(see_other(&Asked::parse(back).view.href()))
}

/// `POST /admin/mcp/clients/{client}/block`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn block(
    ctx: web::Data<Ctx>,
    viewer: Admin<ManageClients>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let whom = whom(&path)?;
    let named = clients::named(&ctx, whom).await?;
    match clients::block(&ctx, &viewer.actor, whom).await? {
        0 => put_audited(
            &session,
            &viewer,
            Tone::Warn,
            format!("{} was blocked already. Nothing was changed.", named.name),
        ),
        _ => put_audited(
            &session,
            &viewer,
            Tone::Ok,
            format!(
                "Blocked {} for everyone{}. The next request from it is refused.",
                named.name,
                registrations(&named)
            ),
        ),
    }
    Ok(see_other(&back_href(&form.0.back, whom)))
}

/// `POST /admin/mcp/clients/{client}/unblock`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a wrong password shows the form again.
pub async fn unblock(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let whom = whom(&path)?;
    let named = clients::named(&ctx, whom).await?;
    let proof = match login::reconfirm(&ctx, &viewer.actor, &form.0.password).await {
        Ok(proof) => proof,
        Err(error) if is_of_the_form(error.code) => {
            let error = Error { param: error.param.or(Some("password".into())), ..error };
            let back = form.0.back;
            return Ok(ask(&ctx, &request, &viewer, Act::Unblock, whom, back, Some(error)).await?);
        }
        Err(error) => return Err(error.into()),
    };
    match clients::unblock(&ctx, &viewer.actor, proof, whom).await? {
        0 => put_audited(
            &session,
            &viewer,
            Tone::Warn,
            format!("{} was not blocked. Nothing was changed.", named.name),
        ),
        _ => put_audited(
            &session,
            &viewer,
            Tone::Ok,
            format!(
                "Unblocked {}{}. Tokens that have not ended meanwhile work again.",
                named.name,
                registrations(&named)
            ),
        ),
    }
    Ok(see_other(&back_href(&form.0.back, whom)))
}

/// Whether it is put right in the password field.
pub(super) fn is_of_the_form(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::WrongPassword | ErrorCode::RateLimitExceeded)
}

/// `POST /admin/mcp/clients/{client}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke(
    ctx: web::Data<Ctx>,
    viewer: Admin<ManageClients>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let whom = whom(&path)?;
    let named = clients::named(&ctx, whom).await?;
    let ended = clients::revoke(&ctx, &viewer.actor, whom).await?;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (tokens, connections) = (count(ended.tokens), count(ended.connections));
    if tokens + connections == 0 {
        let text = format!("{} had no connections. Nothing was changed.", named.name);
        put_audited(&session, &viewer, Tone::Warn, text);
    } else {
        let text = format!(
            "Revoked {} and {} of {}. The next request from it is refused.",
            counted(&connections, "connection", "connections"),
            counted(&tokens, "token", "tokens"),
            named.name
        );
        put_audited(&session, &viewer, Tone::Ok, text);
    }
    Ok(see_other(&back_href(&form.0.back, whom)))
}

/// ", 12 registrations", if there are more than one.
fn registrations(named: &Named) -> String {
    if named.clients == 1 {
        return String::new();
    }
    format!(", {}", counted(&named.clients, "registration", "registrations"))
}
