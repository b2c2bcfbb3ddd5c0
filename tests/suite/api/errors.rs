//! Every error of every operation, really provoked: each is answered as the description says, names
//! its request, leads to the manual, and is in the log where it is somebody's.

use portcullis::api::{OPERATIONS, Operation};
use portcullis::domain::tool::{TOOLS, Tool};
use portcullis::error::ErrorCode;
use serde_json::{Value, json};

use super::{Description, operation, plenty, safe_contacts};
use crate::support::ai_client::Answer;
use crate::support::api_client::{ALL, ApiClient, key_of};
use crate::support::{MEMBER, TestApp, both_databases, on_sqlite};

/// What calls an operation rightly.
struct Right {
    ids: Vec<String>,
    key: String,
}

impl Right {
    async fn on(app: &TestApp) -> Self {
        plenty(app).await;
        let ids = safe_contacts(app, 4).await;
        Self { ids, key: key_of(app, MEMBER, ALL).await }
    }

    fn body(&self, tool: Tool) -> Value {
        match tool {
            Tool::EnrichDomains => json!({ "domains": ["shop01.example.com", "nowhere.example"] }),
            Tool::RevealContacts => json!({ "contact_ids": [self.ids[0]] }),
            _ => json!({ "limit": 2 }),
        }
    }

    async fn send(&self, app: &TestApp, operation: &Operation, key: &str, body: &Value) -> Answer {
        let client = ApiClient::with(app, key);
        let path = operation.path.replace("{domain}", "shop01.example.com");
        if operation.has_body() { client.post(&path, body).await } else { client.get(&path).await }
    }

    async fn call(&self, app: &TestApp, operation: &Operation) -> Answer {
        self.send(app, operation, &self.key, &self.body(operation.tool)).await
    }

    async fn after(&self, app: &TestApp, operation: &Operation, sql: &str) -> Answer {
        app.sql(sql).await;
        self.call(app, operation).await
    }
}

/// Makes an operation fail in that way, and undoes it.
async fn provoke(app: &TestApp, right: &Right, operation: &Operation, code: ErrorCode) -> Answer {
    let body = right.body(operation.tool);
    let client = ApiClient::with(app, &right.key);
    match code {
        ErrorCode::MissingApiKey => right.send(app, operation, "", &body).await,
        ErrorCode::InvalidApiKey => right.send(app, operation, "pc_key_nobodys", &body).await,
        ErrorCode::WrongCredential => right.send(app, operation, "pc_pat_another", &body).await,
        ErrorCode::RevokedApiKey => {
            let key = key_of(app, MEMBER, ALL).await;
            app.sql("UPDATE api_keys SET ended_at = 1, end_reason = 'revoked_by_user' WHERE id = (SELECT MAX(id) FROM api_keys)").await;
            right.send(app, operation, &key, &body).await
        }
        ErrorCode::InsufficientScope => {
            let scope = if operation.tool == Tool::GetUsage { "stores:read" } else { "usage:read" };
            let key = key_of(app, MEMBER, scope).await;
            let answer = right.send(app, operation, &key, &body).await;
            app.sql("DELETE FROM api_keys WHERE id = (SELECT MAX(id) FROM api_keys)").await;
            answer
        }
        ErrorCode::PermissionDenied => {
            let answer = right.after(app, operation, "UPDATE roles SET tools = '[]'").await;
            let all = serde_json::to_string(&TOOLS.map(|row| row.name)).unwrap();
            app.sql(format!("UPDATE roles SET tools = '{all}'")).await;
            answer
        }
        ErrorCode::IpNotAllowed => {
            app.set("allowed_ips", "192.0.2.0/24").await;
            let answer = right.call(app, operation).await;
            app.set("allowed_ips", "").await;
            answer
        }
        ErrorCode::McpDisabled => {
            app.set("mcp_enabled", "no").await;
            let answer = right.call(app, operation).await;
            app.set("mcp_enabled", "yes").await;
            answer
        }
        ErrorCode::InternalError | ErrorCode::Unavailable => {
            let told = if code == ErrorCode::Unavailable { "database is locked" } else { "broken" };
            let trigger = format!(
                "CREATE TRIGGER broken BEFORE INSERT ON activity BEGIN SELECT RAISE(ABORT, '{told}'); END"
            );
            let answer = right.after(app, operation, &trigger).await;
            app.sql("DROP TRIGGER broken").await;
            answer
        }
        ErrorCode::InvalidRequest => {
            right.send(app, operation, &right.key, &json!({ "surprise": 1 })).await
        }
        ErrorCode::InvalidCursor => {
            right.send(app, operation, &right.key, &json!({ "cursor": "of nobody" })).await
        }
        ErrorCode::RateLimitExceeded if !operation.tool.row().costs_request => {
            let spare = key_of(app, MEMBER, ALL).await;
            app.sql("UPDATE plans SET requests_per_minute = 1").await;
            let mut answer = right.send(app, operation, &spare, &body).await;
            for _ in 0..600 {
                if answer.status == 429 {
                    break;
                }
                answer = right.send(app, operation, &spare, &body).await;
            }
            plenty(app).await;
            answer
        }
        ErrorCode::BodyTooLarge => {
            let long = json!({ "cursor": "x".repeat(1024 * 1024) });
            right.send(app, operation, &right.key, &long).await
        }
        ErrorCode::UnsupportedMediaType => {
            let request = client.request("POST", operation.path).body("limit=2");
            Answer::of(request.send().await.unwrap()).await
        }
        ErrorCode::InvalidContactId => client.reveal(&["no id".to_owned()], "strange").await,
        ErrorCode::InvalidDomain => client.get("/api/v1/stores/not%20a%20domain").await,
        ErrorCode::NotFound => client.get("/api/v1/stores/nowhere.example").await,
        ErrorCode::MethodNotAllowed => client.get("/api/v1/stores/search").await,
        ErrorCode::IdempotencyConflict => {
            assert_eq!(client.reveal(&right.ids[..1], "one").await.status, 200);
            client.reveal(&right.ids[1..2], "one").await
        }
        limited => {
            let column = match limited {
                ErrorCode::ApiAccessDisabled => "api_access = (1 = 0)",
                ErrorCode::RateLimitExceeded => "requests_per_minute = 0",
                ErrorCode::DailyLimitExceeded => "requests_per_day = 0",
                ErrorCode::RowQuotaExceeded => "rows_per_month = 0",
                _ => "credits_per_month = 0",
            };
            let answer = right.after(app, operation, &format!("UPDATE plans SET {column}")).await;
            plenty(app).await;
            answer
        }
    }
}

