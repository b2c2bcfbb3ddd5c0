//! Tokens for codes and refresh tokens (OAuth 2.1 §4.1.3 and §4.3, RFC 9700 §4.14).
//!
//! Each exchange is one group-committed write: the answer goes out when what it promises is on
//! disk. Refusals that change something (a burned code, an ended family) are committed too.

use std::sync::Arc;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::{EndReason, TokenStatus};
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::pkce;
use crate::domain::refresh::{Presented, judge};
use crate::domain::scope::ScopeSet;
use crate::domain::settings::Settings;
use crate::error::Result;
use crate::ids::{TokenId, UserId};
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::consent::is_own_resource;
use crate::service::keyring::{AccessClaims, Audience};
use crate::service::{Ctx, Live, revoke};
use crate::store::audit::NewEntry;
use crate::store::clients::ClientRow;
use crate::store::refresh_tokens::PresentedRow;
use crate::store::tokens::NewToken;
use crate::store::{audit, clients, codes, refresh_tokens, tokens, users};

/// What the token endpoint answers.
#[derive(Debug)]
pub struct Issued {
    /// The signed access token.
    pub access_token: String,
    /// Its lifetime, seconds.
    pub expires_in: i64,
    /// What it allows.
    pub scopes: ScopeSet,
    /// The next refresh token; none on a retry inside the window.
    pub refresh_token: Option<PlainSecret>,
}

/// What a committed exchange granted, and under which settings and keys.
struct Granted {
    live: Arc<Live>,
    token: TokenId,
    subject: String,
    scopes: ScopeSet,
    resource: String,
    refreshed: bool,
}

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

/// Knows the client and checks that it is the one (OAuth 2.1 §2.4, checklist F8 and F9).
///
/// # Errors
/// `invalid_client`.
pub async fn authenticate(ctx: &Ctx, credentials: Credentials) -> Result<ClientRow, OAuthError> {
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
    if client.auth_method != credentials.method {
        return Err(refuse("the client must authenticate by its registered method"));
    }
    match (&client.secret_hash, &credentials.secret) {
        (None, _) => Ok(client),
        (Some(hash), Some(secret)) if hash.matches(secret) => Ok(client),
        _ => Err(refuse("client authentication failed")),
    }
}

/// A code with everything it must be redeemed with.
#[derive(Debug, Clone)]
pub struct CodeExchange {
    /// The code.
    pub code: PlainSecret,
    /// The redirect URI it was sent to; OAuth 2.1 leaves it out, 2.0 clients send it.
    pub redirect_uri: Option<String>,
    /// PKCE verifier.
    pub verifier: String,
    /// `resource`, which may repeat.
    pub resource: Vec<String>,
}

/// Redeems a code.
///
/// # Errors
/// `invalid_grant`, `invalid_target`. A code that comes again ends what it produced.
pub async fn for_code(
    ctx: &Ctx,
    actor: &Actor,
    client: &ClientRow,
    exchange: CodeExchange,
) -> Result<Issued, OAuthError> {
    let refresh = PlainSecret::generate(SecretKind::RefreshToken);
    let (state, actor, client_) = (ctx.clone(), actor.clone(), client.clone());
    let (hash, now) = (refresh.hash(), ctx.clock.now());
    let granted = ctx
        .db
        .join_batch(move |conn| redeem(&state, conn, &actor, &client_, &exchange, &hash, now))
        .await??;
    sign(ctx, client, granted, refresh, now)
}

