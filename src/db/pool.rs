//! `Db::glance`, `Db::read`, `Db::write` and `Db::join_batch`: the ways to the data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{
    AnsiTransactionManager, Connection, SimpleConnection, TransactionManager,
};
use diesel::r2d2::Pool;
use tokio::sync::Semaphore;

use super::checkpoint::Checkpointer;
use super::connection::{self, Conn, Manager, Mode};
use super::turn::Turns;
use super::url::DatabaseUrl;
use super::warm::Warm;
use super::writer::{GroupWriter, WriterFigures};
use crate::error::{Error, ErrorCode, Result};

/// How long a request waits for a connection before it is told that the server is busy.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a transaction is begun that PostgreSQL undoes for another's sake.
const MOST_TRIES: u32 = 8;

/// How long it then waits before it begins again, and each time as long again: a row that was given up
/// belongs to whoever takes it first, and that should be the other one, whom the server has yet to
/// wake.
const AFTER_YOU: Duration = Duration::from_millis(20);

/// The database: a pool of readers, a pool of writers (one on SQLite) and the group-commit
/// writer; on SQLite also what keeps its log short. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Lane,
    writers: Lane,
    group: GroupWriter,
    warm: Option<Arc<Warm>>,
    _checkpointer: Option<Checkpointer>,
}

/// A pool with as many permits as connections, so that waiting happens in async code and not on
/// a blocked thread.
#[derive(Clone)]
pub(super) struct Lane {
    pool: Pool<Manager>,
    permits: Arc<Semaphore>,
    /// Whether a query asks the network, for which no serving thread may wait.
    is_remote: bool,
    size: u32,
    turns: Turns,
}

/// The connections of a pool, for whoever watches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneFigures {
    /// What the pool is for.
    pub name: &'static str,
    /// Connections at most.
    pub size: u32,
    /// Those in use now.
    pub in_use: u32,
}

/// What the database is busy with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The pools.
    pub lanes: Vec<LaneFigures>,
    /// The group-commit writer.
    pub writer: WriterFigures,
}

impl Lane {
    fn open(url: &DatabaseUrl, mode: Mode, size: u32) -> Result<Self> {
        let is_remote = matches!(url, DatabaseUrl::Postgres(_));
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            // Files are not lost; a server that was restarted has closed all connections.
            .test_on_check_out(is_remote)
            .connection_timeout(CONNECTION_TIMEOUT)
            .build(Manager::new(url.clone(), mode))
            .map_err(Error::unavailable)?;
        let (permits, turns) = (Arc::new(Semaphore::new(size as usize)), Turns::of(url));
        Ok(Self { pool, permits, is_remote, size, turns })
    }

    fn figures(&self, name: &'static str) -> LaneFigures {
        let free = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        LaneFigures { name, size: self.size, in_use: self.size.saturating_sub(free) }
    }

    /// Does `job` on a connection of this lane; `has_failed` says whether what came of it may be the
    /// connection's fault. Blocks, so only for threads that may.
    pub(super) fn hold<T>(
        &self,
        job: impl FnOnce(&mut Conn) -> T,
        has_failed: impl FnOnce(&T) -> bool,
    ) -> Result<T> {
        Ok(self.pool.get().map_err(Error::unavailable)?.run(job, has_failed))
    }

    /// Runs `job` in a transaction that takes SQLite's write lock at its start, so that it can never
    /// fail half-way with "database is locked".
    pub(super) fn in_transaction<T>(
        &self,
        conn: &mut Conn,
        job: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        let turn = self.turns.take();
        begin(conn)?;
        drop(turn);
        finish(conn, job)
    }

    /// Runs `job` in a transaction, and again when PostgreSQL ended it in favour of another's: of two
    /// that wait for each other's rows it undoes one, and that may be whoever drops the gate, while
    /// the other is a batch of refreshes. Blocks, so only for threads that may.
    pub(super) fn until_it_passes<T>(
        &self,
        conn: &mut Conn,
        mut job: impl FnMut(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        let mut done = self.in_transaction(conn, &mut job);
        for tries in 1..MOST_TRIES {
            if !done.as_ref().is_err_and(|error| self.may_pass(error)) {
                break;
            }
            std::thread::sleep(AFTER_YOU * tries);
            done = self.in_transaction(conn, &mut job);
        }
        done
    }

    /// Whether a transaction that ended so may have been in another's way, and is worth another try.
    pub(super) fn may_pass(&self, error: &Error) -> bool {
        self.is_remote && error.code == ErrorCode::Unavailable
    }

    async fn run<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        let lane = self.clone();
        tokio::task::spawn_blocking(move || {
            // Not the waiting future's: that may be dropped, and the connection is still in use.
            let _permit = permit;
            lane.hold(job, may_be_lost)?
        })
        .await
        .map_err(Error::internal)?
    }

