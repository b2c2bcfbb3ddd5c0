//! The group-commit writer: many small writes, one transaction, every caller answered after the
//! commit that holds its write. Nothing answered is lost when the process is killed, and
//! throughput does not pay one commit per call.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use tokio::sync::{mpsc, oneshot};

use super::connection::Conn;
use super::lock;
use super::pool::{Lane, in_transaction};
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
}

impl GroupWriter {
    pub(super) fn start(lane: Lane) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("group-writer".into())
            .spawn(move || run(&lane, jobs))
            .map_err(Error::internal)?;
        Ok(Self { queue })
    }

    pub(super) async fn submit<T, F>(&self, mut job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<T> + Send + 'static,
    {
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

fn run(lane: &Lane, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        let together = guarded(lane, |conn| Ok(commit(conn, &mut batch)));
        let results = together.unwrap_or_else(|_| {
            // Alone, so that a job that panics again costs nobody else's write.
            batch
                .iter_mut()
                .map(|job| guarded(lane, |conn| in_transaction(conn, |conn| (job.run)(conn))))
                .collect()
        });
        for (job, result) in batch.drain(..).zip(results) {
            // A caller that has gone away needs no answer.
            let _ = job.reply.send(result);
        }
    }
}

/// Runs `work` on a connection of the lane. A panic must not end the writer, on which every call
/// depends; it drops the connection, and with it what was written on it.
fn guarded<T>(lane: &Lane, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let attempt = || work(&mut *lane.get()?);
    std::panic::catch_unwind(AssertUnwindSafe(attempt))
        .unwrap_or_else(|_| Err(Error::internal("a write panicked")))
}

/// One transaction for all; if any write fails, each again in its own, so that one caller's
/// mistake never costs another's write.
fn commit(conn: &mut Conn, batch: &mut [Job]) -> Vec<Result<Output>> {
    let together = in_transaction(conn, |conn| {
        if batch.len() > 1 {
            lock::wait_briefly(conn)?;
        }
        batch.iter_mut().map(|job| (job.run)(conn)).collect::<Result<Vec<_>>>()
    });
    match together {
        Ok(outputs) => outputs.into_iter().map(Ok).collect(),
        Err(error) if batch.len() == 1 => vec![Err(error)],
        Err(_) => {
            batch.iter_mut().map(|job| in_transaction(conn, |conn| (job.run)(conn))).collect()
        }
    }
}
