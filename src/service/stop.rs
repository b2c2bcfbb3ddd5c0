//! Dropping the gate for everybody: switching the endpoint off, which can be undone, and revoking
//! everything, which cannot.

use std::collections::HashSet;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::domain::settings::Settings;
use crate::error::{Error, Result};
use crate::ids::ClientRowId;
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::service::settings::{self, Edit};
use crate::store::audit::{self, NewEntry};
use crate::store::{api_keys, blocked, client_figures, links, overview, sessions, stop};

/// What works now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// People with tokens that work.
    pub people: i64,
    /// Tokens that work.
    pub tokens: i64,
    /// Tokens that have not ended and do not work, because their client is blocked.
    pub blocked_tokens: i64,
    /// Approvals that stand.
    pub approvals: i64,
    /// Keys of the REST API that work.
    pub keys: i64,
}

impl Standing {
    /// Whether there is nothing that could be revoked.
    pub fn is_nothing(&self) -> bool {
        self.tokens + self.blocked_tokens + self.approvals + self.keys == 0
    }
}

/// Counts what works now.
///
/// # Errors
/// When the database cannot answer.
pub async fn standing(ctx: &Ctx) -> Result<Standing> {
    let now = ctx.clock.now();
    ctx.db.read(move |conn| count(conn, now)).await
}

fn count(conn: &mut Conn, now: Timestamp) -> Result<Standing> {
    let (people, tokens) = (overview::people_with_tokens(conn)?, overview::live_tokens(conn, now)?);
    let (idle, blocked_tokens) = match blocked::any(conn)? {
        true => (blocked::count_idle_people(conn)?, blocked_tokens(conn, now)?),
        false => (0, 0),
    };
    Ok(Standing {
        people: people - idle,
        tokens: tokens - blocked_tokens,
        blocked_tokens,
        approvals: overview::standing_approvals(conn)?,
        keys: api_keys::count_all_active(conn, now)?,
    })
}

/// Tokens of blocked clients that have not ended, by the clients' own figures: nobody counts them.
fn blocked_tokens(conn: &mut Conn, now: Timestamp) -> Result<i64> {
    let clients = blocked::clients(conn)?;
    let ids: HashSet<ClientRowId> = clients.iter().map(|(_, id, _)| *id).collect();
    let mut tokens: i64 = clients.iter().map(|(.., tokens)| tokens).sum();
    for (_, client, more, times) in overview::token_differences(conn)? {
        tokens += if ids.contains(&client) { more * times } else { 0 };
    }
    for (_, client, ended) in client_figures::overdue(conn, now)? {
        tokens -= if ids.contains(&client) { ended } else { 0 };
    }
    Ok(tokens)
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
    /// People who had tokens that had not ended.
    pub people: usize,
    /// Tokens that had not ended until now.
    pub tokens: usize,
    /// Approvals that stood until now.
    pub approvals: usize,
    /// Keys of the REST API that worked until now.
    pub keys: usize,
    /// Sessions of browsers that were ended, if these were to end too.
    pub sessions: usize,
    /// Links sent to people (invitations, new passwords and addresses) that work no more, likewise.
    pub links: usize,
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
    end_everything(ctx, actor, false).await
}

/// The same by whoever may run commands on the server, also before it serves anybody; and every
/// session and link sent to a person, because a restore brings those back too that were ended or used
/// up. The link for the first administrator stays.
///
/// # Errors
/// When the database cannot answer; nothing is ended then.
pub async fn revoke_everything_here(ctx: &Ctx) -> Result<Ended> {
    end_everything(ctx, &Actor::operator(), true).await
}

async fn end_everything(ctx: &Ctx, actor: &Actor, with_sessions: bool) -> Result<Ended> {
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
            let (sessions, links) = match with_sessions {
                true => (sessions::delete_all(conn)?, links::delete_of_people(conn)?),
                false => (0, 0),
            };
            let left = count(conn, now)?;
            let mut detail = json!({
                "people": people,
                "tokens": tokens,
                "approvals": approvals,
                "waiting_codes": codes,
                "api_keys": keys,
            });
            if let (true, Some(detail)) = (with_sessions, detail.as_object_mut()) {
                detail.insert("sessions".into(), sessions.into());
                detail.insert("links".into(), links.into());
            }
            let target = Target { kind: "everything", id: None, label: "everybody".into() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::EverythingRevoked,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(Ended { people, tokens, approvals, keys, sessions, links, left })
        })
        .await
}
