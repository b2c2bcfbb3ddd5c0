//! Requests between `/oauth/authorize` and the decision, kept on the server under a random handle.

use super::decide::too_late;
use super::{Request, blocked, not_registered, turned_away};
use crate::domain::audit::Actor;
use crate::domain::settings::Settings;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::metadata_document::may_begin;
use crate::service::throttle::{self, Limit};
use crate::store::clients::ClientRow;
use crate::store::requests;

/// How long a person may take to sign in and decide, seconds.
pub(super) const DECISION_SECONDS: i64 = 900;

/// Keeps a request until somebody has signed in; the answer names it. Nobody has proved anything by
/// then, so one address may only have so many kept.
///
/// # Errors
/// `rate_limit_exceeded`, or that the database cannot answer.
pub async fn park(
    ctx: &Ctx,
    actor: &Actor,
    request: &Request,
    client: &ClientRow,
) -> Result<PlainSecret> {
    count(ctx, actor).await?;
    save(ctx, request, client, None).await
}

/// Counts a request that is to be kept for somebody who has not signed in.
///
/// # Errors
/// `rate_limit_exceeded`, or that the database cannot answer.
pub(super) async fn count(ctx: &Ctx, actor: &Actor) -> Result<()> {
    let Some(limit) = actor.address.map(Limit::authorizations_from) else { return Ok(()) };
    let now = ctx.clock.now();
    ctx.db.join_batch(move |conn| throttle::count_or_refuse(conn, &limit, now)).await
}

/// A parked request with its client.
///
/// # Errors
/// `not_found` when it is too old or was never there.
pub async fn unpark(ctx: &Ctx, handle: &PlainSecret) -> Result<(Request, ClientRow)> {
    let (hash, now) = (handle.hash(), ctx.clock.now());
    let state = ctx.clone();
    let (parameters, client, live) = ctx
        .db
        .read(move |conn| {
            let (parameters, client) = requests::unbound(conn, &hash, now)?.ok_or_else(|| {
                Error::not_found(
                    "This request is too old. Start again in the program that sent you here.",
                )
            })?;
            Ok((parameters, client, state.live(conn)?))
        })
        .await?;
    if client.is_blocked() {
        return Err(blocked());
    }
    read(&live.settings, &parameters, client)
}

/// A kept request. Its client and address were good when it was asked; they must be so still.
fn read(
    settings: &Settings,
    parameters: &str,
    client: ClientRow,
) -> Result<(Request, ClientRow)> {
    let request: Request = serde_json::from_str(parameters).map_err(Error::internal)?;
    if !client.redirects_to(&request.redirect_uri) {
        return Err(not_registered());
    }
    if !may_begin(settings, &client) {
        return Err(turned_away());
    }
    Ok((request, client))
}

/// Binds a request to the person and session that are about to see it; the answer is the
/// single-use handle for the form.
///
/// # Errors
/// When the database cannot answer.
pub async fn present(
    ctx: &Ctx,
    request: &Request,
    client: &ClientRow,
    user: UserId,
    session: &PlainSecret,
) -> Result<PlainSecret> {
    save(ctx, request, client, Some((user, session.hash()))).await
}

/// A request that was shown to this person in this session and waits for their decision.
///
/// # Errors
/// `conflict` when it was decided already, is too old, or was shown to somebody else.
pub async fn shown(
    ctx: &Ctx,
    handle: &PlainSecret,
    user: UserId,
    session: &PlainSecret,
) -> Result<(Request, ClientRow)> {
    let (hash, session, now) = (handle.hash(), session.hash(), ctx.clock.now());
    let state = ctx.clone();
    let (parameters, client, live) = ctx
        .db
        .read(move |conn| {
            let (parameters, client) =
                requests::undecided(conn, &hash, user, &session, now)?.ok_or_else(too_late)?;
            Ok((parameters, client, state.live(conn)?))
        })
        .await?;
    read(&live.settings, &parameters, client)
}

async fn save(
    ctx: &Ctx,
    request: &Request,
    client: &ClientRow,
    bound_to: Option<(UserId, HashedSecret)>,
) -> Result<PlainSecret> {
    let handle = PlainSecret::generate(SecretKind::Handle);
    let (hash, now, client) = (handle.hash(), ctx.clock.now(), client.id);
    let parameters = serde_json::to_string(request).map_err(Error::internal)?;
    ctx.db
        .write(move |conn| {
            let bound_to = bound_to.as_ref().map(|(user, session)| (*user, session));
            requests::insert(
                conn,
                &hash,
                client,
                &parameters,
                bound_to,
                now,
                now.plus_seconds(DECISION_SECONDS),
            )?;
            Ok(())
        })
        .await?;
    Ok(handle)
}
