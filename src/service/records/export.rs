//! Logs as rows for a file, read batch by batch, newest first. What is written down meanwhile is
//! newer than where the reading began, and is not in it.

use serde_json::json;

use super::walk::{self, Log};
use super::{activity, audit, names};
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::export::{Cell, Format};
use crate::domain::records::{Span, Total};
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::store::activity_grid::ActivityQuery;
use crate::store::audit as store;
use crate::store::audit_grid::AuditQuery;

/// Rows that an export through the console goes through at most.
const MOST: i64 = 1_000_000;

/// A log that can be exported.
pub trait Exported: Log + Clone + Send + Sync + 'static {
    /// What is asked for, as it was typed.
    type Asked: Send + 'static;
    /// Its name, in the log of exports and of the file.
    const NAME: &'static str;
    /// Stable names of the columns.
    const COLUMNS: &'static [&'static str];
    /// The query behind what was asked.
    ///
    /// # Errors
    /// Names what is not there; or that the database cannot answer.
    fn resolve(conn: &mut Conn, asked: &Self::Asked) -> Result<Self>;
    /// The rows with their names.
    ///
    /// # Errors
    /// When the database cannot answer.
    fn cells(&self, conn: &mut Conn, rows: Vec<Self::Row>) -> Result<Vec<Vec<Cell>>>;
}

impl Exported for ActivityQuery {
    type Asked = activity::Asked;
    const NAME: &'static str = "activity";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "time",
        "request_id",
        "account_id",
        "user_id",
        "person",
        "client_id",
        "client",
        "surface",
        "tool",
        "outcome",
        "status",
        "error_code",
        "rows_returned",
        "credits_spent",
        "latency_us",
        "address",
    ];

    fn resolve(conn: &mut Conn, asked: &Self::Asked) -> Result<Self> {
        asked.resolve(conn)
    }

    fn cells(&self, conn: &mut Conn, rows: Vec<Self::Row>) -> Result<Vec<Vec<Cell>>> {
        let calls = names::of_calls(conn, rows)?;
        Ok(calls
            .into_iter()
            .map(|call| {
                let row = call.row;
                vec![
                    row.id.into(),
                    row.at.into(),
                    row.request_id.into(),
                    row.account_id.map(|id| id.0).into(),
                    row.user_id.map(|id| id.0).into(),
                    call.person.map(|person| person.email).into(),
                    row.client_id.map(|id| id.0).into(),
                    call.client.into(),
                    row.surface.into(),
                    row.operation.into(),
                    row.outcome.into(),
                    i64::from(row.status).into(),
                    row.error_code.into(),
                    row.rows_returned.into(),
                    row.credits_spent.into(),
                    row.latency_us.into(),
                    row.address.into(),
                ]
            })
            .collect())
    }
}

impl Exported for AuditQuery {
    type Asked = audit::Asked;
    const NAME: &'static str = "audit";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "time",
        "request_id",
        "actor_id",
        "actor",
        "action",
        "target_kind",
        "target_id",
        "target",
        "about_user_id",
        "about",
        "client",
        "outcome",
        "address",
        "detail",
    ];

    fn resolve(conn: &mut Conn, asked: &Self::Asked) -> Result<Self> {
        asked.resolve(conn)
    }

    fn cells(&self, conn: &mut Conn, rows: Vec<Self::Row>) -> Result<Vec<Vec<Cell>>> {
        let entries = audit::read(conn, self, rows)?;
        Ok(entries
            .into_iter()
            .map(|entry| {
                let row = entry.row;
                let client = row.client().map(ToOwned::to_owned);
                vec![
                    row.id.into(),
                    row.at.into(),
                    row.request_id.into(),
                    row.actor_id.map(|id| id.0).into(),
                    row.actor.into(),
                    row.action.into(),
                    row.target_kind.into(),
                    row.target_id.into(),
                    row.target.into(),
                    row.about_user_id.map(|id| id.0).into(),
                    entry.about.map(|person| person.email).into(),
                    client.into(),
                    row.outcome.into(),
                    row.address.into(),
                    row.detail.into(),
                ]
            })
            .collect())
    }
}

/// An export that has begun.
#[derive(Debug, Clone)]
pub struct Export<L> {
    log: L,
    /// Where it begins.
    pub first: Span,
    /// How many rows it has, unless counting them would take long.
    pub rows: Option<i64>,
}

impl<L: Exported> Export<L> {
    /// Reads a batch: its rows, and where the next one begins if there is any.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn batch(
        &self,
        ctx: &Ctx,
        span: Span,
        limit: i64,
    ) -> Result<(Vec<Vec<Cell>>, Option<Span>)> {
        let log = self.log.clone();
        ctx.db
            .read(move |conn| {
                let (rows, next) = walk::batch(conn, &log, span, limit)?;
                Ok((log.cells(conn, rows)?, next))
            })
            .await
    }
}

/// Begins an export and writes down that somebody took it. Whoever sits at the server itself may
/// take everything.
///
/// # Errors
/// Names what is not there; says that it is too much; or that the database cannot answer.
pub async fn begin<L: Exported>(
    ctx: &Ctx,
    actor: &Actor,
    asked: L::Asked,
    format: Format,
    filters: Vec<(&'static str, String)>,
) -> Result<Export<L>> {
    let is_bounded = actor.user.is_some();
    let export = ctx
        .db
        .read(move |conn| {
            let log = L::resolve(conn, &asked)?;
            let span = walk::range(conn, &log)?;
            if let Some(span) = span
                && is_bounded
                && log.edge(conn, span, MOST, true)?.is_some()
            {
                return Err(too_much(L::NAME));
            }
            let total = match span {
                Some(span) => walk::count(conn, &log, span)?,
                None => Total { rows: 0, is_exact: true },
            };
            let rows = total.is_exact.then_some(total.rows);
            // From the newest row of now: what is written down about this export comes after it.
            let newest = span.map(|span| log.edge(conn, span, 0, true)).transpose()?.flatten();
            let first = span.zip(newest).map(|(span, id)| Span { below: id + 1, ..span });
            Ok(Export { log, first: first.unwrap_or(Span { above: 0, below: 0 }), rows })
        })
        .await?;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let target = Target { kind: "log", id: None, label: L::NAME.to_owned() };
            let filters: serde_json::Map<_, _> = filters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                .collect();
            let entry = store::NewEntry {
                at: now,
                actor: &actor,
                action: Action::RecordsExported,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({ "format": format.extension(), "filters": filters }),
            };
            Ok(store::insert(conn, &entry)?)
        })
        .await?;
    Ok(export)
}

fn too_much(name: &str) -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        format!(
            "This export would go through more than 1,000,000 rows. Nothing was sent. Choose fewer days or another filter, or run “portcullis export {name}” on the server, which has no limit."
        ),
    )
}
