//! System → AI Agent Connector → Audit: what people and the authorization server did.

mod details;
mod export;
pub(super) mod grid;

pub use details::details;
pub use export::export;
pub use grid::grid;

use crate::service::records::audit::Entry;

/// The screen's path.
const PATH: &str = "/admin/mcp/audit";

/// What it was done to, in words; nothing if it was nothing but who acted.
pub(super) fn target(entry: &Entry) -> String {
    let Some(kind) = entry.row.target_kind.as_deref() else { return String::new() };
    let name = entry.row.target.as_deref().unwrap_or_default();
    let whose = entry.row.about_user_id.filter(|id| Some(*id) != entry.row.actor_id).map(|id| {
        let person = entry.about.as_ref();
        person.map_or_else(|| format!("deleted user {id}"), |person| person.email.clone())
    });
    match (kind, whose) {
        ("user", _) => name.to_owned(),
        (kind, Some(whose)) => format!("{} “{name}” of {whose}", kind.replace('_', " ")),
        (kind, None) if name.is_empty() => kind.replace('_', " "),
        (kind, None) => format!("{} “{name}”", kind.replace('_', " ")),
    }
}
