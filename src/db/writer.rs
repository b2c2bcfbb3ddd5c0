//! The group-commit writer: many small writes, one transaction, every caller answered after the
//! commit that holds its write. Nothing answered is lost when the process is killed, and
//! throughput does not pay one commit per call.
//!
//! On SQLite a write that finds nobody else writing is made at once by whoever brings it: waking
//! the writer's thread and being woken by it takes longer than a small write does. It never waits
//! for a lock and never moves the log, so it cannot hold up a serving thread.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::connection::Conn;
use super::lock;
use super::pool::{Lane, in_transaction_if_free, may_be_lost};
use super::warm::Warm;
use crate::error::{Error, Result};

/// Writes that may wait in line; more than this and callers wait to hand theirs over.
const QUEUE: usize = 4096;
/// Writes of one transaction at most.
const BATCH: usize = 256;

type Output = Box<dyn Any + Send>;
type Write = dyn FnMut(&mut Conn) -> Result<Output> + Send;

/// One write with the caller that waits for it.
struct Job {
    run: Box<Write>,
    reply: oneshot::Sender<Result<Output>>,
}

/// Hands writes to the writer's thread. The thread ends, its queue written, when the last handle
/// is dropped.
#[derive(Clone)]
pub(super) struct GroupWriter {
    queue: mpsc::Sender<Job>,
    warm: Option<Arc<Warm>>,
    done: Arc<Done>,
}

/// What the writer has done since it started.
#[derive(Default)]
struct Done {
    /// Writes made at once by whoever brought them.
    alone: AtomicU64,
    /// Writes that the thread made.
    together: AtomicU64,
    /// Transactions of the thread.
    batches: AtomicU64,
}

/// What the group-commit writer does, for whoever watches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterFigures {
    /// Writes in line now.
    pub waiting: usize,
    /// Writes made at once, since the start.
    pub alone: u64,
    /// Writes made in batches, since the start.
    pub together: u64,
    /// Batches, since the start.
    pub batches: u64,
}

impl GroupWriter {
    /// Starts the thread, which writes on the warm connection of SQLite, if there is one, and on a
    /// connection of `lane` when that is busy or somebody else writes.
    pub(super) fn start(lane: Lane, warm: Option<Arc<Warm>>) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (shared, done) = (warm.clone(), Arc::new(Done::default()));
        let counts = Arc::clone(&done);
        std::thread::Builder::new()
            .name("group-writer".into())
            .spawn(move || run(&lane, shared.as_deref(), jobs, &counts))
            .map_err(Error::internal)?;
        Ok(Self { queue, warm, done })
    }

    /// What it does.
    pub(super) fn figures(&self) -> WriterFigures {
        WriterFigures {
            waiting: self.queue.max_capacity().saturating_sub(self.queue.capacity()),
            alone: self.done.alone.load(Ordering::Relaxed),
            together: self.done.together.load(Ordering::Relaxed),
            batches: self.done.batches.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn submit<T, F>(&self, mut job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<T> + Send + 'static,
    {
        let is_alone = self.queue.capacity() == self.queue.max_capacity();
        if is_alone
            && let Some(done) = self.warm.as_deref().and_then(|warm| at_once(warm, &mut job))
        {
            self.done.alone.fetch_add(1, Ordering::Relaxed);
            return done;
        }
        let (reply, answer) = oneshot::channel();
        let run = Box::new(move |conn: &mut Conn| job(conn).map(|value| Box::new(value) as Output));
        self.queue
            .send(Job { run, reply })
            .await
            .map_err(|_| Error::unavailable("the writer has ended"))?;
        let output = answer.await.map_err(|_| Error::unavailable("the writer has ended"))??;
        output
            .downcast::<T>()
            .map(|value| *value)
            .map_err(|_| Error::internal("writer answered another type"))
    }
}

/// Runs `job` here and now; nothing, if somebody else writes or it is another's turn.
fn at_once<T>(warm: &Warm, job: &mut impl FnMut(&mut Conn) -> Result<T>) -> Option<Result<T>> {
    if !warm.takes(1) {
        return None;
    }
    let done = warm.free()?.run(|conn| Ok(in_transaction_if_free(conn, job)));
    done.unwrap_or_else(|error| Some(Err(error)))
}

fn run(lane: &Lane, warm: Option<&Warm>, mut jobs: mpsc::Receiver<Job>, done: &Done) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        let results = warm
            .and_then(|warm| all_on_warm(warm, &mut batch))
            .unwrap_or_else(|| all_on_lane(lane, warm, &mut batch));
        done.batches.fetch_add(1, Ordering::Relaxed);
        done.together.fetch_add(batch.len() as u64, Ordering::Relaxed);
        for (job, result) in batch.drain(..).zip(results) {
            // A caller that has gone away needs no answer.
            let _ = job.reply.send(result);
        }
    }
}

/// All in one transaction on the warm connection; nothing, if somebody else writes, one of them
/// fails, or it is another's turn.
fn all_on_warm(warm: &Warm, batch: &mut [Job]) -> Option<Vec<Result<Output>>> {
    if !warm.takes(batch.len()) {
        return None;
    }
    let done = warm.wait()?.run(|conn| Ok(in_transaction_if_free(conn, |conn| all(conn, batch))));
    let outputs = done.ok()??.ok()?;
    Some(outputs.into_iter().map(Ok).collect())
}

