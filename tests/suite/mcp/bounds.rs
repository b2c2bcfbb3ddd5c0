//! The tools' schemas say every bound that is kept, and no other (checklist B1, B9).

use serde_json::{Value, json};

use crate::support::{AiClient, TestApp, on_sqlite};

const ALL: &str = "usage:read stores:read contacts:search contacts:reveal";
/// A domain of the index.
const DOMAIN: &str = "shop01.example.com";

/// What has no bound of its own: a cursor is ours or not, and a text that cannot be a contact's id
/// is told as that.
const WITHOUT: [&str; 2] = ["cursor", "contact_ids[]"];

/// A value of one argument that the schema's bound speaks of.
#[derive(Debug)]
struct Probe {
    /// Where it stands, as callers write it: `filters.store.q`.
    path: String,
    value: Value,
    is_within: bool,
}

/// Arguments with `value` at `path`, and what else the tool needs.
fn arguments(tool: &str, path: &str, value: &Value) -> Value {
    let mut arguments = match tool {
        "get_store" => json!({ "domain": DOMAIN }),
        "enrich_domains" => json!({ "domains": [DOMAIN] }),
        "reveal_contacts" => json!({ "contact_ids": ["ct_000000000000000000000000"] }),
        _ => json!({}),
    };
    let mut place = &mut arguments;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value.clone();
    arguments
}

/// A text of `length` characters that is right in all else.
fn text(path: &str, schema: &Value, length: u64) -> Value {
    let length = usize::try_from(length).unwrap();
    let start = match path {
        "domain" | "domains[]" if length > 100 => format!("https://{DOMAIN}/"),
        "domain" => "a.example".into(),
        _ => String::new(),
    };
    let filler = if schema["pattern"].is_null() { "x" } else { "k" };
    let all = start + &filler.repeat(length);
    json!(all.chars().take(length).collect::<String>())
}

/// A value that is right.
fn good(path: &str, schema: &Value) -> Value {
    match schema["type"].as_str().unwrap() {
        "string" if schema["enum"].is_array() => schema["enum"][0].clone(),
        "string" if path.ends_with("country[]") => json!("DE"),
        "string" if path == "domains[]" => json!(DOMAIN),
        "string" => json!("word"),
        "integer" => schema["minimum"].clone(),
        "boolean" => json!(true),
        other => unreachable!("{path}: {other}"),
    }
}

fn probes(path: &str, schema: &Value, found: &mut Vec<Probe>) {
    let mut add = |value: Value, is_within: bool| {
        found.push(Probe { path: path.into(), value, is_within });
    };
    let bound = |name: &str| schema[name].as_u64();
    match schema["type"].as_str().unwrap() {
        "object" => {
            assert_eq!(schema["additionalProperties"], json!(false), "{path}");
            for (name, inner) in schema["properties"].as_object().unwrap() {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                probes(&path, inner, found);
            }
        }
        "array" => {
            let item = good(&format!("{path}[]"), &schema["items"]);
            let of = |count: u64| Value::from(vec![item.clone(); usize::try_from(count).unwrap()]);
            let most =
                bound("maxItems").unwrap_or_else(|| unreachable!("{path}: as long as you like"));
            add(of(most), true);
            add(of(most + 1), false);
            if let Some(least) = bound("minItems") {
                add(of(least), true);
                add(of(least - 1), false);
            }
            let mut inner = Vec::new();
            probes(&format!("{path}[]"), &schema["items"], &mut inner);
            for Probe { value, is_within, .. } in inner {
                add(json!([item, value]), is_within);
            }
        }
        "integer" => {
            for (name, step) in [("minimum", -1), ("maximum", 1)] {
                let bound =
                    schema[name].as_i64().unwrap_or_else(|| unreachable!("{path}: no {name}"));
                add(json!(bound), true);
                add(json!(bound + step), false);
            }
        }
        "string" if schema["enum"].is_array() => {
            for value in schema["enum"].as_array().unwrap() {
                add(value.clone(), true);
            }
            add(json!("no such value"), false);
        }
        "string" => {
            let pattern = schema["pattern"].as_str();
            for (value, is_within) in match pattern {
                None => vec![],
                Some("^[A-Za-z]{2}$") => {
                    vec![("de", true), ("DEU", false), ("D1", false), ("", false)]
                }
                Some("^[!-~]+$") => vec![("!~", true), ("a b", false), ("é", false)],
                Some(q) if q.starts_with(r"\S[\s\S]+\S|[") => {
                    vec![
                        ("a b", true),
                        ("茶", true),
                        ("ชา", true),
                        ("ab", false),
                        ("é", false),
                        ("", false),
                    ]
                }
                Some(other) => unreachable!("{path}: {other} has no samples"),
            } {
                add(json!(value), is_within);
            }
            if let Some(most) = bound("maxLength") {
                add(text(path, schema, most), true);
                add(text(path, schema, most + 1), false);
            } else {
                assert!(
                    pattern.is_some() || WITHOUT.contains(&path),
                    "{path}: as long as you like"
                );
            }
            if let Some(least) = bound("minLength") {
                add(text(path, schema, least), true);
                add(text(path, schema, least - 1), false);
            }
        }
        "boolean" => add(json!("yes"), false),
        other => unreachable!("{path}: {other}"),
    }
}

