//! Browser sessions of a person: which there are, whether the acting one goes on, and ending them.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::service::listed::Listed;
use crate::service::people::guard;
use crate::service::{Ctx, refused, visit};
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

/// The session in which a person makes a credential. Ending sessions ends credentials, too, where a
/// password is changed; one that was on its way then must not outlive it.
#[derive(Debug, Clone)]
pub struct Acting {
    user: UserId,
    handle: Option<String>,
}

impl Acting {
    /// That of the request in hand. Outside of one there is none, and nothing to ask.
    pub fn of(user: UserId) -> Self {
        Self { user, handle: visit::current().session }
    }

    /// Refuses an act of a session that was ended. To be asked in the act's transaction, under the
    /// person's lock.
    ///
    /// # Errors
    /// `sign_in_required`.
    pub fn goes_on(&self, conn: &mut Conn, now: Timestamp) -> Result<()> {
        match &self.handle {
            Some(handle) if !sessions::is_open(conn, self.user, handle, now)? => Err(Error::new(
                ErrorCode::SignInRequired,
                "You were signed out meanwhile. Nothing was changed. Sign in and try again.",
            )),
            _ => Ok(()),
        }
    }
}

/// A person's sessions, the last one used first.
///
/// # Errors
/// When the database cannot answer.
pub async fn of(ctx: &Ctx, user: UserId) -> Result<Listed<SessionRow>> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let rows = sessions::of_user(conn, user, now, MOST)?;
            Ok(Listed::of(conn, rows, MOST, |conn| sessions::count_of_user(conn, user, now))?)
        })
        .await
}

/// Ends sessions of a person at once. Returns how many.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn end(ctx: &Ctx, actor: &Actor, user: UserId, which: Which) -> Result<usize> {
    let by = actor;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            let row = users::by_id(conn, user)?
                .ok_or_else(|| Error::not_found("There is no such user."))?;
            guard::over(conn, &actor, &row)?;
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
        .await;
    refused::over(ctx, by, Action::SessionsEnded, user, done).await
}
