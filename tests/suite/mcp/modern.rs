//! The stateless era, 2026-07-28 (checklist A22 to A28, A32 to A36).

use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::{AiClient, on_sqlite, rpc};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

async fn send(client: &AiClient, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.post(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

/// A `tools/list` whose `_meta` was changed.
fn list(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = rpc::modern("tools/list", json!({}));
    change(&mut body["params"]["_meta"]);
    body
}

const HEADERS: [(&str, &str); 2] =
    [("MCP-Protocol-Version", rpc::MODERN), ("Mcp-Method", "tools/list")];

on_sqlite! {
    /// A22.
    /// Rows: A22
    async fn missing_metadata_is_invalid_params(app) {
        let client = app.ai_client("usage:read").await;
        for body in [
            list(|meta| drop(meta.as_object_mut().unwrap().remove(VERSION))),
            list(|meta| drop(meta.as_object_mut().unwrap().remove(CAPABILITIES))),
            rpc::legacy("tools/list", json!({})),
        ] {
            let answer = send(&client, &body, &HEADERS).await;
            assert_eq!((answer.status, answer.rpc_error()), (400, -32602), "{body}: {}", answer.text);
        }
    }

    /// A23.
    /// Rows: A23
    async fn client_info_is_not_required(app) {
        let client = app.ai_client("usage:read").await;
        let body = list(|meta| drop(meta.as_object_mut().unwrap().remove("io.modelcontextprotocol/clientInfo")));
        assert_eq!(send(&client, &body, &HEADERS).await.status, 200);
    }

    /// A24, A26, A27, A28: headers say what the body says, or the request is refused.
    /// Rows: A24, A26, A27, A28
    async fn headers_that_differ_from_the_body_are_refused(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let list = list(|_| ());
        for (name, headers) in [
            ("older version in the header", vec![("MCP-Protocol-Version", rpc::LEGACY), HEADERS[1]]),
            ("no version in the header", vec![HEADERS[1]]),
            ("no method", vec![HEADERS[0]]),
            ("another method", vec![HEADERS[0], ("Mcp-Method", "tools/call")]),
            ("method in capitals", vec![HEADERS[0], ("Mcp-Method", "Tools/List")]),
        ] {
            let answer = send(&client, &list, &headers).await;
            assert_eq!((answer.status, answer.rpc_error()), (400, -32020), "{name}: {}", answer.text);
        }
        let older = self::list(|meta| meta[VERSION] = json!(rpc::LEGACY));
        let answer = send(&client, &older, &HEADERS).await;
        assert_eq!((answer.status, answer.rpc_error()), (400, -32020), "{}", answer.text);
        for good in [("mcp-method", "tools/list"), ("MCP-METHOD", "tools/list"), ("Mcp-Method", "  tools/list  ")] {
            assert_eq!(send(&client, &list, &[HEADERS[0], good]).await.status, 200, "{good:?}");
        }
        let call = rpc::modern("tools/call", rpc::call("get_usage", json!({})));
        let method = ("Mcp-Method", "tools/call");
        for (name, headers) in [
            ("no name", vec![HEADERS[0], method]),
            ("another name", vec![HEADERS[0], method, ("Mcp-Name", "get_store")]),
            ("another case", vec![HEADERS[0], method, ("Mcp-Name", "GET_USAGE")]),
            ("broken base64", vec![HEADERS[0], method, ("Mcp-Name", "=?base64?%%?=")]),
        ] {
            let answer = send(&client, &call, &headers).await;
            assert_eq!((answer.status, answer.rpc_error()), (400, -32020), "{name}: {}", answer.text);
        }
        for good in ["get_usage", " get_usage ", "=?base64?Z2V0X3VzYWdl?="] {
            let answer = send(&client, &call, &[HEADERS[0], method, ("Mcp-Name", good)]).await;
            assert!(answer.is_ok(), "{good}: {}", answer.text);
        }
    }

    /// A25.
    /// Rows: A25
    async fn an_unsupported_version_is_told_with_those_supported(app) {
        let client = app.ai_client("usage:read").await;
        let body = list(|meta| meta[VERSION] = json!("2030-01-01"));
        let answer = send(&client, &body, &[("MCP-Protocol-Version", "2030-01-01"), HEADERS[1]]).await;
        assert_eq!((answer.status, answer.rpc_error()), (400, -32022), "{}", answer.text);
        assert!(answer.json["error"]["data"]["supported"].as_array().unwrap().contains(&json!(rpc::MODERN)));
        assert_eq!(answer.json["error"]["data"]["requested"], "2030-01-01");
    }

    /// A32: gone with the handshake.
    /// Rows: A32
    async fn removed_methods_are_not_found(app) {
        let client = app.ai_client("usage:read").await;
        for method in ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"] {
            let answer = client.modern(method, json!({})).await;
            assert_eq!((answer.status, answer.rpc_error()), (404, -32601), "{method}: {}", answer.text);
            // With all that they took when they were there, and without the headers of today's.
            let params = json!({ "protocolVersion": rpc::MODERN, "capabilities": {}, "clientInfo": { "name": "a", "version": "1" },
                "level": "info", "uri": "portcullis://usage" });
            let answer = client.modern(method, params).await;
            assert_eq!((answer.status, answer.rpc_error()), (404, -32601), "{method}: {}", answer.text);
            assert!(answer.json["error"]["data"]["request_id"].is_string(), "{method}: {}", answer.text);
        }
    }

    /// A33, A18: every version listed really works.
    /// Rows: A18, A33
    async fn discovery_lists_what_works(app) {
        let client = app.ai_client("usage:read").await;
        let answer = client.modern("server/discover", json!({})).await;
        let result = &answer.json["result"];
        let versions = result["supportedVersions"].as_array().unwrap();
        assert!(versions.contains(&json!(rpc::MODERN)), "{}", answer.text);
        for version in versions.iter().filter(|version| **version != rpc::MODERN) {
            let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "a", "version": "1" } });
            let agreed = client.post(&rpc::legacy("initialize", params)).send().await.unwrap();
            let agreed: Value = agreed.json().await.unwrap();
            assert_eq!(agreed["result"]["protocolVersion"], *version);
        }
        assert_eq!(result["capabilities"].as_object().unwrap().keys().collect::<Vec<_>>(), ["prompts", "resources", "tools"]);
    }

    /// A34, A35: caching hints; private, because the list depends on the role.
    /// Rows: A34, A35
    async fn results_have_a_type_and_may_be_kept_privately(app) {
        let client = app.ai_client("usage:read").await;
        for method in ["server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
            let answer = client.modern(method, json!({})).await;
            let result = &answer.json["result"];
            assert_eq!(result["resultType"], "complete", "{method}: {}", answer.text);
            assert!(result["ttlMs"].as_u64().is_some(), "{method}: {}", answer.text);
            let scope = result["cacheScope"].as_str().unwrap_or_default();
            assert!(scope == "private" || (scope == "public" && method == "server/discover"), "{method}: {}", answer.text);
        }
        let call = client.modern("tools/call", rpc::call("get_usage", json!({}))).await;
        assert_eq!(call.json["result"]["resultType"], "complete");
        let legacy = client.legacy("tools/list", json!({})).await;
        assert!(legacy.json["result"].get("resultType").is_none(), "A34: not in the older schema");
    }
}
