//! The whole loop against the built program at its most talkative: nothing that opens anything, no
//! channel that was paid for and nothing that was searched for ends up where it can be read later
//! (contract §11; checklist C8, F19).

use diesel::RunQueryDsl;
use serde_json::{Value, json};

use crate::support::ai_client::{Answer, CHALLENGE, REDIRECT, VERIFIER, http, redirected};
use crate::support::database::SECRET;
use crate::support::process::{Server, log_of};
use crate::support::{
    ADMIN, AiClient, Browser, MEMBER, PASSWORD, TestApp, contacts, personal, rpc,
};

const SCOPES: &str = "usage:read stores:read contacts:search contacts:reveal";
const CONTACTS: usize = 12;
/// What is searched for, typed and asked: words that nothing of the server's own holds.
const QUESTION: &str = "zebra-striped umbrella stands";
const AUDIENCE: &str = "shops of wind-up gramophones";
const WRONG_PASSWORD: &str = "a-wrong-password-typed";
const WRONG_TOKEN: &str = "somebody-guessed-this-one";
const CLIENT_STATE: &str = "the-state-of-the-client";
const KEY: &str = "order-of-the-ninth-gramophone";

/// What was handed out or typed on the way, each with its name.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, name: &'static str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 10, "{name} is too short to be looked for: {secret}");
        self.0.push((name, secret));
    }

    /// Looks for each in `kept`.
    fn assert_none_in(&self, place: &str, kept: &str) {
        for (name, secret) in &self.0 {
            // The signature is the part of a JWT that makes it worth something.
            let is_jwt = secret.starts_with("eyJ");
            let part = if is_jwt { secret.rsplit('.').next().unwrap() } else { secret };
            let around = kept.find(part).map(|at| {
                let bytes = &kept.as_bytes()[at.saturating_sub(80)..];
                String::from_utf8_lossy(&bytes[..bytes.len().min(240)]).into_owned()
            });
            assert_eq!(around, None, "{name} ({secret}) is in {place}");
        }
    }
}

/// The rest of a loop that has begun: the server, and what it gave away.
struct Run {
    base: String,
    secrets: Secrets,
}

impl Run {
    /// Signs in, with a wrong password first; keeps the cookies.
    async fn sign_in(&mut self, email: &str) -> Browser {
        let browser = Browser::new(&self.base);
        browser.submit("/login", "/login", &[("email", email), ("password", WRONG_PASSWORD)]).await;
        let fields = [("email", email), ("password", PASSWORD)];
        let answer = browser.submit("/login", "/login", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        for cookie in answer.headers.get_all("set-cookie") {
            let value = cookie.to_str().unwrap().split(';').next().unwrap();
            let value = value.split_once('=').unwrap().1;
            if value.len() >= 20 {
                self.secrets.add("a session cookie", value);
            }
        }
        browser
    }

    /// Registers a client; its id, and its secret if it has one.
    async fn register(&mut self, method: &str) -> (String, Option<String>) {
        let body = json!({ "client_name": "Loop", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method });
        let answer =
            http().post(format!("{}/oauth/register", self.base)).json(&body).send().await.unwrap();
        let answer = Answer::of(answer).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let secret = answer.json["client_secret"].as_str().map(str::to_owned);
        if let Some(secret) = &secret {
            self.secrets.add("a client's secret", secret);
        }
        (answer.json["client_id"].as_str().unwrap().to_owned(), secret)
    }

    /// Approves it and takes the code.
    async fn code(&mut self, browser: &Browser, client: &str, scopes: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", client),
                ("redirect_uri", REDIRECT),
                ("scope", scopes),
                ("state", CLIENT_STATE),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        let page = browser.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        for (name, value) in page.hidden("/oauth/authorize") {
            if name == "csrf" {
                self.secrets.add("a form token", value);
            }
        }
        let mut fields = vec![("decision", "authorize")];
        fields.extend(scopes.split(' ').map(|scope| ("scope", scope)));
        let answer = browser.send(&page, "/oauth/authorize", &fields).await;
        let code = redirected(answer.header("location")).remove("code").unwrap();
        self.secrets.add("a code", &code);
        code
    }

    /// A request to `/oauth/token`, and what came of it.
    async fn token(&mut self, basic: Option<(&str, &str)>, form: &[(&str, &str)]) -> Answer {
        let request = http().post(format!("{}/oauth/token", self.base)).form(form);
        let request = match basic {
            Some((client, secret)) => request.basic_auth(client, Some(secret)),
            None => request,
        };
        let answer = Answer::of(request.send().await.unwrap()).await;
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = answer.json[name].as_str() {
                self.secrets.add("a token", token);
            }
        }
        answer
    }

