//! Reading the audit log.

use std::collections::HashMap;

use super::names::{self, Person};
use super::walk::{self, Log, Page};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::records::{Cursor, Span};
use crate::error::{Error, Result};
use crate::ids::{ClientRowId, UserId};
use crate::service::Ctx;
use crate::store::audit_grid::{self as store, AuditQuery, EntryRow};

impl Log for AuditQuery {
    type Row = EntryRow;

    fn id(row: &EntryRow) -> i64 {
        row.id
    }

    fn times(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.from, self.until)
    }

    fn looks_at_rows(&self) -> bool {
        self.looks_at_rows()
    }

    fn first_from(conn: &mut Conn, at: Timestamp) -> Result<Option<i64>> {
        Ok(store::first_from(conn, at)?)
    }

    fn last_until(conn: &mut Conn, at: Timestamp) -> Result<Option<i64>> {
        Ok(store::last_until(conn, at)?)
    }

    fn edge(&self, conn: &mut Conn, span: Span, rows: i64, newest: bool) -> Result<Option<i64>> {
        Ok(store::edge(conn, self, span, rows, newest)?)
    }

    fn rows(
        &self,
        conn: &mut Conn,
        span: Span,
        limit: i64,
        newest: bool,
    ) -> Result<Vec<Self::Row>> {
        Ok(store::rows(conn, self, span, limit, newest)?)
    }

    fn count(&self, conn: &mut Conn, span: Span, limit: i64) -> Result<i64> {
        Ok(store::count(conn, self, span, limit)?)
    }

    fn time_of(conn: &mut Conn, id: i64) -> Result<Option<Timestamp>> {
        Ok(store::time_of(conn, id)?)
    }
}

/// What is asked for, with person and client as they were typed.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// An address or the number of a user.
    pub person: Option<String>,
    /// A client's name, or its `client_id`.
    pub client: Option<String>,
    /// A kind of target with a name or number.
    pub thing: Option<String>,
    /// Everything else.
    pub query: AuditQuery,
}

impl Asked {
    pub(super) fn resolve(&self, conn: &mut Conn) -> Result<AuditQuery> {
        let mut query = self.query.clone();
        if let Some(typed) = &self.person {
            query.person = Some(names::person_of(conn, typed)?);
        }
        if let Some(typed) = &self.thing {
            query.thing = Some(names::thing_of(conn, typed)?);
        }
        if let Some(typed) = &self.client {
            query.clients = Some(match names::spellings_of(conn, typed) {
                // What others have connected is not to be found out.
                Err(error) if query.is_own && error.param.is_some() => vec![typed.clone()],
                names => names?,
            });
        }
        Ok(query)
    }
}

/// An entry with the person whom it is about.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The row.
    pub row: EntryRow,
    /// The name of who acted, unless they were deleted or are none.
    pub actor: Option<Person>,
    /// The person whom it is about, unless they were deleted.
    pub about: Option<Person>,
    /// The client that it is about, if it is still registered.
    pub client_here: Option<ClientRowId>,
}

/// The entries behind rows, with what may be read of them.
pub(super) fn read(
    conn: &mut Conn,
    query: &AuditQuery,
    mut rows: Vec<EntryRow>,
) -> Result<Vec<Entry>> {
    if query.is_own {
        rows.iter_mut().for_each(|row| row.hide_from(query.person));
    }
    with_names(conn, rows)
}

fn with_names(conn: &mut Conn, rows: Vec<EntryRow>) -> Result<Vec<Entry>> {
    let ids: Vec<UserId> =
        names::distinct(rows.iter().flat_map(|row| [row.actor_id, row.about_user_id]).flatten());
    let people: HashMap<UserId, Person> = names::people(conn, &ids)?;
    let clients = names::clients_of_entries(conn, &rows)?;
    let name = |id: Option<UserId>| id.and_then(|id| people.get(&id).cloned());
    Ok(rows
        .into_iter()
        .map(|row| Entry {
            actor: name(row.actor_id),
            about: name(row.about_user_id),
            client_here: clients.get(&row.id).copied(),
            row,
        })
        .collect())
}

/// A page of the log.
///
/// # Errors
/// Names `person`, `client` or `thing` if there is none such; or that the database cannot answer.
pub async fn page(ctx: &Ctx, asked: Asked, cursor: Cursor, size: i64) -> Result<Page<Entry>> {
    ctx.db
        .read(move |conn| {
            let query = asked.resolve(conn)?;
            let page = walk::page(conn, &query, cursor, size)?;
            let entries = read(conn, &query, page.rows.clone())?;
            Ok(page.map(|_| entries))
        })
        .await
}

/// An entry.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn entry(ctx: &Ctx, id: i64) -> Result<Entry> {
    ctx.db
        .read(move |conn| {
            let row = store::by_id(conn, id)?.ok_or_else(|| {
                Error::not_found("There is no such entry. It may have been removed by age.")
            })?;
            let mut entries = with_names(conn, vec![row])?;
            entries.pop().ok_or_else(|| Error::internal("an entry without itself"))
        })
        .await
}

/// How long entries are kept, days, and when the oldest was written.
///
/// # Errors
/// When the database cannot answer.
pub async fn kept(ctx: &Ctx) -> Result<(i64, Option<Timestamp>)> {
    let days = ctx.live_now().await?.settings.audit_days;
    let oldest = ctx.db.read(|conn| Ok(store::oldest(conn)?)).await?;
    Ok((days, oldest))
}
