//! The second step of an import: from the scratch table to the index.

use super::{Begun, Report, history};
use crate::clock::{Clock, Timestamp};
use crate::db::Conn;
use crate::db::stage::Stage;
use crate::domain::audit::{Action, Outcome};
use crate::domain::import::Record;
use crate::error::{Error, Result};
use crate::store::index_write;

/// Records of one transaction: enough that a page of the database is written once for many of them,
/// few enough that others get their turn within a tenth of a second.
const BATCH: usize = 2_000;

/// What is still to be written.
pub(super) struct Batches {
    stage: Stage,
    after: i64,
    begun: Begun,
    clock: Clock,
    now: Timestamp,
}

impl Batches {
    /// Everything of the scratch table.
    pub fn new(stage: Stage, begun: Begun, clock: Clock) -> Self {
        Self { stage, after: 0, begun, now: clock.now(), clock }
    }

    /// Writes a batch, says whether it was the last, and then has written the audit entry and the
    /// end of the import too.
    pub fn write(&mut self, conn: &mut Conn, report: &mut Report) -> Result<bool> {
        let page = self.stage.page(self.after, BATCH as i64)?;
        self.after = page.last().map_or(self.after, |(place, _)| *place);
        let records = page
            .iter()
            .map(|(_, text)| serde_json::from_str(text).map_err(Error::internal))
            .collect::<Result<Vec<Record>>>()?;
        report.add(index_write::upsert(conn, self.begun.import.entity, &records, self.now)?);
        let last = page.len() < BATCH;
        if last {
            self.audit(conn, report)?;
            history::finish(conn, self.begun.id, report, self.clock.now())?;
        }
        Ok(last)
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
