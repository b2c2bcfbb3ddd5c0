//! Dropping the gate on tokens. Ending a token moves its owner's counters and, with the last one,
//! ends the approval it stood on, all in one transaction: reconnecting asks again.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::error::{Error, Result};
use crate::ids::{ConsentId, TokenId, UserId};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::clients::ClientRow;
use crate::store::{codes, connections, consents, refresh_tokens, tokens, users};

/// What revoking one token did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// It was active and is no longer.
    Now,
    /// It had ended before; nothing changed.
    Already,
}

/// Revokes one token of `owner`. A token of somebody else answers like one that is not there.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn one(ctx: &Ctx, actor: &Actor, owner: UserId, token: TokenId) -> Result<Revoked> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let row = tokens::by_id(conn, token)?
                .filter(|row| row.user_id == owner)
                .ok_or_else(|| Error::not_found("There is no such token."))?;
            let revoked = end_token(conn, token, owner, reason(&actor, owner), now)?;
            let target = Target { kind: "token", id: Some(token.0), label: row.label };
            let detail = json!({ "user_id": owner.0, "already_ended": !revoked });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::TokenRevoked,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(if revoked { Revoked::Now } else { Revoked::Already })
        })
        .await
}

/// Revokes a connection of `owner`: the approval with every token under it, so that a code that
/// still waits is worth nothing either. One of somebody else answers like one that is not there.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn connection(
    ctx: &Ctx,
    actor: &Actor,
    owner: UserId,
    connection: ConsentId,
) -> Result<Revoked> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::user(conn, owner)?;
            let row = connections::of_user(conn, owner, connection)?
                .ok_or_else(|| Error::not_found("There is no such connection."))?;
            let reason = reason(&actor, owner);
            let ended = tokens::revoke_of_consent(conn, connection, reason, now)?;
            users::count_ended_tokens(conn, owner, i64::try_from(ended).unwrap_or(i64::MAX))?;
            let revoked = consents::revoke(conn, connection, now)? > 0;
            let target = Target { kind: "connection", id: Some(connection.0), label: row.client };
            let detail = json!({ "user_id": owner.0, "tokens": ended, "already_ended": !revoked });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::ConnectionRevoked,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(if revoked { Revoked::Now } else { Revoked::Already })
        })
        .await
}

/// Revokes every active token of a user and ends their approvals. Returns how many were active.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn all_of_user(ctx: &Ctx, actor: &Actor, user: UserId) -> Result<usize> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let row = users::by_id(conn, user)?
                .ok_or_else(|| Error::not_found("There is no such user."))?;
            let revoked = end_everything_of(conn, user, reason(&actor, user), now)?;
            let target = Target { kind: "user", id: Some(user.0), label: row.email };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::TokensRevoked,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({ "tokens": revoked }),
            };
            audit::insert(conn, &entry)?;
            Ok(revoked)
        })
        .await
}

/// A client gives a token back (RFC 7009): an access or refresh token of its own. Anything else,
/// another client's token included, changes nothing and is not told apart (§2.2). The whole
/// authorization ends with either of the two.
///
/// # Errors
/// When the database cannot answer.
pub async fn by_client(
    ctx: &Ctx,
    actor: &Actor,
    client: &ClientRow,
    token: PlainSecret,
) -> Result<()> {
    let (state, actor, client, now) = (ctx.clone(), actor.clone(), client.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let Some((token, owner)) = find_own(&state, conn, &client, &token)? else {
                return Ok(());
            };
            if !end_token(conn, token, owner, EndReason::RevokedByClient, now)? {
                return Ok(());
            }
            let target = Target { kind: "token", id: Some(token.0), label: client.name.clone() };
            let detail = json!({ "user_id": owner.0, "client_id": client.client_id });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::TokenRevoked,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await
}

/// The token row behind an access or refresh token that was given to `client`, and its owner.
pub(crate) fn find_own(
    ctx: &Ctx,
    conn: &mut Conn,
    client: &ClientRow,
    token: &PlainSecret,
) -> Result<Option<(TokenId, UserId)>> {
    let id = if token.expose().starts_with(SecretKind::RefreshToken.prefix()) {
        refresh_tokens::presented(conn, &token.hash())?.map(|row| row.token_id)
    } else {
        ctx.live(conn)?.keys.check_signature(token.expose()).map(|(claims, _)| TokenId(claims.tid))
    };
    let Some(id) = id else { return Ok(None) };
    let parties = tokens::parties(conn, id)?;
    Ok(parties.filter(|(_, given_to)| *given_to == Some(client.id)).map(|(owner, _)| (id, owner)))
}

pub(super) fn reason(actor: &Actor, owner: UserId) -> EndReason {
    match actor.user {
        Some(user) if user == owner => EndReason::RevokedByUser,
        Some(_) => EndReason::RevokedByAdministrator,
        None => EndReason::RevokedByOperator,
    }
}

/// Ends one token, inside the caller's transaction; whether it was active until now.
pub(crate) fn end_token(
    conn: &mut Conn,
    token: TokenId,
    owner: UserId,
    reason: EndReason,
    now: Timestamp,
) -> Result<bool> {
    lock::user(conn, owner)?;
    if tokens::revoke(conn, token, reason, now)? == 0 {
        return Ok(false);
    }
    users::count_ended_tokens(conn, owner, 1)?;
    if let Some(consent) = tokens::by_id(conn, token)?.and_then(|row| row.consent_id) {
        consents::revoke_if_unused(conn, consent, now)?;
    }
    Ok(true)
}

/// Ends every token, approval and waiting code of a user, inside the caller's transaction. Returns
/// how many tokens were active.
pub(crate) fn end_everything_of(
    conn: &mut Conn,
    user: UserId,
    reason: EndReason,
    now: Timestamp,
) -> Result<usize> {
    lock::user(conn, user)?;
    let revoked = tokens::revoke_of_user(conn, user, reason, now)?;
    users::count_ended_tokens(conn, user, i64::try_from(revoked).unwrap_or(i64::MAX))?;
    consents::revoke_of_user(conn, user, now)?;
    codes::burn_of_user(conn, user, now)?;
    Ok(revoked)
}

/// Writes down which tokens have expired since the last sweep, for the counters that grids sort
/// by. Returns how many there were. What is shown as active never waits for this.
///
/// # Errors
/// When the database cannot answer.
pub async fn sweep_expired(ctx: &Ctx) -> Result<usize> {
    const AT_ONCE: i64 = 500;
    let now = ctx.clock.now();
    ctx.db
        .write(move |conn| {
            let mut swept = 0;
            for owner in tokens::expired_owners(conn, now, AT_ONCE)? {
                lock::user(conn, owner)?;
                let expired = tokens::expire_of_user(conn, owner, now)?;
                users::count_ended_tokens(conn, owner, i64::try_from(expired).unwrap_or(i64::MAX))?;
                swept += expired;
            }
            Ok(swept)
        })
        .await
}