fn check(description: &Description, operation: &Operation, code: ErrorCode, answer: &Answer) {
    let what = format!("{} {} {}", operation.path, code.as_str(), answer.text);
    assert_eq!(answer.json["error"]["code"], code.as_str(), "{what}");
    assert_eq!(answer.status, code.status(), "{what}");
    description.hold(operation, answer);
    assert_eq!(answer.json["error"]["request_id"], answer.header("x-request-id"), "{what}");
    let help = format!("/docs/troubleshooting#{}>; rel=\"help\"", code.as_str());
    assert!(answer.header("link").ends_with(&help), "{what}: {}", answer.header("link"));
}

/// What a database of either kind refuses in the same way.
fn is_of_both(code: ErrorCode) -> bool {
    !matches!(code, ErrorCode::InternalError | ErrorCode::Unavailable)
}

both_databases! {
    async fn every_error_of_every_operation_is_as_described(app) {
        let right = Right::on(app).await;
        let description = Description::of(app);
        for operation in &OPERATIONS {
            let done = right.call(app, operation).await;
            assert_eq!(done.status, 200, "{} {}", operation.path, done.text);
            description.hold(operation, &done);
            for code in operation.errors().into_iter().filter(|code| is_of_both(*code)) {
                // The last contact was revealed above; what costs nothing cannot lack credits.
                if code == ErrorCode::InsufficientCredits {
                    app.sql("DELETE FROM reveals").await;
                }
                let answer = provoke(app, &right, operation, code).await;
                check(&description, operation, code, &answer);
            }
            let again = right.call(app, operation).await;
            assert_eq!(again.status, 200, "all was undone: {}", again.text);
        }
    }

    /// The log has each call once, as what it was, and never a secret.
    async fn refused_calls_are_written_down_under_their_key(app) {
        let right = Right::on(app).await;
        let operation = operation(Tool::SearchStores);
        for code in operation.errors().into_iter().filter(|code| is_of_both(*code)) {
            let before = app.count("SELECT count(*) FROM activity").await;
            let answer = provoke(app, &right, operation, code).await;
            let is_known = !matches!(code, ErrorCode::MissingApiKey | ErrorCode::InvalidApiKey
                | ErrorCode::WrongCredential | ErrorCode::IpNotAllowed | ErrorCode::McpDisabled);
            assert_eq!(app.count("SELECT count(*) FROM activity").await - before, 1, "{}", code.as_str());
            let whose = if is_known { "NOT NULL" } else { "NULL" };
            let request = answer.header("x-request-id");
            let told = format!(
                "SELECT count(*) FROM activity WHERE request_id = '{request}' AND surface = 'rest' AND status = {} \
                 AND error_code = '{}' AND operation = 'search_stores' AND api_key_id IS {whose} AND token_id IS NULL",
                code.status(), code.as_str()
            );
            assert_eq!(app.count(told).await, 1, "{}", code.as_str());
        }
    }
}

on_sqlite! {
    /// One reader takes the first of two, another the last: what a proxy let pass must be what is done.
    async fn a_member_that_comes_twice_is_refused_by_its_name(app) {
        let right = Right::on(app).await;
        let client = ApiClient::with(app, &right.key);
        let ids = format!("{{\"contact_ids\":[\"{}\"],\"contact_ids\":[\"{}\"]}}", right.ids[0], right.ids[1]);
        for (path, body, name) in [
            ("/api/v1/stores/search", r#"{"limit":1,"limit":2}"#, "limit"),
            ("/api/v1/contacts/search", r#"{"filters":{"q":"one","q":"two"}}"#, "filters.q"),
            ("/api/v1/contacts/reveal", &ids, "contact_ids"),
        ] {
            let request = client.request("POST", path).header("Content-Type", "application/json");
            let answer = Answer::of(request.body(body.to_owned()).send().await.unwrap()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            assert_eq!(answer.json["error"]["code"], "invalid_request", "{}", answer.text);
            assert_eq!(answer.json["error"]["param"], name, "{}", answer.text);
        }
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 0);
    }

    /// Our own faults, and a busy database, are told in the same form.
    async fn faults_are_as_described(app) {
        let right = Right::on(app).await;
        let description = Description::of(app);
        for operation in &OPERATIONS {
            for code in [ErrorCode::InternalError, ErrorCode::Unavailable] {
                let answer = provoke(app, &right, operation, code).await;
                check(&description, operation, code, &answer);
                assert!(!answer.text.contains("broken") && !answer.text.contains("locked"), "{}", answer.text);
            }
        }
    }
}
