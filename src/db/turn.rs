//! Turns among the processes that write one SQLite file. SQLite lets whoever asks at the right moment
//! write next; others look again after a while. A process that writes one transaction after another
//! (an import at the command line) would hold up a server beside it until it is done, and with that
//! whoever wants to drop the gate. So everybody who waits to write takes the turn first, which the
//! system gives to whoever has waited for it, and hands it on once the transaction has begun.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::url::DatabaseUrl;

/// How long somebody waits for the turn: as long as SQLite waits for whoever writes.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How often they look whether it is free. A turn lasts no longer than another's transaction, so that
/// nobody who looks so often is passed over for long.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Where the turn is taken; none on PostgreSQL, which queues by itself.
#[derive(Debug, Clone)]
pub(super) struct Turns(Option<Arc<PathBuf>>);

/// The turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// Closing the file gives the turn away.
    _file: Option<File>,
}

impl Turns {
    /// The turns of that database: an empty file beside it.
    pub(super) fn of(url: &DatabaseUrl) -> Self {
        Self(match url {
            DatabaseUrl::Sqlite(path) => Some(Arc::new(PathBuf::from(format!("{path}-turn")))),
            DatabaseUrl::Postgres(_) => None,
        })
    }

    /// Waits for the turn. Where there is no such file to be had, everybody has it: then it is as it
    /// was without. So it is when whoever has the turn was stopped while they had it: nobody, and
    /// least of all whoever drops the gate, waits for them without end.
    pub(super) fn take(&self) -> Turn {
        self.take_within(LONGEST_WAIT)
    }

    fn take_within(&self, longest: Duration) -> Turn {
        let file = self.0.as_deref().and_then(|path| {
            // Opened anew each time: two threads that share one would both have the turn. To read is
            // enough, for whoever runs a command may be somebody else than the server.
            let make = |_| OpenOptions::new().create(true).append(true).open(path);
            let file = File::open(path).or_else(make).ok()?;
            let begun = Instant::now();
            loop {
                match file.try_lock() {
                    Ok(()) => return Some(file),
                    Err(TryLockError::WouldBlock) if begun.elapsed() < longest => {
                        std::thread::sleep(LOOK_EVERY);
                    }
                    Err(_) => return None,
                }
            }
        });
        Turn { _file: file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_the_turn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db").display().to_string();
        let turn = Turns::of(&DatabaseUrl::Sqlite(path.clone())).take();
        let other = File::open(format!("{path}-turn")).unwrap();
        assert!(other.try_lock().is_err());
        drop(turn);
        assert!(other.try_lock().is_ok());
    }

    #[test]
    fn nobody_waits_without_end_for_one_who_was_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db").display().to_string();
        let turns = Turns::of(&DatabaseUrl::Sqlite(path));
        let stopped = turns.take();
        let begun = Instant::now();
        let _other = turns.take_within(Duration::from_millis(50));
        assert!(begun.elapsed() >= Duration::from_millis(50));
        drop(stopped);
        assert!(turns.take_within(Duration::ZERO)._file.is_some(), "and then it is as ever");
    }

    #[test]
    fn without_a_file_everybody_has_the_turn() {
        let turns = Turns::of(&DatabaseUrl::Sqlite("/nowhere/at/all.db".into()));
        let (_one, _other) = (turns.take(), turns.take());
    }
}