    /// Runs `job` on this thread if a connection is free and local, elsewhere otherwise.
    async fn run_here<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        if !self.is_remote
            && let Ok(_permit) = self.permits.try_acquire()
            && let Some(mut conn) = self.pool.try_get()
        {
            return conn.run(job, may_be_lost);
        }
        self.run(job).await
    }
}

/// Whether a job failed as it does on a connection that is lost.
pub(super) fn may_be_lost<T>(result: &Result<T>) -> bool {
    let of_ours = [ErrorCode::InternalError, ErrorCode::Unavailable];
    result.as_ref().is_err_and(|error| of_ours.contains(&error.code))
}

impl Db {
    /// Opens the database. `size` bounds the connections of a PostgreSQL pool and the readers of
    /// a SQLite one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn open(url: &DatabaseUrl, size: u32) -> Result<Self> {
        try_once(url)?;
        let (readers, writers, checkpointer) = match url {
            DatabaseUrl::Sqlite(_) => {
                // The writer first: it makes the file, which a read-only connection may not.
                let writers = Lane::open(url, Mode::ReadWrite, 1)?;
                let readers = Lane::open(url, Mode::ReadOnly, size.min(most_readers()))?;
                (readers, writers, Some(Checkpointer::start(url)?))
            }
            DatabaseUrl::Postgres(_) => {
                let lane = Lane::open(url, Mode::ReadWrite, size)?;
                (lane.clone(), lane, None)
            }
        };
        let warm = match url {
            DatabaseUrl::Sqlite(_) => Some(Arc::new(Warm::open(url)?)),
            DatabaseUrl::Postgres(_) => None,
        };
        let group = GroupWriter::start(writers.clone(), warm.clone())?;
        Ok(Self { readers, writers, group, warm, _checkpointer: checkpointer })
    }

    /// What the database is busy with now.
    pub fn figures(&self) -> Figures {
        let lanes = if self.readers.is_remote {
            vec![self.readers.figures("all")]
        } else {
            vec![self.readers.figures("read"), self.writers.figures("write")]
        };
        Figures { lanes, writer: self.group.figures() }
    }

    /// Runs `job`, which reads a few rows by their key. On SQLite it runs on this thread: readers
    /// never wait for the writer, and such a read takes less time than handing it to another thread
    /// does.
    ///
    /// # Errors
    /// What `job` returns, or that the database cannot answer.
    pub async fn glance<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        if let Some(held) = self.warm.as_deref().and_then(Warm::free) {
            return held.run(reading(job));
        }
        self.readers.run_here(job).await
    }

    /// Runs `job` on a reading connection.
    ///
    /// # Errors
    /// What `job` returns, or that the database cannot answer.
    pub async fn read<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.readers.run(job).await
    }

    /// Runs `job` on a reading connection, with all its queries answered from one state of the
    /// database, whatever is written meanwhile.
    ///
    /// # Errors
    /// What `job` returns, or that the database cannot answer.
    pub async fn read_at_once<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.readers.run(move |conn| at_once(conn, job)).await
    }

    /// Runs `job` as one write transaction: all of it happens, or nothing. `job` may run again after
    /// what it did was undone, which is why it can keep nothing of an earlier run.
    ///
    /// # Errors
    /// What `job` returns (rolled back), or that the database cannot answer.
    pub async fn write<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T> + Send + 'static,
    {
        let lane = self.writers.clone();
        self.writers.run(move |conn| lane.until_it_passes(conn, &job)).await
    }

    /// Hands `job` to the group-commit writer and waits until the transaction that holds it is
    /// committed. For small writes of the busiest paths. `job` may run again (alone, after its
    /// batch failed) and must not keep anything of the first run.
    ///
    /// # Errors
    /// What `job` returns (its own writes are rolled back), or that the database cannot answer.
    pub async fn join_batch<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.group.submit(job).await
    }

    /// Runs `job` on a writing connection without a transaction around it: migrations.
    ///
    /// # Errors
    /// What `job` returns, or that the database cannot answer.
    pub async fn maintain<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.writers.run(job).await
    }
}

/// `job` on a connection that could write. While the house is built and tested, it may not.
fn reading<T>(job: impl FnOnce(&mut Conn) -> Result<T>) -> impl FnOnce(&mut Conn) -> Result<T> {
    move |conn| {
        if !cfg!(debug_assertions) {
            return job(conn);
        }
        conn.batch_execute("PRAGMA query_only = ON")?;
        let result = job(conn);
        conn.batch_execute("PRAGMA query_only = OFF")?;
        result
    }
}

