//! Who asked for what their role does not allow, acted on somebody who may do more, or guessed too
//! often: refused elsewhere, written down here, and never so often that the log fills.

use serde_json::json;

use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::throttle::{self, Limit};
use crate::store::audit::{self, NewEntry};
use crate::store::users;

/// The longest path that is written down, characters.
const LONGEST_PATH: usize = 200;

/// Writes down that a signed-in person was refused for the lack of a permission or tool, by its name. What they only looked at is written once a
/// minute for each of them, what they tried to do up to ten times, so that nobody fills the log.
///
/// # Errors
/// When the database cannot answer.
pub async fn by_role(
    ctx: &Ctx,
    actor: &Actor,
    user: UserId,
    name: &'static str,
    method: &str,
    path: &str,
) -> Result<()> {
    let limit = Limit::refusals_of(user, name, matches!(method, "GET" | "HEAD"));
    let (now, known) = (ctx.clock.now(), limit.clone());
    // Whoever asks again and again makes no write of it.
    match ctx.db.glance(move |conn| throttle::check(conn, &known, now)).await {
        Err(error) if error.code == ErrorCode::RateLimitExceeded => return Ok(()),
        known => known?,
    }
    let path: String = path.chars().take(LONGEST_PATH).collect();
    let (actor, method) = (actor.clone(), method.to_owned());
    ctx.db
        .write(move |conn| {
            match throttle::count_or_refuse(conn, &limit, now) {
                Err(error) if error.code == ErrorCode::RateLimitExceeded => return Ok(()),
                counted => counted?,
            }
            let target = Target { kind: "page", id: None, label: path.clone() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::PermissionRefused,
                target: Some(&target),
                outcome: Outcome::Denied,
                detail: json!({ "permission": name, "method": method }),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await
}

/// Passes an answer on, and writes down that it was a refusal after too many attempts: once for each
/// limit in its window. `email` says about whom it is.
///
/// # Errors
/// That of the answer; or that the database cannot answer.
pub async fn too_often<T>(
    ctx: &Ctx,
    actor: &Actor,
    action: Action,
    email: &str,
    limits: &[Limit],
    answer: Result<T>,
) -> Result<T> {
    if !matches!(&answer, Err(error) if error.code == ErrorCode::RateLimitExceeded) {
        return answer;
    }
    let (limits, now) = (limits.to_vec(), ctx.clock.now());
    // Whoever tries again and again makes no write of it.
    let untold = ctx.db.glance(move |conn| {
        let is_full = |conn: &mut Conn, limit: &Limit| throttle::check(conn, limit, now).is_err();
        let full = limits.into_iter().find(|limit| is_full(conn, limit));
        Ok(full.map(|limit| limit.told()).filter(|told| !is_full(conn, told)))
    });
    let Some(told) = untold.await? else { return answer };
    let (actor, email) = (actor.clone(), email.to_owned());
    ctx.db
        .write(move |conn| {
            if throttle::count(conn, &told, now)? > 1 {
                return Ok(());
            }
            let about = users::by_email(conn, &email)?.map(|user| user.id.0);
            let target = Target { kind: "user", id: about, label: email.clone() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action,
                target: Some(&target),
                outcome: Outcome::Denied,
                detail: json!({ "why": "too many attempts; those after this one are not written down" }),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await?;
    answer
}

/// Passes an answer on, and writes down that it was a refusal to act on somebody who may do more, or
/// to give a role that may: up to ten a minute.
///
/// # Errors
/// That of the answer; or that the database cannot answer.
pub async fn over<T>(
    ctx: &Ctx,
    actor: &Actor,
    action: Action,
    user: UserId,
    answer: Result<T>,
) -> Result<T> {
    let (Err(error), Some(acting)) = (&answer, actor.user) else { return answer };
    if error.code != ErrorCode::PermissionDenied {
        return answer;
    }
    let limit = Limit::refusals_of(acting, "person", false);
    let (actor, now, why) = (actor.clone(), ctx.clock.now(), error.message.to_string());
    ctx.db
        .write(move |conn| {
            match throttle::count_or_refuse(conn, &limit, now) {
                Err(error) if error.code == ErrorCode::RateLimitExceeded => return Ok(()),
                counted => counted?,
            }
            let label = users::by_id(conn, user)?.map(|row| row.email).unwrap_or_default();
            let target = Target { kind: "user", id: Some(user.0), label };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action,
                target: Some(&target),
                outcome: Outcome::Denied,
                detail: json!({ "why": why }),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await?;
    answer
}
