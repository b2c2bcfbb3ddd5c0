//! A call of each tool with its answer, invented. The suite holds them to the tools' schemas.

use serde_json::{Value, json};

use crate::domain::tool::Tool;

/// A call and its answer.
pub struct Example {
    /// The arguments.
    pub arguments: Value,
    /// What `structuredContent` is then.
    pub answer: Value,
}

/// An example of calling a tool.
pub fn example(tool: Tool) -> Example {
    let (arguments, answer) = match tool {
        Tool::GetUsage => (json!({}), usage()),
        Tool::ListTaxonomy => (json!({}), taxonomy()),
        Tool::GetStore => (json!({ "domain": "lantern.example" }), store()),
        Tool::SearchStores => (
            json!({ "filters": { "country": ["DE"], "traffic": ["medium", "large"], "missing_apps": ["yotpo"] }, "sort": "traffic_desc", "limit": 1 }),
            json!({ "data": [store()], "next_cursor": "eyJhZnRlciI6MTh9.Zm9ybSBvZiBhIGN1cnNvcg" }),
        ),
        Tool::EnrichDomains => (
            json!({ "domains": ["lantern.example", "nowhere.example"] }),
            json!({ "data": [
                { "domain": "lantern.example", "status": "found", "store": store(), "contacts": [preview()], "contacts_total": 1 },
                { "domain": "nowhere.example", "status": "not_found", "store": null, "contacts": [], "contacts_total": 0 },
            ] }),
        ),
        Tool::SearchContacts => (
            json!({ "filters": { "role": ["marketing"], "store": { "country": ["DE"] } }, "limit": 1 }),
            json!({ "data": [preview()], "next_cursor": null }),
        ),
        Tool::RevealContacts => (
            json!({ "contact_ids": [CONTACT], "confirm_spend_credits": true, "idempotency_key": "spring-campaign-1" }),
            json!({
                "data": [{
                    "contact_id": CONTACT,
                    "outcome": "revealed",
                    "credits": 1,
                    "contact": preview(),
                    "channels": { "email": "ann@lantern.example", "phone": "+49 30 555 0100" },
                }],
                "credits_spent": 1,
                "credits_remaining": 499,
                "replayed": false,
            }),
        ),
    };
    Example { arguments, answer }
}

const CONTACT: &str = "ct_0123456789abcdef01234567";

fn store() -> Value {
    json!({
        "domain": "lantern.example",
        "name": "Lantern & Wick",
        "platform": "shopify",
        "country": "DE",
        "category": "home-garden",
        "monthly_visits": 48_000,
        "traffic": "medium",
        "revenue_usd": 2_400_000,
        "revenue": "medium",
        "theme": "dawn",
        "plus": false,
        "ads": true,
        "products": 310,
        "apps": ["judge-me", "klaviyo"],
        "pixels": ["meta"],
        "description": "Lanterns, candles and what belongs to them.",
        "updated_at": "2026-11-01T00:00:00Z",
    })
}

fn preview() -> Value {
    json!({
        "contact_id": CONTACT,
        "first_name": "Ann",
        "last_name": "Example",
        "title": "Head of Marketing",
        "role": "marketing",
        "seniority": "head",
        "country": "DE",
        "store_domain": "lantern.example",
        "has_email": true,
        "has_phone": true,
        "has_linkedin": false,
        "email_deliverable": true,
    })
}

fn usage() -> Value {
    let quota = |limit: i64, used: i64, resets_at: &str| json!({ "limit": limit, "used": used, "remaining": limit - used, "resets_at": resets_at });
    let month = "2026-12-01T00:00:00Z";
    json!({
        "plan": "Starter",
        "api_access": true,
        "period": { "start": "2026-11-01T00:00:00Z", "end": month },
        "requests_per_minute": quota(60, 2, "2026-11-21T10:31:00Z"),
        "requests_per_day": quota(5_000, 118, "2026-11-22T00:00:00Z"),
        "search_rows": quota(25_000, 1_940, month),
        "credits": quota(500, 12, month),
    })
}

fn taxonomy() -> Value {
    let value = |value: &str, label: &str, stores: i64| json!([{ "value": value, "label": label, "stores": stores }]);
    let flag = |yes: &str, no: &str| json!([{ "value": "true", "label": yes }, { "value": "false", "label": no }]);
    let tier = |label: &str| json!([{ "value": "medium", "label": label }]);
    json!({
        "country": value("DE", "Germany", 212),
        "category": value("home-garden", "Home & garden", 87),
        "platform": value("shopify", "Shopify", 640),
        "traffic": tier("10,000 to 100,000 visits a month"),
        "revenue": tier("1,000,000 to 10,000,000 US dollars a year"),
        "apps": value("klaviyo", "Klaviyo", 301),
        "pixels": value("meta", "Meta", 455),
        "theme": value("dawn", "Dawn", 98),
        "role": value("marketing", "Marketing", 143),
        "seniority": value("head", "Head", 77),
        "ads": flag("Runs advertisements", "Runs no advertisements"),
        "plus": flag("On the top plan", "Not on the top plan"),
        "has_contacts": flag("Contacts are known", "No contacts are known"),
        "truncated": [{ "filter": "apps", "listed": 200, "values": 1_318 }],
    })
}
