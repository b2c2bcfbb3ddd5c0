//! A person's own connections: how they are shown, and taking one back.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::PATH;
use crate::clock::Timestamp;
use crate::domain::grant::TokenStatus;
use crate::domain::redirect;
use crate::domain::scope::{ScopeRow, ScopeSet};
use crate::error::Error;
use crate::ids::ConsentId;
use crate::service::Ctx;
use crate::service::connections::{self, Connection};
use crate::service::revoke::{self, Revoked};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

/// A connection as it is shown.
pub(super) struct ConnectionLine {
    /// The approval.
    pub id: ConsentId,
    /// The name the client gave itself.
    pub client: String,
    /// Its owner's own name for it; empty is none.
    pub label: String,
    /// Whether an administrator vouches for it, or has blocked it.
    pub trust: Trust,
    /// Where it was sent back to.
    pub host: String,
    /// Where that is, when it is no website.
    pub place: Option<&'static str>,
    /// What it may do.
    pub scopes: Vec<&'static ScopeRow>,
    /// What it is now.
    pub status: TokenStatus,
    /// When it was approved.
    pub connected_at: Timestamp,
    /// First tool call.
    pub first_used_at: Option<Timestamp>,
    /// Last tool call.
    pub last_used_at: Option<Timestamp>,
    /// Calls in 30 days, in words.
    pub calls: String,
    /// Calls in this month, in words.
    pub calls_this_month: String,
    /// When it ends unless it is used.
    pub expires_at: Option<Timestamp>,
}

/// Whether an administrator vouches for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Verified,
    Unverified,
    Blocked,
}

impl ConnectionLine {
    pub fn new(connection: Connection, is_at_least: bool) -> Self {
        let row = connection.row;
        let counted =
            |calls: usize| format!("{calls}{}", if is_at_least { " or more" } else { "" });
        Self {
            id: row.id,
            trust: match row.trust.as_str() {
                "verified" => Trust::Verified,
                "blocked" => Trust::Blocked,
                _ => Trust::Unverified,
            },
            host: redirect::shown_host(&row.redirect_uri),
            place: match redirect::check(&row.redirect_uri) {
                Ok(redirect::Kind::Loopback) => Some("a program on your computer"),
                Ok(redirect::Kind::PrivateUseScheme) => Some("an app"),
                _ => None,
            },
            scopes: ScopeSet::parse_known(&row.scopes).iter().map(|scope| scope.row()).collect(),
            status: connection.status,
            connected_at: row.connected_at,
            first_used_at: connection.first_used_at,
            last_used_at: connection.last_used_at,
            calls: counted(connection.calls),
            calls_this_month: counted(connection.calls_this_month),
            expires_at: connection.expires_at,
            client: row.client,
            label: row.label,
        }
    }

    /// What its owner knows it by.
    pub fn name(&self) -> &str {
        if self.label.is_empty() { &self.client } else { &self.label }
    }

    /// Whether it stands as far as its owner is concerned, though its client may be blocked.
    pub fn has_not_ended(&self) -> bool {
        self.status.has_not_ended()
    }
}

#[derive(Template)]
#[template(path = "connection_revoke.html")]
struct RevokePage {
    shell: Shell,
    connection: ConnectionLine,
}

/// `GET /dashboard/settings/mcp/connections/{connection}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_revoke_connection(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let connection = connections::own_one(&ctx, viewer.user.id, connection_id(&path)?).await?;
    let template = RevokePage {
        shell: Shell::new(&ctx, &request, &viewer),
        connection: ConnectionLine::new(connection, false),
    };
    Ok(render(&template)?)
}

/// A confirmation: nothing but its own token.
#[derive(Debug, Default, Deserialize)]
pub struct Confirmed {}

/// `POST /dashboard/settings/mcp/connections/{connection}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke_connection(
    ctx: web::Data<Ctx>,
    viewer: Viewer,
    session: Session,
    path: web::Path<String>,
    _form: Form<Confirmed>,
) -> Result<HttpResponse, Failure> {
    let id = connection_id(&path)?;
    let connection = connections::own_one(&ctx, viewer.user.id, id).await?;
    let client = ConnectionLine::new(connection, false).name().to_owned();
    match revoke::connection(&ctx, &viewer.actor, viewer.user.id, id).await? {
        Revoked::Now => flash::put(
            &session,
            Tone::Ok,
            format!("Revoked {client}. Its very next request is refused."),
        ),
        Revoked::Already => flash::put(
            &session,
            Tone::Warn,
            format!("{client} had been revoked already. Nothing was changed."),
        ),
    }
    Ok(see_other(PATH))
}

/// The connection a path names. What cannot be an id is a connection that is not there.
pub(super) fn connection_id(segment: &str) -> Result<ConsentId, Error> {
    segment.parse().map_err(|_| Error::not_found("There is no such connection."))
}
