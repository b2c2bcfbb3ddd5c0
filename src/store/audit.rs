//! The log of what people and the authorization server did; append-only. Table: `audit`.

use diesel::prelude::*;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::audit_rows::AuditRows;
use crate::db::schema::audit;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::ids::UserId;

/// An entry to be written.
#[derive(Debug)]
pub struct NewEntry<'a> {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: &'a Actor,
    /// What.
    pub action: Action,
    /// To whom or what.
    pub target: Option<&'a Target>,
    /// How it ended.
    pub outcome: Outcome,
    /// More, for the details page; never a secret.
    pub detail: Value,
}

/// Removes entries before `before`, at most `limit` of them: the only way that any leaves the log.
pub fn purge(conn: &mut Conn, before: Timestamp, limit: i64) -> QueryResult<usize> {
    let oldest: Vec<i64> = audit::table
        .filter(audit::at.lt(before))
        .order(audit::at.asc())
        .limit(limit)
        .select(audit::id)
        .load(conn)?;
    diesel::delete(audit::table.filter(audit::id.eq_any(oldest))).execute(conn)
}

/// Whether somebody has signed in from an address since then.
pub fn has_signed_in(
    conn: &mut Conn,
    user: UserId,
    address: &str,
    since: Timestamp,
) -> QueryResult<bool> {
    let entries = audit::table
        .filter(audit::address.eq(address))
        .filter(audit::actor_id.eq(user.0))
        .filter(audit::action.eq(Action::SignIn.as_str()))
        .filter(audit::outcome.eq(Outcome::Ok.as_str()))
        .filter(audit::at.ge(since));
    diesel::select(diesel::dsl::exists(entries)).get_result(conn)
}

/// Writes an entry, inside the transaction of what it records.
pub fn insert(conn: &mut Conn, entry: &NewEntry<'_>) -> QueryResult<()> {
    diesel::insert_into(audit::table)
        .values((
            audit::at.eq(entry.at),
            audit::request_id.eq(entry.actor.request_id.as_deref()),
            audit::actor_id.eq(entry.actor.user.map(|user| user.0)),
            audit::actor.eq(&entry.actor.label),
            audit::action.eq(entry.action.as_str()),
            audit::target_kind.eq(entry.target.map(|target| target.kind)),
            audit::target_id.eq(entry.target.and_then(|target| target.id)),
            audit::target.eq(entry.target.map(|target| target.label.as_str())),
            audit::outcome.eq(entry.outcome.as_str()),
            audit::address.eq(entry.actor.address.map(|address| address.to_string())),
            audit::detail.eq(detail(entry).to_string()),
            audit::about_user_id.eq(about(entry)),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The detail, with the reason that was given.
fn detail(entry: &NewEntry<'_>) -> Value {
    let mut detail = entry.detail.clone();
    if let (Some(reason), Some(members)) = (&entry.actor.reason, detail.as_object_mut()) {
        members.insert("reason".into(), reason.as_str().into());
    }
    detail
}

/// The user whom an entry speaks of: its target, or whose the target is.
fn about(entry: &NewEntry<'_>) -> Option<i64> {
    match entry.target {
        Some(target) if target.kind == "user" => target.id,
        _ => entry.detail.get("user_id").and_then(Value::as_i64),
    }
}

/// Writes one entry for each of these users: id, address and detail. What the entries have in
/// common is `entry`'s; its target and detail are not looked at.
pub fn insert_each(
    conn: &mut Conn,
    entry: &NewEntry<'_>,
    targets: &[(i64, String, String)],
) -> QueryResult<()> {
    let rows = AuditRows {
        at: entry.at.0,
        request_id: entry.actor.request_id.as_deref(),
        actor_id: entry.actor.user.map(|user| user.0),
        actor: &entry.actor.label,
        address: entry.actor.address.map(|address| address.to_string()),
        action: entry.action.as_str(),
        outcome: entry.outcome.as_str(),
        targets,
    };
    rows.insert(conn)
}
