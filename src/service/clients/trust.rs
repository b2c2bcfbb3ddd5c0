//! Blocking a client for everyone, and letting it in again. A blocked client keeps its tokens and
//! approvals; the gate, the token endpoint and the consent page refuse it as long as it is blocked.

use serde_json::json;

use super::{Whom, check_proof, find};
use crate::db::lock;
use crate::domain::audit::{Action, Actor, Outcome};
use crate::error::Result;
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::audit::{self, NewEntry};
use crate::store::clients;

/// Blocks for everyone. Returns how many registrations were not blocked before.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn block(ctx: &Ctx, actor: &Actor, whom: Whom) -> Result<usize> {
    change(ctx, actor, whom, true).await
}

/// Lets in again, verified or not as before. Returns how many registrations were blocked.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn unblock(ctx: &Ctx, actor: &Actor, proof: Reconfirmed, whom: Whom) -> Result<usize> {
    check_proof(&proof, actor)?;
    change(ctx, actor, whom, false).await
}

async fn change(ctx: &Ctx, actor: &Actor, whom: Whom, blocks: bool) -> Result<usize> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::clients(conn)?;
            let named = find(conn, whom)?;
            let (action, changed) = if blocks {
                (Action::ClientBlocked, clients::block(conn, named.selection)?)
            } else {
                (Action::ClientUnblocked, clients::unblock(conn, named.selection)?)
            };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action,
                target: Some(&named.target()),
                outcome: Outcome::Ok,
                detail: json!({ "redirect_host": named.redirect_host, "registrations": changed }),
            };
            audit::insert(conn, &entry)?;
            Ok(changed)
        })
        .await
}
