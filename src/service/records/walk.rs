//! Walking through a log, a page or a batch at a time. No page takes more than so many rows into
//! its hands: where a filter lets few through, it stops and tells how far it has come.

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::records::{COUNTED, Cursor, LOOKED_AT, Span, Total};
use crate::error::Result;

/// A log with filters.
pub trait Log {
    /// A row of it.
    type Row;
    /// The id of a row.
    fn id(row: &Self::Row) -> i64;
    /// From when, and until when.
    fn times(&self) -> (Option<Timestamp>, Option<Timestamp>);
    /// Whether rows must be looked at that do not match.
    fn looks_at_rows(&self) -> bool;
    /// The first row from `at` on.
    fn first_from(conn: &mut Conn, at: Timestamp) -> Result<Option<i64>>;
    /// The last row before `at`.
    fn last_until(conn: &mut Conn, at: Timestamp) -> Result<Option<i64>>;
    /// The row that is so many rows into the span, from its newer or older end.
    fn edge(&self, conn: &mut Conn, span: Span, rows: i64, newest: bool) -> Result<Option<i64>>;
    /// Rows that match, from the newer or older end.
    fn rows(&self, conn: &mut Conn, span: Span, limit: i64, newest: bool)
    -> Result<Vec<Self::Row>>;
    /// How many rows match, as far as `limit`.
    fn count(&self, conn: &mut Conn, span: Span, limit: i64) -> Result<i64>;
    /// When that row was written.
    fn time_of(conn: &mut Conn, id: i64) -> Result<Option<Timestamp>>;
}

/// A page of a log, the newest row first.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Where newer rows are, if this is not the newest page.
    pub newer: Option<Cursor>,
    /// Where older rows are, if there are any or it is not known yet.
    pub older: Option<Cursor>,
    /// The page is not full because looking stopped at a row of this time.
    pub looked_back_to: Option<Timestamp>,
    /// How many rows match in all.
    pub total: Total,
    /// How many of them are newer than this page.
    pub before: Total,
}

impl<R> Page<R> {
    pub(super) fn map<T>(self, change: impl FnOnce(Vec<R>) -> Vec<T>) -> Page<T> {
        let Self { rows, newer, older, looked_back_to, total, before } = self;
        Page { rows: change(rows), newer, older, looked_back_to, total, before }
    }
}

/// The ids between which everything of the times asked for is; none if there is nothing.
pub(super) fn range<L: Log>(conn: &mut Conn, log: &L) -> Result<Option<Span>> {
    let mut span = Span::ALL;
    let (from, until) = log.times();
    if let Some(at) = from {
        let Some(first) = L::first_from(conn, at)? else { return Ok(None) };
        span.above = first - 1;
    }
    if let Some(at) = until {
        let Some(last) = L::last_until(conn, at)? else { return Ok(None) };
        span.below = last.saturating_add(1);
    }
    Ok(Some(span))
}

/// The part of the span that is looked at, and the row at which it ends if that is not the end of
/// the span.
fn window<L: Log>(
    conn: &mut Conn,
    log: &L,
    span: Span,
    newest: bool,
) -> Result<(Span, Option<i64>)> {
    if !log.looks_at_rows() {
        return Ok((span, None));
    }
    let edge = log.edge(conn, span, LOOKED_AT, newest)?;
    let window = match edge {
        Some(id) if newest => Span { above: id, ..span },
        Some(id) => Span { below: id, ..span },
        None => span,
    };
    Ok((window, edge))
}

