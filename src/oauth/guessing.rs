//! Endpoints where a client proves who it is slow down guessing, together (RFC 6749 §2.3.1).

use std::future::Future;

use super::form::Presented;
use crate::domain::audit::Actor;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::service::Ctx;
use crate::service::metrics::Failed;
use crate::service::throttle::{self, Limit};

/// Runs an attempt of a client and counts it if it fails; one failure too many is told as that. Who
/// brings a secret is refused before the attempt too, so that guessing learns nothing. Whoever has a
/// good code or refresh token, or takes a token back, is never in the way of others' failures: all
/// people of one hosted client share its id and its addresses (checklist F21).
///
/// # Errors
/// Too many attempts, with the seconds to wait; else what the attempt says.
pub(super) async fn slowed<T>(
    ctx: &Ctx,
    actor: &Actor,
    presented: &Presented,
    attempt: impl Future<Output = Result<T, OAuthError>>,
) -> Result<T, OAuthError> {
    let Some(address) = actor.address else { return attempt.await };
    let of_secrets = Limit::secret_failures(&presented.client_id, address);
    if presented.with_secret {
        check(ctx, of_secrets.clone()).await?;
    }
    let result = attempt.await;
    let limit = match &result {
        Err(error) if error.code == OAuthErrorCode::InvalidClient => of_secrets,
        Err(error) if error.code == OAuthErrorCode::InvalidGrant => {
            Limit::token_failures(&presented.client_id, address)
        }
        _ => return result,
    };
    ctx.metrics.failed(Failed::Client);
    // What is refused anyhow is not written down.
    check(ctx, limit.clone()).await?;
    let now = ctx.clock.now();
    ctx.db.join_batch(move |conn| throttle::count_or_refuse(conn, &limit, now)).await?;
    result
}

async fn check(ctx: &Ctx, limit: Limit) -> Result<(), OAuthError> {
    let now = ctx.clock.now();
    Ok(ctx.db.glance(move |conn| throttle::check(conn, &limit, now)).await?)
}
