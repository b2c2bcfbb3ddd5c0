//! System → AI Agent Connector → Activity: every tool and REST call, answered or refused.

mod details;
mod export;
pub(super) mod file;
pub(super) mod frame;
pub(super) mod grid;
pub(super) mod view;

pub use details::details;
pub use export::export;
pub use grid::grid;

use crate::domain::access::Permission;
use crate::service::records::{Call, Person};
use crate::web::page::Shell;

/// The screen's path.
pub(super) const PATH: &str = "/admin/mcp/activity";

/// A latency as people read it.
pub(super) fn latency(microseconds: &i64) -> String {
    match microseconds {
        ..1_000 => format!("{microseconds} µs"),
        1_000..10_000 => format!("{:.1} ms", *microseconds as f64 / 1000.0),
        10_000..1_000_000 => format!("{} ms", microseconds / 1000),
        _ => format!("{:.1} s", *microseconds as f64 / 1_000_000.0),
    }
}

/// The end of a request's id, which is what tells it from its neighbours.
pub(super) fn tail(request: &str) -> &str {
    request.get(request.len().saturating_sub(8)..).unwrap_or(request)
}

/// The page of a person with that tab, for whoever may see it and as long as they are there.
pub(super) fn person_page(shell: &Shell, person: &Person, tab: &str) -> Option<String> {
    if person.is_deleted || !shell.may(Permission::ViewUsers) {
        return None;
    }
    let page = format!("/admin/users/{}", person.id);
    let is_open = tab != "mcp" || shell.may(Permission::ViewMcpUsers);
    Some(if tab.is_empty() || !is_open { page } else { format!("{page}?tab={tab}") })
}

/// The page of the client of a call with its name, for whoever may see it and as long as it is there.
pub(super) fn client_page<'a>(shell: &Shell, call: &'a Call) -> Option<(String, &'a str)> {
    let id = call.client_here.filter(|_| shell.may(Permission::ViewClients))?;
    Some((format!("/admin/mcp/clients/{id}"), call.client.as_deref()?))
}
