//! System → AI Agent Connector → MCP Users: the grid, a user's tokens, and the acts of its rows.

mod access;
pub(crate) mod back;
mod choice;
mod columns;
mod details;
mod export;
mod grid;
mod mass;
pub(crate) mod parts;
pub(crate) mod query;
mod revoke;
pub(crate) mod tokens;
mod views;

use crate::error::{Error, Result};
use crate::ids::UserId;

pub use access::{confirm_access, set_access};
pub use details::details;
pub use export::export;
pub use grid::grid;
pub use mass::{
    choose, confirm_disable_many, confirm_enable_many, confirm_revoke_many, disable_many,
    enable_many, revoke_many,
};
pub use revoke::{confirm_revoke, confirm_revoke_one, revoke_all, revoke_one};
pub use views::{change_view, save_view, views};

/// The user a path names. What cannot be an id is a user that is not there.
///
/// # Errors
/// `not_found`.
pub(crate) fn user_id(segment: &str) -> Result<UserId> {
    segment.parse().map_err(|_| Error::not_found("There is no such user."))
}
