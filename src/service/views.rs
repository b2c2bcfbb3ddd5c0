//! Saved views of a grid: each person's own, by name, and those that others share. A view is the query
//! of an address.

use crate::db::{Conn, lock};
use crate::domain::name::is_name;
use crate::error::{Error, Result};
use crate::ids::{GridViewId, UserId};
use crate::service::Ctx;
use crate::store::views::{self, ViewRow};

/// The grid of MCP users.
pub const MCP_USERS: &str = "mcp_users";
/// The views that come with it; none of a person's own is called like one of them.
pub const BUILT_IN: [&str; 6] = [
    "All",
    "MCP enabled",
    "Never used",
    "Not used for 90 days",
    "Has expired tokens",
    "Over 80 % of credits",
];
/// Views of one person and grid.
const MOST: usize = 50;
/// Views of others that are offered; the page says so when there may be more.
pub const MOST_SHARED: usize = 100;
const LONGEST_NAME: usize = 60;

/// A person's views of a grid, by name.
///
/// # Errors
/// When the database cannot answer.
pub async fn own(ctx: &Ctx, user: UserId, grid: &'static str) -> Result<Vec<ViewRow>> {
    ctx.db.read(move |conn| Ok(views::of_user(conn, user, grid)?)).await
}

/// The views of a grid that others share, by name, each with its owner's name.
///
/// # Errors
/// When the database cannot answer.
pub async fn shared(ctx: &Ctx, user: UserId, grid: &'static str) -> Result<Vec<(ViewRow, String)>> {
    ctx.db.read(move |conn| Ok(views::shared_with(conn, user, grid, MOST_SHARED as i64)?)).await
}

/// Saves a view under a name; one of that name shows it from now on.
///
/// # Errors
/// A name that cannot be one, too many views, or that the database cannot answer.
pub async fn save(
    ctx: &Ctx,
    user: UserId,
    grid: &'static str,
    name: &str,
    query: String,
    is_default: bool,
) -> Result<()> {
    let name = checked(name)?;
    ctx.db
        .write(move |conn| {
            lock::user(conn, user)?;
            let own = views::of_user(conn, user, grid)?;
            let id = match own.iter().find(|view| view.name == name) {
                Some(view) => {
                    views::replace(conn, user, view.id, &query)?;
                    view.id
                }
                None if own.len() >= MOST => {
                    return Err(Error::field(
                        "name",
                        format!("There are {MOST} views already. Delete one first."),
                    ));
                }
                None => views::insert(conn, user, grid, &name, &query)?,
            };
            if is_default { open_with(conn, user, grid, id) } else { Ok(()) }
        })
        .await
}

/// What becomes of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is called so.
    Rename(String),
    /// It shows this query.
    Replace(String),
    /// The grid opens with it.
    Default,
    /// The grid opens with everybody again.
    NoDefault,
    /// Everybody who sees the grid is offered it, or no longer.
    Share(bool),
    /// It is gone.
    Delete,
}

/// Changes a person's own view and returns what it was.
///
/// # Errors
/// `not_found` if there is none or it is somebody else's, a name that cannot be one, or that the
/// database cannot answer.
pub async fn change(
    ctx: &Ctx,
    user: UserId,
    grid: &'static str,
    id: GridViewId,
    change: Change,
) -> Result<ViewRow> {
    let change = match change {
        Change::Rename(name) => Change::Rename(checked(&name)?),
        other => other,
    };
    ctx.db
        .write(move |conn| {
            lock::user(conn, user)?;
            let own = views::of_user(conn, user, grid)?;
            let view = own
                .iter()
                .find(|view| view.id == id)
                .ok_or_else(|| Error::not_found("There is no such view."))?;
            match &change {
                Change::Rename(name) => {
                    if own.iter().any(|other| other.id != id && other.name == *name) {
                        let text = format!("There is a view “{name}” already.");
                        return Err(Error::field("name", text));
                    }
                    views::rename(conn, user, id, name)?;
                }
                Change::Replace(query) => {
                    views::replace(conn, user, id, query)?;
                }
                Change::Default => open_with(conn, user, grid, id)?,
                Change::NoDefault => {
                    views::clear_default(conn, user, grid)?;
                }
                Change::Share(shared) => {
                    views::share(conn, user, id, *shared)?;
                }
                Change::Delete => {
                    views::delete(conn, user, id)?;
                }
            }
            Ok(view.clone())
        })
        .await
}

fn open_with(conn: &mut Conn, user: UserId, grid: &str, id: GridViewId) -> Result<()> {
    views::clear_default(conn, user, grid)?;
    views::set_default(conn, user, id)?;
    Ok(())
}

fn checked(name: &str) -> Result<String> {
    let name = name.trim();
    if !is_name(name, LONGEST_NAME) {
        let text = format!("Name: enter 1 to {LONGEST_NAME} characters on one line.");
        return Err(Error::field("name", text));
    }
    if let Some(taken) = BUILT_IN.into_iter().find(|taken| seen(taken) == seen(name)) {
        let text = format!("Name: “{taken}” comes with the list. Choose another name.");
        return Err(Error::field("name", text));
    }
    Ok(name.to_owned())
}

/// What tells names of views apart for whoever reads them in a menu.
fn seen(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_own_view_passes_for_one_that_comes_with_the_grid() {
        for name in
            ["All", "all", " ALL ", "A\u{200d}ll", "All.", "mcp  Enabled", "over 80% of credits"]
        {
            assert!(checked(name).is_err(), "{name}");
        }
        assert!(checked("All of Acme").is_ok());
    }
}
