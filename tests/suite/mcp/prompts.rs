//! Prompts and resources (contract §7; checklist A18, B15 to B17).

use serde_json::{Value, json};

use crate::support::{AUDITOR, both_databases, on_sqlite};

const SCOPES: &str = "usage:read stores:read";

on_sqlite! {
    /// Both eras list and get the same; what is wrong is said.
    /// Rows: B17
    async fn prompts_take_their_arguments_and_nothing_else(app) {
        let client = app.ai_client(SCOPES).await;
        for (list, get) in [
            (client.legacy("prompts/list", json!({})).await, client.legacy("prompts/get", json!({ "name": "find_similar_stores", "arguments": { "domain": "shop01.example.com" } })).await),
            (client.modern("prompts/list", json!({})).await, client.modern("prompts/get", json!({ "name": "find_similar_stores", "arguments": { "domain": "shop01.example.com" } })).await),
        ] {
            let names: Vec<_> = list.json["result"]["prompts"].as_array().unwrap().iter()
                .map(|prompt| {
                    assert!(prompt["title"].is_string() && prompt["description"].is_string());
                    assert_eq!(prompt["arguments"][0]["required"], true);
                    prompt["name"].as_str().unwrap().to_owned()
                })
                .collect();
            assert_eq!(names, ["find_similar_stores", "prepare_outreach_list"]);
            let message = &get.json["result"]["messages"][0];
            assert_eq!(message["role"], "user");
            let text = message["content"]["text"].as_str().unwrap();
            assert!(text.contains("\"shop01.example.com\"") && text.contains("about 10") && !text.contains('{'), "{text}");
        }
        let long = "x".repeat(201);
        for params in [
            json!({ "name": "no_such_prompt" }),
            json!({}),
            json!({ "name": "find_similar_stores" }),
            json!({ "name": "find_similar_stores", "arguments": {} }),
            json!({ "name": "find_similar_stores", "arguments": { "domain": "" } }),
            json!({ "name": "find_similar_stores", "arguments": { "domain": 7 } }),
            json!({ "name": "find_similar_stores", "arguments": { "domain": long } }),
            json!({ "name": "find_similar_stores", "arguments": { "domain": "a\nb" } }),
            json!({ "name": "find_similar_stores", "arguments": { "domain": "a.example", "more": "x" } }),
        ] {
            let answer = client.legacy("prompts/get", params.clone()).await;
            assert_eq!(answer.rpc_error(), -32602, "{params}: {}", answer.text);
        }
        let planted = json!({ "name": "prepare_outreach_list", "arguments": { "audience": "{role} {count}", "role": "sales" } });
        let text = client.legacy("prompts/get", planted).await.json["result"]["messages"][0]["content"]["text"].to_string();
        assert!(text.contains("role count") && text.contains("sales"), "{text}");
    }

    /// Rows: B15, B16
    async fn an_address_that_is_no_resource_is_told_in_the_way_of_its_era(app) {
        let client = app.ai_client(SCOPES).await;
        for uri in [
            "portcullis://nothing", "portcullis://usage/", "portcullis://usage/../taxonomy", "portcullis://usage%2f..",
            "PORTCULLIS://usage", "file:///etc/passwd", "http://127.0.0.1/", "portcullis://usage?account=2", "../usage", "",
        ] {
            let legacy = client.legacy("resources/read", json!({ "uri": uri })).await;
            assert_eq!(legacy.rpc_error(), -32002, "{uri}: {}", legacy.text);
            if uri.is_empty() {
                continue;
            }
            let modern = client.modern("resources/read", json!({ "uri": uri })).await;
            assert_eq!(modern.rpc_error(), -32602, "{uri}: {}", modern.text);
            assert_eq!(modern.json["error"]["data"]["uri"], uri);
        }
        for params in [json!({}), json!({ "uri": 7 })] {
            assert_eq!(client.legacy("resources/read", params).await.rpc_error(), -32602);
        }
    }

    /// What is announced answers, in both eras; every list has one page.
    /// Rows: A18
    async fn what_is_announced_answers(app) {
        let client = app.ai_client(SCOPES).await;
        let initialize = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "a", "version": "1" } });
        let legacy = client.legacy("initialize", initialize).await.json["result"]["capabilities"].clone();
        let modern = client.modern("server/discover", json!({})).await.json["result"]["capabilities"].clone();
        for announced in [&legacy, &modern] {
            let names: Vec<_> = announced.as_object().unwrap().keys().cloned().collect();
            assert_eq!(names, ["prompts", "resources", "tools"]);
        }
        for (method, member) in [
            ("tools/list", "tools"), ("prompts/list", "prompts"), ("resources/list", "resources"),
            ("resources/templates/list", "resourceTemplates"),
        ] {
            assert!(client.legacy(method, json!({})).await.json["result"][member].is_array(), "{method}");
            let modern = client.modern(method, json!({})).await;
            assert!(modern.json["result"][member].is_array(), "{method}: {}", modern.text);
            assert_eq!(modern.json["result"]["cacheScope"], "private", "{method}");
            assert!(modern.json["result"]["ttlMs"].is_u64(), "{method}");
            // Every list has one page, so whatever is handed back is none of our cursors.
            for cursor in [json!("x"), json!(""), json!(7), json!(["x"])] {
                let params = json!({ "cursor": cursor });
                let legacy = client.legacy(method, params.clone()).await;
                assert_eq!((legacy.status, legacy.rpc_error()), (200, -32602), "{method} {cursor}");
                let modern = client.modern(method, params).await;
                assert_eq!((modern.status, modern.rpc_error()), (200, -32602), "{method} {cursor}");
                assert!(modern.json["error"]["data"]["request_id"].is_string(), "{}", modern.text);
            }
        }
        for absent in ["completion/complete", "logging/setLevel", "resources/subscribe"] {
            let params = json!({ "ref": { "type": "ref/prompt", "name": "x" }, "argument": { "name": "a", "value": "b" }, "level": "info", "uri": "portcullis://usage" });
            assert_eq!(client.legacy(absent, params).await.rpc_error(), -32601, "{absent}");
        }
    }
}

