//! The second step of an import: from the scratch table to the index.

use tokio::task::{JoinHandle, spawn_blocking};

use super::{Begun, Report, history};
use crate::clock::{Clock, Timestamp};
use crate::db::Conn;
use crate::db::stage::Stage;
use crate::domain::audit::{Action, Outcome};
use crate::domain::import::Record;
use crate::error::{Error, Result};
use crate::store::index_write;

/// Records of one transaction: enough that a page of the database is written once for many of them,
/// few enough that others get their turn within a quarter of a second.
const BATCH: usize = 5_000;

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
    pub fn next(mut self) -> JoinHandle<Result<(Self, Page)>> {
        spawn_blocking(move || {
            let rows = self.stage.page(self.after, BATCH as i64)?;
            self.after = rows.last().map_or(self.after, |(place, _)| *place);
            let records = rows
                .iter()
                .map(|(_, text)| serde_json::from_str(text).map_err(Error::internal))
                .collect::<Result<_>>()?;
            Ok((self, Page { records, is_last: rows.len() < BATCH }))
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

    /// Writes a page; with the last one the audit entry and the end of the import too.
    pub fn write(&self, conn: &mut Conn, page: &Page, report: &mut Report) -> Result<()> {
        report.add(index_write::upsert(conn, self.begun.import.entity, &page.records, self.now)?);
        if page.is_last {
            self.audit(conn, report)?;
            history::finish(conn, self.begun.id, report, self.clock.now())?;
        }
        Ok(())
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
        history::note(conn, actor, import.entity, Action::Imported, Outcome::Ok, detail, now)
    }
}
