//! The eight checks of contract §7, in their order: of any two that fail, the earlier one answers,
//! and what is refused is in the log as what it was.

use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::{AiClient, MEMBER, TestApp, both_databases, contacts, rpc};

const SCOPES: &str = "usage:read stores:read contacts:search contacts:reveal";
const NARROW: &str = "usage:read stores:read";
const EVERY_TOOL: &str = r#"["get_usage","list_taxonomy","get_store","search_stores","enrich_domains","search_contacts","reveal_contacts"]"#;

/// What can fail, in the order of the checks; the last four are the parts of the eighth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Switch,
    Address,
    Origin,
    Token,
    State,
    Role,
    Scope,
    Plan,
    Requests,
    Rows,
    Credits,
}

use Check::*;

const CHECKS: [Check; 11] =
    [Switch, Address, Origin, Token, State, Role, Scope, Plan, Requests, Rows, Credits];

/// A row of the log: outcome, HTTP status, error code.
type Logged = (&'static str, i32, &'static str);

impl Check {
    /// HTTP status and code of its refusal, and its row.
    fn refusal(self) -> (u16, &'static str, Logged) {
        match self {
            Switch => (503, "mcp_disabled", ("denied", 503, "mcp_disabled")),
            Address => (403, "ip_not_allowed", ("denied", 403, "ip_not_allowed")),
            Origin => (403, "origin_not_allowed", ("denied", 403, "origin_not_allowed")),
            Token => (401, "invalid_token", ("denied", 401, "invalid_token")),
            State => (401, "invalid_token", ("denied", 401, "invalid_token")),
            Role => (200, "-32602", ("denied", 200, "permission_denied")),
            Scope => (403, "insufficient_scope", ("denied", 403, "insufficient_scope")),
            Plan => (200, "api_access_disabled", ("denied", 200, "api_access_disabled")),
            Requests => (200, "rate_limit_exceeded", ("limited", 200, "rate_limit_exceeded")),
            Rows => (200, "row_quota_exceeded", ("limited", 200, "row_quota_exceeded")),
            Credits => (200, "insufficient_credits", ("denied", 200, "insufficient_credits")),
        }
    }

    /// Whether it is known by then who calls.
    fn knows_the_caller(self) -> bool {
        !matches!(self, Switch | Address | Origin | Token)
    }

