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

/// The screen's path.
const PATH: &str = "/admin/mcp/activity";

/// A latency as people read it.
fn latency(microseconds: &i64) -> String {
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
