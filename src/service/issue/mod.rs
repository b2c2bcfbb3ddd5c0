//! Tokens for codes and refresh tokens (OAuth 2.1 §4.1.3 and §4.3, RFC 9700 §4.14).
//!
//! Each exchange is one group-committed write: the answer goes out when what it promises is on
//! disk. Refusals that change something (a burned code, an ended family) are committed too.

mod alarm;
mod client;
mod code;
mod refresh;

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::domain::oauth_error::OAuthError;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::settings::Settings;
use crate::ids::TokenId;
use crate::secrets::PlainSecret;
use crate::service::keyring::{AccessClaims, Audience, IdClaims};
use crate::service::{Ctx, Live};
use crate::store::clients::ClientRow;

pub use client::{Credentials, Ways, authenticate};
pub use code::{CodeExchange, for_code};
pub use refresh::{RefreshExchange, for_refresh_token};

/// What the token endpoint answers.
#[derive(Debug)]
pub struct Issued {
    /// The signed access token.
    pub access_token: String,
    /// Its lifetime, seconds.
    pub expires_in: i64,
    /// What it allows.
    pub scopes: ScopeSet,
    /// The next refresh token; none on a retry inside the window, or when the person did not let
    /// the client stay connected.
    pub refresh_token: Option<PlainSecret>,
    /// The signed ID token, for a code with the scope `openid`.
    pub id_token: Option<String>,
}

/// What a committed exchange granted, and under which settings and keys.
struct Granted {
    live: Arc<Live>,
    token: TokenId,
    subject: String,
    scopes: ScopeSet,
    resource: String,
    refresh: Option<PlainSecret>,
    identity: Option<Identity>,
}

/// Who signed in, for an ID token.
struct Identity {
    name: String,
    email: String,
    nonce: Option<String>,
    signed_in_at: Option<Timestamp>,
}

/// The idle end of a refresh-token family, never after its absolute end.
fn idle_end(settings: &Settings, absolute: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_seconds(settings.refresh_token_seconds).min(absolute)
}

/// Signs on this thread: it takes less time than handing it to another does.
fn sign(
    ctx: &Ctx,
    client: &ClientRow,
    granted: Granted,
    now: Timestamp,
) -> Result<Issued, OAuthError> {
    let live = granted.live;
    let expires_in = live.settings.access_token_seconds;
    let access = AccessClaims {
        iss: ctx.config.public_url.clone(),
        sub: granted.subject.clone(),
        aud: audience(ctx, granted.resource, &granted.scopes),
        client_id: client.client_id.clone(),
        scope: granted.scopes.to_string(),
        jti: uuid::Uuid::new_v4().to_string(),
        iat: now.seconds(),
        exp: now.seconds() + expires_in,
        tid: granted.token.0,
    };
    let shows = |scope| granted.scopes.contains(scope);
    let id = granted.identity.map(|identity| IdClaims {
        iss: access.iss.clone(),
        sub: granted.subject,
        aud: client.client_id.clone(),
        iat: access.iat,
        exp: access.exp,
        auth_time: identity.signed_in_at.map(Timestamp::seconds),
        nonce: identity.nonce,
        name: shows(Scope::Profile).then_some(identity.name),
        email: shows(Scope::Email).then_some(identity.email),
    });
    let access_token = live.keys.sign(&access)?;
    let id_token = id.map(|id| live.keys.sign_id(&id)).transpose()?;
    Ok(Issued {
        access_token,
        expires_in,
        scopes: granted.scopes,
        refresh_token: granted.refresh,
        id_token,
    })
}

/// The MCP resource; with the scope `openid` also the userinfo endpoint (contract §6).
fn audience(ctx: &Ctx, resource: String, scopes: &ScopeSet) -> Audience {
    if scopes.contains(Scope::OpenId) {
        Audience::Many(vec![resource, ctx.config.userinfo_url()])
    } else {
        Audience::One(resource)
    }
}
