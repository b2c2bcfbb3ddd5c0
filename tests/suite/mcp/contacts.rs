//! `enrich_domains`, `search_contacts` and `reveal_contacts` (contract §7): what they show, what
//! they cost, and that nothing but a paid reveal ever holds a channel.

use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::contacts::{STATUSES, add, channels};
use crate::support::{AiClient, OTHER, both_databases, on_sqlite};

const SCOPES: &str = "usage:read stores:read contacts:search contacts:reveal";
const CONTACTS: usize = 30;

async fn search(client: &AiClient, arguments: Value) -> Answer {
    client.call_tool("search_contacts", arguments).await
}

async fn reveal(client: &AiClient, ids: &[String], confirm: bool) -> Answer {
    client
        .call_tool(
            "reveal_contacts",
            json!({ "contact_ids": ids, "confirm_spend_credits": confirm }),
        )
        .await
}

/// The ids of all contacts, in the order of their numbers.
async fn ids(client: &AiClient) -> Vec<String> {
    let found = search(client, json!({ "limit": 100 })).await;
    let mut rows: Vec<_> = found.content()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["last_name"].as_str().unwrap().to_owned(),
                row["contact_id"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, id)| id).collect()
}

async fn usage(client: &AiClient) -> Value {
    client.call().await.content().clone()
}

both_databases! {
    /// Preview, price, reveal; paid once; one pool for the account.
    async fn a_contact_is_paid_for_once(app) {
        add(app, CONTACTS).await;
        app.sql("UPDATE plans SET credits_per_month = 2 WHERE id = (SELECT plan_id FROM accounts WHERE name = 'Acme')").await;
        let client = app.ai_client(SCOPES).await;
        let all = ids(&client).await;
        let valid = [all[0].clone(), all[6].clone()];
        let price = reveal(&client, &valid, false).await;
        assert_eq!(price.tool_error(), "confirmation_required", "{}", price.text);
        assert!(price.text.contains('2'), "the price is told: {}", price.text);
        assert_eq!(usage(&client).await["credits"]["used"], 0);
        let paid = reveal(&client, &valid, true).await;
        let data = paid.content();
        assert_eq!((&data["credits_spent"], &data["credits_remaining"]), (&json!(2), &json!(0)));
        for (row, number) in data["data"].as_array().unwrap().iter().zip([0, 6]) {
            let [email, phone, linkedin] = channels(number);
            assert_eq!(row["outcome"], "revealed");
            assert_eq!(row["channels"], json!({ "email": email, "phone": phone, "linkedin_url": linkedin }));
        }
        let again = reveal(&client, &valid, true).await;
        assert_eq!(again.content()["credits_spent"], 0);
        let more = reveal(&client, &[all[1].clone(), all[0].clone()], true).await;
        assert_eq!(more.tool_error(), "insufficient_credits", "all or nothing: {}", more.text);
        assert!(!more.text.contains("private"), "{}", more.text);
        let credits = &usage(&client).await["credits"];
        assert_eq!((&credits["used"], &credits["remaining"]), (&json!(2), &json!(0)));
        let calls = app.calls().await;
        let spent: i64 = calls.iter().filter(|call| call.operation == "reveal_contacts").map(|call| call.credits_spent).sum();
        assert_eq!(spent, 2);
        let other = app.ai_client_of(OTHER, SCOPES).await;
        assert_eq!(reveal(&other, &valid, false).await.tool_error(), "confirmation_required", "each account pays for itself");
    }

    /// Unsafe addresses never come out, whatever is paid.
    async fn only_safe_channels_are_revealed(app) {
        add(app, STATUSES.len()).await;
        let client = app.ai_client(SCOPES).await;
        let all = ids(&client).await;
        let answer = reveal(&client, &all, true).await;
        let rows = answer.content()["data"].as_array().unwrap().clone();
        for (number, status) in STATUSES.iter().enumerate() {
            let channels_of = &rows[number]["channels"];
            assert_eq!(channels_of["email"].is_string(), *status == "valid", "{status}: {channels_of}");
            if *status == "suppressed" {
                assert_eq!(rows[number]["outcome"], "no_safe_channel");
                for channel in channels(number) {
                    assert!(!answer.text.contains(&channel), "{channel}");
                }
            }
        }
        assert_eq!(answer.content()["credits_spent"], 5);
    }

    /// Up to a hundred domains for one request and a row for each that is found.
    async fn domains_are_enriched_in_their_order(app) {
        add(app, CONTACTS).await;
        let client = app.ai_client(SCOPES).await;
        let domains = ["shop01.example.com", "https://WWW.shop02.example.com/x", "nothing.example", "no domain", "shop01.example.com"];
        let before = usage(&client).await;
        let answer = client.call_tool("enrich_domains", json!({ "domains": domains })).await;
        let rows = answer.content()["data"].as_array().unwrap().clone();
        let told: Vec<_> = rows.iter().map(|row| (row["domain"].as_str().unwrap(), row["status"].as_str().unwrap())).collect();
        assert_eq!(told, [("shop01.example.com", "found"), ("shop02.example.com", "found"), ("nothing.example", "not_found"), ("no domain", "invalid_domain")]);
        assert_eq!(rows[0]["contacts"].as_array().unwrap().len(), 3);
        let after = usage(&client).await;
        let used = |usage: &Value, name: &str| usage[name]["used"].as_i64().unwrap();
        assert_eq!(used(&after, "search_rows") - used(&before, "search_rows"), 2);
        assert_eq!(used(&after, "requests_per_day") - used(&before, "requests_per_day"), 1);
        app.sql("UPDATE plans SET rows_per_month = 4").await;
        let refused = client.call_tool("enrich_domains", json!({ "domains": domains })).await;
        assert_eq!(refused.tool_error(), "row_quota_exceeded", "five could come back, two are left");
    }
}

