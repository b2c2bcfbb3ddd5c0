//! Everything that the endpoint can answer, looked through for every channel there is: none comes
//! out but the safe ones of a reveal that was paid for (contract §7; checklist B22).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::contacts::{STATUSES, add, add_scraped, channels};
use crate::support::{ADMIN, AiClient, OTHER, both_databases, rpc};

const SCOPES: &str = "usage:read stores:read contacts:search contacts:reveal";
/// Contacts with names, and with those after them whose every text is a channel.
const NAMED: usize = 30;
const CONTACTS: usize = 36;
/// Parts of every channel, also as a filter's value is written, and of the keys that contacts were
/// imported under.
const TRACES: [&str; 5] = ["private0", "+49 30 555", "+49-30-555", "linkedin.com", "crm-0"];

/// The channels that are in a text, as numbers of contacts and channels.
fn found_in(text: &str) -> BTreeSet<(usize, usize)> {
    let all = (0..CONTACTS).flat_map(|number| {
        channels(number).into_iter().enumerate().map(move |(kind, channel)| (number, kind, channel))
    });
    all.filter(|(_, _, channel)| text.contains(channel.as_str()))
        .map(|(number, kind, _)| (number, kind))
        .collect()
}

/// The channels of a contact that may come out: an address only where mail arrives, nothing of
/// who does not want to be written to.
fn safe(number: usize) -> Vec<(usize, usize)> {
    match STATUSES[number % STATUSES.len()] {
        "valid" => vec![(number, 0), (number, 1), (number, 2)],
        "suppressed" => Vec::new(),
        _ => vec![(number, 1), (number, 2)],
    }
}

/// An answer of the endpoint, in both eras, body and headers.
async fn ask(client: &AiClient, method: &str, params: &Value) -> String {
    let mut told = String::new();
    for answer in
        [client.legacy(method, params.clone()).await, client.modern(method, params.clone()).await]
    {
        told.push_str(&answer.text);
        told.push_str(&format!("{:?}", answer.headers));
    }
    told
}

/// The ids of all contacts, by their numbers.
async fn ids(client: &AiClient) -> Vec<String> {
    let found = client.call_tool("search_contacts", json!({ "limit": 100 })).await;
    let mut rows: Vec<_> = found.content()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["last_name"].to_string(), row["contact_id"].as_str().unwrap().to_owned()))
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, id)| id).collect()
}

/// Calls of every tool: those that work, and those that are refused for every reason there is.
fn calls(ids: &[String]) -> Vec<(&'static str, Value)> {
    let domains: Vec<_> = (0..12).map(|number| format!("shop{number:02}.example.com")).collect();
    let (named, scraped) = (channels(0), channels(NAMED));
    let reveal = |ids: &[String], confirm: bool| json!({ "contact_ids": ids, "confirm_spend_credits": confirm });
    let mut calls = vec![
        ("get_usage", json!({})),
        ("get_usage", json!({ "contact": ids[0] })),
        ("list_taxonomy", json!({})),
        ("search_stores", json!({ "limit": 100 })),
        (
            "search_stores",
            json!({ "filters": { "has_contacts": true }, "limit": 100, "sort": "traffic_desc" }),
        ),
        ("search_stores", json!({ "filters": { "q": "Person" } })),
        ("search_stores", json!({ "cursor": ids[0] })),
        ("enrich_domains", json!({ "domains": domains })),
        ("enrich_domains", json!({ "domains": ids })),
        ("enrich_domains", json!({ "domains": [] })),
        ("search_contacts", json!({ "limit": 100 })),
        (
            "search_contacts",
            json!({ "filters": { "q": "Person", "store": { "country": ["DE", "FR", "US"] } }, "limit": 100 }),
        ),
        ("search_contacts", json!({ "filters": { "q": "linkedin" } })),
        ("search_contacts", json!({ "filters": { "email": "x" } })),
        ("reveal_contacts", reveal(&ids[..10], false)),
        ("reveal_contacts", reveal(&[], true)),
        (
            "reveal_contacts",
            reveal(&["ct_000000000000000000000000".to_owned(), "no id".to_owned()], true),
        ),
        (
            "reveal_contacts",
            json!({ "contact_ids": ids[..10], "confirm_spend_credits": true, "idempotency_key": "two words" }),
        ),
    ];
    calls.extend(domains.iter().map(|domain| ("get_store", json!({ "domain": domain }))));
    calls.push(("get_store", json!({ "domain": "nowhere.example" })));
    // What is searched is never what is found: asking for a channel finds nobody.
    for [email, phone, linkedin] in [&named, &scraped] {
        for part in [&email[..10], &phone[..8], &linkedin[12..], "crm-0"] {
            calls.push(("search_contacts", json!({ "filters": { "q": part }, "limit": 100 })));
            calls.push(("search_stores", json!({ "filters": { "q": part }, "limit": 100 })));
        }
        for value in [email, phone] {
            calls.push(("search_contacts", json!({ "filters": { "role": [value] } })));
            calls.push(("search_contacts", json!({ "filters": { "seniority": [value] } })));
        }
    }
    calls
}

/// Everything but calls of tools.
fn others() -> Vec<(&'static str, Value)> {
    let initialize = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "a", "version": "1" } });
    let mut all = vec![
        ("initialize", initialize),
        ("server/discover", json!({})),
        ("ping", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        (
            "prompts/get",
            json!({ "name": "find_similar_stores", "arguments": { "domain": "shop00.example.com" } }),
        ),
        (
            "prompts/get",
            json!({ "name": "prepare_outreach_list", "arguments": { "audience": "stores in Germany" } }),
        ),
        ("prompts/get", json!({ "name": "prepare_outreach_list", "arguments": {} })),
    ];
    for uri in ["portcullis://usage", "portcullis://taxonomy", "portcullis://contacts"] {
        all.push(("resources/read", json!({ "uri": uri })));
    }
    all
}

