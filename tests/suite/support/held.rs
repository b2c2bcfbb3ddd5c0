//! What others wait for, held until a test lets go.

use std::sync::mpsc;

use diesel::RunQueryDsl;
use tokio::sync::mpsc::unbounded_channel;

use super::TestApp;

/// Until a transaction of this database waits for another's lock; for PostgreSQL.
pub const A_LOCK_IS_WAITED_FOR: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A transaction that holds what others wait for, until it is dropped. On SQLite it is the one
/// writer; on PostgreSQL it is what `statement` locks.
pub struct Held {
    _release: mpsc::Sender<()>,
}

impl Held {
    pub async fn by(app: &TestApp, statement: &'static str) -> Self {
        let (begun, mut is_held) = unbounded_channel();
        let (release, released) = mpsc::channel::<()>();
        let db = app.ctx.db.clone();
        // The channels are for one run; nothing else undoes this transaction.
        let released = std::sync::Mutex::new(released);
        actix_web::rt::spawn(async move {
            let hold = db.write(move |conn| {
                diesel::sql_query(statement).execute(conn)?;
                begun.send(()).unwrap();
                // Ends with an error when the other side is dropped, which is what is waited for.
                let _ = released.lock().unwrap().recv();
                Ok(())
            });
            hold.await.unwrap();
        });
        is_held.recv().await.unwrap();
        Self { _release: release }
    }
}

/// Looks until it is so.
pub async fn until(app: &TestApp, sql: &'static str) {
    while app.count(sql).await == 0 {
        actix_web::rt::task::yield_now().await;
    }
}