on_sqlite! {
    /// Filters, pages, and cursors that serve their own search only.
    async fn contacts_are_searched_by_pages(app) {
        add(app, CONTACTS).await;
        let client = app.ai_client(SCOPES).await;
        let mut seen = Vec::new();
        let mut arguments = json!({ "filters": { "role": ["marketing"], "store": { "platform": ["shopify"] } }, "limit": 7 });
        loop {
            let page = search(&client, arguments.clone()).await;
            let content = page.content().clone();
            seen.extend(content["data"].as_array().unwrap().iter().map(|row| row["contact_id"].to_string()));
            if content["next_cursor"].is_null() {
                break;
            }
            arguments["cursor"] = content["next_cursor"].clone();
        }
        let total = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((total, seen.len()), (CONTACTS, CONTACTS));
        let first = search(&client, json!({ "limit": 5 })).await.content()["next_cursor"].clone();
        let stores = client.call_tool("search_stores", json!({ "cursor": first })).await;
        assert_eq!(stores.tool_error(), "invalid_cursor", "of another tool");
        let other = app.ai_client_of(OTHER, SCOPES).await;
        assert_eq!(search(&other, json!({ "limit": 5, "cursor": first })).await.tool_error(), "invalid_cursor");
        for wrong in [json!({ "limit": 0 }), json!({ "filters": { "role": "x" } }), json!({ "filters": { "email": ["x"] } }), json!({ "q": "x" })] {
            assert_eq!(search(&client, wrong.clone()).await.tool_error(), "invalid_request", "{wrong}");
        }
        assert_eq!(search(&client, json!({ "filters": { "q": "private001" } })).await.content()["data"], json!([]), "channels are not searched");
    }

    /// Each tool by its own scope; the key gives the first answer again.
    async fn spending_needs_its_scope_and_a_key_spends_once(app) {
        add(app, CONTACTS).await;
        let reader = app.ai_client("usage:read stores:read").await;
        for (tool, arguments) in [("search_contacts", json!({})), ("reveal_contacts", json!({ "contact_ids": ["ct_1"] }))] {
            assert_eq!(reader.call_tool(tool, arguments).await.status, 403, "{tool}");
        }
        let client = app.ai_client(SCOPES).await;
        let all = ids(&client).await;
        let call = json!({ "contact_ids": [all[0]], "confirm_spend_credits": true, "idempotency_key": "order-1" });
        let first = client.call_tool("reveal_contacts", call.clone()).await;
        let again = client.call_tool("reveal_contacts", call).await;
        assert_eq!(first.content()["credits_spent"], 1);
        assert_eq!((&again.content()["replayed"], &again.content()["data"][0]["channels"]), (&json!(true), &first.content()["data"][0]["channels"]));
        let other = json!({ "contact_ids": [all[6]], "confirm_spend_credits": true, "idempotency_key": "order-1" });
        assert_eq!(client.call_tool("reveal_contacts", other).await.tool_error(), "idempotency_conflict");
        for ids in [json!([]), json!(vec!["ct_0"; 11])] {
            let wrong = client.call_tool("reveal_contacts", json!({ "contact_ids": ids, "confirm_spend_credits": true })).await;
            assert_eq!(wrong.tool_error(), "invalid_request", "{}", wrong.text);
        }
        let strange = reveal(&client, &["ct_000000000000000000000000".to_owned(), "no id".to_owned()], true).await;
        let outcomes: Vec<_> = strange.content()["data"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect();
        assert_eq!(outcomes, ["not_found", "invalid_contact_id"]);
        assert_eq!(strange.content()["credits_spent"], 0);
        // Where no text is an id, that is the answer, whether or not spending was confirmed.
        for confirmed in [true, false] {
            let nothing = reveal(&client, &["no id".to_owned(), "ct_1".to_owned()], confirmed).await;
            assert_eq!(nothing.tool_error(), "invalid_contact_id");
            let message = &nothing.json["result"]["structuredContent"]["error"]["message"];
            assert!(message.as_str().unwrap().starts_with("contact_ids: "), "{message}");
        }
    }
}
