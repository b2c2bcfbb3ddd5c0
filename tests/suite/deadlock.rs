//! Of two transactions that wait for each other's rows PostgreSQL undoes one. Nobody hears of it:
//! whoever drops the gate may be the one, and a batch of refreshes the other.

use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join;
use portcullis::db::lock;
use portcullis::error::Result;
use portcullis::ids::UserId;

use crate::support::{ADMIN, MEMBER, TestApp};

/// Takes the row of one person and then that of the other; the first time not before somebody else
/// has taken theirs.
async fn take(app: &TestApp, rows: [UserId; 2], both: Arc<Barrier>) -> Result<usize> {
    let runs = AtomicUsize::new(0);
    let [first, second] = rows;
    app.ctx
        .db
        .write(move |conn| {
            lock::user(conn, first)?;
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                both.wait();
            }
            lock::user(conn, second)?;
            Ok(runs.load(Ordering::SeqCst))
        })
        .await
}

#[actix_web::test]
async fn of_two_who_wait_for_each_other_both_get_through() {
    let Some(app) = TestApp::postgres().await else { return };
    let (one, other) = (app.id_of(ADMIN).await, app.id_of(MEMBER).await);
    let both = Arc::new(Barrier::new(2));
    let (mine, theirs) =
        join(take(&app, [one, other], both.clone()), take(&app, [other, one], both)).await;
    assert_eq!(mine.unwrap() + theirs.unwrap(), 3, "one of them was undone and ran again");
    app.stop().await;
}
