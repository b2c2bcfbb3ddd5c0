//! System → AI Agent Connector → Audit: what people and the authorization server did.

mod details;
mod export;
pub(super) mod grid;

use serde_json::Value;

pub use details::details;
pub use export::export;
pub use grid::grid;

use crate::console::activity::person_page;
use crate::domain::access::Permission;
use crate::domain::settings::{self, Settings};
use crate::service::records::audit::Entry;
use crate::web::page::Shell;

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

/// The page of the client that an entry is about, for whoever may see it and as long as it is there.
fn client_page(shell: &Shell, entry: &Entry) -> Option<String> {
    let id = entry.client_here.filter(|_| shell.may(Permission::ViewClients))?;
    Some(format!("/admin/mcp/clients/{id}"))
}

/// The same, where the target is something else than the client: a token or connection of it.
fn other_client_page(shell: &Shell, entry: &Entry) -> Option<String> {
    let is_target = entry.row.target_kind.as_deref() == Some("client");
    client_page(shell, entry).filter(|_| !is_target)
}

/// Where the target is looked at and acted on: at the person whose it is, or at the client.
fn target_page(shell: &Shell, entry: &Entry) -> Option<String> {
    let kind = entry.row.target_kind.as_deref()?;
    let is_person = kind == "user" || entry.row.about_user_id != entry.row.actor_id;
    match entry.about.as_ref().filter(|_| is_person) {
        Some(person) => person_page(shell, person, "mcp"),
        None => client_page(shell, entry).filter(|_| kind == "client"),
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