    async fn redeem(&mut self, basic: Option<(&str, &str)>, client: &str, code: &str) -> AiClient {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let form = if basic.is_some() { [&form[..1], &form[2..]].concat() } else { form.to_vec() };
        let answer = self.token(basic, &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let text = |name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
        AiClient {
            http: http(),
            base: self.base.clone(),
            client_id: client.to_owned(),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            scope: text("scope"),
        }
    }

    async fn post(&self, path: &str, basic: Option<(&str, &str)>, form: &[(&str, &str)]) -> Answer {
        let request = http().post(format!("{}{path}", self.base)).form(form);
        let request = match basic {
            Some((client, secret)) => request.basic_auth(client, Some(secret)),
            None => request,
        };
        Answer::of(request.send().await.unwrap()).await
    }

    /// Every tool, prompt and resource in both eras, also with arguments that are wrong.
    async fn call_everything(&mut self, client: &AiClient) {
        let found = client.call_tool("search_contacts", json!({ "limit": 100 })).await;
        let found = found.content()["data"].as_array().unwrap().clone();
        assert_eq!(found.len(), CONTACTS);
        let ids: Vec<&Value> = found.iter().map(|row| &row["contact_id"]).take(10).collect();
        let reveal = |confirm: bool| json!({ "contact_ids": ids, "confirm_spend_credits": confirm, "idempotency_key": KEY });
        let calls = [
            ("get_usage", json!({})),
            ("list_taxonomy", json!({})),
            ("get_store", json!({ "domain": "shop01.example.com" })),
            ("get_store", json!({ "domain": QUESTION })),
            ("search_stores", json!({ "filters": { "q": QUESTION } })),
            ("search_stores", json!({ "filters": { "question": QUESTION } })),
            ("search_stores", json!({ "filters": { "country": QUESTION }, "cursor": WRONG_TOKEN })),
            ("search_stores", json!({ "cursor": WRONG_TOKEN })),
            (
                "search_contacts",
                json!({ "filters": { "q": QUESTION, "store": { "q": QUESTION } } }),
            ),
            ("enrich_domains", json!({ "domains": ["shop00.example.com", QUESTION] })),
            ("reveal_contacts", reveal(false)),
            ("reveal_contacts", reveal(true)),
            ("reveal_contacts", reveal(true)),
            (
                "reveal_contacts",
                json!({ "contact_ids": [QUESTION], "confirm_spend_credits": true, "idempotency_key": KEY }),
            ),
            (QUESTION, json!({ "q": QUESTION })),
        ];
        for (tool, arguments) in calls {
            client.call_tool(tool, arguments.clone()).await;
            client.modern("tools/call", rpc::call(tool, arguments)).await;
        }
        let paid = client.call_tool("reveal_contacts", reveal(true)).await;
        assert!(paid.text.contains(&contacts::channels(0)[0]), "{}", paid.text);
        for (method, params) in [
            ("tools/list", json!({})),
            (
                "prompts/get",
                json!({ "name": "prepare_outreach_list", "arguments": { "audience": AUDIENCE } }),
            ),
            (
                "prompts/get",
                json!({ "name": "prepare_outreach_list", "arguments": { "public": AUDIENCE } }),
            ),
            ("resources/read", json!({ "uri": "portcullis://usage" })),
            ("resources/read", json!({ "uri": format!("portcullis://{QUESTION}") })),
            (QUESTION, json!({ "q": QUESTION })),
        ] {
            client.legacy(method, params.clone()).await;
            client.modern(method, params).await;
        }
        let broken = format!("{{\"jsonrpc\": \"2.0\", \"q\": \"{QUESTION}\"");
        let request = client.post(&json!({})).body(broken);
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
}

/// Every column of every row of a table, as text.
async fn rows(app: &TestApp, table: &'static str) -> String {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let read = move |sql: String| {
        app.ctx.db.read(move |conn| Ok(diesel::sql_query(sql).load::<Row>(conn)?))
    };
    let columns =
        read(format!("SELECT name AS text FROM pragma_table_info('{table}')")).await.unwrap();
    let columns: Vec<_> =
        columns.iter().map(|column| format!("coalesce({}, '')", column.text)).collect();
    assert!(!columns.is_empty(), "{table}");
    let all = format!("SELECT {} AS text FROM {table}", columns.join(" || ' ' || "));
    let rows: Vec<_> = read(all).await.unwrap().into_iter().map(|row| row.text).collect();
    rows.join("\n")
}

/// All bytes of the database's files, what is not committed into the main file yet included.
fn database_bytes(app: &TestApp) -> String {
    ["portcullis.db", "portcullis.db-wal"]
        .map(|file| std::fs::read(app.database.folder().join(file)).unwrap())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat()
}

/// A file of contacts, uploaded through the console of the process.
async fn import(app: &TestApp, run: &mut Run) {
    let admin = run.sign_in(ADMIN.email).await;
    let csv = contacts::csv(CONTACTS);
    let answer = admin.upload("contacts", "contacts.csv", csv.as_bytes(), true).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    while app.count("SELECT count(*) FROM contacts").await < CONTACTS as i64 {
        actix_web::rt::task::yield_now().await;
    }
}

/// Rows: C8, F19
#[actix_web::test]
async fn nothing_secret_of_a_whole_loop_is_kept_or_logged() {
    let app = TestApp::sqlite().await;
    app.set("personal_access_tokens", "yes").await;
    app.sql("UPDATE plans SET requests_per_minute = 10000").await;
    let server = Server::logged(&app.database.folder()).await;
    let mut run = Run { base: server.base.clone(), secrets: Secrets::default() };
    for (name, secret) in [
        ("the server's secret", SECRET),
        ("a password", PASSWORD),
        ("a wrong password", WRONG_PASSWORD),
        ("a wrong token", WRONG_TOKEN),
        ("a verifier", VERIFIER),
        ("what was searched for", QUESTION),
        ("what a prompt was given", AUDIENCE),
    ] {
        run.secrets.add(name, secret);
    }
    import(&app, &mut run).await;

    // A public client: register, sign in, approve, redeem, refresh, call.
    let (public, _) = run.register("none").await;
    let browser = run.sign_in(MEMBER.email).await;
    let code = run.code(&browser, &public, &format!("{SCOPES} openid email")).await;
    let mut client = run.redeem(None, &public, &code).await;
    let first = client.clone();
    let refresh = |token: String| {
        [
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", public.clone()),
            ("refresh_token", token),
        ]
    };
    for token in
        [first.refresh_token.clone(), format!("pc_rt_{WRONG_TOKEN}"), first.refresh_token.clone()]
    {
        let form = refresh(token);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = run.token(None, &form).await;
        if let Some(token) = answer.json["refresh_token"].as_str() {
            token.clone_into(&mut client.refresh_token);
        }
        if let Some(token) = answer.json["access_token"].as_str() {
            token.clone_into(&mut client.access_token);
        }
    }
    run.call_everything(&client).await;
    let userinfo =
        http().get(format!("{}/oauth/userinfo", run.base)).bearer_auth(&client.access_token);
    assert_eq!(userinfo.send().await.unwrap().status(), 200);

    // A personal access token.
    let page = personal::ask(&browser, "Loop", SCOPES, "30", PASSWORD).await;
    let secret = personal::secret(&page).unwrap();
    run.secrets.add("a personal access token", &secret);
    let script = AiClient { access_token: secret, ..client.clone() };
    assert!(script.call().await.is_ok());

    // A client with a secret, which may introspect.
    let (private, secret) = run.register("client_secret_basic").await;
    let secret = secret.unwrap();
    let code = run.code(&browser, &private, "usage:read").await;
    let basic = Some((private.as_str(), secret.as_str()));
    let confidential = run.redeem(basic, &private, &code).await;
    for token in [&confidential.access_token, &client.refresh_token, &confidential.refresh_token] {
        let answer = run.post("/oauth/introspect", basic, &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let wrong = run
        .post("/oauth/introspect", Some((private.as_str(), WRONG_TOKEN)), &[("token", "x")])
        .await;
    assert_eq!(wrong.status, 401);

    // Wrong bearers, in every place somebody might put one.
    let body = rpc::legacy("ping", json!({}));
    let mcp = format!("{}/mcp", run.base);
    for request in [
        http().post(&mcp).bearer_auth(WRONG_TOKEN),
        http().post(&mcp).bearer_auth(format!("pc_pat_{WRONG_TOKEN}")),
        http().post(&mcp).bearer_auth(format!("pc_key_{WRONG_TOKEN}")),
        http().post(&mcp).bearer_auth(format!("{}x", client.access_token)),
        http().post(&mcp).basic_auth("mia", Some(WRONG_TOKEN)),
        http().post(format!("{mcp}?access_token={}", client.access_token)),
        http()
            .post(format!("{mcp}?token={WRONG_TOKEN}"))
            .header("Cookie", format!("session={WRONG_TOKEN}")),
    ] {
        assert_eq!(request.json(&body).send().await.unwrap().status(), 401);
    }

    // A code twice, revocation, and calls with what was revoked.
    run.redeem_again(&public).await;
    let form = [("client_id", public.as_str()), ("token", client.refresh_token.as_str())];
    run.post(&format!("/oauth/revoke?token={}", client.refresh_token), None, &form).await;
    run.post("/oauth/revoke", basic, &[("token", confidential.refresh_token.as_str())]).await;
    assert_eq!(client.call().await.status, 401);
    assert_eq!(confidential.call().await.status, 401);
    browser.submit("/dashboard/settings/mcp", "/logout", &[]).await;

    check(&app, run.secrets).await;
    drop(server);
    app.stop().await;
}

impl Run {
    /// Hands in a code of this loop once more.
    async fn redeem_again(&mut self, client: &str) {
        let code = self.secrets.0.iter().find(|(name, _)| *name == "a code").unwrap().1.clone();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        assert_eq!(self.token(None, &form).await.oauth_error(), "invalid_grant");
    }
}

/// Looks everywhere for everything. Channels stand in the table of contacts, where they belong, keys
/// of reveals in theirs for a day, and what a client wants back in its request; nowhere else.
async fn check(app: &TestApp, mut secrets: Secrets) {
    let bytes = database_bytes(app);
    assert!(bytes.contains(&contacts::channels(0)[0]), "the search itself works");
    secrets.assert_none_in("the database's files", &bytes);

    secrets.add("a client's state", CLIENT_STATE);
    secrets.add("a key of a reveal", KEY);
    for number in 0..CONTACTS {
        for channel in contacts::channels(number) {
            secrets.add("a channel", channel);
        }
    }
    for (table, told) in [
        ("activity", "reveal_contacts"),
        ("audit", MEMBER.email),
        ("outbox", MEMBER.email),
        ("credit_ledger", MEMBER.email),
        ("imports", "contacts.csv"),
    ] {
        let rows = rows(app, table).await;
        assert!(rows.contains(told), "the search itself works: {table}: {rows}");
        secrets.assert_none_in(table, &rows);
    }
    let log = std::fs::read_to_string(log_of(&app.database.folder())).unwrap();
    for path in
        ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/mcp", "/login", "/admin/index"]
    {
        assert!(log.contains(path), "the log itself works: {log}");
    }
    secrets.assert_none_in("the log", &log);
}
