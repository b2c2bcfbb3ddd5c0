//! The one connection of SQLite that stays warm. A connection throws its whole cache of pages away
//! as soon as another has written, and a server that writes down every call writes all the time. So
//! the small writes of the busiest paths and the glances that precede them share one connection,
//! which knows its own writes; whoever finds it taken goes another way and waits for nothing.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::connection::{Conn, Mode, open};
use super::url::DatabaseUrl;
use crate::error::{Error, Result};

/// After so many writes here, one is made elsewhere: this connection never begins the log anew when
/// it has grown long, so that no serving thread waits for that.
const WRITES_IN_A_ROW: u32 = 256;

/// The connection, and how many writes it made since another made one.
pub(super) struct Warm {
    url: DatabaseUrl,
    /// None after a panic on it, until somebody who may wait opens it again.
    conn: Mutex<Option<Conn>>,
    writes: AtomicU32,
}

/// The connection, held.
pub(super) struct Held<'a>(MutexGuard<'a, Option<Conn>>);

impl Warm {
    /// Opens it.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub(super) fn open(url: &DatabaseUrl) -> Result<Self> {
        let conn = open(url, Mode::Impatient).map_err(Error::unavailable)?;
        Ok(Self { url: url.clone(), conn: Mutex::new(Some(conn)), writes: AtomicU32::new(0) })
    }

    /// The connection, if nobody holds it. Never waits.
    pub(super) fn free(&self) -> Option<Held<'_>> {
        self.conn.try_lock().ok().filter(|conn| conn.is_some()).map(Held)
    }

    /// The connection, once nobody else holds it; only for threads that may wait. Nothing, if it
    /// cannot be opened again.
    pub(super) fn wait(&self) -> Option<Held<'_>> {
        let mut held = self.conn.lock().ok()?;
        if held.is_none() {
            *held = open(&self.url, Mode::Impatient).ok();
        }
        held.is_some().then_some(Held(held))
    }

    /// Notes that `writes` are about to be made here; says no when it is another's turn.
    pub(super) fn takes(&self, writes: usize) -> bool {
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        self.writes.fetch_add(writes, Ordering::Relaxed) < WRITES_IN_A_ROW
    }

    /// Notes that another connection has written.
    pub(super) fn another_wrote(&self) {
        self.writes.store(0, Ordering::Relaxed);
    }
}

impl Held<'_> {
    /// Runs `job`. A panic costs the connection, which undoes what was written on it, and nothing
    /// else.
    pub(super) fn run<T>(mut self, job: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let Some(conn) = self.0.as_mut() else {
            return Err(Error::unavailable("the connection is closed"));
        };
        std::panic::catch_unwind(AssertUnwindSafe(|| job(conn))).unwrap_or_else(|_| {
            *self.0 = None;
            Err(Error::internal("a panic on the database"))
        })
    }
}
