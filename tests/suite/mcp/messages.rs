//! JSON-RPC manners in both eras (checklist A5 to A7, A9 to A11, A16, A17, A19 to A21, A31).

use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::{AiClient, on_sqlite, rpc};

async fn send(client: &AiClient, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client
        .http
        .post(format!("{}/mcp", client.base))
        .bearer_auth(&client.access_token)
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, text/event-stream")
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

on_sqlite! {
    /// A9, A10, A11: told apart, and never a crash.
    /// Rows: A9, A10, A11, A13
    async fn what_is_no_message_is_refused_with_its_reason(app) {
        let client = app.ai_client("usage:read").await;
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep_params = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{}1{}}}}}"#,
            "[".repeat(50_000), "]".repeat(50_000));
        for (body, code) in [
            ("{\"a\":", -32700),
            ("", -32700),
            ("nonsense", -32700),
            (deep.as_str(), -32600),
            (deep_params.as_str(), -32600),
            ("[]", -32600),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
            ("7", -32600),
            ("{}", -32600),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
            (r#"{"id":1,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, -32600),
        ] {
            let answer = send(&client, body, &[]).await;
            let shown: String = body.chars().take(60).collect();
            assert_eq!((answer.status, answer.rpc_error()), (400, code), "{shown}: {}", answer.text);
            assert_eq!(answer.json["jsonrpc"], "2.0");
            // A16: where the id could be read, it comes back.
            let id = if body == deep_params { json!(1) } else { Value::Null };
            assert_eq!(answer.json["id"], id, "{shown}");
            assert!(answer.header("content-type").starts_with("application/json"));
        }
    }

    /// A5, A6: with and without the modern headers.
    /// Rows: A5, A6
    async fn notifications_are_accepted_with_an_empty_answer(app) {
        let client = app.ai_client("usage:read").await;
        let meta = json!({ "io.modelcontextprotocol/protocolVersion": rpc::MODERN });
        for (body, headers) in [
            (json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }), vec![]),
            (json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 99 } }),
                vec![("MCP-Protocol-Version", rpc::LEGACY)]),
            (json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 99, "_meta": meta } }),
                vec![("MCP-Protocol-Version", rpc::MODERN)]),
            (json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 99, "_meta": meta } }),
                vec![("MCP-Protocol-Version", rpc::MODERN), ("Mcp-Method", "notifications/cancelled")]),
        ] {
            let answer = send(&client, &body.to_string(), &headers).await;
            assert_eq!((answer.status, answer.text.as_str()), (202, ""), "{body}");
        }
    }

    /// A7: this server asks nothing.
    /// Rows: A7
    async fn an_answer_posted_by_a_client_is_refused(app) {
        let client = app.ai_client("usage:read").await;
        for body in [
            json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
            json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -1, "message": "x" } }),
        ] {
            for headers in [vec![], vec![("MCP-Protocol-Version", rpc::MODERN)]] {
                let answer = send(&client, &body.to_string(), &headers).await;
                assert!((400..500).contains(&answer.status), "{}", answer.text);
            }
        }
    }

    /// A16: same value, same type.
    /// Rows: A16
    async fn the_answer_carries_the_requests_id(app) {
        let client = app.ai_client("usage:read").await;
        for id in [json!("a"), json!(""), json!(0), json!(-1), json!(7), json!(9_007_199_254_740_991_i64), json!("7")] {
            let body = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
            let answer = send(&client, &body.to_string(), &[]).await;
            assert_eq!((&answer.json["id"], answer.status), (&id, 200), "{}", answer.text);
            let mut body = rpc::modern("tools/list", json!({}));
            body["id"] = id.clone();
            let headers = rpc::modern_headers(&body);
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(send(&client, &body.to_string(), &headers).await.json["id"], id);
        }
    }

    /// A17: the version asked for if it has a handshake, else the newest that has.
    /// Rows: A17, A37
    async fn initialize_agrees_on_a_version_with_a_handshake(app) {
        let client = app.ai_client("usage:read").await;
        for (asked, agreed) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
            ("9999-01-01", "2025-11-25"),
        ] {
            let params = json!({
                "protocolVersion": asked,
                "capabilities": {},
                "clientInfo": { "name": "suite", "version": "1" },
            });
            let answer = send(&client, &rpc::legacy("initialize", params).to_string(), &[]).await;
            assert_eq!(answer.json["result"]["protocolVersion"], agreed, "{asked}: {}", answer.text);
            assert!(answer.headers.get("mcp-session-id").is_none(), "A37");
            let result = &answer.json["result"];
            assert_eq!(result["capabilities"].as_object().unwrap().keys().collect::<Vec<_>>(), ["prompts", "resources", "tools"], "A18");
            assert!(!result["instructions"].as_str().unwrap().is_empty(), "B24");
            assert_eq!(result["serverInfo"]["name"], "portcullis");
        }
    }

    /// A19, A21: a revision without the header is the oldest that has none.
    /// Rows: A19, A21
    async fn a_request_without_a_version_is_served(app) {
        let client = app.ai_client("usage:read").await;
        for (method, member) in [("tools/list", "tools"), ("ping", "")] {
            let answer = send(&client, &rpc::legacy(method, json!({})).to_string(), &[]).await;
            assert_eq!(answer.status, 200);
            assert!(member.is_empty() || answer.json["result"][member].is_array());
        }
    }

    /// A20: 400, without codes of the modern era.
    /// Rows: A20
    async fn an_unsupported_version_header_is_refused(app) {
        let client = app.ai_client("usage:read").await;
        for version in ["9999-01-01", "abc", "2025-11-25 "] {
            let body = rpc::legacy("tools/list", json!({})).to_string();
            let answer = send(&client, &body, &[("MCP-Protocol-Version", version)]).await;
            if version.trim() == rpc::LEGACY {
                assert_eq!(answer.status, 200, "blanks around a header value mean nothing");
                continue;
            }
            assert_eq!(answer.status, 400, "{version}");
            assert!(!(-32022..=-32020).contains(&answer.rpc_error()), "{}", answer.text);
            assert!(answer.header("content-type").starts_with("application/json"));
        }
    }

    /// A31, A18: what is not announced is not there.
    /// Rows: A18, A31
    async fn an_unknown_method_is_not_found_in_its_eras_way(app) {
        let client = app.ai_client("usage:read").await;
        for method in ["foo/bar", "resources/subscribe", "completion/complete", "sampling/createMessage", "tools/Call"] {
            let answer = client.legacy(method, json!({})).await;
            assert_eq!((answer.status, answer.rpc_error()), (200, -32601), "{method}: {}", answer.text);
            let answer = client.modern(method, json!({})).await;
            assert_eq!((answer.status, answer.rpc_error()), (404, -32601), "{method}: {}", answer.text);
        }
    }

    /// A31, A16: an unknown method needs no header of its own, and the answer has the request's id.
    /// Rows: A16, A31
    async fn tasks_are_not_found_without_a_name(app) {
        let client = app.ai_client("usage:read").await;
        let answer = client.modern("tasks/get", json!({ "taskId": "1" })).await;
        assert_eq!((answer.status, answer.rpc_error()), (404, -32601), "{}", answer.text);
        assert_eq!(answer.json["id"], 1);
    }

    /// JSON-RPC: parameters of a wrong form are the caller's mistake, not a missing method.
    async fn parameters_of_a_wrong_form_are_invalid_params(app) {
        let client = app.ai_client("usage:read").await;
        for (method, params) in [
            ("initialize", json!({})),
            ("initialize", json!({ "protocolVersion": 7, "capabilities": {}, "clientInfo": { "name": "a", "version": "1" } })),
            ("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": [], "clientInfo": { "name": "a", "version": "1" } })),
            ("tools/list", json!({ "cursor": "nonsense" })),
        ] {
            let answer = client.legacy(method, params.clone()).await;
            assert_eq!((answer.status, answer.rpc_error()), (200, -32602), "{method} {params}: {}", answer.text);
        }
    }

    /// A50: members that nobody defined are ignored.
    /// Rows: A50
    async fn unknown_members_are_ignored(app) {
        let client = app.ai_client("usage:read").await;
        let params = json!({
            "name": "get_usage", "arguments": {}, "x-extra": [1, 2],
            "_meta": { "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "vendor.example/x": {} },
        });
        assert!(client.legacy("tools/call", params.clone()).await.is_ok());
        let mut body = rpc::modern("tools/call", params);
        body["params"]["_meta"]["traceparent"] = json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"]["vendor.example/y"] = json!({ "z": 1 });
        let headers = rpc::modern_headers(&body);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = send(&client, &body.to_string(), &headers).await;
        assert!(answer.is_ok(), "{}", answer.text);
    }

    /// A member that comes twice could mean one thing to the gate and another to the SDK.
    async fn a_member_that_comes_twice_cannot_smuggle_another_tool(app) {
        let client = app.ai_client("usage:read").await;
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"list_taxonomy"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_usage","name":"list_taxonomy","arguments":{}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_usage"},"params":{"name":"list_taxonomy","arguments":{}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"reveal_contacts","arguments":{"contact_ids":[],"confirm_spend_credits":false,"confirm_spend_credits":true}}}"#,
        ] {
            let answer = send(&client, body, &[]).await;
            assert!(!answer.is_ok(), "{body}: {}", answer.text);
            assert!(answer.status == 400 || answer.status == 403, "{body}: {}", answer.text);
        }
    }
}
