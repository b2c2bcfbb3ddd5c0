//! The calls: what the tools answer, at addresses; and what is wrong is told with its place.

use portcullis::domain::tool::Tool;
use serde_json::{Value, json};

use super::{Description, last_call, operation, plenty, safe_contacts};
use crate::support::ai_client::Answer;
use crate::support::api_client::{ALL, ApiClient};
use crate::support::{MEMBER, OTHER, both_databases, on_sqlite};

both_databases! {
    /// Contract §8: same services, limits and results.
    async fn answers_are_those_of_the_tools(app) {
        plenty(app).await;
        let ids = safe_contacts(app, 2).await;
        let (tools, api) = (app.ai_client(ALL).await, ApiClient::of(app, MEMBER, ALL).await);
        let search = json!({ "filters": { "country": ["DE"] }, "sort": "traffic_desc", "limit": 3 });
        let people = json!({ "filters": { "role": ["marketing"] }, "limit": 2 });
        let domains = json!({ "domains": ["shop00.example.com", "shop00.example.com", "nowhere.example", "-"] });
        let told = |answer: Answer| { assert_eq!(answer.status, 200, "{}", answer.text); answer.json };
        for (tool, arguments, answer) in [
            ("list_taxonomy", json!({}), api.get("/api/v1/taxonomy").await),
            ("get_store", json!({ "domain": "shop07.example.com" }), api.get("/api/v1/stores/shop07.example.com").await),
            ("search_stores", search.clone(), api.post("/api/v1/stores/search", &search).await),
            ("search_contacts", people.clone(), api.post("/api/v1/contacts/search", &people).await),
            ("enrich_domains", domains.clone(), api.post("/api/v1/stores/enrich", &domains).await),
        ] {
            let answer = told(answer);
            assert_eq!(&answer, tools.call_tool(tool, arguments).await.content(), "{tool}");
        }
        // Cursors of a person work at either door.
        let page = told(api.post("/api/v1/stores/search", &search).await);
        let mut next = search.clone();
        next["cursor"] = page["next_cursor"].clone();
        let second = told(api.post("/api/v1/stores/search", &next).await);
        assert_eq!(&second, tools.call_tool("search_stores", next.clone()).await.content());
        assert_ne!(second["data"], page["data"]);
        let stranger = ApiClient::of(app, OTHER, ALL).await;
        let refused = stranger.post("/api/v1/stores/search", &next).await;
        assert_eq!((refused.status, &refused.json["error"]["param"]), (400, &json!("cursor")));
        // One pool: both doors count in the same windows and spend the same credits.
        let before = told(api.get("/api/v1/usage").await);
        assert_eq!(tools.call_tool("reveal_contacts", json!({ "contact_ids": [ids[0]], "confirm_spend_credits": true })).await.content()["credits_spent"], 1);
        assert_eq!(told(api.reveal(&ids[..1], "again").await)["credits_spent"], 0, "revealed before");
        assert_eq!(told(api.reveal(&ids[1..], "new").await)["credits_spent"], 1);
        let after = told(api.get("/api/v1/usage").await);
        let used = |usage: &Value, what: &str| usage[what]["used"].as_i64().unwrap();
        assert_eq!(used(&after, "credits") - used(&before, "credits"), 2);
        assert_eq!(used(&after, "requests_per_day") - used(&before, "requests_per_day"), 3);
        assert_eq!(&after, tools.call().await.content(), "get_usage says the same");
    }

    /// Of the log: the surface, the key, what was returned and spent; and no tool of an AI client was used.
    async fn a_call_is_written_down_and_its_key_was_used(app) {
        plenty(app).await;
        let ids = safe_contacts(app, 1).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        assert_eq!(app.count("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL").await, 0);
        assert_eq!(api.post("/api/v1/stores/search", &json!({ "limit": 7 })).await.status, 200);
        assert_eq!((last_call(app, "rows_returned").await, last_call(app, "status").await), (7, 200));
        assert_eq!(api.reveal(&ids, "one").await.status, 200);
        assert_eq!(last_call(app, "credits_spent").await, 1);
        assert_eq!(last_call(app, "api_key_id").await, app.count("SELECT id FROM api_keys").await);
        assert_eq!(app.count("SELECT count(*) FROM activity WHERE surface <> 'rest'").await, 0);
        let now = app.clock.now().0;
        assert_eq!(app.count("SELECT last_used_at FROM api_keys").await, now);
        app.clock.advance(5);
        api.get("/api/v1/taxonomy").await;
        assert_eq!(app.count("SELECT last_used_at FROM api_keys").await, now + 5_000);
        assert_eq!(app.count("SELECT count(*) FROM users WHERE last_tool_at IS NOT NULL").await, 0);
        let page = app.admin().await.get("/admin/mcp/activity?surface=rest").await;
        assert!(crate::support::html::text(&page.text).contains("API key Nightly job"), "{}", page.text);
    }
}

