//! System → AI Agent Connector → MCP Users: the grid, a user's tokens, and the acts of its rows.

mod access;
pub(crate) mod back;
mod details;
mod grid;
pub(crate) mod parts;
pub(crate) mod query;
mod revoke;
pub(crate) mod tokens;

use crate::error::{Error, Result};
use crate::ids::UserId;

pub use access::{confirm_access, set_access};
pub use details::details;
pub use grid::grid;
pub use revoke::{confirm_revoke, revoke_all, revoke_one};

/// The user a path names. What cannot be an id is a user that is not there.
///
/// # Errors
/// `not_found`.
pub(crate) fn user_id(segment: &str) -> Result<UserId> {
    segment.parse().map_err(|_| Error::not_found("There is no such user."))
}
