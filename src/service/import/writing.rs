//! The second step of an import: from the scratch table to the index.

use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, spawn_blocking};

use super::{Begun, Report, history};
use crate::clock::{Clock, Timestamp};
use crate::db::Conn;
use crate::db::stage::Stage;
use crate::domain::audit::{Action, Outcome};
use crate::domain::import::Record;
use crate::error::{Error, Result};
use crate::store::index_write;

/// Records of one transaction at most: enough that a page of the database is written once for many
/// of them.
const MOST: usize = 5_000;
/// Records of one transaction at least.
const FEWEST: usize = 250;
/// Others get their turn to write after so long.
const LONGEST: Duration = Duration::from_millis(300);

/// How many records go into a transaction on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace(usize);

impl Pace {
    /// Before anything was written.
    pub fn new() -> Self {
        Self(MOST / 4)
    }

    /// Learns from how long a transaction took.
    pub fn learn(&mut self, took: Duration) {
        if took > LONGEST {
            self.0 = (self.0 / 2).max(FEWEST);
        } else if took < LONGEST / 2 {
            self.0 = (self.0 * 2).min(MOST);
        }
    }
}

/// What is still to be read of the scratch table.
pub(super) struct Pages {
    stage: Stage,
    after: i64,
}

/// The records of one transaction.
pub(super) struct Page {
    records: Vec<Record>,
    /// Whether there are no more.
    pub is_last: bool,
}

impl Pages {
    /// Everything of the scratch table.
    pub fn new(stage: Stage) -> Self {
        Self { stage, after: 0 }
    }

    /// Reads the next page, which takes a thread of its own: it is done while the page before is
    /// being written.
    pub fn next(mut self, Pace(size): Pace) -> JoinHandle<Result<(Self, Page)>> {
        spawn_blocking(move || {
            let rows = self.stage.page(self.after, size as i64)?;
            self.after = rows.last().map_or(self.after, |(place, _)| *place);
            let records = rows
                .iter()
                .map(|(_, text)| serde_json::from_str(text).map_err(Error::internal))
                .collect::<Result<_>>()?;
            Ok((self, Page { records, is_last: rows.len() < size }))
        })
    }
}

/// What writes the pages.
pub(super) struct Writer {
    begun: Begun,
    clock: Clock,
    now: Timestamp,
}

impl Writer {
    /// All rows of an import are imported at the same moment.
    pub fn new(begun: Begun, clock: Clock) -> Self {
        Self { begun, now: clock.now(), clock }
    }

    /// Writes a page; with the last one the audit entry and the end of the import too. Returns how
    /// long it took.
    pub fn write(&self, conn: &mut Conn, page: &Page, report: &mut Report) -> Result<Duration> {
        let start = Instant::now();
        report.add(index_write::upsert(conn, self.begun.import.entity, &page.records, self.now)?);
        if page.is_last {
            self.audit(conn, report)?;
            history::finish(conn, self.begun.id, report, self.clock.now())?;
        }
        Ok(start.elapsed())
    }

    fn audit(&self, conn: &mut Conn, report: &Report) -> Result<()> {
        let import = &self.begun.import;
        let detail = serde_json::json!({
            "import": self.begun.id,
            "file": import.name,
            "read": report.read,
            "inserted": report.inserted,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "repeated": report.repeated,
            "rejected": report.rejected,
            "cut": report.cut,
        });
        let (actor, now) = (&self.begun.actor, self.clock.now());
        history::note(conn, actor, import.entity.name(), Action::Imported, Outcome::Ok, detail, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_machine_writes_less_at_once_and_a_quick_one_more() {
        let mut pace = Pace::new();
        for _ in 0..20 {
            pace.learn(LONGEST * 2);
        }
        assert_eq!(pace, Pace(FEWEST));
        pace.learn(LONGEST);
        assert_eq!(pace, Pace(FEWEST));
        for _ in 0..20 {
            pace.learn(LONGEST / 10);
        }
        assert_eq!(pace, Pace(MOST));
    }
}
