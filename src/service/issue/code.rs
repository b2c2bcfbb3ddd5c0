//! Redeeming a code: once, by its client, with its verifier.

use serde_json::json;

use super::alarm::{Replay, alarm};
use super::{Granted, Identity, Issued, idle_end, sign};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::pkce;
use crate::domain::redirect;
use crate::domain::scope::{Scope, ScopeSet};
use crate::error::Result;
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::consent::is_own_resource;
use crate::service::metrics::Grant;
use crate::service::notify::{self, News, Recipient};
use crate::store::audit::NewEntry;
use crate::store::clients::ClientRow;
use crate::store::tokens::NewToken;
use crate::store::{audit, clients, codes, consents, refresh_tokens, tokens, users};

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
    let now = ctx.clock.now();
    let granted = ctx
        .db
        .join_batch(move |conn| redeem(&state, conn, &actor, &client_, &exchange, &refresh, now))
        .await??;
    let issued = sign(ctx, client, granted, now)?;
    ctx.metrics.issued(Grant::Code);
    Ok(issued)
}

fn redeem(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    client: &ClientRow,
    exchange: &CodeExchange,
    refresh: &PlainSecret,
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
    lock::user(conn, code.user_id)?;
    if code.used_at.is_some() || codes::consume(conn, &hash, now)? == 0 {
        // Read again: the winner of a race has noted its token by now.
        if let Some(token) = codes::by_hash(conn, &hash)?.and_then(|code| code.token_id) {
            let replay =
                Replay { client, owner: code.user_id, token, reason: EndReason::CodeReplayed };
            alarm(ctx, conn, actor, &replay, now)?;
        }
        return refuse("the code was used before");
    }
    if now >= code.expires_at {
        return refuse("the code is unknown or too old");
    }
    if exchange.redirect_uri.as_ref().is_some_and(|uri| *uri != code.redirect_uri) {
        return refuse("redirect_uri is not the one the code was sent to");
    }
    // An administrator may have taken the address out since.
    if !redirect::is_among(&clients::redirect_uris(conn, client.id)?, &code.redirect_uri) {
        return refuse("redirect_uri is not one of this client's any more");
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
    // The approval may have ended since: a token under it would be dead from the start.
    let Some(covered) = consents::live_scopes(conn, code.consent_id)? else {
        return refuse("the approval behind the code was revoked");
    };
    // It may have been narrowed since, too.
    let scopes = ScopeSet::parse_known(&code.scopes).intersection(&ScopeSet::parse_known(&covered));
    let granted = scopes.to_string();
    let live = ctx.live(conn)?;
    let settings = &live.settings;
    // Without a refresh token the authorization ends with its access token.
    let absolute = now.plus_seconds(if code.with_refresh {
        settings.refresh_absolute_seconds
    } else {
        settings.access_token_seconds
    });
    let token = tokens::insert(
        conn,
        &NewToken {
            kind: "oauth",
            user_id: user.id,
            client_id: Some(client.id),
            consent_id: Some(code.consent_id),
            label: &client.name,
            secret_hash: None,
            scopes: &granted,
            resource: &code.resource,
            state: "active",
            created_at: now,
            expires_at: idle_end(settings, absolute, now),
            absolute_expires_at: absolute,
        },
    )?;
    users::count_new_token(conn, user.id)?;
    if settings.new_client_mail && tokens::count_of_consent(conn, code.consent_id)? == 1 {
        let to = Recipient { name: &user.name, email: &user.email };
        let host = redirect::shown_host(&code.redirect_uri);
        let words: Vec<_> = scopes.iter().map(|scope| scope.row().words).collect();
        let may = words.join("; ");
        notify::tell(
            conn,
            &ctx.config,
            to,
            News::ClientConnected { client: &client.name, host: &host, may: &may },
            now,
        )?;
    }
    if code.with_refresh {
        refresh_tokens::insert(conn, token, &refresh.hash(), now)?;
    }
    codes::set_token(conn, &hash, token)?;
    let actor = Actor { user: Some(user.id), label: user.email, ..actor.clone() };
    let target = Target { kind: "token", id: Some(token.0), label: client.name.clone() };
    let detail = json!({ "client_id": client.client_id, "scopes": granted });
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
    let identity = scopes.contains(Scope::OpenId).then_some(Identity {
        name: user.name,
        email: actor.label,
        nonce: code.nonce,
        signed_in_at: code.signed_in_at,
    });
    Ok(Ok(Granted {
        live,
        token,
        subject: user.subject,
        scopes,
        resource: code.resource,
        refresh: code.with_refresh.then(|| refresh.clone()),
        identity,
    }))
}
