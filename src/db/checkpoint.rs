//! Moves what SQLite's write-ahead log holds into the database file on a thread of its own, so that
//! no writer waits for the disk while it is done.
//!
//! The writer goes on meanwhile, so this never finds the log's end. The writer itself does, when
//! the log is [`LONGEST_LOG`] pages long; by then little is left to move.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::connection::{Mode, open};
use super::url::DatabaseUrl;
use crate::error::{Error, Result};

/// How often.
const EVERY: Duration = Duration::from_millis(200);
/// Pages of the log from which on the writer moves what is left, so that the log begins again.
pub(super) const LONGEST_LOG: u32 = 16_000;

/// Keeps the thread; it ends when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Checkpointer {
    _alive: Sender<()>,
}

impl Checkpointer {
    pub(super) fn start(url: &DatabaseUrl) -> Result<Self> {
        let mut conn = open(url, Mode::ReadWrite).map_err(Error::unavailable)?;
        let (alive, ended) = channel();
        std::thread::Builder::new()
            .name("checkpointer".into())
            .spawn(move || {
                while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    if let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)") {
                        log::warn!("the write-ahead log was not moved: {error}");
                    }
                }
            })
            .map_err(Error::internal)?;
        Ok(Self { _alive: alive })
    }
}