on_sqlite! {
    /// The place of a mistake, as deep as it is.
    async fn what_is_wrong_is_named(app) {
        plenty(app).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        for (path, body, param) in [
            ("stores/search", json!({ "limt": 3 }), json!("limt")),
            ("stores/search", json!({ "limit": "3" }), json!("limit")),
            ("stores/search", json!({ "limit": 101 }), json!("limit")),
            ("stores/search", json!({ "filters": { "country": ["DE", 7] } }), json!("filters.country[1]")),
            ("stores/search", json!({ "filters": { "contry": ["DE"] } }), json!("filters.contry")),
            ("stores/enrich", json!({}), json!("domains")),
            ("stores/enrich", json!({ "domains": [] }), json!("domains")),
            ("contacts/reveal", json!({}), json!("contact_ids")),
            ("contacts/reveal", json!({ "contact_ids": [], }), json!("contact_ids")),
            ("contacts/reveal", json!({ "contact_ids": ["ct_1"], "confirm_spend_credits": true }), json!("confirm_spend_credits")),
            ("contacts/reveal", json!({ "contact_ids": ["ct_1"], "idempotency_key": "a" }), json!("idempotency_key")),
        ] {
            let answer = api.post(&format!("/api/v1/{path}"), &body).await;
            assert_eq!((answer.status, &answer.json["error"]["param"]), (400, &param), "{}", answer.text);
        }
    }

    async fn bodies_that_are_no_object_are_refused(app) {
        let api = ApiClient::of(app, MEMBER, ALL).await;
        let description = Description::of(app);
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for body in ["", "[]", "null", "{", "{\"limit\": }", "\"a\"", deep.as_str(), "{\"limit\":1}{}"] {
            let request = api.request("POST", "/api/v1/stores/search").header("Content-Type", "application/json; charset=utf-8");
            let answer = Answer::of(request.body(body.to_owned()).send().await.unwrap()).await;
            assert_eq!((answer.status, &answer.json["error"]["code"]), (400, &json!("invalid_request")), "{}", answer.text);
            description.hold(operation(Tool::SearchStores), &answer);
        }
    }

    async fn the_header_for_repeating_is_bounded(app) {
        plenty(app).await;
        let ids = safe_contacts(app, 1).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        for (key, status) in [("", 400), ("with a space", 400), ("x".repeat(256).as_str(), 400), ("x".repeat(255).as_str(), 200)] {
            let answer = api.reveal(&ids, key).await;
            assert_eq!(answer.status, status, "{key}: {}", answer.text);
            if status == 400 {
                assert_eq!(answer.json["error"]["param"], "Idempotency-Key");
            }
        }
    }

    /// The domain may come as a URL, percent-encoded.
    async fn a_store_is_found_by_its_url(app) {
        plenty(app).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        let answer = api.get("/api/v1/stores/https%3A%2F%2Fwww.shop07.example.com%2Fabout").await;
        assert_eq!((answer.status, &answer.json["domain"]), (200, &json!("shop07.example.com")), "{}", answer.text);
        assert_eq!(api.get("/api/v1/stores/%ff").await.status, 400);
    }
}
