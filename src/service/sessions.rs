//! Browser sessions of a person: which there are, and ending them.

use serde_json::json;

use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::sessions::{self, SessionRow};
use crate::store::users;

/// Sessions that are listed; a person has few.
const MOST: i64 = 100;

/// Which sessions are to end.
#[derive(Debug, Clone)]
pub enum Which {
    /// The one that is called so.
    One(String),
    /// All but the one that is called so.
    Others(String),
    /// All.
    All,
}

/// A person's sessions, the last one used first.
///
/// # Errors
/// When the database cannot answer.
pub async fn of(ctx: &Ctx, user: UserId) -> Result<Vec<SessionRow>> {
    let now = ctx.clock.now();
    ctx.db.read(move |conn| Ok(sessions::of_user(conn, user, now, MOST)?)).await
}

/// Ends sessions of a person at once. Returns how many.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn end(ctx: &Ctx, actor: &Actor, user: UserId, which: Which) -> Result<usize> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let row = users::by_id(conn, user)?
                .ok_or_else(|| Error::not_found("There is no such user."))?;
            let ended = match &which {
                Which::One(handle) => sessions::delete_called(conn, user, handle)?,
                Which::Others(handle) => sessions::delete_others(conn, user, handle)?,
                Which::All => sessions::delete_of_user(conn, user)?,
            };
            if ended == 0 {
                return Ok(0);
            }
            let target = Target { kind: "user", id: Some(user.0), label: row.email };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::SessionsEnded,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({ "sessions": ended }),
            };
            audit::insert(conn, &entry)?;
            Ok(ended)
        })
        .await
}
