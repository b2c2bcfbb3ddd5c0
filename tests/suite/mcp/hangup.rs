//! Callers who hang up, and who cancel what is not theirs (checklist A40, A41): nothing is left
//! half done, and every call is written down and counted once, as what became of it.

use serde_json::{Value, json};

use crate::support::database::Backend;
use crate::support::held::{A_LOCK_IS_WAITED_FOR, Held, until};
use crate::support::raw::{Pending, begin};
use crate::support::records::Call;
use crate::support::{AiClient, OTHER, TestApp, both_databases, contacts, on_sqlite, rpc};

const SCOPES: &str = "usage:read stores:read contacts:search contacts:reveal";

const A_CALL_IS_WRITTEN_DOWN: &str = "SELECT count(*) FROM activity";

/// Sends a call and leaves it there.
async fn begin_call(app: &TestApp, client: &AiClient, is_modern: bool, params: Value) -> Pending {
    let (body, headers) = if is_modern {
        let body = rpc::modern("tools/call", params);
        let headers = rpc::modern_headers(&body);
        (body, headers)
    } else {
        let headers = vec![("MCP-Protocol-Version", rpc::LEGACY.to_owned())];
        (rpc::legacy("tools/call", params), headers)
    };
    let body = body.to_string();
    let mut head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        app.host(),
        client.access_token,
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    begin(app.host(), format!("{head}\r\n{body}")).await
}

/// The only call there is in the log.
async fn the_call(app: &TestApp) -> Call {
    until(app, A_CALL_IS_WRITTEN_DOWN).await;
    let mut calls = app.calls().await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls.remove(0)
}

/// What the month's window counts: requests, rows, credits.
async fn counted(app: &TestApp) -> (i64, i64, i64) {
    let of = |column| {
        format!("SELECT COALESCE(sum({column}), 0) FROM usage_windows WHERE span = 'month'")
    };
    (
        app.count(of("requests")).await,
        app.count(of("rows_returned")).await,
        app.count(of("credits")).await,
    )
}

/// The id of a contact with a safe channel.
async fn a_contact(app: &TestApp, client: &AiClient) -> String {
    contacts::add(app, 1).await;
    let found = client.call_tool("search_contacts", json!({})).await;
    let id = found.content()["data"][0]["contact_id"].as_str().unwrap().to_owned();
    for table in ["activity", "usage_windows"] {
        app.sql(format!("DELETE FROM {table}")).await;
    }
    id
}

fn reveal(id: &str) -> Value {
    let arguments =
        json!({ "contact_ids": [id], "confirm_spend_credits": true, "idempotency_key": "the-key" });
    rpc::call("reveal_contacts", arguments)
}

/// Hanging up in the modern era: the search is given up while its query still waits.
/// Rows: A40
#[actix_web::test]
async fn a_search_ends_when_its_caller_hangs_up() {
    let Some(app) = TestApp::postgres().await else { return };
    let client = app.ai_client(SCOPES).await;
    let held = Held::by(&app, "LOCK TABLE stores IN ACCESS EXCLUSIVE MODE").await;
    let call = begin_call(&app, &client, true, rpc::call("search_stores", json!({}))).await;
    until(&app, A_LOCK_IS_WAITED_FOR).await;
    assert_eq!(call.hang_up().await, "", "nothing more is written");
    let call = the_call(&app).await;
    assert_eq!((call.operation.as_str(), call.outcome.as_str()), ("search_stores", "error"));
    assert_eq!((call.error_code.as_deref(), call.rows_returned), (Some("cancelled"), 0));
    assert_eq!(counted(&app).await, (1, 0, 0), "no way to search for free");
    drop(held);
    assert!(client.call_tool("search_stores", json!({ "limit": 2 })).await.is_ok());
    assert_eq!(app.calls().await.len(), 2, "and nothing comes after");
    assert_eq!(counted(&app).await, (2, 2, 0));
    app.stop().await;
}

/// In the earlier era a lost connection is not a cancelled call.
#[actix_web::test]
async fn a_search_of_the_earlier_era_outlives_its_connection() {
    let Some(app) = TestApp::postgres().await else { return };
    let client = app.ai_client(SCOPES).await;
    let held = Held::by(&app, "LOCK TABLE stores IN ACCESS EXCLUSIVE MODE").await;
    let params = rpc::call("search_stores", json!({ "limit": 3 }));
    let call = begin_call(&app, &client, false, params).await;
    until(&app, A_LOCK_IS_WAITED_FOR).await;
    assert_eq!(call.hang_up().await, "");
    assert_eq!(app.count(A_CALL_IS_WRITTEN_DOWN).await, 0);
    drop(held);
    let call = the_call(&app).await;
    assert_eq!((call.outcome.as_str(), call.rows_returned), ("ok", 3));
    assert_eq!(counted(&app).await, (1, 3, 0));
    app.stop().await;
}