both_databases! {
    /// A resource says what its tool says, to whom it says it, and is in the log.
    async fn a_resource_is_what_its_tool_returns(app) {
        let client = app.ai_client(SCOPES).await;
        for (uri, tool) in [("portcullis://usage", "get_usage"), ("portcullis://taxonomy", "list_taxonomy")] {
            let read = client.modern("resources/read", json!({ "uri": uri })).await;
            let content = &read.json["result"]["contents"][0];
            assert_eq!((content["uri"].as_str(), content["mimeType"].as_str()), (Some(uri), Some("application/json")), "{}", read.text);
            let told: Value = serde_json::from_str(content["text"].as_str().unwrap()).unwrap();
            assert_eq!(told, *client.call_tool(tool, json!({})).await.content());
            assert_eq!(read.json["result"]["cacheScope"], "private");
        }
        let calls = app.calls().await;
        assert!(calls.iter().any(|call| call.operation == "resources/read portcullis://usage" && call.outcome == "ok"));
        let narrow = app.ai_client("stores:read").await;
        assert_eq!(narrow.legacy("resources/read", json!({ "uri": "portcullis://usage" })).await.status, 403);
        let auditor = app.ai_client_of(AUDITOR, SCOPES).await;
        app.sql("UPDATE roles SET tools = '[\"get_usage\"]' WHERE name = 'Auditor'").await;
        let listed = auditor.legacy("resources/list", json!({})).await;
        assert_eq!(listed.json["result"]["resources"].as_array().unwrap().len(), 1);
        assert_eq!(auditor.legacy("resources/read", json!({ "uri": "portcullis://taxonomy" })).await.rpc_error(), -32002);
        // What is refused is told and written down as what it was.
        let denied = |operation: &'static str, code: &'static str| async move {
            let calls = app.calls().await;
            let count = calls.iter().filter(|call| call.operation == operation && call.outcome == "denied" && call.error_code.as_deref() == Some(code)).count();
            assert_eq!(count, 1, "{operation} {code}");
        };
        denied("resources/read portcullis://taxonomy", "permission_denied").await;
        app.sql("UPDATE accounts SET api_access = FALSE").await;
        for read in [
            client.modern("resources/read", json!({ "uri": "portcullis://taxonomy" })).await,
            client.legacy("resources/read", json!({ "uri": "portcullis://usage" })).await,
        ] {
            if read.text.contains("taxonomy") {
                let error = &read.json["error"];
                assert_eq!((&error["code"], &error["data"]["code"]), (&json!(-32000), &json!("api_access_disabled")), "{}", read.text);
                assert!(error["data"]["request_id"].is_string());
            } else {
                assert!(read.json["result"].is_object(), "what is left may be asked by all: {}", read.text);
            }
        }
        denied("resources/read portcullis://taxonomy", "api_access_disabled").await;
        assert_eq!(auditor.legacy("prompts/list", json!({})).await.json["result"]["prompts"], json!([]));
        assert_eq!(auditor.legacy("prompts/get", json!({ "name": "find_similar_stores", "arguments": { "domain": "a.example" } })).await.rpc_error(), -32602);
    }
}
