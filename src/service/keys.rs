//! Rotating the signing keys: a new pair signs at once, the old one's tokens live out their time.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::Result;
use crate::service::{Ctx, keyring};
use crate::store::audit::{self, NewEntry};
use crate::store::keys::{self, SigningKeyRow};
use crate::store::settings;

/// A key is replaced at this age, seconds.
pub const ROTATED_AFTER_SECONDS: i64 = 90 * 86_400;
/// A retired key is kept as long as its last access token can live, with room for skewed clocks,
/// seconds.
const KEPT_SECONDS: i64 = 86_400 + 3_600;

/// Makes a new signing key and retires the others. Returns its id.
///
/// # Errors
/// When the key cannot be made or the database cannot answer.
pub async fn rotate(ctx: &Ctx, actor: &Actor) -> Result<String> {
    let (secret, actor, now) = (ctx.config.secret.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let key = keyring::generate(&secret, now)?;
            replace(conn, &actor, &key, now)?;
            Ok(key.kid)
        })
        .await
}

/// Makes a new signing key if the one in use is old or there is none, and forgets retired ones
/// whose tokens have all expired. Safe on every replica: whoever comes second finds nothing to do.
///
/// # Errors
/// When the database cannot answer.
pub async fn maintain(ctx: &Ctx) -> Result<()> {
    let (secret, now) = (ctx.config.secret.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            if is_due(conn, now)? {
                settings::bump(conn)?;
                // Read again: another replica may have been first while we waited.
                if is_due(conn, now)? {
                    let key = keyring::generate(&secret, now)?;
                    replace(conn, &Actor::system(), &key, now)?;
                }
            }
            if keys::purge(conn, now.plus_seconds(-KEPT_SECONDS))? > 0 {
                settings::bump(conn)?;
            }
            Ok(())
        })
        .await
}

/// All keys, newest first.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(ctx: &Ctx) -> Result<Vec<SigningKeyRow>> {
    ctx.db.read(|conn| Ok(keys::all(conn)?)).await
}

/// Whether the key in use is old, or there is none.
pub(super) fn is_due(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    let in_use = keys::all(conn)?.into_iter().find(|key| key.retired_at.is_none());
    Ok(in_use.is_none_or(|key| now >= key.created_at.plus_seconds(ROTATED_AFTER_SECONDS)))
}

fn replace(conn: &mut Conn, actor: &Actor, key: &SigningKeyRow, now: Timestamp) -> Result<()> {
    // First, because it makes whoever rotates at the same time wait: what is retired next includes
    // their key, so that one is left in use.
    settings::bump(conn)?;
    let retired = keys::retire_all(conn, now)?;
    keys::insert(conn, key)?;
    let target = Target { kind: "signing_key", id: None, label: key.kid.clone() };
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::SigningKeyCreated,
        target: Some(&target),
        outcome: Outcome::Ok,
        detail: json!({ "retired": retired }),
    };
    audit::insert(conn, &entry)?;
    Ok(())
}
