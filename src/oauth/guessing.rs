//! Endpoints where a client proves who it is slow down guessing, together (RFC 6749 §2.3.1).

use std::future::Future;

use crate::domain::audit::Actor;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::service::Ctx;
use crate::service::metrics::Failed;
use crate::service::throttle::{self, Limit};

/// Runs an attempt of a client unless it has failed too often from its address, and counts it if it
/// fails. Other clients behind the same address go on (checklist F21).
///
/// # Errors
/// Too many attempts, with the seconds to wait; else what the attempt says.
pub(super) async fn slowed<T>(
    ctx: &Ctx,
    actor: &Actor,
    client_id: &str,
    attempt: impl Future<Output = Result<T, OAuthError>>,
) -> Result<T, OAuthError> {
    let Some(limit) = actor.address.map(|address| Limit::token_failures(client_id, address)) else {
        return attempt.await;
    };
    let now = ctx.clock.now();
    let asked = limit.clone();
    ctx.db.glance(move |conn| throttle::check(conn, &asked, now)).await?;
    let result = attempt.await;
    if let Err(error) = &result
        && matches!(error.code, OAuthErrorCode::InvalidGrant | OAuthErrorCode::InvalidClient)
    {
        ctx.metrics.failed(Failed::Client);
        ctx.db.join_batch(move |conn| throttle::count(conn, &limit, now).map(|_| ())).await?;
    }
    result
}
