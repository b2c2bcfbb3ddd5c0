//! Reading the two logs: pages, details, exports.

pub mod activity;
pub mod audit;
pub mod export;
mod names;
mod walk;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::Result;
use crate::service::Ctx;
use crate::store::audit::{self as store, NewEntry};

pub use names::{Call, Known, Person};
pub use walk::Page;

/// Whom a filter of a log stands for, if it names a person by their number.
///
/// # Errors
/// When the database cannot answer.
pub async fn person_by_number(ctx: &Ctx, typed: String) -> Result<Option<Known>> {
    ctx.db.read(move |conn| names::person_by_number(conn, &typed)).await
}

/// Which client a filter of the activity log stands for, if it names one by its number.
///
/// # Errors
/// When the database cannot answer.
pub async fn client_by_number(ctx: &Ctx, typed: String) -> Result<Option<Known>> {
    ctx.db.read(move |conn| names::client_by_number(conn, &typed)).await
}

/// Writes down that whoever runs the server copied its database into `file`.
///
/// # Errors
/// When the database cannot answer.
pub fn note_backup(conn: &mut Conn, file: String, now: Timestamp) -> Result<()> {
    let actor = Actor::operator();
    let entry = NewEntry {
        at: now,
        actor: &actor,
        action: Action::BackedUp,
        target: Some(&Target { kind: "database", id: None, label: file }),
        outcome: Outcome::Ok,
        detail: serde_json::json!({}),
    };
    Ok(store::insert(conn, &entry)?)
}