pub(super) fn page<L: Log>(
    conn: &mut Conn,
    log: &L,
    cursor: Cursor,
    size: i64,
) -> Result<Page<L::Row>> {
    let Some(span) = range(conn, log)? else {
        let total = Total { rows: 0, is_exact: true };
        return Ok(Page {
            rows: Vec::new(),
            newer: None,
            older: None,
            looked_back_to: None,
            total,
            before: total,
        });
    };
    let page = match cursor {
        Cursor::Newest => down(conn, log, span, None, size)?,
        Cursor::Before(id) => down(conn, log, span, Some(id), size)?,
        Cursor::After(id) => match up(conn, log, span, id, size)? {
            Some(page) => page,
            None => down(conn, log, span, None, size)?,
        },
    };
    let is_whole_page = page.looked_back_to.is_none() && page.older.is_some();
    let total = if cursor == Cursor::Newest && !is_whole_page {
        // What was looked at for the page need not be looked at again.
        let rows = i64::try_from(page.rows.len()).unwrap_or(i64::MAX);
        Total { rows, is_exact: page.looked_back_to.is_none() }
    } else {
        count(conn, log, span)?
    };
    let before = match page.rows.first() {
        Some(first) if page.newer.is_some() => {
            count(conn, log, Span { above: L::id(first), ..span })?
        }
        _ => Total { rows: 0, is_exact: true },
    };
    Ok(Page { total, before, ..page })
}

/// How many rows a log has in a span, as far as counting goes.
pub(super) fn count<L: Log>(conn: &mut Conn, log: &L, span: Span) -> Result<Total> {
    let (window, edge) = window(conn, log, span, true)?;
    let rows = log.count(conn, window, COUNTED + 1)?;
    Ok(Total { rows: rows.min(COUNTED), is_exact: edge.is_none() && rows <= COUNTED })
}

/// The page from a row on towards older ones.
fn down<L: Log>(
    conn: &mut Conn,
    log: &L,
    span: Span,
    before: Option<i64>,
    size: i64,
) -> Result<Page<L::Row>> {
    let span = Span { below: before.unwrap_or(span.below).min(span.below), ..span };
    let (window, edge) = window(conn, log, span, true)?;
    let mut rows = log.rows(conn, window, size + 1, true)?;
    let is_full = more_than(&rows, size);
    rows.truncate(usize::try_from(size).unwrap_or_default());
    let last = rows.last().map(L::id);
    let stopped = edge.filter(|_| !is_full);
    Ok(Page {
        newer: before.map(|id| Cursor::After(rows.first().map_or(id - 1, L::id))),
        // The row at the edge has not been looked at.
        older: match stopped {
            Some(id) => Some(Cursor::Before(id + 1)),
            None => last.filter(|_| is_full).map(Cursor::Before),
        },
        looked_back_to: match stopped {
            Some(id) => L::time_of(conn, id)?,
            None => None,
        },
        rows,
        total: Total::default(),
        before: Total::default(),
    })
}

/// The page right before a row, towards newer ones; none if that is the newest page.
fn up<L: Log>(
    conn: &mut Conn,
    log: &L,
    span: Span,
    after: i64,
    size: i64,
) -> Result<Option<Page<L::Row>>> {
    let span = Span { above: after.max(span.above), ..span };
    let (window, edge) = window(conn, log, span, false)?;
    let mut rows = log.rows(conn, window, size + 1, false)?;
    let is_full = more_than(&rows, size);
    if !is_full && edge.is_none() {
        return Ok(None);
    }
    rows.truncate(usize::try_from(size).unwrap_or_default());
    rows.reverse();
    let newer = match (is_full, edge) {
        (false, Some(id)) => Some(Cursor::After(id - 1)),
        _ => rows.first().map(|row| Cursor::After(L::id(row))),
    };
    let older = Some(Cursor::Before(rows.last().map_or(after.saturating_add(1), L::id)));
    let (total, before) = (Total::default(), Total::default());
    Ok(Some(Page { newer, older, looked_back_to: None, rows, total, before }))
}

fn more_than<R>(rows: &[R], size: i64) -> bool {
    i64::try_from(rows.len()).is_ok_and(|rows| rows > size)
}

/// What an export reads next: rows, and where the batch after them begins.
pub(super) fn batch<L: Log>(
    conn: &mut Conn,
    log: &L,
    span: Span,
    limit: i64,
) -> Result<(Vec<L::Row>, Option<Span>)> {
    let (window, edge) = window(conn, log, span, true)?;
    let rows = log.rows(conn, window, limit, true)?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
    let below = match rows.last().map(L::id).filter(|_| is_full) {
        Some(last) => Some(last),
        None => edge.map(|id| id + 1),
    };
    Ok((rows, below.map(|below| Span { below, ..span })))
}
