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
use crate::store::audit::{self as store, NewEntry};

pub use names::{Call, Person};
pub use walk::Page;

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
