//! What else a server that was used for a while has: keys of the REST API, imports, a saved view.

use diesel::prelude::*;
use serde_json::json;

use super::audit::{Event, actor, event};
use super::people::Person;
use super::random::Random;
use super::{DAY, MINUTE};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{api_keys, imports};
use crate::domain::audit::{Action, Target};
use crate::domain::grant::EndReason;
use crate::error::Result;
use crate::ids::UserId;
use crate::service::views::MCP_USERS;
use crate::store::views;

/// Keys: place of the owner, name, last characters, scopes, days ago when it was made and used last,
/// days until it ends, days ago when it was revoked.
#[expect(clippy::type_complexity, reason = "the columns of a table, once")]
const KEYS: [(usize, &str, &str, &str, i64, Option<i64>, Option<i64>, Option<i64>); 4] = [
    (0, "Nightly export", "Q7dk", "usage:read stores:read", 60, Some(0), None, None),
    (0, "Spreadsheet", "m2Xa", "usage:read", 100, Some(12), Some(-10), None),
    (0, "Old CRM", "9vTe", "usage:read stores:read contacts:search", 150, Some(45), None, Some(40)),
    (1, "Price watcher", "LpR4", "usage:read stores:read", 20, Some(1), Some(70), None),
];

/// Imports: what, file, days ago, rows.
const IMPORTS: [(&str, &str, i64); 2] =
    [("stores", "stores-2026.csv.gz", 90), ("contacts", "contacts-2026.jsonl", 89)];

/// Writes them. Gives the entries of the audit log.
pub(super) fn load(
    conn: &mut Conn,
    random: &mut Random,
    now: Timestamp,
    people: &[Person],
    (stores, contacts): (usize, usize),
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let Some(admin) = people.first() else { return Ok(events) };
    for (number, key) in KEYS.iter().enumerate() {
        let (place, name, ending, scopes, made, used, ends, revoked) = *key;
        let Some(owner) = people.get(place) else { continue };
        let ago = |days: i64| now.0 - days * DAY - 17 * MINUTE;
        let id: i64 = diesel::insert_into(api_keys::table)
            .values((
                api_keys::user_id.eq(owner.id),
                api_keys::name.eq(name),
                api_keys::ending.eq(ending),
                // Not a SHA-256 of anything: no key can be presented for it.
                api_keys::secret_hash.eq(format!("demo-api-key-{number}")),
                api_keys::scopes.eq(scopes),
                api_keys::created_at.eq(ago(made)),
                api_keys::last_used_at.eq(used.map(ago)),
                api_keys::expires_at.eq(ends.map(|days| ago(-days))),
                api_keys::ended_at.eq(revoked.map(ago)),
                api_keys::end_reason.eq(revoked.map(|_| EndReason::RevokedByUser.as_str())),
            ))
            .returning(api_keys::id)
            .get_result(conn)?;
        let target = || Some(Target { kind: "api_key", id: Some(id), label: name.into() });
        let by_owner = actor(random, owner);
        events.push(event(ago(made), by_owner.clone(), Action::ApiKeyCreated, target()));
        if let Some(days) = revoked {
            events.push(event(ago(days), by_owner, Action::ApiKeyRevoked, target()));
        }
    }
    for ((entity, file, days), rows) in IMPORTS.into_iter().zip([stores, contacts]) {
        let (at, rows) = (now.0 - days * DAY, i64::try_from(rows).unwrap_or_default());
        diesel::insert_into(imports::table)
            .values((
                (imports::entity.eq(entity), imports::file_name.eq(file)),
                (imports::strict.eq(false), imports::actor_id.eq(admin.id)),
                (imports::actor.eq(&admin.email), imports::state.eq("finished")),
                (imports::started_at.eq(at), imports::beat_at.eq(at + 4_000)),
                (imports::ended_at.eq(at + 4_000), imports::to_write.eq(rows)),
                (imports::lines_read.eq(rows), imports::inserted.eq(rows)),
                (imports::updated.eq(0), imports::unchanged.eq(0)),
                (imports::repeated.eq(0), imports::rejected.eq(0)),
                imports::problems.eq("[]"),
            ))
            .execute(conn)?;
        let target = Target { kind: "index", id: None, label: file.into() };
        let imported = event(at, actor(random, admin), Action::Imported, Some(target));
        events.push(Event { detail: json!({ "entity": entity, "inserted": rows }), ..imported });
    }
    views::insert(
        conn,
        UserId(admin.id),
        MCP_USERS,
        "Enabled, by name",
        "status=enabled&sort=user",
    )?;
    Ok(events)
}