fn redeem(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    client: &ClientRow,
    exchange: &CodeExchange,
    refresh: &HashedSecret,
    now: Timestamp,
) -> Result<Result<Granted, OAuthError>> {
    let refuse = |text: &'static str| Ok(Err(OAuthError::new(OAuthErrorCode::InvalidGrant, text)));
    let hash = exchange.code.hash();
    let Some(code) = codes::by_hash(conn, &hash)? else {
        return refuse("the code is unknown or too old");
    };
    // Another client's code is none of its business, and must not be burned by it.
    if code.client_id != client.id {
        return refuse("the code is unknown or too old");
    }
    if code.used_at.is_some() || codes::consume(conn, &hash, now)? == 0 {
        // Read again: the winner of a race has noted its token by now.
        if let Some(token) = codes::by_hash(conn, &hash)?.and_then(|code| code.token_id) {
            alarm(conn, actor, client, code.user_id, token, EndReason::CodeReplayed, now)?;
        }
        return refuse("the code was used before");
    }
    if now >= code.expires_at {
        return refuse("the code is unknown or too old");
    }
    if exchange.redirect_uri.as_ref().is_some_and(|uri| *uri != code.redirect_uri) {
        return refuse("redirect_uri is not the one the code was sent to");
    }
    if !pkce::verify(&exchange.verifier, &code.code_challenge) {
        return refuse("code_verifier does not answer the code_challenge");
    }
    if !exchange.resource.iter().all(|resource| is_own_resource(&code.resource, resource)) {
        return Ok(Err(OAuthError::new(
            OAuthErrorCode::InvalidTarget,
            "resource is not the one that was authorized",
        )));
    }
    let Some(user) = users::by_id(conn, code.user_id)?
        .filter(|user| user.mcp_enabled && user.status() == UserStatus::Active)
    else {
        return refuse("MCP access of this user is disabled");
    };
    let live = ctx.live(conn)?;
    let settings = &live.settings;
    let absolute = now.plus_seconds(settings.refresh_absolute_seconds);
    let token = tokens::insert(
        conn,
        &NewToken {
            kind: "oauth",
            user_id: user.id,
            client_id: Some(client.id),
            consent_id: Some(code.consent_id),
            label: &client.name,
            scopes: &code.scopes,
            resource: &code.resource,
            state: "active",
            created_at: now,
            expires_at: idle_end(settings, absolute, now),
            absolute_expires_at: absolute,
        },
    )?;
    users::count_new_token(conn, user.id)?;
    refresh_tokens::insert(conn, token, refresh, now)?;
    codes::set_token(conn, &hash, token)?;
    let actor = Actor { user: Some(user.id), label: user.email, ..actor.clone() };
    let target = Target { kind: "token", id: Some(token.0), label: client.name.clone() };
    let detail = json!({ "client_id": client.client_id, "scopes": code.scopes });
    audit::insert(
        conn,
        &NewEntry {
            at: now,
            actor: &actor,
            action: Action::TokenIssued,
            target: Some(&target),
            outcome: Outcome::Ok,
            detail,
        },
    )?;
    Ok(Ok(Granted {
        live,
        token,
        subject: user.subject,
        scopes: ScopeSet::parse_known(&code.scopes),
        resource: code.resource,
        refreshed: true,
    }))
}

/// A refresh token with everything it is presented with.
#[derive(Debug, Clone)]
pub struct RefreshExchange {
    /// The refresh token.
    pub refresh_token: PlainSecret,
    /// Scopes to narrow this access token to.
    pub scope: Option<String>,
    /// `resource`, which may repeat.
    pub resource: Vec<String>,
}

/// Refreshes a token.
///
/// # Errors
/// `invalid_grant`, `invalid_scope`, `invalid_target`. A rotated refresh token that comes after its
/// retry window ends the family.
pub async fn for_refresh_token(
    ctx: &Ctx,
    actor: &Actor,
    client: &ClientRow,
    exchange: RefreshExchange,
) -> Result<Issued, OAuthError> {
    let refresh = PlainSecret::generate(SecretKind::RefreshToken);
    let (state, actor, client_) = (ctx.clone(), actor.clone(), client.clone());
    let (hash, now) = (refresh.hash(), ctx.clock.now());
    let granted = ctx
        .db
        .join_batch(move |conn| rotate(&state, conn, &actor, &client_, &exchange, &hash, now))
        .await??;
    sign(ctx, client, granted, refresh, now)
}

