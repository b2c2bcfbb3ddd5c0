//! Rotating the signing keys: a new pair signs at once, the old one's tokens live out their time
//! unless it may have been copied.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::MasterSecret;
use crate::service::login::Reconfirmed;
use crate::service::{Ctx, keyring};
use crate::store::audit::{self, NewEntry};
use crate::store::keys::{self, SigningKeyRow};
use crate::store::settings;

/// A key is replaced at this age, seconds.
pub const ROTATED_AFTER_SECONDS: i64 = 90 * 86_400;
/// A retired key is kept as long as its last access token can live, with room for skewed clocks,
/// seconds.
const KEPT_SECONDS: i64 = 86_400 + 3_600;

/// What becomes of the keys that a new one takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// What they have signed lives out its time.
    Verify,
    /// They are forgotten at once, because somebody may have copied one: every access token ends, and
    /// every client that is still connected gets itself another.
    Forgotten,
}

/// Makes a new signing key in the place of the others. Returns its id.
///
/// # Errors
/// When the key cannot be made or the database cannot answer.
pub async fn rotate(ctx: &Ctx, actor: &Actor, old: Old) -> Result<String> {
    let (secret, actor, now) = (ctx.config.secret.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let key = keyring::generate(&secret, now)?;
            replace(conn, &actor, &key, old, now)?;
            Ok(key.kid)
        })
        .await
}

/// The same for somebody at the console, who saw `seen` as the key in use: a form that is sent twice
/// makes one key.
///
/// # Errors
/// `conflict` if another key is in use by now, or that the database cannot answer.
pub async fn rotate_confirmed(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    seen: &str,
    old: Old,
) -> Result<String> {
    proof.check(actor)?;
    let (secret, actor, now) = (ctx.config.secret.clone(), actor.clone(), ctx.clock.now());
    let seen = seen.to_owned();
    ctx.db
        .write(move |conn| {
            // First, because whoever rotates at the same time waits here for the other.
            settings::bump(conn)?;
            if in_use(&keys::all(conn)?).is_none_or(|key| key.kid != seen) {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "The signing key has been replaced since you opened the page. Nothing was changed by you. Look at the list before you rotate again.",
                ));
            }
            let key = keyring::generate(&secret, now)?;
            replace(conn, &actor, &key, old, now)?;
            Ok(key.kid)
        })
        .await
}

/// Makes a new signing key if the one in use is old or there is none, and forgets retired ones
/// whose tokens have all expired. Safe on every replica: whoever comes second finds nothing to do.
/// Where a key was sealed under another secret nothing is changed: beside a key under this one there
/// would be no secret left that opens all.
///
/// # Errors
/// Names `SECRET` if it opens not all keys; or when the database cannot answer.
pub async fn maintain(ctx: &Ctx) -> Result<()> {
    let (secret, now) = (ctx.config.secret.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            check_secret(conn, &secret)?;
            if is_due(conn, now)? {
                settings::bump(conn)?;
                // Read again: another replica may have been first while we waited.
                check_secret(conn, &secret)?;
                if is_due(conn, now)? {
                    let key = keyring::generate(&secret, now)?;
                    replace(conn, &Actor::system(), &key, Old::Verify, now)?;
                }
            }
            if keys::purge(conn, now.plus_seconds(-KEPT_SECONDS))? > 0 {
                settings::bump(conn)?;
            }
            Ok(())
        })
        .await
}

fn check_secret(conn: &mut Conn, secret: &MasterSecret) -> Result<()> {
    if keyring::opens(conn, secret)? {
        return Ok(());
    }
    Err(Error::field(
        "SECRET",
        "is not the one this database was made under; set SECRET or SECRET_FILE to that one. If it is lost for good, portcullis keys rotate --leaked makes new signing keys under this one, and people set two-factor sign-in up anew",
    ))
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
    Ok(in_use(&keys::all(conn)?).is_none_or(|key| now >= due_at(key)))
}

/// The key that signs now.
pub fn in_use(keys: &[SigningKeyRow]) -> Option<&SigningKeyRow> {
    keys.iter().find(|key| key.retired_at.is_none())
}

/// When a key is replaced by itself.
pub fn due_at(key: &SigningKeyRow) -> Timestamp {
    key.created_at.plus_seconds(ROTATED_AFTER_SECONDS)
}

/// When a retired key is forgotten: nothing it signed is alive then.
pub fn verifies_until(key: &SigningKeyRow) -> Option<Timestamp> {
    key.retired_at.map(|at| at.plus_seconds(KEPT_SECONDS))
}

fn replace(
    conn: &mut Conn,
    actor: &Actor,
    key: &SigningKeyRow,
    old: Old,
    now: Timestamp,
) -> Result<()> {
    // First, because it makes whoever rotates at the same time wait: what is retired next includes
    // their key, so that one is left in use.
    settings::bump(conn)?;
    let retired = keys::retire_all(conn, now)?;
    let forgotten = if old == Old::Forgotten { keys::forget_all(conn)? } else { 0 };
    keys::insert(conn, key)?;
    let target = Target { kind: "signing_key", id: None, label: key.kid.clone() };
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::SigningKeyCreated,
        target: Some(&target),
        outcome: Outcome::Ok,
        detail: json!({ "retired": retired, "forgotten": forgotten }),
    };
    audit::insert(conn, &entry)?;
    Ok(())
}
