//! A connection to either database behind one type, opened and prepared in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};

use super::checkpoint::LONGEST_LOG;
use super::url::DatabaseUrl;

pub use multi::{Conn, MultiBackend};

#[expect(missing_docs, reason = "the derive makes public items of its own")]
mod multi {
    use diesel::{PgConnection, SqliteConnection};

    /// A connection to SQLite or PostgreSQL; queries are written once for both.
    #[derive(diesel::MultiConnection)]
    pub enum Conn {
        /// SQLite, compiled in.
        Sqlite(SqliteConnection),
        /// PostgreSQL.
        Postgres(PgConnection),
    }
}

/// What a pool's connections may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Read and write.
    ReadWrite,
    /// Read and write on SQLite, but only if no lock has to be waited for, and without ever moving
    /// the log into the file.
    Impatient,
    /// Read only; on SQLite the connection itself refuses to write.
    ReadOnly,
}

/// A connection of PostgreSQL that was not used for so long is asked whether it is there still.
const IDLE: Duration = Duration::from_secs(5);

/// Opens connections for a pool.
#[derive(Debug, Clone)]
pub struct Manager {
    url: DatabaseUrl,
    mode: Mode,
    /// How many connections were found lost. Where one is, others may be.
    lost: Arc<AtomicU64>,
}

/// A connection of a pool.
pub struct Held {
    conn: Conn,
    used_at: Instant,
    /// How many had been lost when this one was known to be well.
    well_at: u64,
    is_lost: bool,
    lost: Arc<AtomicU64>,
}

impl Held {
    /// Does `job`. If `has_failed` says that what came of it may be the connection's fault, looks
    /// whether PostgreSQL is at its other end still; if not, no other job gets it, and the others of
    /// the pool are asked before they are used again.
    pub fn run<T>(
        &mut self,
        job: impl FnOnce(&mut Conn) -> T,
        has_failed: impl FnOnce(&T) -> bool,
    ) -> T {
        let result = job(&mut self.conn);
        self.used_at = Instant::now();
        if has_failed(&result) && self.conn_is_remote() && self.conn.ping().is_err() {
            self.is_lost = true;
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    fn conn_is_remote(&self) -> bool {
        matches!(self.conn, Conn::Postgres(_))
    }
}

impl Manager {
    /// Opens connections to `url` for `mode`.
    pub fn new(url: DatabaseUrl, mode: Mode) -> Self {
        Self { url, mode, lost: Arc::default() }
    }
}

/// Opens one connection, prepared the way the house needs it.
///
/// # Errors
/// When the database cannot be reached or refuses.
pub fn open(url: &DatabaseUrl, mode: Mode) -> Result<Conn, diesel::r2d2::Error> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let mut conn =
                SqliteConnection::establish(path).map_err(diesel::r2d2::Error::ConnectionError)?;
            // Write-ahead logging lets readers go on while the one writer writes; NORMAL syncs the
            // log at checkpoints, so that a killed process loses nothing (only a power cut may).
            conn.batch_execute(
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON; PRAGMA cache_size = -49152; PRAGMA temp_store = MEMORY;",
            )
            .map_err(diesel::r2d2::Error::QueryError)?;
            let pragma = match mode {
                Mode::ReadOnly => "PRAGMA query_only = ON;".to_owned(),
                // The one writer of a large index touches more pages at once than a reader.
                Mode::ReadWrite => {
                    format!(
                        "PRAGMA wal_autocheckpoint = {LONGEST_LOG}; PRAGMA cache_size = -131072;"
                    )
                }
                Mode::Impatient => {
                    "PRAGMA busy_timeout = 0; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768;".to_owned()
                }
            };
            conn.batch_execute(&pragma).map_err(diesel::r2d2::Error::QueryError)?;
            Ok(Conn::Sqlite(conn))
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn =
                PgConnection::establish(url).map_err(diesel::r2d2::Error::ConnectionError)?;
            // What a page or a call asks is answered before a helping process or a compiled plan is
            // ready, and plans made for those are slower without them.
            conn.batch_execute(
                "SET TIME ZONE 'UTC'; SET statement_timeout = '30s'; \
                 SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'warning'; \
                 SET max_parallel_workers_per_gather = 0; SET jit = off;",
            )
            .map_err(diesel::r2d2::Error::QueryError)?;
            Ok(Conn::Postgres(conn))
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Held;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Held, Self::Error> {
        // Before it is opened: what is lost meanwhile may be this one.
        let well_at = self.lost.load(Ordering::Relaxed);
        Ok(Held {
            conn: open(&self.url, self.mode)?,
            used_at: Instant::now(),
            well_at,
            is_lost: false,
            lost: self.lost.clone(),
        })
    }

    fn is_valid(&self, held: &mut Held) -> Result<(), Self::Error> {
        let lost = self.lost.load(Ordering::Relaxed);
        if held.well_at != lost || held.used_at.elapsed() > IDLE {
            held.conn.ping().map_err(diesel::r2d2::Error::QueryError)?;
            held.well_at = lost;
        }
        Ok(())
    }

    fn has_broken(&self, held: &mut Held) -> bool {
        std::thread::panicking() || held.is_lost || held.conn.is_broken()
    }
}
