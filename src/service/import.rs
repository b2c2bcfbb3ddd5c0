//! Importing stores and contacts from files of any size (contract §3 and §12), in constant memory.
//!
//! Two steps. Reading: every line is parsed, bad ones are put aside, good ones come together by key
//! in a scratch table. Writing: the records go to the index, a batch a transaction, so that others
//! get their turn, and only what differs is written. So a file that cannot be read to its end, or
//! that `strict` refuses, changes nothing; a key that comes twice is written once; a second run
//! finds nothing to do; and what was cut short is completed by importing the file again.
//!
//! Every import is in the [`history`], where at most one of them runs.

mod csv;
pub mod history;
mod lines;
mod progress;
mod reading;
mod rejects;
pub mod upload;
mod writing;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::Clock;
use crate::db::{Conn, Db};
use crate::domain::audit::Actor;
use crate::domain::import::{Entity, Problem};
use crate::error::{Error, Result};
use crate::ids::ImportId;
use crate::service::index;
use crate::store::index_write::Changes;
use progress::Progress;
use writing::{Pace, Pages, Writer};

pub use lines::Format;
pub use rejects::table_of;

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
    /// Where rejected lines go; made when there is one. That of an earlier run is removed.
    pub rejects: PathBuf,
    /// How much of it there may be; none for what the server's own operator imports.
    pub limits: Option<Limits>,
}

/// How much an import may take, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The text, unpacked.
    pub text: u64,
    /// The file of rejected lines.
    pub rejects: u64,
}

/// A problem with its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineProblem {
    /// The line's number in the file, from 1; of a CSV row over several lines, the first.
    pub line: u64,
    /// What is wrong.
    #[serde(flatten)]
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
    /// Lines with a text too long for its column, of which the beginning is kept; they count above
    /// too.
    pub cut: u64,
    /// The first problems.
    pub problems: Vec<LineProblem>,
}

impl Report {
    fn add(&mut self, changes: Changes) {
        self.inserted += changes.inserted;
        self.updated += changes.updated;
        self.unchanged += changes.unchanged;
    }

    /// Whether there were lines and not one could be used.
    pub fn is_nothing(&self) -> bool {
        self.rejected > 0 && self.rejected == self.read
    }

    /// Records that are written or found unchanged.
    fn done(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }
}

/// Imports `input` (gzip is understood). `written` is told how many records of how many are done.
///
/// # Errors
/// When another import runs, the input cannot be read to its end, its header is wrong, `strict`
/// meets a bad line (all of these change nothing), or the database refuses.
pub async fn run(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    import: Import,
    input: Box<dyn Read + Send>,
    written: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report> {
    let id = history::begin(db, clock, actor, &import, None).await?;
    carry_out(db, clock, Begun { id, actor: actor.clone(), import }, input, written).await
}

/// An import that is in the history.
struct Begun {
    id: ImportId,
    actor: Actor,
    import: Import,
}

/// Carries an import out, with signs of life, and ends it in the history.
async fn carry_out(
    db: &Db,
    clock: &Clock,
    begun: Begun,
    input: Box<dyn Read + Send>,
    written: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report> {
    let progress = Arc::new(Progress::default());
    let (id, actor, entity) = (begun.id, begun.actor.clone(), begun.import.entity);
    let done = tokio::select! {
        done = both_steps(db, clock, begun, input, &progress, written) => done,
        lost = history::keep_alive(db, clock, id, &progress) => {
            progress.stop();
            Err(lost)
        }
    };
    match &done {
        Err(error) => history::fail(db, clock, &actor, (id, entity), &progress, error).await?,
        // The import has ended, whatever becomes of this.
        Ok(report) => {
            if let Err(error) = index::analyze_after(db, report.inserted + report.updated).await {
                log::warn!("the statistics of the index are those of before: {error}");
            }
        }
    }
    done
}

async fn both_steps(
    db: &Db,
    clock: &Clock,
    begun: Begun,
    input: Box<dyn Read + Send>,
    progress: &Arc<Progress>,
    written: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report> {
    let (plan, lines) = (begun.import.clone(), progress.clone());
    let (stage, mut report) =
        tokio::task::spawn_blocking(move || reading::read(&plan, input, &lines))
            .await
            .map_err(Error::internal)??;
    let total = report.read - report.repeated - report.rejected;
    progress.writes(&report, total);
    written(0, total);
    let writer = Arc::new(Writer::new(begun, clock.clone()));
    let mut pace = Pace::new();
    let mut next = Some(Pages::new(stage).next(pace));
    while let Some(page) = next.take() {
        let (pages, page) = page.await.map_err(Error::internal)??;
        if !page.is_last {
            next = Some(pages.next(pace));
        }
        // What the transaction needs goes in and comes back, because it runs on another thread.
        let (writer, before) = (writer.clone(), report);
        let write = move |conn: &mut Conn| {
            let mut report = before.clone();
            let took = writer.write(conn, &page, &mut report)?;
            Ok((report, took))
        };
        let took;
        (report, took) = db.write(write).await?;
        pace.learn(took);
        progress.writes(&report, total);
        written(report.done(), total);
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
