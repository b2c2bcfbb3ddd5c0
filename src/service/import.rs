//! Importing stores and contacts from files of any size (contract §3 and §12), in constant memory.
//!
//! Two steps. Reading: every line is parsed, bad ones are put aside, good ones come together by key
//! in a scratch table ([`Stage`]). Writing: the records go to the index, a batch a transaction, and
//! only what differs is written. So a file that cannot be read to its end, or that `strict` refuses,
//! changes nothing; a key that comes twice is written once; and a second run finds nothing to do.

mod csv;
mod lines;
mod reading;
mod rejects;

use std::io::Read;
use std::path::PathBuf;

use crate::clock::{Clock, Timestamp};
use crate::db::stage::Stage;
use crate::db::{Conn, Db};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::import::{Entity, Problem, Record};
use crate::error::{Error, Result};
use crate::store::audit::{self, NewEntry};
use crate::store::index_write::{self, Changes};

pub use lines::Format;

/// Records of one transaction.
const BATCH: usize = 500;
/// Problems told in the report; all of them are in the file of rejected lines.
const TOLD: usize = 10;

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct Import {
    /// What the lines are.
    pub entity: Entity,
    /// CSV or JSON Lines; told by the first byte if not given.
    pub format: Option<Format>,
    /// Whether the first bad line stops everything.
    pub strict: bool,
    /// The input's name for messages and the audit log.
    pub name: String,
    /// Where rejected lines go; made when there is one.
    pub rejects: PathBuf,
}

/// A problem with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The line's number in the file, from 1; of a CSV row over several lines, the first.
    pub line: u64,
    /// What is wrong.
    pub problem: Problem,
}

impl std::fmt::Display for LineProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// What became of the lines: `read` is the sum of the other counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines (CSV: rows) that were read, blank ones and the header apart.
    pub read: u64,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that had other values.
    pub updated: u64,
    /// Rows that had these values already.
    pub unchanged: u64,
    /// Lines whose key had come before in the same file; the last one's values hold.
    pub repeated: u64,
    /// Lines that were put aside.
    pub rejected: u64,
    /// The first problems.
    pub problems: Vec<LineProblem>,
}

impl Report {
    fn add(&mut self, changes: Changes) {
        self.inserted += changes.inserted;
        self.updated += changes.updated;
        self.unchanged += changes.unchanged;
    }

    /// Records that are written or found unchanged.
    fn done(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }
}

/// Imports `input` (gzip is understood). `written` is told how many records of how many are done.
///
/// # Errors
/// When the input cannot be read to its end, its header is wrong, `strict` meets a bad line (all
/// of these change nothing), or the database refuses.
pub async fn run(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    import: Import,
    input: Box<dyn Read + Send>,
    written: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report> {
    let plan = import.clone();
    let (stage, mut report) = tokio::task::spawn_blocking(move || reading::read(&plan, input))
        .await
        .map_err(Error::internal)??;
    let total = report.read - report.repeated - report.rejected;
    let mut batches = Batches { stage, after: 0, import, actor: actor.clone(), now: clock.now() };
    loop {
        // What the transaction needs goes in and comes back, because it runs on another thread.
        let (came_back, so_far, ended) = db
            .write(move |conn| {
                let ended = batches.write(conn, &mut report)?;
                Ok((batches, report, ended))
            })
            .await?;
        (batches, report) = (came_back, so_far);
        written(report.done(), total);
        if ended {
            return Ok(report);
        }
    }
}

/// The second step: from the scratch table to the index.
struct Batches {
    stage: Stage,
    after: i64,
    import: Import,
    actor: Actor,
    now: Timestamp,
}

impl Batches {
    /// Writes what belongs into one transaction (a batch; if strict, all), says whether it was the
    /// last, and then has written the audit entry too.
    fn write(&mut self, conn: &mut Conn, report: &mut Report) -> Result<bool> {
        loop {
            let page = self.stage.page(self.after, BATCH as i64)?;
            self.after = page.last().map_or(self.after, |(place, _)| *place);
            let last = page.len() < BATCH;
            let records = page
                .iter()
                .map(|(_, text)| serde_json::from_str(text).map_err(Error::internal))
                .collect::<Result<Vec<Record>>>()?;
            report.add(index_write::upsert(conn, self.import.entity, &records, self.now)?);
            if last {
                self.audit(conn, report)?;
            }
            if last || !self.import.strict {
                return Ok(last);
            }
        }
    }

    fn audit(&self, conn: &mut Conn, report: &Report) -> Result<()> {
        let target = Target { kind: "index", id: None, label: self.import.entity.name().into() };
        let entry = NewEntry {
            at: self.now,
            actor: &self.actor,
            action: Action::Imported,
            target: Some(&target),
            outcome: Outcome::Ok,
            detail: serde_json::json!({
                "file": self.import.name,
                "read": report.read,
                "inserted": report.inserted,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "repeated": report.repeated,
                "rejected": report.rejected,
            }),
        };
        Ok(audit::insert(conn, &entry)?)
    }
}

#[cfg(test)]
mod tests;
