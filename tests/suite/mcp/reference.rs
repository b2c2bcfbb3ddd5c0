//! What tools say of themselves, what they return, and what is written about them are one thing
//! (checklist B1, B6).

use portcullis::domain::tool::TOOLS;
use portcullis::mcp::reference::{Example, example, page};
use serde_json::{Value, json};

use crate::support::schema::faults;
use crate::support::{AiClient, both_databases, contacts, on_sqlite};

const SCOPES: &str = "usage:read stores:read contacts:search contacts:reveal";

/// The definitions by name.
async fn definitions(client: &AiClient) -> Vec<(String, Value)> {
    let listed = client.legacy("tools/list", json!({})).await;
    let tools = listed.json["result"]["tools"].as_array().unwrap().clone();
    tools.into_iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool)).collect()
}

/// Every schema inside a schema, itself included.
fn all_within<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(schema);
    for member in schema["properties"].as_object().into_iter().flat_map(|all| all.values()) {
        all_within(member, found);
    }
    for branch in schema["anyOf"].as_array().into_iter().flatten() {
        all_within(branch, found);
    }
    if schema["items"].is_object() {
        all_within(&schema["items"], found);
    }
}

/// `docs/tools.md` is what the code makes; `UPDATE_DOCS=1` writes it.
#[test]
fn the_page_about_the_tools_is_the_one_that_the_code_makes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tools.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page(), "docs/tools.md is out of date: run it with UPDATE_DOCS=1");
}

on_sqlite! {
    /// Rows: B1, B2
    async fn every_field_has_one_type_and_every_example_keeps_to_its_schema(app) {
        let definitions = definitions(&app.ai_client(SCOPES).await).await;
        assert_eq!(definitions.len(), TOOLS.len());
        for (row, (name, tool)) in TOOLS.iter().zip(&definitions) {
            assert_eq!(row.name, name);
            let Example { arguments, answer } = example(row.tool);
            assert_eq!(faults(&tool["inputSchema"], &arguments), [""; 0], "{name}");
            assert_eq!(faults(&tool["outputSchema"], &answer), [""; 0], "{name}");
            for kind in ["inputSchema", "outputSchema"] {
                let mut all = Vec::new();
                all_within(&tool[kind], &mut all);
                for schema in all {
                    let has_one = schema["type"].is_string() ^ schema["anyOf"].is_array();
                    assert!(has_one, "{name} {kind}: {schema}");
                }
                let is_input = kind == "inputSchema";
                assert!(!is_input || !tool[kind].to_string().contains("null"), "{name}: left out instead");
            }
        }
    }
}

both_databases! {
    /// What may be left out can be null as well: some clients send every field.
    /// Rows: B6, B7
    async fn every_answer_keeps_to_the_schema_of_its_tool(app) {
        contacts::add(app, 12).await;
        app.sql("UPDATE stores SET revenue_usd = 5000, name = NULL, country = NULL WHERE domain = 'shop02.example.com'").await;
        let client = app.ai_client(SCOPES).await;
        let definitions = definitions(&client).await;
        let found = client.call_tool("search_contacts", json!({})).await;
        let ids: Vec<&Value> = found.content()["data"].as_array().unwrap().iter().map(|row| &row["contact_id"]).take(8).collect();
        let mut ids = json!(ids);
        ids.as_array_mut().unwrap().extend([json!("ct_000000000000000000000000"), json!("no id")]);
        let mut tried = Vec::new();
        for (tool, arguments) in [
            ("get_usage", json!({})),
            ("list_taxonomy", json!({})),
            ("get_store", json!({ "domain": "shop01.example.com" })),
            ("get_store", json!({ "domain": "shop02.example.com" })),
            ("search_stores", json!({ "limit": 100 })),
            ("search_stores", json!({ "limit": 2, "sort": "traffic_desc", "cursor": null, "filters": { "q": null, "ads": null } })),
            ("search_stores", json!({ "filters": { "q": "nothing of the kind" } })),
            ("enrich_domains", json!({ "domains": ["shop00.example.com", "shop30.example.com", "nowhere.example", "no domain"] })),
            ("search_contacts", json!({ "limit": 3, "filters": { "store": null } })),
            ("reveal_contacts", json!({ "contact_ids": ids, "confirm_spend_credits": true, "idempotency_key": null })),
            ("reveal_contacts", json!({ "contact_ids": ids, "confirm_spend_credits": true, "idempotency_key": "k" })),
        ] {
            let answer = client.call_tool(tool, arguments.clone()).await;
            let schema = &definitions.iter().find(|(name, _)| name == tool).unwrap().1["outputSchema"];
            assert_eq!(faults(schema, answer.content()), [""; 0], "{tool} {arguments}");
            let told = &answer.json["result"]["content"][0]["text"];
            assert_eq!(serde_json::from_str::<Value>(told.as_str().unwrap()).unwrap(), *answer.content());
            tried.push(tool);
        }
        assert!(definitions.iter().all(|(name, _)| tried.contains(&name.as_str())), "every tool");
    }
}
