//! Reading the activity log.

use super::names::{self, Call};
use super::walk::{self, Log, Page};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::records::{Cursor, Span};
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::store::accounts;
use crate::store::activity_grid::{self as store, ActivityQuery, CallRow};

impl Log for ActivityQuery {
    type Row = CallRow;

    fn id(row: &CallRow) -> i64 {
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

/// What is asked for, with people and clients as they were typed.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// An address or the number of a user.
    pub person: Option<String>,
    /// A name, a `client_id` or the number of a client.
    pub client: Option<String>,
    /// What the person asked for in `query` calls one of their own connections, or its client.
    pub own_client: Option<String>,
    /// Everything else.
    pub query: ActivityQuery,
}

impl Asked {
    pub(super) fn resolve(&self, conn: &mut Conn) -> Result<ActivityQuery> {
        let mut query = self.query.clone();
        if let Some(typed) = &self.person {
            query.user = Some(names::person_of(conn, typed)?);
        }
        if let Some(typed) = &self.client {
            query.clients = Some(names::clients_of(conn, typed)?);
        }
        if let (Some(typed), Some(user)) = (&self.own_client, query.user) {
            query.clients = Some(names::own_clients_of(conn, user, typed)?);
        }
        Ok(query)
    }
}

/// A page of the log.
///
/// # Errors
/// Names `person` or `client` if there is none such; or that the database cannot answer.
pub async fn page(ctx: &Ctx, asked: Asked, cursor: Cursor, size: i64) -> Result<Page<Call>> {
    ctx.db
        .read(move |conn| {
            let query = asked.resolve(conn)?;
            let page = walk::page(conn, &query, cursor, size)?;
            let calls = names::of_calls(conn, page.rows.clone())?;
            Ok(page.map(|_| calls))
        })
        .await
}

/// A call, and the name of the account that pays for it.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn call(ctx: &Ctx, id: i64) -> Result<(Call, Option<String>)> {
    ctx.db
        .read(move |conn| {
            let row = store::by_id(conn, id)?.ok_or_else(|| {
                Error::not_found("There is no such call. It may have been removed by age.")
            })?;
            let account = match row.account_id {
                Some(account) => accounts::find_name(conn, account)?,
                None => None,
            };
            let mut calls = names::of_calls(conn, vec![row])?;
            let call = calls.pop().ok_or_else(|| Error::internal("a call without itself"))?;
            Ok((call, account))
        })
        .await
}

/// How long calls are kept, days, and when the oldest was written.
///
/// # Errors
/// When the database cannot answer.
pub async fn kept(ctx: &Ctx) -> Result<(i64, Option<Timestamp>)> {
    let days = ctx.live_now().await?.settings.activity_days;
    let oldest = ctx.db.read(|conn| Ok(store::oldest(conn)?)).await?;
    Ok((days, oldest))
}
