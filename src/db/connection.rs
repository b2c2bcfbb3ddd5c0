//! A connection to either database behind one type, opened and prepared in one place.

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

/// Opens connections for a pool.
#[derive(Debug, Clone)]
pub struct Manager {
    url: DatabaseUrl,
    mode: Mode,
}

impl Manager {
    /// Opens connections to `url` for `mode`.
    pub fn new(url: DatabaseUrl, mode: Mode) -> Self {
        Self { url, mode }
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
                 PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;",
            )
            .map_err(diesel::r2d2::Error::QueryError)?;
            let pragma = match mode {
                Mode::ReadOnly => "PRAGMA query_only = ON;".to_owned(),
                // The one writer of a large index touches more pages at once than a reader.
                Mode::ReadWrite => {
                    format!(
                        "PRAGMA wal_autocheckpoint = {LONGEST_LOG}; PRAGMA cache_size = -65536;"
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
            conn.batch_execute(
                "SET TIME ZONE 'UTC'; SET statement_timeout = '30s'; \
                 SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'warning';",
            )
            .map_err(diesel::r2d2::Error::QueryError)?;
            Ok(Conn::Postgres(conn))
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Conn, Self::Error> {
        open(&self.url, self.mode)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        conn.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}
