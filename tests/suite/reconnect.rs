//! PostgreSQL is restarted, fails over, or an administrator ends its sessions: no replica needs a
//! restart for it, and nothing that was answered is lost.

use futures_util::future::join_all;

use crate::support::TestApp;

const END_ALL: &str = "SELECT count(pg_terminate_backend(pid, 20000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[actix_web::test]
async fn lost_connections_are_replaced_before_they_are_used_again() {
    let Some(app) = TestApp::postgres().await else { return };
    let client = app.ai_client("usage:read").await;
    let many = || join_all((0..30).map(|_| client.call()));
    assert!(many().await.iter().all(|answer| answer.is_ok()), "all places of the pool are in use");
    app.count(END_ALL).await;
    // Whoever finds one lost is told to try again, and from then on all are asked before they are used.
    let first: Vec<_> = many().await.iter().map(|answer| answer.status).collect();
    assert!(first.iter().all(|status| [200, 503].contains(status)), "{first:?}");
    let after: Vec<_> = many().await.iter().map(|answer| answer.status).collect();
    assert!(after.iter().all(|status| *status == 200), "{after:?}");
    assert_eq!(
        app.calls().await.iter().filter(|call| call.outcome == "ok").count() as i64,
        app.count("SELECT count(*) FROM activity WHERE outcome = 'ok'").await
    );
    app.stop().await;
}
