//! The connections of a client: who they are, and ending all of them.

use serde_json::json;

use super::{Whom, find};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome};
use crate::domain::grant::EndReason;
use crate::error::Result;
use crate::ids::{ClientRowId, UserId};
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::client_connections::{self as store, ConnectionRow};
use crate::store::clients::Selection;
use crate::store::users;

/// Connections on a page of a client's details.
pub const MOST_CONNECTIONS: i64 = 50;
/// People whose connections are ended by one statement.
const AT_ONCE: usize = 500;

/// What ending all connections would touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// People with a live approval.
    pub users: i64,
    /// Tokens that work.
    pub tokens: i64,
    /// Tokens that have not ended and do not work, because their client is blocked.
    pub blocked: i64,
}

/// Counts what ending all connections would touch now.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn touched(ctx: &Ctx, whom: Whom) -> Result<Touched> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let selection = find(conn, whom)?.selection;
            let [tokens, blocked] = [false, true]
                .map(|is_blocked| store::count_tokens(conn, selection, is_blocked, now));
            let users = store::count_users(conn, selection)?;
            Ok(Touched { users, tokens: tokens?, blocked: blocked? })
        })
        .await
}

/// A page of a client's connections, the newest first, how many there are, and the page shown.
///
/// # Errors
/// When the database cannot answer.
pub async fn connections(
    ctx: &Ctx,
    client: ClientRowId,
    page: i64,
) -> Result<(Vec<ConnectionRow>, i64, i64)> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let total = store::count(conn, client)?;
            let page = page.clamp(1, (total - 1).max(0) / MOST_CONNECTIONS + 1);
            let offset = (page - 1) * MOST_CONNECTIONS;
            Ok((store::page(conn, client, MOST_CONNECTIONS, offset, now)?, total, page))
        })
        .await
}

/// What ending all connections did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Approvals that stood until now.
    pub connections: usize,
    /// Tokens that worked until now.
    pub tokens: usize,
}

/// Ends every token, approval and waiting code of a client, or of all look-alikes, for everybody.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke(ctx: &Ctx, actor: &Actor, whom: Whom) -> Result<Ended> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let named = find(conn, whom)?;
            let ended = end_all(conn, named.selection, now)?;
            let detail = json!({
                "redirect_host": named.redirect_host,
                "registrations": named.clients,
                "connections": ended.connections,
                "tokens": ended.tokens,
            });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::ClientConnectionsRevoked,
                target: Some(&named.target()),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(ended)
        })
        .await
}

/// Ends everything that the selected clients have. Whoever connects after their row was passed has approved after this revocation.
pub(super) fn end_all(conn: &mut Conn, selection: Selection, now: Timestamp) -> Result<Ended> {
    let mut ended = Ended::default();
    let owners: Vec<UserId> = store::owners(conn, selection)?;
    for owners in owners.chunks(AT_ONCE) {
        for owner in owners {
            lock::user(conn, *owner)?;
        }
        let working = store::working_of(conn, selection, owners, now)?;
        let reason = EndReason::RevokedByAdministrator;
        ended.tokens += store::revoke_tokens(conn, selection, owners, reason, now)?;
        ended.connections += store::revoke_consents(conn, selection, owners, now)?;
        store::burn_codes(conn, selection, owners, now)?;
        for (owner, tokens) in working {
            users::count_ended_tokens(conn, owner, tokens)?;
        }
    }
    Ok(ended)
}
