//! Changing and deleting a client that was registered by hand. Others say themselves what they are:
//! they are blocked or disconnected, never edited.

use serde_json::json;

use super::connections::{Ended, end_all};
use super::{NewManual, Whom, check, check_proof, find, no_client};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::lookalike::Lookalike;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ClientRowId;
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::audit::{self, NewEntry};
use crate::store::client_groups;
use crate::store::clients::{self, DetailRow, Told};

/// Whether an administrator registered it, so that one can edit and delete it.
pub fn is_by_hand(client: &DetailRow) -> bool {
    client.registration == "manual"
}

/// The refusal for a client that registered itself.
pub fn not_by_hand() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "Only clients that an administrator registered can be edited and deleted. To be rid of this one, block it and revoke all its connections.",
    )
}

/// Changes name and redirect URIs. `was` is what the acting person saw.
///
/// # Errors
/// `not_found`; names the field that is wrong; `conflict` if somebody else has changed it meanwhile,
/// or it was not registered by hand.
pub async fn change(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    id: ClientRowId,
    was: Told,
    wanted: NewManual,
) -> Result<()> {
    check_proof(&proof, actor)?;
    let (name, uris) = check(&wanted).map_err(|errors| {
        errors.into_iter().next().unwrap_or_else(|| Error::field("name", "Name: enter a name."))
    })?;
    let becomes = Told { name, redirect_uris: uris.join("\n") };
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let client = clients::details(conn, id)?.ok_or_else(no_client)?;
            if !is_by_hand(&client) {
                return Err(not_by_hand());
            }
            if clients::replace(conn, id, &was, &becomes)? == 0 {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "Somebody else has changed this client since you opened the form. Nothing was changed. Open it again and look.",
                ));
            }
            if let Some(group) = client.group_id {
                let uris = &becomes.redirect_uris;
                let alike = Lookalike::of("manual", &client.client_id, &becomes.name, uris);
                client_groups::rename(conn, group, &alike)?;
            }
            let detail = json!({
                "old_name": was.name,
                "name": becomes.name,
                "old_redirect_uris": was.redirect_uris.lines().collect::<Vec<_>>(),
                "redirect_uris": becomes.redirect_uris.lines().collect::<Vec<_>>(),
            });
            let target = Target { kind: "client", id: Some(id.0), label: becomes.name.clone() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::ClientChanged,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await
}

/// Deletes it: everything it has ends. One that nobody ever approved is removed; another is kept out
/// of sight, because tokens and logs speak of it.
///
/// # Errors
/// `not_found`; `conflict` if it was not registered by hand; or that the database cannot answer.
pub async fn delete(ctx: &Ctx, actor: &Actor, id: ClientRowId) -> Result<Ended> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let client = clients::details(conn, id)?.ok_or_else(no_client)?;
            if !is_by_hand(&client) {
                return Err(not_by_hand());
            }
            let named = find(conn, Whom::Client(id))?;
            let ended = end_all(conn, named.selection, now)?;
            let is_removed = clients::remove_unused(conn, id)? > 0;
            if !is_removed && clients::mark_deleted(conn, id, now)? == 0 {
                return Err(no_client());
            }
            client_groups::remove_empty(conn)?;
            let detail = json!({
                "client_id": client.client_id,
                "redirect_host": named.redirect_host,
                "connections": ended.connections,
                "tokens": ended.tokens,
            });
            let target = Target { kind: "client", id: Some(id.0), label: client.name };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::ClientDeleted,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(ended)
        })
        .await
}
