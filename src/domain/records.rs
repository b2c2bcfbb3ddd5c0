//! Going through the two logs, activity and audit: pages by the id of a row, because a log grows at
//! its end while it is read, and never further at once than a page may take.

use crate::clock::Timestamp;

/// Days of the calendar (UTC) over which calls are counted wherever they are counted, today included.
pub const COUNTED_DAYS: i64 = 30;

const DAY_MILLIS: i64 = 86_400_000;

/// The beginning of the days over which calls are counted.
pub fn counted_from(now: Timestamp) -> Timestamp {
    Timestamp((now.0.div_euclid(DAY_MILLIS) - (COUNTED_DAYS - 1)) * DAY_MILLIS)
}

/// Rows looked at for one page. A filter without an index of its own stops there and says so.
pub const LOOKED_AT: i64 = 20_000;
/// Rows counted at most; beyond it there are "10,000+".
pub const COUNTED: i64 = 10_000;

/// Rows by id, both ends excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Ids are larger than this.
    pub above: i64,
    /// Ids are smaller than this.
    pub below: i64,
}

impl Span {
    /// All rows.
    pub const ALL: Self = Self { above: 0, below: i64::MAX };
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cursor {
    /// At the newest row.
    #[default]
    Newest,
    /// At the first row older than this one.
    Before(i64),
    /// So that it ends right before this row: the page of newer ones.
    After(i64),
}

/// How many rows match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// So many at least.
    pub rows: i64,
    /// Exactly so many; otherwise counting stopped.
    pub is_exact: bool,
}