/// Whether the tool took the value, or complained of it and of nothing else.
async fn is_taken(client: &AiClient, tool: &str, probe: &Probe) -> bool {
    let answer = client.call_tool(tool, arguments(tool, &probe.path, &probe.value)).await;
    let error = &answer.json["result"]["structuredContent"]["error"];
    if !matches!(answer.tool_error(), "invalid_request" | "invalid_domain") {
        return true;
    }
    let message = error["message"].as_str().unwrap();
    let place = message.split(": ").next().unwrap();
    let place = place.split('[').next().unwrap();
    assert_eq!(place, probe.path, "{tool} {probe:?}: {message}");
    false
}

async fn plenty(app: &TestApp) {
    app.sql(
        "UPDATE plans SET requests_per_minute = 100000, requests_per_day = 100000, rows_per_month = 1000000",
    )
    .await;
}

on_sqlite! {
    /// Each bound of each schema: on it a value is taken, beyond it the value is refused by its name.
    /// Rows: B1, B9
    async fn schemas_say_the_bounds_that_are_kept(app) {
        plenty(app).await;
        let client = app.ai_client(ALL).await;
        let list = client.legacy("tools/list", json!({})).await;
        let mut seen = 0;
        for tool in list.json["result"]["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            let mut found = Vec::new();
            probes("", &tool["inputSchema"], &mut found);
            for probe in found {
                let taken = is_taken(&client, name, &probe).await;
                assert_eq!(taken, probe.is_within, "{name} {}: {}", probe.path, probe.value);
                seen += 1;
            }
        }
        assert!(seen > 150, "{seen}");
    }

    /// What asks for more rows than are left is named as the caller knows it.
    async fn too_many_rows_are_told_by_the_argument_that_asks_for_them(app) {
        app.sql("UPDATE plans SET rows_per_month = 1").await;
        let client = app.ai_client(ALL).await;
        for (tool, arguments, place) in [
            ("search_stores", json!({}), "limit"),
            ("search_contacts", json!({ "limit": 2 }), "limit"),
            ("enrich_domains", json!({ "domains": [DOMAIN, "shop02.example.com"] }), "domains"),
        ] {
            let answer = client.call_tool(tool, arguments).await;
            assert_eq!(answer.tool_error(), "row_quota_exceeded");
            let message = &answer.json["result"]["structuredContent"]["error"]["message"];
            assert!(message.as_str().unwrap().starts_with(&format!("{place}: ")), "{message}");
        }
    }
}
