//! Whoever hangs up before the answer has come: what they asked for is carried to its end, counted
//! and written down all the same. Calls at `/mcp` are in `mcp::hangup`.

use std::time::Duration;

use actix_web::rt;
use serde_json::json;

use crate::support::api_client::{ALL, ApiClient};
use crate::support::held::{A_LOCK_IS_WAITED_FOR, Held, until};
use crate::support::upload::INDEX;
use crate::support::{ADMIN, Browser, MEMBER, TestApp};

/// Begins `request` while `lock` keeps it waiting, hangs up, lets it go on, and waits until
/// `is_there` counts something.
async fn hang_up(
    app: &TestApp,
    lock: &'static str,
    request: impl Future<Output = ()> + 'static,
    is_there: &'static str,
) {
    assert_eq!(app.count(is_there).await, 0, "{is_there}");
    let held = Held::by(app, lock).await;
    let request = rt::spawn(request);
    until(app, A_LOCK_IS_WAITED_FOR).await;
    request.abort();
    assert!(request.await.is_err_and(|ended| ended.is_cancelled()), "nobody has answered");
    // The one worker has seen that the connection is gone before it answers these.
    for _ in 0..3 {
        Browser::new(&app.base).get("/healthz").await;
    }
    drop(held);
    let carried = rt::time::timeout(Duration::from_secs(20), until(app, is_there)).await;
    assert!(carried.is_ok(), "never came: {is_there}");
}

const STORES: &str = "LOCK TABLE stores IN ACCESS EXCLUSIVE MODE";
const A_CALL: &str = "SELECT count(*) FROM activity";

/// Contract §10 and §11. On SQLite nobody who reads waits, so that there is no such moment.
#[actix_web::test]
async fn a_call_whose_caller_hangs_up_is_counted_and_written_down() {
    let Some(app) = TestApp::postgres().await else { return };
    let api = ApiClient::of(&app, MEMBER, ALL).await;
    let body = json!({ "domains": ["shop01.example.com", "shop02.example.com"] });
    let request = api.request("POST", "/api/v1/stores/enrich").json(&body);
    hang_up(&app, STORES, async move { drop(request.send().await) }, A_CALL).await;
    let call = app.calls().await.remove(0);
    assert_eq!((call.operation.as_str(), call.outcome.as_str()), ("enrich_domains", "ok"));
    assert_eq!(call.rows_returned, 2);

    app.sql("DELETE FROM activity").await;
    let member = app.member().await;
    let page = "/dashboard/stores";
    let shown = member.get(page).await;
    let search = async move { drop(member.send(&shown, page, &[("q", "shop")]).await) };
    hang_up(&app, STORES, search, A_CALL).await;
    assert_eq!(app.calls().await.remove(0).outcome, "ok");
    app.stop().await;
}

/// Contract §11: what was tried at a door is written down.
#[actix_web::test]
async fn a_wrong_password_is_written_down_for_whoever_hangs_up() {
    let Some(app) = TestApp::postgres().await else { return };
    let browser = Browser::new(&app.base);
    let shown = browser.get("/login").await;
    let fields = [("email", MEMBER.email), ("password", "not it at all")];
    let sign_in = async move { drop(browser.send(&shown, "/login", &fields).await) };
    let lock = "LOCK TABLE users IN ACCESS EXCLUSIVE MODE";
    let failures = "SELECT count(*) FROM audit WHERE outcome <> 'ok'";
    hang_up(&app, lock, sign_in, failures).await;
    app.stop().await;
}

/// An import goes on when its page is closed, from the moment it is begun.
#[actix_web::test]
async fn an_import_whose_page_is_closed_is_carried_out() {
    let Some(app) = TestApp::postgres().await else { return };
    let admin = app.signed_in(ADMIN).await;
    assert_eq!(admin.get(INDEX).await.status, 200);
    let file = b"domain,name\nhangup.example,Hang Up\n";
    let upload = async move { drop(admin.upload("stores", "s.csv", file, false).await) };
    let lock = "LOCK TABLE imports IN EXCLUSIVE MODE";
    let done = "SELECT count(*) FROM stores WHERE domain = 'hangup.example'";
    hang_up(&app, lock, upload, done).await;
    app.stop().await;
}
