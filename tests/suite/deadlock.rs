//! Of two transactions that wait for each other's rows PostgreSQL undoes one. Nobody hears of it:
//! whoever drops the gate may be the one, and a batch of refreshes the other.

use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join;
use portcullis::db::{Conn, lock};
use portcullis::error::Result;
use portcullis::ids::UserId;

use crate::support::{ADMIN, MEMBER, TestApp};

/// Takes the row of one person and then that of the other; the first time not before somebody else
/// has taken theirs. Answers how often it ran.
fn take(
    rows: [UserId; 2],
    both: Arc<Barrier>,
) -> impl Fn(&mut Conn) -> Result<usize> + Send + 'static {
    let runs = AtomicUsize::new(0);
    let [first, second] = rows;
    move |conn| {
        lock::user(conn, first)?;
        if runs.fetch_add(1, Ordering::SeqCst) == 0 {
            both.wait();
        }
        lock::user(conn, second)?;
        Ok(runs.load(Ordering::SeqCst))
    }
}

/// One runs once and the other twice. More often only if whoever was undone is quicker than the other
/// is woken, and has the row again.
fn is_undone_and_runs_again(mine: Result<usize>, theirs: Result<usize>) {
    let runs = mine.unwrap() + theirs.unwrap();
    assert!(runs >= 3, "nobody was undone: {runs}");
}

#[actix_web::test]
async fn of_two_who_wait_for_each_other_both_get_through() {
    let Some(app) = TestApp::postgres().await else { return };
    let (one, other) = (app.id_of(ADMIN).await, app.id_of(MEMBER).await);
    let both = Arc::new(Barrier::new(2));
    let mine = app.ctx.db.write(take([one, other], both.clone()));
    let theirs = app.ctx.db.write(take([other, one], both));
    let (mine, theirs) = join(mine, theirs).await;
    is_undone_and_runs_again(mine, theirs);
    app.stop().await;
}

/// A refresh that is alone in its batch, against whoever drops the gate.
#[actix_web::test]
async fn a_batch_of_one_gets_through_too() {
    let Some(app) = TestApp::postgres().await else { return };
    let (one, other) = (app.id_of(ADMIN).await, app.id_of(MEMBER).await);
    let both = Arc::new(Barrier::new(2));
    let batch = app.ctx.db.join_batch(take([one, other], both.clone()));
    let (mine, theirs) = join(batch, app.ctx.db.write(take([other, one], both))).await;
    is_undone_and_runs_again(mine, theirs);
    app.stop().await;
}
