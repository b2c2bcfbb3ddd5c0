//! System → AI Agent Connector → Audit: what people and the authorization server did.

mod details;
mod export;
pub(super) mod grid;

use serde_json::Value;

pub use details::details;
pub use export::export;
pub use grid::grid;

use crate::domain::settings::{self, Settings};
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
        ("settings", _) if !told_settings(entry).is_empty() => told_settings(entry),
        ("index", _) => match detail(entry).get("file").and_then(Value::as_str) {
            Some(file) => format!("index “{name}”, file “{file}”"),
            None => format!("index “{name}”"),
        },
        (kind, Some(whose)) => format!("{} “{name}” of {whose}", kind.replace('_', " ")),
        (kind, None) if name.is_empty() => kind.replace('_', " "),
        (kind, None) => format!("{} “{name}”", kind.replace('_', " ")),
    }
}

fn detail(entry: &Entry) -> Value {
    serde_json::from_str(&entry.row.detail).unwrap_or_default()
}

/// What became of which setting, as the page of settings names them.
fn told_settings(entry: &Entry) -> String {
    let detail = detail(entry);
    let side = |side: &str| {
        let all = detail.get("changes").and_then(Value::as_object).into_iter().flatten();
        let values =
            all.filter_map(|(name, pair)| Some((name.clone(), pair.get(side)?.as_str()?.into())));
        Settings::from_rows(&values.collect()).0
    };
    let (was, becomes) = (side("old"), side("new"));
    let told: Vec<String> = settings::changes(&was, &becomes)
        .iter()
        .map(|change| {
            let (old, new) = (change.old_in_words(), change.new_in_words());
            format!("{}: {old} → {new}", change.setting.title)
        })
        .collect();
    told.join("; ")
}
