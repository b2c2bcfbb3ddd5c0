//! AI clients for everyone: seeing them, blocking them, ending their connections, registering,
//! editing and deleting one by hand. Each act is for one client or for a whole group of look-alike registrations.

mod connections;
mod edit;
mod figures;
mod listing;
mod manual;
mod secret;
mod trust;

use crate::db::Conn;
use crate::domain::audit::Target;
use crate::error::{Error, Result};
use crate::ids::{ClientGroupId, ClientRowId};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::client_groups;
use crate::store::clients::{self, DetailRow, Selection};

pub use connections::{Ended, MOST_CONNECTIONS, Touched, connections, revoke, touched};
pub use edit::{change, delete, is_by_hand, not_by_hand};
pub use figures::{adopt_all, fold};
pub use listing::{Page, figures_of, grid};
pub use manual::{NewManual, Registered, check, register};
pub use secret::{Overlap, no_secret, rotate, seen as seen_secret};
pub use trust::{block, unblock};

/// Whom an act is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// One client.
    Client(ClientRowId),
    /// All registrations of a group, as it is when the act happens.
    Group(ClientGroupId),
}

/// Whom an act is for, as people know them.
#[derive(Debug, Clone)]
pub struct Named {
    /// The rows.
    pub selection: Selection,
    /// The name they gave themselves.
    pub name: String,
    /// Where their redirect URIs lead.
    pub redirect_host: String,
    /// Registrations.
    pub clients: i64,
    /// Of them blocked.
    pub blocked: i64,
}

impl Named {
    fn target(&self) -> Target {
        let (kind, id) = match self.selection.only {
            Some(client) => ("client", client.0),
            None => ("client_group", self.selection.group.0),
        };
        Target { kind, id: Some(id), label: self.name.clone() }
    }
}

/// Whom an act is for.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn named(ctx: &Ctx, whom: Whom) -> Result<Named> {
    ctx.db.read(move |conn| find(conn, whom)).await
}

/// A client with everything that its page shows.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn details(ctx: &Ctx, id: ClientRowId) -> Result<DetailRow> {
    ctx.db.read(move |conn| clients::details(conn, id)?.ok_or_else(no_client)).await
}

fn no_client() -> Error {
    Error::not_found(
        "There is no such client. Registrations that are never used are removed after 30 days.",
    )
}

fn find(conn: &mut Conn, whom: Whom) -> Result<Named> {
    match whom {
        Whom::Client(id) => {
            let row = clients::details(conn, id)?.ok_or_else(no_client)?;
            let group = row.group_id.ok_or_else(no_client)?;
            Ok(Named {
                selection: Selection { group, only: Some(id) },
                redirect_host: row.redirect_host(),
                blocked: i64::from(row.trust == "blocked"),
                name: row.name,
                clients: 1,
            })
        }
        Whom::Group(id) => {
            let row = client_groups::by_id(conn, id)?
                .filter(|row| row.clients > 0)
                .ok_or_else(|| Error::not_found("There are no such registrations any more."))?;
            Ok(Named {
                selection: Selection { group: id, only: None },
                name: row.name,
                redirect_host: row.redirect_host,
                clients: row.clients,
                blocked: row.blocked,
            })
        }
    }
}

/// A proof of somebody else is none.
fn check_proof(proof: &Reconfirmed, actor: &crate::domain::audit::Actor) -> Result<()> {
    if Some(proof.user) == actor.user {
        return Ok(());
    }
    Err(Error::internal("a password proof of somebody else"))
}
