//! System → AI Agent Connector → Clients: the grid, a client's page, and the acts on them.

mod acts;
mod details;
mod edit;
mod grid;
mod manual;
mod query;
mod secret;

use super::mcp_users::tokens::Live;
use crate::error::{Error, Result};
use crate::service::clients::{Touched, Whom};

pub use acts::{block, confirm_block, confirm_delete, confirm_revoke, confirm_unblock};
pub use acts::{delete, revoke, unblock};
pub use details::details;
pub use edit::{edit, edit_form};
pub use grid::grid;
pub use manual::{form, register};
pub use secret::{confirm_rotate, rotate};

/// How the id of a group begins in a path.
const GROUP: &str = "group-";

/// Whom a path names. What cannot be an id is a client that is not there.
fn whom(segment: &str) -> Result<Whom> {
    let missing = |_| Error::not_found("There is no such client.");
    match segment.strip_prefix(GROUP) {
        Some(group) => group.parse().map(Whom::Group).map_err(missing),
        None => segment.parse().map(Whom::Client).map_err(missing),
    }
}

/// The path of a client or group.
fn path_of(whom: Whom) -> String {
    match whom {
        Whom::Client(id) => format!("{}/{id}", query::PATH),
        Whom::Group(id) => format!("{}/{GROUP}{id}", query::PATH),
    }
}

/// How a client came, in words.
fn how_in_words(registration: &str) -> &'static str {
    match registration {
        "manual" => "By an administrator",
        "metadata_document" => "Metadata document",
        _ => "Dynamic",
    }
}

/// How it authenticates, in words.
fn method_in_words(method: &str) -> &'static str {
    match method {
        "client_secret_basic" => "Secret in the Authorization header (client_secret_basic)",
        "client_secret_post" => "Secret in the form (client_secret_post)",
        _ => "Public, without a secret (none)",
    }
}

/// The tokens that an act on a client touches.
fn live(touched: &Touched) -> Live {
    Live { active: touched.tokens, blocked: touched.blocked }
}

/// "1 token", "2 tokens", "12,408 tokens".
fn counted(count: &i64, one: &str, more: &str) -> String {
    let number = super::mcp_users::parts::number(count);
    format!("{number} {}", if *count == 1 { one } else { more })
}
