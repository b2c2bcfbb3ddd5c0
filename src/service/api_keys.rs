//! Keys of the REST API (contract §8, §9): made and rotated by their owner alone, with their
//! password; shown once; each works until its own time or until somebody ends it.

mod rotate;

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::domain::name::is_name;
use crate::domain::scope::ScopeSet;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, ApiKeyId, UserId};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::listed::Listed;
use crate::service::login::Reconfirmed;
use crate::service::revoke::{self, Revoked};
use crate::service::sessions::Acting;
use crate::store::api_keys::{self as store, KeyRow, NewKey};
use crate::store::audit::{self, NewEntry};
use crate::store::{accounts, links, users};

pub use rotate::{MOST_OVERLAP_HOURS, rotate};

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 60;
/// Keys of one person that work, at most; both of a rotation count.
pub const MOST_ACTIVE: i64 = 20;
/// The longest life, days, of a key that ends by itself.
pub const MOST_DAYS: i64 = 3650;
/// Keys listed at most; those that nobody revoked before others.
const MOST_LISTED: i64 = 100;
/// What the mark of a form that was sent is kept for, and how long, seconds.
const FORM_PURPOSE: &str = "api key form";
const FORM_SECONDS: i64 = 86_400;
/// A day, seconds.
const DAY: i64 = 86_400;

/// When a key ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Never.
    Endless,
    /// After so many days.
    Days(i64),
    /// What was entered is neither.
    Unreadable,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is for.
    pub name: String,
    /// What it allows; scopes of the resource only.
    pub scopes: ScopeSet,
    /// When it ends by itself.
    pub life: Life,
    /// The random text of the form it was asked for with: one form makes one key.
    pub form: String,
}

impl Wanted {
    /// What is wrong with it, a field each.
    pub fn problems(&self) -> Vec<Error> {
        let mut problems = Vec::new();
        let name = self.name.trim();
        if !is_name(name, LONGEST_NAME) {
            problems.push(Error::field(
                "name",
                format!("Name: say in 1 to {LONGEST_NAME} characters what the key is for."),
            ));
        }
        if self.allowed().is_empty() {
            problems.push(Error::field("scope", "Permissions: tick at least one."));
        }
        let has_life = match self.life {
            Life::Endless => true,
            Life::Days(days) => (1..=MOST_DAYS).contains(&days),
            Life::Unreadable => false,
        };
        if !has_life {
            problems.push(Error::field(
                "days",
                format!("Days: enter a whole number from 1 to {MOST_DAYS}."),
            ));
        }
        problems
    }

    /// The scopes that a key can have.
    fn allowed(&self) -> ScopeSet {
        self.scopes.intersection(&ScopeSet::of_resource())
    }
}

/// Makes a key for the person who has just re-entered their password.
///
/// # Errors
/// Names the field that is wrong; `permission_denied` for a suspended person; `conflict` if this
/// form has made its key already, or the person has as many as may be.
pub async fn create(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    wanted: Wanted,
) -> Result<PlainSecret> {
    if let Some(problem) = wanted.problems().pop() {
        return Err(problem);
    }
    let secret = PlainSecret::generate(SecretKind::ApiKey);
    let (actor, made, now) = (actor.clone(), secret.clone(), ctx.clock.now());
    is_own(&actor, &proof)?;
    let acting = Acting::of(proof.user);
    ctx.db
        .write(move |conn| {
            let scopes = wanted.allowed().to_string();
            let detail = match wanted.life {
                Life::Days(days) => json!({ "scopes": scopes, "days": days }),
                _ => json!({ "scopes": scopes }),
            };
            let name = wanted.name.trim();
            let result = admit(conn, proof.user, &acting, &wanted.form, now).and_then(|()| {
                let expires_at = match wanted.life {
                    Life::Days(days) => Some(now.plus_seconds(days * DAY)),
                    _ => None,
                };
                add(conn, proof.user, name, &scopes, &made, expires_at, now)
            });
            settle(conn, &actor, Action::ApiKeyCreated, name, detail, result, now)
        })
        .await??;
    Ok(secret)
}

/// Revokes a key of `owner`, who is the acting person or somebody whom they look after.
///
/// # Errors
/// `not_found` if the owner has no such key.
pub async fn revoke(ctx: &Ctx, actor: &Actor, owner: UserId, id: ApiKeyId) -> Result<Revoked> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::user(conn, owner)?;
            let row = find(conn, owner, id)?;
            let revoked = store::revoke(conn, id, revoke::reason(&actor, owner), now)? > 0;
            let detail = json!({ "user_id": owner.0, "already_ended": !revoked });
            write_down(conn, &actor, Action::ApiKeyRevoked, &row.name, Some(id), detail, now)?;
            Ok(if revoked { Revoked::Now } else { Revoked::Already })
        })
        .await
}

/// A person's keys.
///
/// # Errors
/// When the database cannot answer.
pub async fn of_person(ctx: &Ctx, person: UserId) -> Result<Listed<KeyRow>> {
    ctx.db
        .read(move |conn| {
            let rows = store::of_user(conn, person, MOST_LISTED)?;
            Ok(Listed::of(conn, rows, MOST_LISTED, |conn| store::count_of_user(conn, person))?)
        })
        .await
}

