//! System → Accounts: who has which plan and has used how much of it, and changing that.

mod credits;
mod edit;
mod field;
mod file;
mod grid;
mod ledger;
mod page;
mod query;

use crate::error::{Error, Result};
use crate::ids::AccountId;

pub use credits::{adjust, credits_form};
pub(in crate::console) use field::{AccountField, chosen};

pub use edit::{create, form, save};
pub use file::{export, export_ledger};
pub use grid::grid;
pub use page::show;

/// Where the screen is.
const PATH: &str = "/admin/accounts";

/// The account a path names. What cannot be an id is an account that is not there.
fn account_id(segment: &str) -> Result<AccountId> {
    segment.parse().map_err(|_| Error::not_found("There is no such account."))
}