both_databases! {
    /// Rows: B22
    async fn no_answer_but_a_paid_reveal_holds_a_channel(app) {
        add(app, NAMED).await;
        add_scraped(app, NAMED..CONTACTS).await;
        app.sql("UPDATE plans SET requests_per_minute = 100000, rows_per_month = 1000000, credits_per_month = 20").await;
        let client = app.ai_client(SCOPES).await;
        let ids = ids(&client).await;
        let calls = calls(&ids);
        let listed = client.list_tools().await;
        assert!(listed.iter().all(|tool| calls.iter().any(|(called, _)| called == tool)), "every tool is tried");
        let mut names = 0;
        // Before anything is paid for, and by everybody when it is.
        for is_paid in [false, true] {
            if is_paid {
                for (part, first) in ids.chunks(10).zip([0, 10, 20]).take(2) {
                    let reveal = json!({ "contact_ids": part, "confirm_spend_credits": true, "idempotency_key": format!("key-{first}") });
                    let paid = client.call_tool("reveal_contacts", reveal.clone()).await;
                    let expected: BTreeSet<_> = (first..first + 10).flat_map(safe).collect();
                    assert_eq!(found_in(&paid.text), expected, "{}", paid.text);
                    let again = client.modern("tools/call", rpc::call("reveal_contacts", reveal)).await;
                    assert_eq!(found_in(&again.text), expected, "the same again");
                    assert!(!paid.text.contains("crm-"));
                }
                // The rest is more than is left: nothing of it, and nothing of those that are paid for.
                app.sql("UPDATE plans SET credits_per_month = 18").await;
                for arguments in [
                    json!({ "contact_ids": [ids[0], ids[20], ids[21], ids[22]], "confirm_spend_credits": true }),
                    json!({ "contact_ids": [ids[0], ids[20]], "confirm_spend_credits": true, "idempotency_key": "key-0" }),
                ] {
                    let refused = client.call_tool("reveal_contacts", arguments).await;
                    assert!(["insufficient_credits", "idempotency_conflict"].contains(&refused.tool_error()), "{}", refused.text);
                    assert!(TRACES.iter().all(|trace| !refused.text.contains(trace)), "{}", refused.text);
                }
            }
            for who in [client.clone(), app.ai_client_of(OTHER, SCOPES).await, app.ai_client_of(ADMIN, SCOPES).await] {
                let tools = calls.iter().map(|(tool, arguments)| ("tools/call", rpc::call(tool, arguments.clone())));
                for (method, params) in tools.chain(others()) {
                    let told = ask(&who, method, &params).await;
                    // What the caller typed may be told back; it is not ours.
                    let typed = params.to_string();
                    for trace in TRACES.iter().filter(|trace| !typed.contains(*trace)) {
                        assert!(!told.contains(trace), "{trace}: {method} {params}: {told}");
                    }
                    assert_eq!(found_in(&told), BTreeSet::new(), "{method} {params}: {told}");
                    names += usize::from(told.contains("Person029"));
                }
            }
        }
        assert!(names >= 12, "the searches found the contacts: {names}");
    }

    /// Machines that gather contacts write addresses where names belong. Those are no way around the
    /// price: not read in a preview, not found by a search, not listed as a filter's value.
    async fn a_channel_that_stands_in_a_text_is_paid_for_like_one(app) {
        add_scraped(app, 0..2).await;
        let client = app.ai_client(SCOPES).await;
        let texts = ["first_name", "last_name", "title", "role", "seniority"];
        let found = client.call_tool("search_contacts", json!({ "limit": 100 })).await;
        let rows = found.content()["data"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 2, "they are found as others are");
        for (row, text) in rows.iter().flat_map(|row| texts.map(|text| (row, text))) {
            assert_eq!(row[text], Value::Null, "{text}");
            assert_eq!(row["country"], "DE");
        }
        let [email, phone, linkedin] = channels(0);
        for filters in [
            json!({ "q": email }), json!({ "q": phone }), json!({ "q": linkedin }), json!({ "q": "hidden-000" }),
            json!({ "role": [email] }), json!({ "seniority": [phone] }), json!({ "seniority": ["+49-30-555-0000"] }),
        ] {
            let found = client.call_tool("search_contacts", json!({ "filters": filters })).await;
            assert_eq!(found.content()["data"], json!([]), "{filters}");
        }
        let taxonomy = client.call_tool("list_taxonomy", json!({})).await;
        assert_eq!(found_in(&taxonomy.text), BTreeSet::new());
        assert!(TRACES.iter().all(|trace| !taxonomy.text.contains(trace)), "{}", taxonomy.text);

        // Who has paid sees the contact whole, but never an address that is not to be revealed.
        for row in rows {
            let reveal = json!({ "contact_ids": [row["contact_id"]], "confirm_spend_credits": true });
            let paid = client.call_tool("reveal_contacts", reveal).await;
            let contact = &paid.content()["data"][0]["contact"];
            let is_valid = row["email_deliverable"] == true;
            let [email, phone, linkedin] = channels(usize::from(!is_valid));
            let address = if is_valid { json!(email) } else { Value::Null };
            let expected = [address.clone(), json!(phone), json!(linkedin), address, json!(phone.replace(' ', "-"))];
            assert_eq!(texts.map(|text| contact[text].clone()), expected);
        }
    }
}
