//! Dropping the gate for everybody: switching the endpoint off, which can be undone, and revoking
//! everything, which cannot.

use serde_json::json;

use crate::db::lock;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::domain::settings::Settings;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::service::settings::{self, Edit};
use crate::store::audit::{self, NewEntry};
use crate::store::{api_keys, overview, stop};

/// What works now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// People with active tokens.
    pub people: i64,
    /// Tokens that work.
    pub tokens: i64,
    /// Approvals that stand.
    pub approvals: i64,
    /// Keys of the REST API that work.
    pub keys: i64,
}

/// Counts what works now.
///
/// # Errors
/// When the database cannot answer.
pub async fn standing(ctx: &Ctx) -> Result<Standing> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            Ok(Standing {
                people: overview::connected_people(conn)?,
                tokens: overview::working_tokens(conn, now)?,
                approvals: overview::standing_approvals(conn)?,
                keys: api_keys::count_all_active(conn, now)?,
            })
        })
        .await
}

/// Switches the MCP endpoint off for everybody. Returns false if it was off already.
///
/// # Errors
/// `conflict` if somebody changes settings at the same time, or that the database cannot answer.
pub async fn switch_off(ctx: &Ctx, actor: &Actor, proof: Reconfirmed) -> Result<bool> {
    let was = ctx.live_now().await?.settings.clone();
    if !was.mcp_enabled {
        return Ok(false);
    }
    let becomes = Settings { mcp_enabled: false, ..was.clone() };
    settings::change(ctx, actor, Some(proof), Edit { was, becomes }).await?;
    Ok(true)
}

/// What revoking everything did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// People who had active tokens.
    pub people: usize,
    /// Tokens that worked until now.
    pub tokens: usize,
    /// Approvals that stood until now.
    pub approvals: usize,
    /// Keys of the REST API that worked until now.
    pub keys: usize,
    /// What works after it: nothing.
    pub left: Standing,
}

/// Ends every token, approval and waiting code of everybody, personal access tokens and keys of the
/// REST API included.
///
/// # Errors
/// When the database cannot answer; nothing is ended then.
pub async fn revoke_everything(ctx: &Ctx, actor: &Actor, proof: Reconfirmed) -> Result<Ended> {
    if Some(proof.user) != actor.user {
        return Err(Error::internal("a password proof of somebody else"));
    }
    end_everything(ctx, actor).await
}

/// The same by whoever may run commands on the server, also before it serves anybody.
///
/// # Errors
/// When the database cannot answer; nothing is ended then.
pub async fn revoke_everything_here(ctx: &Ctx) -> Result<Ended> {
    end_everything(ctx, &Actor::operator()).await
}

async fn end_everything(ctx: &Ctx, actor: &Actor) -> Result<Ended> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::all_users(conn)?;
            stop::expire_tokens(conn, now)?;
            let tokens = stop::revoke_tokens(conn, EndReason::RevokedByAdministrator, now)?;
            let people = stop::count_ended_tokens(conn)?;
            let approvals = stop::revoke_consents(conn, now)?;
            let codes = stop::burn_codes(conn, now)?;
            let keys = api_keys::revoke_all(conn, EndReason::RevokedByAdministrator, now)?;
            let left = Standing {
                people: overview::connected_people(conn)?,
                tokens: overview::working_tokens(conn, now)?,
                approvals: overview::standing_approvals(conn)?,
                keys: api_keys::count_all_active(conn, now)?,
            };
            let target = Target { kind: "everything", id: None, label: "everybody".into() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::EverythingRevoked,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({
                    "people": people,
                    "tokens": tokens,
                    "approvals": approvals,
                    "waiting_codes": codes,
                    "api_keys": keys,
                }),
            };
            audit::insert(conn, &entry)?;
            Ok(Ended { people, tokens, approvals, keys, left })
        })
        .await
}
