//! Suspending, letting in again, deleting. Whatever ends access ends it at once: sessions, tokens,
//! approvals and links, in the same transaction.

use serde_json::{Value, json};

use super::{find, guard, record};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor};
use crate::domain::grant::EndReason;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::login::Reconfirmed;
use crate::service::{Ctx, api_keys, refused, revoke, two_factor};
use crate::store::users::{self, UserRow};
use crate::store::{links, sessions};

/// What ended with a person's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Tokens that were active until now.
    pub tokens: usize,
    /// Keys of the REST API that worked until now.
    pub keys: usize,
    /// Browser sessions.
    pub sessions: usize,
}

impl Ended {
    fn detail(self) -> Value {
        json!({
            "tokens_revoked": self.tokens,
            "api_keys_revoked": self.keys,
            "sessions_ended": self.sessions,
        })
    }
}

/// Suspends a person; nothing if they were suspended already.
///
/// # Errors
/// `not_found`; `conflict` for oneself and for the last active administrator.
pub async fn suspend(ctx: &Ctx, actor: &Actor, user: UserId) -> Result<Option<Ended>> {
    let by = actor;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            let row = removable(conn, &actor, user, "suspend")?;
            if users::set_status(conn, user, UserStatus::Suspended)? == 0 {
                return Ok(None);
            }
            let ended = end_access(conn, user, EndReason::UserSuspended, now)?;
            record(conn, &actor, Action::UserSuspended, &row, ended.detail(), now)?;
            Ok(Some(ended))
        })
        .await;
    refused::over(ctx, by, Action::UserSuspended, user, done).await
}

/// Lets a suspended person in again; what ended stays ended. Whether they were suspended.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn reactivate(ctx: &Ctx, actor: &Actor, user: UserId) -> Result<bool> {
    let by = actor;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = find(conn, user)?;
            guard::over(conn, &actor, &row)?;
            if users::set_status(conn, user, UserStatus::Active)? == 0 {
                return Ok(false);
            }
            // Sign-ins that were on their way when the suspension ended all sessions.
            sessions::delete_of_user(conn, user)?;
            record(conn, &actor, Action::UserReactivated, &row, json!({}), now)?;
            Ok(true)
        })
        .await;
    refused::over(ctx, by, Action::UserReactivated, user, done).await
}

/// Deletes a person. What they did stays in the logs, under their name; the address is free.
///
/// # Errors
/// `not_found`; `conflict` for oneself and for the last active administrator.
pub async fn delete(ctx: &Ctx, actor: &Actor, proof: Reconfirmed, user: UserId) -> Result<Ended> {
    if Some(proof.user) != actor.user {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let by = actor;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            let row = removable(conn, &actor, user, "delete")?;
            let ended = end_access(conn, user, EndReason::UserDeleted, now)?;
            two_factor::forget(conn, user)?;
            users::mark_deleted(conn, user, now)?;
            record(conn, &actor, Action::UserDeleted, &row, ended.detail(), now)?;
            Ok(ended)
        })
        .await;
    refused::over(ctx, by, Action::UserDeleted, user, done).await
}

/// The person, if they may be taken away; with the locks that this needs.
fn removable(conn: &mut Conn, actor: &Actor, user: UserId, what: &str) -> Result<UserRow> {
    guard::lock_administrators(conn)?;
    lock::user(conn, user)?;
    let row = find(conn, user)?;
    guard::not_oneself(actor, &row, what)?;
    guard::over(conn, actor, &row)?;
    guard::keeps_an_administrator(conn, &row)?;
    Ok(row)
}

fn end_access(conn: &mut Conn, user: UserId, reason: EndReason, now: Timestamp) -> Result<Ended> {
    let tokens = revoke::end_everything_of(conn, user, reason, now)?;
    let keys = api_keys::end_all_of(conn, user, reason, now)?;
    let sessions = sessions::delete_of_user(conn, user)?;
    links::delete_of_user(conn, user)?;
    Ok(Ended { tokens, keys, sessions })
}
