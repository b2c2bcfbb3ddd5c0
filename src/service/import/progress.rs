//! How far an import is: counted by those who work, told by its signs of life.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Report;
use crate::error::{Error, ErrorCode, Result};
use crate::store::imports::Counts;

/// How far an import is.
#[derive(Default)]
pub(super) struct Progress {
    lines: AtomicU64,
    stopped: AtomicBool,
    writing: Mutex<Option<(Counts, i64)>>,
}

impl Progress {
    /// Counts a line.
    ///
    /// # Errors
    /// When the import is to end.
    pub fn line(&self) -> Result<()> {
        self.lines.fetch_add(1, Ordering::Relaxed);
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorCode::Conflict, "The import was given up."));
        }
        Ok(())
    }

    /// Ends the reading of lines.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Notes what is written, of so many records.
    pub fn writes(&self, report: &Report, total: u64) {
        if let Ok(mut writing) = self.writing.lock() {
            *writing = Some((counts(report), number(total)));
        }
    }

    /// The counts so far and, once everything is read, the number of records to write.
    pub fn so_far(&self) -> (Counts, Option<i64>) {
        match self.writing.lock().map(|writing| *writing) {
            Ok(Some((counts, total))) => (counts, Some(total)),
            _ => {
                let lines_read = number(self.lines.load(Ordering::Relaxed));
                (Counts { lines_read, ..Counts::default() }, None)
            }
        }
    }
}

/// The counts of a report as the database keeps them.
pub(super) fn counts(report: &Report) -> Counts {
    Counts {
        lines_read: number(report.read),
        inserted: number(report.inserted),
        updated: number(report.updated),
        unchanged: number(report.unchanged),
        repeated: number(report.repeated),
        rejected: number(report.rejected),
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
