//! A list of which only so many rows are shown, and how many there are.

use diesel::QueryResult;

use crate::db::Conn;

/// The rows that are shown, of all that there are.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// Those shown.
    pub rows: Vec<T>,
    /// How many there are.
    pub total: i64,
}

impl<T> Listed<T> {
    /// Rows that were read with a limit of `most`; they are counted only if there may be more.
    pub(super) fn of(
        conn: &mut Conn,
        rows: Vec<T>,
        most: i64,
        count: impl FnOnce(&mut Conn) -> QueryResult<i64>,
    ) -> QueryResult<Self> {
        let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let total = if shown < most { shown } else { count(conn)?.max(shown) };
        Ok(Self { rows, total })
    }
}
