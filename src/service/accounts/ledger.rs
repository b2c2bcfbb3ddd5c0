//! The ledger of an account, a month and a page at a time, and all of it for a file.

use serde_json::json;

use super::find;
use crate::clock::Timestamp;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::credit::Month;
use crate::domain::export::{Cell, Format};
use crate::domain::quota::Span;
use crate::error::Result;
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::ledger::{self as store, EntryRow};

/// Months that can be chosen: a bound that nobody meets in a hundred years.
const MOST_MONTHS: i64 = 1_200;

/// Where a page of a month begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// At the newest entry.
    Newest,
    /// Right before the entry with that id.
    Before(i64),
    /// Right after it.
    After(i64),
}

/// A page of a month, the newest entry first.
#[derive(Debug, Clone)]
pub struct Entries {
    /// The months that there are, the newest first; the one of now is always among them.
    pub months: Vec<(Timestamp, Option<Month>)>,
    /// The month shown.
    pub period: Timestamp,
    /// Entries of the month.
    pub total: i64,
    /// The entries.
    pub rows: Vec<EntryRow>,
    /// Where newer ones are.
    pub newer: Option<Cursor>,
    /// Where older ones are.
    pub older: Option<Cursor>,
}

/// A page of the ledger of the month that began at `period`; of now, if it is none of the account's.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn ledger(
    ctx: &Ctx,
    account: AccountId,
    period: Option<Timestamp>,
    cursor: Cursor,
    size: i64,
) -> Result<Entries> {
    let current = Span::Month.start(ctx.clock.now());
    ctx.db
        .read(move |conn| {
            find(conn, account)?;
            let opened = store::months(conn, account, MOST_MONTHS)?;
            let mut months: Vec<_> =
                opened.into_iter().map(|(start, month)| (start, Some(month))).collect();
            if months.first().is_none_or(|(start, _)| *start < current) {
                months.insert(0, (current, None));
            }
            let period = period
                .filter(|asked| months.iter().any(|(start, _)| start == asked))
                .unwrap_or(current);
            let (rows, newer, older) = page(conn, account, period, cursor, size)?;
            let total = store::count(conn, account, period)?;
            Ok(Entries { months, period, total, rows, newer, older })
        })
        .await
}

type Part = (Vec<EntryRow>, Option<Cursor>, Option<Cursor>);

fn page(
    conn: &mut crate::db::Conn,
    account: AccountId,
    period: Timestamp,
    cursor: Cursor,
    size: i64,
) -> Result<Part> {
    let whole = usize::try_from(size).unwrap_or_default();
    if let Cursor::After(id) = cursor {
        let mut rows = store::after(conn, account, period, id, size + 1)?;
        // Fewer than a page are left: the newest page is shown whole.
        if rows.len() > whole {
            rows.truncate(whole);
            rows.reverse();
            let newer = rows.first().map(|row| Cursor::After(row.id));
            let older = rows.last().map(|row| Cursor::Before(row.id));
            return Ok((rows, newer, older));
        }
    }
    let before = if let Cursor::Before(id) = cursor { Some(id) } else { None };
    let mut rows = store::before(conn, account, period, before.unwrap_or(i64::MAX), size + 1)?;
    let is_more = rows.len() > whole;
    rows.truncate(whole);
    let newer = before.map(|id| Cursor::After(rows.first().map_or(id - 1, |row| row.id)));
    let older = rows.last().filter(|_| is_more).map(|row| Cursor::Before(row.id));
    Ok((rows, newer, older))
}

/// Stable names of the columns of a file.
pub(super) const COLUMNS: &[&str] = &[
    "id",
    "time",
    "month",
    "kind",
    "amount",
    "balance_after",
    "reason",
    "actor_id",
    "actor",
    "request_id",
];

/// A file of a ledger that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Stable names of its columns.
    pub columns: Vec<&'static str>,
    /// Where it begins.
    pub first: (Timestamp, i64),
    /// How many entries it has.
    pub rows: i64,
}

/// Begins a file of the ledger, of a month or of all, and writes down that somebody took it.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn begin(
    ctx: &Ctx,
    actor: &Actor,
    account: AccountId,
    period: Option<Timestamp>,
    format: Format,
) -> Result<Begun> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let row = find(conn, account)?;
            let target = Target { kind: "account", id: Some(account.0), label: row.name };
            let month = period.map(|start| start.to_utc().format("%Y-%m").to_string());
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::RecordsExported,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({ "format": format.extension(), "of": "ledger", "month": month }),
            };
            audit::insert(conn, &entry)?;
            let newest = store::months(conn, account, 1)?.first().map_or(now, |(start, _)| *start);
            let rows = match period {
                Some(period) => store::count(conn, account, period)?,
                None => store::count_all(conn, account)?,
            };
            let first = (period.unwrap_or(newest), i64::MAX);
            Ok(Begun { columns: COLUMNS.to_vec(), first, rows })
        })
        .await
}

/// Reads the next entries of a file: a month from an id down and, if all months are wanted, then the
/// month before.
///
/// # Errors
/// When the database cannot answer.
pub async fn batch(
    ctx: &Ctx,
    account: AccountId,
    are_all_months: bool,
    (period, before): (Timestamp, i64),
    limit: i64,
) -> Result<(Vec<Vec<Cell>>, Option<(Timestamp, i64)>)> {
    ctx.db
        .read(move |conn| {
            let rows = store::before(conn, account, period, before, limit)?;
            let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
            let next = match rows.last().filter(|_| is_full) {
                Some(last) => Some((period, last.id)),
                None if are_all_months => {
                    store::month_before(conn, account, period)?.map(|earlier| (earlier, i64::MAX))
                }
                None => None,
            };
            Ok((rows.into_iter().map(|row| cells(period, row)).collect(), next))
        })
        .await
}

fn cells(period: Timestamp, row: EntryRow) -> Vec<Cell> {
    vec![
        row.id.into(),
        row.at.into(),
        period.to_utc().format("%Y-%m").to_string().into(),
        row.kind.into(),
        row.amount.into(),
        row.balance_after.into(),
        row.reason.into(),
        row.actor_id.map(|id| id.0).into(),
        row.actor.into(),
        row.request_id.into(),
    ]
}