/// One of a person's keys.
///
/// # Errors
/// `not_found` if there is none, or it is somebody else's.
pub async fn one_of(ctx: &Ctx, person: UserId, id: ApiKeyId) -> Result<KeyRow> {
    ctx.db.read(move |conn| find(conn, person, id)).await
}

/// The name of an account's plan, if it gives no API access.
///
/// # Errors
/// When the database cannot answer.
pub async fn plan_without_access(ctx: &Ctx, account: AccountId) -> Result<Option<String>> {
    let plan = ctx.db.glance(move |conn| Ok(accounts::plan_of(conn, account)?)).await?;
    Ok(Some(plan).filter(|plan| !plan.api_access).map(|plan| plan.name))
}

/// Ends every key of a person, inside the caller's transaction: with their access or their password
/// go the keys that were made with it. Returns how many worked.
pub(super) fn end_all_of(
    conn: &mut Conn,
    user: UserId,
    reason: EndReason,
    now: Timestamp,
) -> Result<usize> {
    Ok(store::revoke_of_user(conn, user, reason, now)?)
}

fn find(conn: &mut Conn, owner: UserId, id: ApiKeyId) -> Result<KeyRow> {
    store::of_owner(conn, owner, id)?.ok_or_else(|| Error::not_found("There is no such key."))
}

fn is_own(actor: &Actor, proof: &Reconfirmed) -> Result<()> {
    if Some(proof.user) == actor.user {
        return Ok(());
    }
    Err(Error::internal("a password proof of somebody else"))
}

/// How many keys of a person work.
///
/// # Errors
/// When the database cannot answer.
pub async fn count_active(ctx: &Ctx, person: UserId) -> Result<i64> {
    let now = ctx.clock.now();
    ctx.db.read(move |conn| Ok(store::count_active(conn, person, now)?)).await
}

/// Whether the person may have another key, and for this form; takes their lock.
fn admit(
    conn: &mut Conn,
    person: UserId,
    acting: &Acting,
    form: &str,
    now: Timestamp,
) -> Result<()> {
    lock::user(conn, person)?;
    acting.goes_on(conn, now)?;
    let user = users::by_id(conn, person)?;
    if !user.is_some_and(|user| user.status() == UserStatus::Active) {
        return Err(Error::new(
            ErrorCode::PermissionDenied,
            "You are suspended. Nothing was made.",
        ));
    }
    let form = PlainSecret::presented(format!("{FORM_PURPOSE} {person} {form}")).hash();
    if links::is_known(conn, &form)? {
        return Err(Error::new(
            ErrorCode::Conflict,
            "This form was sent before, and its key was made then. A key is shown once: if you did not keep it, revoke it and make another.",
        ));
    }
    if store::count_active(conn, person, now)? >= MOST_ACTIVE {
        return Err(Error::new(
            ErrorCode::Conflict,
            format!("You have {MOST_ACTIVE} keys that work, which is the most. Revoke one first."),
        ));
    }
    links::insert(conn, &form, FORM_PURPOSE, now, now.plus_seconds(FORM_SECONDS))?;
    Ok(())
}

fn add(
    conn: &mut Conn,
    user_id: UserId,
    name: &str,
    scopes: &str,
    secret: &PlainSecret,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<ApiKeyId> {
    let text = secret.expose();
    let ending = text.get(text.len().saturating_sub(4)..).unwrap_or_default();
    let secret_hash = secret.hash();
    let key = NewKey { user_id, name, ending, secret_hash, scopes, created_at: now, expires_at };
    Ok(store::insert(conn, &key)?)
}

/// Writes down what came of an act: done, or refused to the person; what was wrong with the form is
/// not worth an entry.
fn settle(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    name: &str,
    detail: Value,
    result: Result<ApiKeyId>,
    now: Timestamp,
) -> Result<Result<()>> {
    match result {
        Ok(id) => write_down(conn, actor, action, name, Some(id), detail, now).map(Ok),
        Err(error) if matches!(error.code, ErrorCode::PermissionDenied | ErrorCode::Conflict) => {
            let target = Target { kind: "api_key", id: None, label: name.to_owned() };
            let entry = NewEntry {
                at: now,
                actor,
                action,
                target: Some(&target),
                outcome: Outcome::Denied,
                detail: json!({ "reason": error.message }),
            };
            audit::insert(conn, &entry)?;
            Ok(Err(error))
        }
        Err(error) => Err(error),
    }
}

fn write_down(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    name: &str,
    id: Option<ApiKeyId>,
    detail: Value,
    now: Timestamp,
) -> Result<()> {
    let target = Target { kind: "api_key", id: id.map(|id| id.0), label: name.to_owned() };
    let entry =
        NewEntry { at: now, actor, action, target: Some(&target), outcome: Outcome::Ok, detail };
    Ok(audit::insert(conn, &entry)?)
}
