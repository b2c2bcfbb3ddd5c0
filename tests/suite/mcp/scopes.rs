//! Checks 6 and 7: what the role allows, and what the token allows (checklist C16 to C18, B8, B13).

use serde_json::json;

use crate::support::ai_client::challenge;
use crate::support::{AUDITOR, MEMBER, both_databases, on_sqlite};

const STORE: &str = "shop01.example.com";

both_databases! {
    /// C16: 403 with all scopes of the operation, on the HTTP level; then step up and retry.
    /// Rows: B13, C16
    async fn a_missing_scope_is_403_with_everything_that_is_needed(app) {
        let client = app.ai_client("usage:read").await;
        for (tool, arguments) in [
            ("get_store", json!({ "domain": STORE })),
            ("search_stores", json!({})),
            ("list_taxonomy", json!({})),
        ] {
            let answer = client.call_tool(tool, arguments).await;
            assert_eq!(answer.status, 403, "{tool}");
            let told = challenge(answer.header("www-authenticate"));
            assert_eq!(told["error"], "insufficient_scope");
            assert_eq!(told["scope"], "usage:read stores:read", "{tool}");
            assert!(told.contains_key("resource_metadata"));
        }
        let calls = app.calls().await;
        assert_eq!(calls.len(), 3);
        assert!(calls.iter().all(|call| call.outcome == "denied" && call.status == 403
            && call.error_code.as_deref() == Some("insufficient_scope")));
        let wider = app.ai_client("usage:read stores:read").await;
        assert!(wider.call_tool("get_store", json!({ "domain": STORE })).await.is_ok());
        assert_eq!(client.modern("tools/call", json!({ "name": "get_store", "arguments": {} })).await.status, 403);
    }

    /// E18: what somebody approved is worth only what their role still allows, with the token they
    /// hold and with the next one.
    /// Rows: E18
    async fn a_demoted_person_takes_the_tools_of_their_clients_along(app) {
        let mut client = app.ai_client("usage:read stores:read").await;
        let get = || json!({ "domain": STORE });
        assert!(client.call_tool("get_store", get()).await.is_ok());
        app.sql("UPDATE roles SET tools = '[\"get_usage\"]' WHERE name = 'Auditor'").await;
        app.sql(format!("UPDATE users SET role_id = (SELECT id FROM roles WHERE name = 'Auditor') WHERE email = '{}'", MEMBER.email)).await;
        assert_eq!(client.call_tool("get_store", get()).await.rpc_error(), -32602, "the token they hold");
        assert_eq!(client.refresh().await.status, 200);
        assert_eq!(client.call_tool("get_store", get()).await.rpc_error(), -32602, "the next one");
        assert_eq!(client.list_tools().await, ["get_usage"]);
        let again = app.ai_client("usage:read stores:read").await;
        assert_eq!(again.call_tool("get_store", get()).await.rpc_error(), -32602, "and a new approval");
        assert!(again.call().await.is_ok());
    }

    /// Check 6: acts on the next request, and cannot be told from a tool that does not exist.
    /// Rows: E18
    async fn a_tool_that_the_role_does_not_allow_is_not_there(app) {
        let client = app.ai_client_of(AUDITOR, "usage:read stores:read").await;
        assert_eq!(client.list_tools().await,
            ["get_usage", "list_taxonomy", "get_store", "search_stores", "enrich_domains", "search_contacts", "reveal_contacts"]);
        app.sql("UPDATE roles SET tools = '[\"get_usage\", \"own_the_moon\"]' WHERE name = 'Auditor'").await;
        assert_eq!(client.list_tools().await, ["get_usage"]);
        let hidden = client.call_tool("get_store", json!({ "domain": STORE })).await;
        let unknown = client.call_tool("no_such_tool", json!({})).await;
        assert_eq!((hidden.status, hidden.rpc_error()), (200, -32602));
        for member in ["code", "message"] {
            assert_eq!(hidden.json["error"][member], unknown.json["error"][member]);
        }
        assert_eq!(hidden.json["error"]["data"]["request_id"], hidden.header("x-request-id"));
        let narrow = app.ai_client_of(AUDITOR, "usage:read").await;
        let answer = narrow.call_tool("get_store", json!({})).await;
        assert_eq!(answer.rpc_error(), -32602, "more scope would not help, so none is asked for");
        app.sql("UPDATE roles SET tools = 'not json' WHERE name = 'Auditor'").await;
        assert!(client.list_tools().await.is_empty(), "what cannot be read allows nothing");
    }
}

on_sqlite! {
    /// B8: in both eras.
    /// Rows: B8
    async fn calls_that_name_no_tool_are_invalid_params(app) {
        let client = app.ai_client("usage:read").await;
        for params in [
            json!({}),
            json!({ "name": 7 }),
            json!({ "name": "no_such_tool", "arguments": {} }),
            json!({ "name": "get_usage", "arguments": [] }),
            json!({ "name": "get_usage", "arguments": "x" }),
            json!({ "name": "GET_USAGE" }),
        ] {
            let answer = client.legacy("tools/call", params.clone()).await;
            assert_eq!(answer.rpc_error(), -32602, "{params}: {}", answer.text);
        }
        let modern = client.modern("tools/call", json!({ "name": "no_such_tool", "arguments": {} })).await;
        assert_eq!(modern.rpc_error(), -32602);
    }
}
