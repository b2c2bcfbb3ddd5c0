//! Who asked for what their role does not allow: refused by the surface, written down here.

use serde_json::json;

use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::throttle::{self, Limit};
use crate::store::audit::{self, NewEntry};

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
            let target = Target { kind: "page", id: None, label: path };
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