    /// Makes it fail, or mends it; what fails by the request itself is in [`Caller::call`].
    async fn set(self, app: &TestApp, fails: bool) {
        let pick = |bad: &'static str, good: &'static str| if fails { bad } else { good };
        let sql = match self {
            Origin | Token | Scope => return,
            Switch => return app.set("mcp_enabled", pick("no", "yes")).await,
            Address => return app.set("allowed_ips", pick("192.0.2.0/24", "")).await,
            State => format!(
                "UPDATE users SET mcp_enabled = ({}) WHERE email = '{}'",
                pick("1 = 0", "1 = 1"),
                MEMBER.email
            ),
            Role => format!("UPDATE roles SET tools = '{}'", pick(r#"["get_usage"]"#, EVERY_TOOL)),
            Plan => format!("UPDATE plans SET api_access = ({})", pick("1 = 0", "1 = 1")),
            Requests => format!("UPDATE plans SET requests_per_minute = {}", pick("0", "100000")),
            Rows => format!("UPDATE plans SET rows_per_month = {}", pick("0", "25000")),
            Credits => format!("UPDATE plans SET credits_per_month = {}", pick("0", "500")),
        };
        app.sql(sql).await;
    }
}

/// A person's two clients, and a contact that nobody has paid for.
struct Caller {
    wide: AiClient,
    narrow: AiClient,
    contact: String,
}

impl Caller {
    async fn new(app: &TestApp) -> Self {
        contacts::add(app, 1).await;
        let (wide, narrow) = (app.ai_client(SCOPES).await, app.ai_client(NARROW).await);
        let found = wide.call_tool("search_contacts", json!({})).await;
        let contact = found.content()["data"][0]["contact_id"].as_str().unwrap().to_owned();
        Self { wide, narrow, contact }
    }

    /// A call that only `broken` stands against: one for rows where rows are short, else one that
    /// spends.
    async fn call(&self, broken: &[Check], is_modern: bool) -> (&'static str, Answer) {
        let (tool, arguments) = if broken.contains(&Rows) {
            ("search_contacts", json!({ "limit": 5 }))
        } else {
            let ids = [&self.contact];
            ("reveal_contacts", json!({ "contact_ids": ids, "confirm_spend_credits": true }))
        };
        let mut client =
            if broken.contains(&Scope) { self.narrow.clone() } else { self.wide.clone() };
        if broken.contains(&Token) {
            client.access_token.push('x');
        }
        let params = rpc::call(tool, arguments);
        let (body, headers) = if is_modern {
            let body = rpc::modern("tools/call", params);
            (body.clone(), rpc::modern_headers(&body))
        } else {
            (rpc::legacy("tools/call", params), Vec::new())
        };
        let mut request = client.post(&body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if broken.contains(&Origin) {
            request = request.header("Origin", "https://evil.example");
        }
        (tool, Answer::of(request.send().await.unwrap()).await)
    }
}

/// HTTP status, and the code of whatever form the refusal has.
fn told(answer: &Answer) -> (u16, String) {
    let code = match (&answer.json["error"]["code"], answer.tool_error()) {
        (Value::String(code), _) => code.clone(),
        (Value::Number(code), _) => code.to_string(),
        (_, code) => code.to_owned(),
    };
    (answer.status, code)
}

/// Breaks these checks, calls in both eras, looks at answer and log, and mends them.
async fn assert_refused(app: &TestApp, caller: &Caller, broken: &[Check]) {
    let (status, code, logged) = broken[0].refusal();
    for check in broken {
        check.set(app, true).await;
    }
    for is_modern in [false, true] {
        let before = app.calls().await.len();
        let (tool, answer) = caller.call(broken, is_modern).await;
        assert_eq!(told(&answer), (status, code.to_owned()), "{broken:?}: {}", answer.text);
        let calls = app.calls().await;
        let rows = &calls[before..];
        let [row] = rows else { unreachable!("{broken:?}: {rows:?}") };
        let (outcome, status, code) = logged;
        let is_known = broken[0].knows_the_caller();
        let operation = if is_known && broken[0] != State { tool } else { "gate" };
        let was = (row.operation.as_str(), row.outcome.as_str(), row.status);
        assert_eq!(was, (operation, outcome, status), "{broken:?}");
        assert_eq!(row.error_code.as_deref(), Some(code), "{broken:?}");
        assert_eq!((row.rows_returned, row.credits_spent), (0, 0), "{broken:?}");
        assert_eq!(row.request_id, answer.header("x-request-id"), "{broken:?}");
        let names = [row.user_id.is_some(), row.token_id.is_some()];
        assert_eq!(names, [is_known; 2], "{broken:?}: the token is not looked at before");
    }
    for check in broken {
        check.set(app, false).await;
    }
}

both_databases! {
    /// Rows: A14, B13, C4, C16
    async fn of_any_two_checks_that_fail_the_earlier_one_answers(app) {
        for check in CHECKS {
            check.set(app, false).await;
        }
        let caller = Caller::new(app).await;
        let before = app.count("SELECT sum(requests) FROM usage_windows WHERE span = 'day'").await;
        for (place, first) in CHECKS.into_iter().enumerate() {
            assert_refused(app, &caller, &[first]).await;
            for second in CHECKS.into_iter().skip(place + 1) {
                // No call returns rows and spends credits.
                if (first, second) != (Rows, Credits) {
                    assert_refused(app, &caller, &[first, second]).await;
                }
            }
        }
        let after = app.count("SELECT sum(requests) FROM usage_windows WHERE span = 'day'").await;
        assert_eq!(after, before, "a refused call is not counted");
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 0);
        let (_, answer) = caller.call(&[], true).await;
        assert_eq!(answer.content()["credits_spent"], 1, "and nothing else stood against it");
    }

    /// What never gets to a tool because its headers or parameters are wrong is a call all the same,
    /// once; what calls nothing, or only looks for the challenge, is none.
    async fn calls_that_no_tool_sees_are_written_down(app) {
        let client = app.ai_client(SCOPES).await;
        for params in [json!({ "name": "get_store", "arguments": [] }), json!({ "arguments": {} })] {
            client.legacy("tools/call", params).await;
        }
        let body = rpc::modern("tools/call", rpc::call("get_store", json!({ "domain": "a.example" })));
        let mut request = client.post(&body);
        for (name, value) in rpc::modern_headers(&body) {
            let value = if name == "Mcp-Name" { "another".to_owned() } else { value };
            request = request.header(name, value);
        }
        assert_eq!(Answer::of(request.send().await.unwrap()).await.status, 400);
        client.list_tools().await;
        client.http.post(app.resource()).json(&rpc::legacy("tools/list", json!({}))).send().await.unwrap();
        let told: Vec<_> = app.calls().await.into_iter()
            .map(|call| (call.operation, call.outcome, call.error_code, call.user_id.is_some()))
            .collect();
        let malformed = ("tools/call".to_owned(), "error".to_owned(), Some("invalid_request".to_owned()), true);
        assert_eq!(told, vec![malformed; 3]);
    }

    /// What nobody can read may have been a call, and whose it was is known.
    async fn messages_that_cannot_be_read_are_written_down(app) {
        let client = app.ai_client(SCOPES).await;
        let posts = [
            ("text/plain", "*/*", "{}", 415), ("application/json", "image/png", "{}", 406),
            ("application/json", "*/*", "[]", 400), ("application/json", "*/*", "{", 400),
        ];
        for (kind, accept, body, status) in posts {
            let post = client.http.post(app.resource()).bearer_auth(&client.access_token);
            let answer = post.header("Content-Type", kind).header("Accept", accept).body(body).send().await.unwrap();
            assert_eq!(answer.status(), status, "{kind} {accept} {body}");
        }
        let told: Vec<_> = app.calls().await.into_iter()
            .map(|call| (call.operation, call.outcome, call.status, call.user_id.is_some()))
            .collect();
        assert_eq!(told, posts.map(|(.., status)| ("gate".to_owned(), "error".to_owned(), i32::from(status), true)));
    }

    /// Check 6 in the log: what the role does not allow is a denial of that tool; a name of the
    /// caller's own is not kept.
    async fn calls_of_tools_that_are_not_there_are_written_down(app) {
        let client = app.ai_client(SCOPES).await;
        app.sql(r#"UPDATE roles SET tools = '["get_usage"]'"#).await;
        client.call_tool("get_store", json!({ "domain": "shop01.example.com" })).await;
        client.call_tool("what the caller thinks of", json!({})).await;
        let calls = app.calls().await;
        let told: Vec<_> = calls.iter()
            .map(|call| (call.operation.as_str(), call.outcome.as_str(), call.error_code.as_deref()))
            .collect();
        assert_eq!(told, [
            ("get_store", "denied", Some("permission_denied")),
            ("tools/call", "error", Some("not_found")),
        ]);
    }
}
