//! Requests of clients whose document has still to be fetched, which is done for a signed-in person
//! only (checklist D24): what was asked waits, unjudged, until somebody has signed in.

use super::parked::DECISION_SECONDS;
use super::{Asked, Refused, Request, check, parked, unpark};
use crate::domain::audit::Actor;
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::{Ctx, metadata_document};
use crate::store::clients::ClientRow;
use crate::store::waiting;

/// The largest request that waits, bytes.
const LARGEST: usize = 16 * 1024;

/// Judges a request: `parked` names one that waited for somebody to sign in, judged before or not;
/// without it `fresh` is what has just been asked.
///
/// # Errors
/// See [`Refused`].
pub async fn check_for(
    ctx: &Ctx,
    actor: &Actor,
    parked: Option<&PlainSecret>,
    fresh: Asked,
) -> Result<(Request, ClientRow), Refused> {
    let waited = match parked {
        Some(handle) => match load(ctx, handle).await? {
            Some(asked) => Some(asked),
            None => return Ok(unpark(ctx, handle).await?),
        },
        None => None,
    };
    let asked = waited.unwrap_or(fresh);
    if actor.user.is_none()
        && let Some(client_id) = &asked.client_id
        && metadata_document::must_be_fetched(ctx, client_id).await?
    {
        let handle = match parked {
            Some(handle) => handle.clone(),
            None => {
                parked::count(ctx, actor).await?;
                save(ctx, asked).await?
            }
        };
        return Err(Refused::SignInFirst { handle });
    }
    check(ctx, actor, asked).await
}

async fn save(ctx: &Ctx, mut asked: Asked) -> Result<PlainSecret> {
    asked.asked_at = Some(ctx.clock.now());
    let text = serde_json::to_string(&asked).map_err(Error::internal)?;
    if text.len() > LARGEST {
        return Err(Error::new(ErrorCode::InvalidRequest, "The program's request is too long."));
    }
    let handle = PlainSecret::generate(SecretKind::Handle);
    let (hash, now) = (handle.hash(), ctx.clock.now());
    let end = now.plus_seconds(DECISION_SECONDS);
    ctx.db.write(move |conn| Ok(waiting::insert(conn, &hash, &text, now, end)?)).await?;
    Ok(handle)
}

async fn load(ctx: &Ctx, handle: &PlainSecret) -> Result<Option<Asked>> {
    let (hash, now) = (handle.hash(), ctx.clock.now());
    let text = ctx.db.read(move |conn| Ok(waiting::load(conn, &hash, now)?)).await?;
    text.map(|text| serde_json::from_str(&text).map_err(Error::internal)).transpose()
}
