//! HTTP manners of the endpoint (checklist A1, A2, A8, A12, A13, A30, A36 to A38, A46, A49).

use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::{AiClient, both_databases, on_sqlite, raw, rpc};

fn body() -> String {
    rpc::legacy("tools/list", json!({})).to_string()
}

async fn send(client: &AiClient, headers: &[(&str, &str)], body: String) -> Answer {
    let mut request = client
        .http
        .post(format!("{}/mcp", client.base))
        .bearer_auth(&client.access_token)
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

on_sqlite! {
    /// A1, A38: plain JSON, once, in both eras; never an event stream for a plain call.
    /// Rows: A1, A38, A39
    async fn every_answer_is_one_json_object(app) {
        let client = app.ai_client("usage:read stores:read").await;
        for answer in [
            client.legacy("tools/list", json!({})).await,
            client.modern("tools/list", json!({})).await,
            client.call_tool("list_taxonomy", json!({})).await,
            client.modern("tools/call", rpc::call("search_stores", json!({ "limit": 3 }))).await,
        ] {
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert!(answer.header("content-type").starts_with("application/json"));
            assert!(answer.json["result"].is_object());
            assert!(answer.headers.get("mcp-session-id").is_none(), "A36, A37");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }

    /// A2: with a token; without one it is 401.
    /// Rows: A2
    async fn other_methods_are_405_and_say_which_is_right(app) {
        let client = app.ai_client("usage:read").await;
        for method in ["GET", "DELETE", "PUT", "PATCH", "HEAD"] {
            let request = client.http.request(method.parse().unwrap(), app.resource());
            let answer = Answer::of(request.bearer_auth(&client.access_token).send().await.unwrap()).await;
            assert_eq!(answer.status, 405, "{method}");
            assert!(answer.header("allow").contains("POST"), "{method}");
        }
    }

    /// A8: only a value that excludes both of the answer types is refused.
    /// Rows: A8
    async fn accept_is_read_kindly(app) {
        let client = app.ai_client("usage:read").await;
        for (accept, status) in [
            (Some("application/json, text/event-stream"), 200),
            (Some("text/event-stream, application/json"), 200),
            (Some("*/*"), 200),
            (Some("application/json"), 200),
            (Some("application/json;q=0.9, */*;q=0.1"), 200),
            (Some("APPLICATION/JSON"), 200),
            (Some("text/event-stream"), 200),
            (None, 200),
            (Some("text/html"), 406),
            (Some("image/png, text/plain"), 406),
        ] {
            let mut headers = vec![JSON];
            headers.extend(accept.map(|accept| ("Accept", accept)));
            let answer = send(&client, &headers, body()).await;
            assert_eq!(answer.status, status, "{accept:?}: {}", answer.text);
            assert!(answer.header("content-type").starts_with("application/json"), "{accept:?}");
        }
    }

    /// A12.
    /// Rows: A12
    async fn another_content_type_is_415(app) {
        let client = app.ai_client("usage:read").await;
        for (kind, status) in [
            ("application/json", 200),
            ("application/json; charset=utf-8", 200),
            ("Application/JSON;charset=UTF-8", 200),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("application/jsonp", 415),
            ("", 415),
        ] {
            assert_eq!(send(&client, &[("Content-Type", kind)], body()).await.status, status, "{kind}");
        }
        assert_eq!(send(&client, &[], body()).await.status, 415, "none at all");
    }

    /// A13: whatever the declared length says.
    /// Rows: A13
    async fn a_body_over_the_limit_is_413(app) {
        let client = app.ai_client("usage:read").await;
        let large = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "a".repeat(5 << 20));
        let answer = send(&client, &[JSON], large.clone()).await;
        assert_eq!(answer.status, 413);
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nConnection: close\r\n",
            app.host(), client.access_token);
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
        assert_eq!(raw::status(&raw::send(app.host(), chunked).await), 413, "chunked");
        let just = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "a".repeat(1_000_000));
        assert_eq!(send(&client, &[JSON], just).await.status, 200);
        // Nobody without a token makes the server read a body at all.
        let nobody = format!("POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n", app.host());
        assert_eq!(raw::status(&raw::send(app.host(), nobody).await), 401);
    }

    /// A30, A36, A37: remnants of other eras mean nothing.
    /// Rows: A30, A36, A37
    async fn stale_session_and_method_headers_are_ignored(app) {
        let client = app.ai_client("usage:read").await;
        for header in [
            ("Mcp-Session-Id", "00000000-0000-0000-0000-000000000000"),
            ("Mcp-Session-Id", "garbage \u{1f511}"),
            ("Last-Event-ID", "7"),
            ("Mcp-Method", "ping"),
            ("Mcp-Name", "something"),
        ] {
            let answer = send(&client, &[JSON, header], body()).await;
            assert_eq!(answer.status, 200, "{header:?}: {}", answer.text);
            let body = rpc::modern("tools/list", json!({}));
            if !header.0.starts_with("Mcp-M") && !header.0.starts_with("Mcp-N") {
                let mut headers = vec![JSON, header];
                let modern = rpc::modern_headers(&body);
                headers.extend(modern.iter().map(|(name, value)| (*name, value.as_str())));
                let answer = send(&client, &headers, body.to_string()).await;
                assert_eq!(answer.status, 200, "{header:?}: {}", answer.text);
                assert!(answer.headers.get("mcp-session-id").is_none());
            }
        }
    }

    /// A49: an internal error has the request's id and no more.
    /// Rows: A49
    async fn an_internal_error_is_a_request_id(app) {
        let client = app.ai_client("usage:read stores:read").await;
        app.sql("ALTER TABLE store_technologies RENAME TO hidden").await;
        let answer = client.call_tool("get_store", json!({ "domain": "shop01.example.com" })).await;
        assert_eq!((answer.status, answer.tool_error()), (200, "internal_error"));
        assert!(!answer.text.contains("store_technologies") && !answer.text.contains("table"), "{}", answer.text);
        let error = &answer.json["result"]["structuredContent"]["error"];
        assert_eq!(error["request_id"], json!(answer.header("x-request-id")));
        let calls = app.calls().await;
        assert_eq!(calls.last().unwrap().outcome, "error");
        assert_eq!(calls.last().unwrap().request_id, answer.header("x-request-id"));
    }

    /// A gate that cannot read the database stays down.
    async fn without_its_database_the_gate_is_closed(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        app.sql("ALTER TABLE consents RENAME TO hidden").await;
        let answer = client.call().await;
        assert!(answer.status >= 500, "{}", answer.text);
        assert_eq!(answer.json["result"], Value::Null);
        assert!(!answer.text.contains("consents"), "{}", answer.text);
    }
}

both_databases! {
    /// A46, A49: codes of the specification only, and no insides in any of them.
    /// Rows: A46, A49
    async fn errors_tell_nothing_of_the_inside(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let mut answers = Vec::new();
        for text in ["'; DROP TABLE users; --", "\u{0}", "../../etc/passwd", "<script>", "%00", "\\"] {
            answers.push(client.call_tool("get_store", json!({ "domain": text })).await);
            answers.push(client.call_tool("search_stores", json!({ "cursor": text })).await);
            answers.push(client.call_tool("search_stores", json!({ "filters": { "q": text } })).await);
            answers.push(client.call_tool("search_stores", json!({ "sort": text })).await);
            answers.push(client.legacy(text, json!({})).await);
        }
        for answer in answers {
            assert!(answer.status < 500, "{}", answer.text);
            let code = answer.rpc_error();
            assert!([0, -32600, -32601, -32602, -32700].contains(&code), "{}", answer.text);
            for inside in ["src/", ".rs:", "diesel", "SELECT", "panicked", "sqlite", "rusqlite"] {
                assert!(!answer.text.contains(inside), "{}", answer.text);
            }
        }
    }
}