fn rotate(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    client: &ClientRow,
    exchange: &RefreshExchange,
    successor: &HashedSecret,
    now: Timestamp,
) -> Result<Result<Granted, OAuthError>> {
    let refuse = |code, text: &'static str| Ok(Err(OAuthError::new(code, text)));
    let dead = "the refresh token is unknown, expired or revoked";
    let hash = exchange.refresh_token.hash();
    let Some(row) =
        refresh_tokens::presented(conn, &hash)?.filter(|row| row.client_id == client.id)
    else {
        return refuse(OAuthErrorCode::InvalidGrant, dead);
    };
    if !is_alive(&row, now) {
        return refuse(OAuthErrorCode::InvalidGrant, dead);
    }
    if !exchange.resource.iter().all(|resource| is_own_resource(&row.resource, resource)) {
        return refuse(
            OAuthErrorCode::InvalidTarget,
            "resource is not the one that was authorized",
        );
    }
    // The connection may have been narrowed since; a token never gets more than it covers now.
    let allowed = ScopeSet::parse_known(&row.scopes)
        .intersection(&ScopeSet::parse_known(&row.consent_scopes));
    let scopes = match exchange.scope.as_deref().map(str::trim) {
        None | Some("") => allowed,
        Some(text) => {
            let asked = ScopeSet::parse_known(text);
            if asked.is_empty() || !allowed.includes(&asked) {
                return refuse(
                    OAuthErrorCode::InvalidScope,
                    "scope must not exceed what was granted",
                );
            }
            asked
        }
    };
    let live = ctx.live(conn)?;
    let settings = &live.settings;
    let mut presented = judge(now, row.retired_at, settings.refresh_retry_seconds);
    if presented == Presented::Rotate && refresh_tokens::retire(conn, row.id, now)? == 0 {
        // A request that crossed ours was first.
        presented = judge(now, Some(now), settings.refresh_retry_seconds);
    }
    match presented {
        Presented::Rotate => {
            refresh_tokens::insert(conn, row.token_id, successor, now)?;
            tokens::prolong(conn, row.token_id, idle_end(settings, row.absolute_expires_at, now))?;
        }
        Presented::Retry => {}
        Presented::Replayed => {
            alarm(
                conn,
                actor,
                client,
                row.user_id,
                row.token_id,
                EndReason::RefreshTokenReplayed,
                now,
            )?;
            return refuse(
                OAuthErrorCode::InvalidGrant,
                "the refresh token was used before; authorize again",
            );
        }
    }
    Ok(Ok(Granted {
        live,
        token: row.token_id,
        subject: row.subject,
        scopes,
        resource: row.resource,
        refreshed: presented == Presented::Rotate,
    }))
}

fn is_alive(row: &PresentedRow, now: Timestamp) -> bool {
    TokenStatus::at(now, &row.state, row.expires_at) == TokenStatus::Active
        && row.consent_revoked_at.is_none()
        && row.client_trust != "blocked"
        && row.mcp_enabled
        && UserStatus::from_stored(&row.user_status) == UserStatus::Active
}

/// The idle end of a refresh-token family, never after its absolute end.
fn idle_end(settings: &Settings, absolute: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_seconds(settings.refresh_token_seconds).min(absolute)
}

/// A secret came a second time: its family ends and the log says so.
fn alarm(
    conn: &mut Conn,
    actor: &Actor,
    client: &ClientRow,
    owner: UserId,
    token: TokenId,
    reason: EndReason,
    now: Timestamp,
) -> Result<()> {
    let ended = revoke::end_token(conn, token, owner, reason, now)?;
    let target = Target { kind: "token", id: Some(token.0), label: client.name.clone() };
    let detail = json!({ "reason": reason.as_str(), "user_id": owner.0, "ended": ended });
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::ReuseAlarm,
        target: Some(&target),
        outcome: Outcome::Denied,
        detail,
    };
    audit::insert(conn, &entry)?;
    Ok(())
}

/// Signs on this thread: it takes less time than handing it to another does.
fn sign(
    ctx: &Ctx,
    client: &ClientRow,
    granted: Granted,
    refresh: PlainSecret,
    now: Timestamp,
) -> Result<Issued, OAuthError> {
    let expires_in = granted.live.settings.access_token_seconds;
    let claims = AccessClaims {
        iss: ctx.config.public_url.clone(),
        sub: granted.subject,
        aud: Audience::One(granted.resource),
        client_id: client.client_id.clone(),
        scope: granted.scopes.to_string(),
        jti: uuid::Uuid::new_v4().to_string(),
        iat: now.seconds(),
        exp: now.seconds() + expires_in,
        tid: granted.token.0,
    };
    Ok(Issued {
        access_token: granted.live.keys.sign(&claims)?,
        expires_in,
        scopes: granted.scopes,
        refresh_token: granted.refreshed.then_some(refresh),
    })
}