fn all_on_lane(lane: &Lane, warm: Option<&Warm>, batch: &mut [Job]) -> Vec<Result<Output>> {
    if let Some(warm) = warm {
        warm.another_wrote();
    }
    let has_failed = |results: &Vec<Result<Output>>| results.iter().any(may_be_lost);
    guarded(lane, |conn| commit(lane, conn, batch), has_failed).unwrap_or_else(|_| {
        // Alone, so that a job that panics again costs nobody else's write.
        batch
            .iter_mut()
            .map(|job| {
                let alone = |conn: &mut Conn| lane.until_it_passes(conn, |conn| (job.run)(conn));
                guarded(lane, alone, may_be_lost)?
            })
            .collect()
    })
}

/// Runs `work` on a connection of the lane. A panic must not end the writer, on which every call
/// depends; it drops the connection, and with it what was written on it.
fn guarded<T>(
    lane: &Lane,
    work: impl FnOnce(&mut Conn) -> T,
    has_failed: impl FnOnce(&T) -> bool,
) -> Result<T> {
    let attempt = || lane.hold(work, has_failed);
    std::panic::catch_unwind(AssertUnwindSafe(attempt))
        .unwrap_or_else(|_| Err(Error::internal("a write panicked")))
}

/// One transaction for all; if any write fails, each again in its own, so that one caller's
/// mistake never costs another's write.
fn commit(lane: &Lane, conn: &mut Conn, batch: &mut [Job]) -> Vec<Result<Output>> {
    let together = lane.in_transaction(conn, |conn| {
        if batch.len() > 1 {
            lock::wait_briefly(conn)?;
        }
        all(conn, batch)
    });
    match together {
        Ok(outputs) => outputs.into_iter().map(Ok).collect(),
        Err(error) if batch.len() == 1 && !lane.may_pass(&error) => vec![Err(error)],
        Err(_) => {
            batch.iter_mut().map(|job| lane.until_it_passes(conn, |conn| (job.run)(conn))).collect()
        }
    }
}

fn all(conn: &mut Conn, batch: &mut [Job]) -> Result<Vec<Output>> {
    batch.iter_mut().map(|job| (job.run)(conn)).collect()
}

#[cfg(test)]
mod tests {
    use diesel::RunQueryDsl;

    use super::*;
    use crate::db::Db;
    use crate::db::url::DatabaseUrl;

    fn database() -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("writer.db");
        let db = Db::open(&DatabaseUrl::Sqlite(path.display().to_string()), 2).unwrap();
        (db, folder)
    }

    async fn write(db: &Db, sql: &'static str) -> Result<usize> {
        db.join_batch(move |conn| Ok(diesel::sql_query(sql).execute(conn)?)).await
    }

    /// Every write of a long row is there, whichever way it went, and a panic on either way costs
    /// its own write alone.
    #[tokio::test]
    async fn a_panic_costs_nobody_elses_write() {
        let (db, _folder) = database();
        write(&db, "CREATE TABLE t (n BIGINT NOT NULL)").await.unwrap();
        for round in 0..3 {
            let failed = db
                .join_batch(|conn| {
                    diesel::sql_query("INSERT INTO t VALUES (-1)").execute(conn)?;
                    if true {
                        std::panic::panic_any("a mistake");
                    }
                    Ok(())
                })
                .await;
            assert!(failed.is_err(), "round {round}");
            for _ in 0..300 {
                write(&db, "INSERT INTO t VALUES (1)").await.unwrap();
            }
        }
        #[derive(diesel::QueryableByName)]
        struct Sums {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            rows: i64,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            sum: i64,
        }
        let sums: Sums = db
            .read(|conn| {
                Ok(diesel::sql_query(
                    "SELECT count(*) AS rows, CAST(sum(n) AS BIGINT) AS sum FROM t",
                )
                .get_result(conn)?)
            })
            .await
            .unwrap();
        assert_eq!((sums.rows, sums.sum), (900, 900));
    }

    /// A write that finds another's transaction open waits for it on the thread and not here.
    #[tokio::test]
    async fn a_write_in_the_way_of_another_waits_its_turn() {
        let (db, _folder) = database();
        write(&db, "CREATE TABLE t (n BIGINT NOT NULL)").await.unwrap();
        let (begun, wait) =
            (Arc::new(tokio::sync::Notify::new()), std::sync::mpsc::channel::<()>());
        let (signal, held) = (begun.clone(), wait.1);
        let slow = tokio::spawn({
            let db = db.clone();
            async move {
                db.write(move |conn| {
                    diesel::sql_query("INSERT INTO t VALUES (1)").execute(conn)?;
                    signal.notify_one();
                    let _ = held.recv();
                    Ok(())
                })
                .await
            }
        });
        begun.notified().await;
        let quick = tokio::spawn({
            let db = db.clone();
            async move { write(&db, "INSERT INTO t VALUES (2)").await }
        });
        tokio::task::yield_now().await;
        assert!(!quick.is_finished());
        drop(wait.0);
        slow.await.unwrap().unwrap();
        quick.await.unwrap().unwrap();
    }
}