/// What has begun to spend is finished: paid once, written down once, and given again to its key.
/// Rows: A40
#[actix_web::test]
async fn a_reveal_that_has_begun_is_finished_and_paid_once() {
    let Some(app) = TestApp::postgres().await else { return };
    let client = app.ai_client(SCOPES).await;
    let id = a_contact(&app, &client).await;
    let held = Held::by(&app, "SELECT id FROM accounts FOR UPDATE").await;
    let call = begin_call(&app, &client, true, reveal(&id)).await;
    until(&app, A_LOCK_IS_WAITED_FOR).await;
    assert_eq!(call.hang_up().await, "");
    drop(held);
    let call = the_call(&app).await;
    assert_eq!((call.outcome.as_str(), call.credits_spent), ("ok", 1));
    assert_eq!(counted(&app).await, (1, 0, 1));
    assert_eq!(app.count("SELECT count(*) FROM reveals").await, 1);
    let again = client.modern("tools/call", reveal(&id)).await;
    assert_eq!(again.content()["replayed"], true);
    assert_eq!(counted(&app).await, (1, 0, 1));
    app.stop().await;
}

on_sqlite! {
    /// What still waits for its turn to spend spends nothing for a caller who is gone.
    /// Rows: A40
    async fn a_reveal_that_has_not_begun_spends_nothing(app) {
        let client = app.ai_client(SCOPES).await;
        let id = a_contact(app, &client).await;
        let held = Held::by(app, "SELECT 1").await;
        let call = begin_call(app, &client, true, reveal(&id)).await;
        // The one worker takes turns: when it has answered these, the call is behind the gate.
        for _ in 0..3 {
            client.list_tools().await;
        }
        assert_eq!(call.hang_up().await, "");
        drop(held);
        let call = the_call(app).await;
        assert_eq!((call.operation.as_str(), call.outcome.as_str(), call.credits_spent), ("reveal_contacts", "error", 0));
        assert_eq!(call.error_code.as_deref(), Some("cancelled"));
        assert_eq!(counted(app).await, (0, 0, 0));
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 0);
        let again = client.modern("tools/call", reveal(&id)).await;
        assert_eq!((&again.content()["replayed"], &again.content()["credits_spent"]), (&json!(false), &json!(1)));
    }
}

both_databases! {
    /// Ids belong to a connection's own requests: nobody's notification reaches another's call, and
    /// those of calls that are over or never were are taken and ignored.
    /// Rows: A41
    async fn cancelling_what_is_not_yours_or_not_running_changes_nothing(app) {
        let (client, other) = (app.ai_client(SCOPES).await, app.ai_client_of(OTHER, SCOPES).await);
        // Nothing is written down meanwhile, so no call ends.
        let held = match app.backend {
            Backend::Sqlite => Held::by(app, "SELECT 1").await,
            Backend::Postgres => Held::by(app, "LOCK TABLE activity IN ACCESS EXCLUSIVE MODE").await,
        };
        let running = client.clone();
        let call = actix_web::rt::spawn(async move { running.call().await });
        client.list_tools().await;
        for id in [json!(1), json!("1"), json!(77), json!("nothing of that name")] {
            for who in [&other, &client] {
                let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id, "reason": "because" } });
                let mut modern = cancel.clone();
                modern["params"]["_meta"] = rpc::modern("", json!({}))["params"]["_meta"].clone();
                assert_eq!(who.post(&cancel).send().await.unwrap().status(), 202, "{id}");
                let request = who.post(&modern).header("MCP-Protocol-Version", rpc::MODERN);
                assert_eq!(request.send().await.unwrap().status(), 202, "{id}");
            }
        }
        drop(held);
        let answer = call.await.unwrap();
        assert!(answer.is_ok(), "{}", answer.text);
        assert_eq!(app.calls().await.len(), 1);
        let late = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
        assert_eq!(client.post(&late).send().await.unwrap().status(), 202, "it is over");
    }
}
