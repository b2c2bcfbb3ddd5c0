//! Rotating a key: a new one works at once, the old one until a time that its owner chooses.

use serde_json::json;

use super::{add, admit, find, is_own, settle};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor};
use crate::domain::grant::TokenStatus;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{ApiKeyId, UserId};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::service::sessions::Acting;
use crate::store::api_keys::{self as store, KeyRow};

/// The longest time, hours, that the old key goes on working.
pub const MOST_OVERLAP_HOURS: i64 = 168;
/// An hour, seconds.
const HOUR: i64 = 3600;

/// Replaces a key by a new one of the same name, permissions and length of life. The old one works
/// for `hours` more, or until its own end if that comes first.
///
/// # Errors
/// `hours` if they are too many; `not_found`; `conflict` if the key has ended or was rotated before,
/// if this form has made its key already, or the person has as many as may be.
pub async fn rotate(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    id: ApiKeyId,
    hours: i64,
    form: String,
) -> Result<PlainSecret> {
    if !(0..=MOST_OVERLAP_HOURS).contains(&hours) {
        return Err(Error::field(
            "hours",
            "Old key: choose how long it goes on working, at most 7 days.",
        ));
    }
    let secret = PlainSecret::generate(SecretKind::ApiKey);
    let (actor, made, now) = (actor.clone(), secret.clone(), ctx.clock.now());
    is_own(&actor, &proof)?;
    let acting = Acting::of(proof.user);
    ctx.db
        .write(move |conn| {
            let old = find(conn, proof.user, id)?;
            let result = admit(conn, proof.user, &acting, &form, now)
                .and_then(|()| replace(conn, proof.user, &old, &made, hours, now));
            let detail =
                json!({ "user_id": proof.user.0, "replaces": id.0, "overlap_hours": hours });
            settle(conn, &actor, Action::ApiKeyRotated, &old.name, detail, result, now)
        })
        .await??;
    Ok(secret)
}

/// Under the person's lock. A refusal takes back what was written before it.
fn replace(
    conn: &mut Conn,
    owner: UserId,
    seen: &KeyRow,
    secret: &PlainSecret,
    hours: i64,
    now: Timestamp,
) -> Result<ApiKeyId> {
    let old = find(conn, owner, seen.id)?;
    if old.status(now) != TokenStatus::Active || old.replaced_by.is_some() {
        return Err(Error::new(
            ErrorCode::Conflict,
            "This key has ended or was rotated before. Rotate the newer one, or make another.",
        ));
    }
    let life = old.expires_at.map(|end| end.0 - old.created_at.0);
    let expires_at = life.map(|life| Timestamp(now.0 + life));
    let new = add(conn, owner, &old.name, &old.scopes, secret, expires_at, now)?;
    let overlap = now.plus_seconds(hours * HOUR);
    let until = old.expires_at.map_or(overlap, |end| end.min(overlap));
    if store::replace(conn, old.id, new, until, now)? == 0 {
        return Err(Error::internal("a key changed under its owner's lock"));
    }
    Ok(new)
}