/// Opens the database once, to say what keeps it from being opened: a pool only knows that it has no
/// connection. A server that is still starting gets its time.
fn try_once(url: &DatabaseUrl) -> Result<()> {
    let end = Instant::now() + CONNECTION_TIMEOUT;
    loop {
        let Err(error) = connection::open(url, Mode::ReadWrite) else { return Ok(()) };
        let is_remote = matches!(url, DatabaseUrl::Postgres(_));
        if !is_remote || Instant::now() >= end {
            return Err(Error::field(
                "DATABASE_URL",
                format!("{} cannot be opened: {}", url.masked(), one_line(&error.to_string())),
            ));
        }
        log::warn!("{} cannot be opened yet: {}", url.masked(), one_line(&error.to_string()));
        std::thread::sleep(CONNECTION_TIMEOUT / 10);
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many connections may read a file at once. It is read by this process and not by a server, so
/// that more than the cores can keep busy wait for each other, each with pages of its own in memory.
fn most_readers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(2 * cores).unwrap_or(u32::MAX).max(8)
}

/// Does `job` in a reading transaction, which SQLite answers from one state by itself.
fn at_once<T>(conn: &mut Conn, job: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.transaction(|conn| {
        if matches!(conn, Conn::Postgres(_)) {
            conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
        }
        job(conn)
    })
}

/// Runs `job` in such a transaction on a connection that waits for no lock; nothing, if it could not
/// begin.
pub(super) fn in_transaction_if_free<T>(
    conn: &mut Conn,
    job: impl FnOnce(&mut Conn) -> Result<T>,
) -> Option<Result<T>> {
    begin(conn).ok()?;
    Some(finish(conn, job))
}

/// `BEGIN IMMEDIATE` on SQLite. The failure is the database's own: that another process writes is news
/// to nobody's log.
fn begin(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
        }
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
}

/// Runs `job` in the transaction that was begun, and ends it.
fn finish<T>(conn: &mut Conn, job: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let result = job(conn);
    let ended = match (conn, result.is_ok()) {
        (Conn::Sqlite(conn), true) => AnsiTransactionManager::commit_transaction(conn),
        (Conn::Postgres(conn), true) => AnsiTransactionManager::commit_transaction(conn),
        (Conn::Sqlite(conn), false) => AnsiTransactionManager::rollback_transaction(conn),
        (Conn::Postgres(conn), false) => AnsiTransactionManager::rollback_transaction(conn),
    };
    match (result, ended) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(error)) => Err(error.into()),
        (Err(error), ended) => {
            if let Err(rollback) = ended {
                log::error!("rollback failed: {rollback}");
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;

    /// An import at the command line and the server beside it: each transaction of one may be followed
    /// by one of the other, however soon the next one is wanted.
    #[test]
    fn whoever_waits_to_write_comes_before_another_transaction_of_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("a.db").display().to_string());
        let lane = || Lane::open(&url, Mode::ReadWrite, 1).unwrap();
        let (import, server) = (lane(), lane());
        let make = |conn: &mut Conn| Ok(conn.batch_execute("CREATE TABLE a (b INTEGER)")?);
        import.hold(|conn| import.in_transaction(conn, make).unwrap(), |()| false).unwrap();
        let (written, done) = (AtomicU64::new(0), AtomicBool::new(false));
        let rows = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) \
                    INSERT INTO a SELECT x FROM n";
        let write = |conn: &mut Conn| Ok(conn.batch_execute(rows)?);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let on = |conn: &mut Conn| {
                    while !done.load(Ordering::SeqCst) && written.load(Ordering::SeqCst) < 300 {
                        import.in_transaction(conn, write).unwrap();
                        written.fetch_add(1, Ordering::SeqCst);
                    }
                };
                import.hold(on, |()| false).unwrap();
            });
            while written.load(Ordering::SeqCst) < 5 {
                std::thread::yield_now();
            }
            let before = written.load(Ordering::SeqCst);
            let after = |conn: &mut Conn| {
                server.in_transaction(conn, |_| Ok(written.load(Ordering::SeqCst))).unwrap()
            };
            let after = server.hold(after, |_| false).unwrap();
            done.store(true, Ordering::SeqCst);
            assert!(after - before < 20, "{} transactions went before", after - before);
        });
    }

    /// Whoever hangs up leaves a query behind, not a place in the pool.
    #[tokio::test]
    async fn a_place_is_free_when_its_job_is_done_and_no_sooner() {
        let folder = tempfile::tempdir().unwrap();
        let url =
            format!("sqlite://{}/a.db", folder.path().display()).parse::<DatabaseUrl>().unwrap();
        let db = Db::open(&url, 1).unwrap();
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let here = db.clone();
        let waiting = tokio::spawn(async move {
            let job = move |_: &mut Conn| {
                begun.send(()).unwrap();
                Ok(released.recv().is_ok())
            };
            here.read(job).await
        });
        is_begun.await.unwrap();
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(db.readers.permits.available_permits(), 0);
        release.send(()).unwrap();
        assert_eq!(db.read(|_| Ok(7)).await.unwrap(), 7);
        assert_eq!(db.readers.permits.available_permits(), 1);
    }
}
