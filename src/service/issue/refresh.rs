//! Refreshing: rotate, answer a retry, or end a family whose secret came twice.

use super::alarm::{Replay, alarm};
use super::{Granted, Issued, idle_end, sign};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::Actor;
use crate::domain::grant::{EndReason, TokenStatus};
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::refresh::{Presented, judge};
use crate::domain::scope::ScopeSet;
use crate::error::Result;
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::consent::is_own_resource;
use crate::service::metrics::Grant;
use crate::store::clients::ClientRow;
use crate::store::refresh_tokens::PresentedRow;
use crate::store::{refresh_tokens, tokens};

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
    let successor = PlainSecret::generate(SecretKind::RefreshToken);
    let (state, actor, client_) = (ctx.clone(), actor.clone(), client.clone());
    let now = ctx.clock.now();
    let granted = ctx
        .db
        .join_batch(move |conn| rotate(&state, conn, &actor, &client_, &exchange, &successor, now))
        .await??;
    let issued = sign(ctx, client, granted, now)?;
    ctx.metrics.issued(Grant::Refresh);
    Ok(issued)
}

fn rotate(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    client: &ClientRow,
    exchange: &RefreshExchange,
    successor: &PlainSecret,
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
    lock::user(conn, row.user_id)?;
    // Read again: somebody may have dropped the gate while we waited.
    let Some(row) = refresh_tokens::presented(conn, &hash)? else {
        return refuse(OAuthErrorCode::InvalidGrant, dead);
    };
    if !is_alive(&row, now) {
        return refuse(OAuthErrorCode::InvalidGrant, dead);
    }
    let live = ctx.live(conn)?;
    let settings = &live.settings;
    let mut presented = judge(now, row.retired_at, settings.refresh_retry_seconds);
    // Before anything that can be refused without an alarm, or a thief could ask for the impossible
    // to learn whether the family lives.
    if presented == Presented::Replayed {
        return replayed(ctx, conn, actor, client, &row, now);
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
    if presented == Presented::Rotate && refresh_tokens::retire(conn, row.id, now)? == 0 {
        // A request that crossed ours was first.
        presented = judge(now, Some(now), settings.refresh_retry_seconds);
    }
    let refresh = match presented {
        Presented::Rotate => {
            refresh_tokens::insert(conn, row.token_id, &successor.hash(), now)?;
            tokens::prolong(conn, row.token_id, idle_end(settings, row.absolute_expires_at, now))?;
            Some(successor.clone())
        }
        Presented::Retry => None,
        Presented::Replayed => return replayed(ctx, conn, actor, client, &row, now),
    };
    Ok(Ok(Granted {
        live,
        token: row.token_id,
        subject: row.subject,
        scopes,
        resource: row.resource,
        refresh,
        identity: None,
    }))
}

/// Ends the family of a refresh token that came again too late.
fn replayed(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    client: &ClientRow,
    row: &PresentedRow,
    now: Timestamp,
) -> Result<Result<Granted, OAuthError>> {
    let reason = EndReason::RefreshTokenReplayed;
    let replay = Replay { client, owner: row.user_id, token: row.token_id, reason };
    alarm(ctx, conn, actor, &replay, now)?;
    let text = "the refresh token was used before; authorize again";
    Ok(Err(OAuthError::new(OAuthErrorCode::InvalidGrant, text)))
}

fn is_alive(row: &PresentedRow, now: Timestamp) -> bool {
    TokenStatus::at(now, &row.state, row.expires_at) == TokenStatus::Active
        && row.consent_revoked_at.is_none()
        && row.client_trust != "blocked"
        && row.mcp_enabled
        && UserStatus::from_stored(&row.user_status) == UserStatus::Active
}
