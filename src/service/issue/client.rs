//! Who presents a code or token: the client, authenticated.

use serde_json::json;

use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::clients::{self, ClientRow};

/// How a client presents itself at the token endpoint.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `client_id`.
    pub client_id: String,
    /// Its secret, if it sent one.
    pub secret: Option<PlainSecret>,
    /// How it sent it: `none`, `client_secret_basic`, `client_secret_post`.
    pub method: &'static str,
}

/// The method of a client that has no secret.
const PUBLIC: &str = "none";

/// In which ways a client may present itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// By the method it registered, which is one for the token endpoint (RFC 7591 §2).
    Registered,
    /// With its secret, if it has one, in the header or in the body: libraries revoke by Basic
    /// whatever was registered, and a revocation that is refused leaves the token alive.
    WithSecret,
}

/// Knows the client and checks that it is the one (OAuth 2.1 §2.4, checklist F8 and F9).
///
/// # Errors
/// `invalid_client`.
pub async fn authenticate(
    ctx: &Ctx,
    actor: &Actor,
    credentials: Credentials,
    ways: Ways,
) -> Result<ClientRow, OAuthError> {
    let refuse = |text: &'static str| OAuthError::new(OAuthErrorCode::InvalidClient, text);
    let client_id = credentials.client_id.clone();
    let client = ctx
        .db
        .glance(move |conn| Ok(clients::by_client_id(conn, &client_id)?))
        .await?
        .ok_or_else(|| refuse("this client is not registered here; register again"))?;
    if client.is_blocked() {
        return Err(refuse("this client is blocked on this server"));
    }
    let is_its_own = match ways {
        Ways::Registered => client.auth_method == credentials.method,
        Ways::WithSecret => (client.auth_method == PUBLIC) == (credentials.method == PUBLIC),
    };
    if !is_its_own {
        return Err(refuse("the client must authenticate by its registered method"));
    }
    match (&client.secret_hash, &credentials.secret) {
        (None, _) => Ok(client),
        (Some(_), Some(secret)) if client.knows(secret, ctx.clock.now()) => Ok(client),
        _ => {
            note_failure(ctx, actor, client).await?;
            Err(refuse("client authentication failed"))
        }
    }
}

/// Writes down that somebody presented a wrong secret of a client (ASVS 16.3.1).
async fn note_failure(ctx: &Ctx, actor: &Actor, client: ClientRow) -> Result<(), OAuthError> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let written = ctx.db.join_batch(move |conn| {
        let target = Target { kind: "client", id: Some(client.id.0), label: client.name.clone() };
        let entry = NewEntry {
            at: now,
            actor: &actor,
            action: Action::ClientAuthenticated,
            target: Some(&target),
            outcome: Outcome::Denied,
            detail: json!({}),
        };
        Ok(audit::insert(conn, &entry)?)
    });
    Ok(written.await?)
}
