//! An AI client: discovers, registers, has its user sign in and consent, and calls, knowing
//! nothing but the endpoint's URL.

use std::collections::BTreeMap;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use url::Url;

use super::{Browser, PASSWORD, Person, TestApp, html, rpc};

/// Where the clients of the suite ask to be sent back to.
pub const REDIRECT: &str = "http://127.0.0.1:4711/callback";
/// The example of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A connected client.
#[derive(Clone)]
pub struct AiClient {
    pub http: Client,
    pub base: String,
    pub client_id: String,
    pub access_token: String,
    pub refresh_token: String,
    /// What the token answer said was granted.
    pub scope: String,
}

/// An answer with its body parsed, if it is JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, json }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `error` of an OAuth answer.
    pub fn oauth_error(&self) -> &str {
        self.json["error"].as_str().unwrap_or_default()
    }

    /// The code of a refused tool call.
    pub fn tool_error(&self) -> &str {
        let result = &self.json["result"];
        if result["isError"] != json!(true) {
            return "";
        }
        result["structuredContent"]["error"]["code"].as_str().unwrap_or("(none)")
    }

    /// The result of a tool call that worked.
    pub fn content(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.json["result"]["isError"], json!(false), "{}", self.text);
        &self.json["result"]["structuredContent"]
    }

    /// The JSON-RPC error code.
    pub fn rpc_error(&self) -> i64 {
        self.json["error"]["code"].as_i64().unwrap_or_default()
    }

    /// Whether it is a working tool result.
    pub fn is_ok(&self) -> bool {
        self.status == 200 && self.json["result"]["isError"] == json!(false)
    }
}

/// The parameters of a challenge.
pub fn challenge(header: &str) -> BTreeMap<String, String> {
    let rest = header.strip_prefix("Bearer ").unwrap();
    rest.split("\", ")
        .map(|part| {
            let (name, value) = part.split_once("=\"").unwrap();
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        })
        .collect()
}

/// A client without cookies or redirects.
pub fn http() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Registers a public client with the usual redirect URI.
pub async fn register_at(base: &str) -> String {
    registered(base, &[REDIRECT]).await
}

/// Registers a public client and returns its `client_id`.
pub async fn register(app: &TestApp, redirect_uris: &[&str]) -> String {
    registered(&app.base, redirect_uris).await
}

async fn registered(base: &str, redirect_uris: &[&str]) -> String {
    let body = json!({
        "client_name": "Suite Client",
        "redirect_uris": redirect_uris,
        "token_endpoint_auth_method": "none",
    });
    let answer = http().post(format!("{base}/oauth/register")).json(&body).send().await.unwrap();
    let answer = Answer::of(answer).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json["client_id"].as_str().unwrap().to_owned()
}

/// An authorization request; the test may change it before it is sent.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest(pub Vec<(String, String)>);

impl AuthorizationRequest {
    pub fn new(app: &TestApp, client_id: &str, scopes: &str) -> Self {
        let pairs = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", REDIRECT),
            ("scope", scopes),
            ("state", "the state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("resource", &app.resource()),
        ];
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// Replaces or adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(pair) => pair.1 = value.to_owned(),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Adds a parameter even if it is there already.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes a parameter away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The path to open.
    pub fn path(&self) -> String {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        format!("/oauth/authorize?{query}")
    }
}

/// The parameters of a redirect's target.
pub fn redirected(location: &str) -> BTreeMap<String, String> {
    Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

/// Opens the consent page as a signed-in person and authorizes everything asked for, or `only`.
/// Returns where the browser is sent.
pub async fn consent(
    browser: &Browser,
    request: &AuthorizationRequest,
    only: Option<&str>,
) -> String {
    let page = browser.get(&request.path()).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let scopes = match only {
        Some(scopes) => scopes.split(' ').map(str::to_owned).collect(),
        None => {
            html::boxes(&page.text, "scope").into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        }
    };
    let mut fields = vec![("decision", "authorize")];
    fields.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
    if !html::boxes(&page.text, "recognised").is_empty() {
        fields.push(("recognised", "yes"));
    }
    let answer = browser.send(&page, "/oauth/authorize", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

/// A code for a signed-in person.
pub async fn code(browser: &Browser, request: &AuthorizationRequest) -> String {
    redirected(&consent(browser, request, None).await).remove("code").unwrap()
}

impl AiClient {
    /// The whole dance: refused call, discovery, registration, sign-in, consent, code, tokens.
    pub async fn connect(app: &TestApp, person: Person, scopes: &str) -> Self {
        let http = http();
        let refused = http
            .post(app.resource())
            .json(&rpc::legacy("initialize", json!({})))
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 401);
        let header = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
        let metadata = challenge(&header).remove("resource_metadata").unwrap();
        let resource: Value = http.get(metadata).send().await.unwrap().json().await.unwrap();
        let issuer = resource["authorization_servers"][0].as_str().unwrap().to_owned();
        let server: Value = http
            .get(format!("{issuer}/.well-known/oauth-authorization-server"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(server["issuer"], json!(issuer));
        let registration = json!({
            "client_name": "Suite Client",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "none",
        });
        let endpoint = server["registration_endpoint"].as_str().unwrap();
        let registered: Value =
            http.post(endpoint).json(&registration).send().await.unwrap().json().await.unwrap();
        let client_id = registered["client_id"].as_str().unwrap().to_owned();

        let request = AuthorizationRequest::new(app, &client_id, scopes);
        let browser = app.anonymous();
        let first = browser.get(&request.path()).await;
        assert_eq!(first.status, 303, "{}", first.text);
        let login = first.header("location").to_owned();
        let back = browser
            .submit(&login, "/login", &[("email", person.email), ("password", PASSWORD)])
            .await;
        assert_eq!(back.status, 303, "{}", back.text);
        let page = browser.get(back.header("location")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let mut fields = vec![("decision", "authorize")];
        fields.extend(scopes.split(' ').map(|scope| ("scope", scope)));
        let answer = browser.send(&page, "/oauth/authorize", &fields).await;
        let mut sent_back = redirected(answer.header("location"));
        assert_eq!(sent_back["state"], "the state");
        assert_eq!(sent_back["iss"], issuer);
        let code = sent_back.remove("code").unwrap();
        Self::redeem(app, &client_id, &code).await.unwrap()
    }

    /// Redeems a code as a public client.
    pub async fn redeem(app: &TestApp, client_id: &str, code: &str) -> Result<Self, Answer> {
        let http = http();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let answer =
            Answer::of(http.post(app.url("/oauth/token")).form(&form).send().await.unwrap()).await;
        if answer.status != 200 {
            return Err(answer);
        }
        let text = |name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            base: app.base.clone(),
            client_id: client_id.to_owned(),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            scope: text("scope"),
            http,
        })
    }

    /// A request to `/mcp` with the token, to be finished by the test.
    pub fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/mcp", self.base))
            .bearer_auth(&self.access_token)
            .header("Accept", "application/json, text/event-stream")
            .json(body)
    }

    /// A legacy request.
    pub async fn legacy(&self, method: &str, params: Value) -> Answer {
        let request = self.post(&rpc::legacy(method, params));
        Answer::of(request.header("MCP-Protocol-Version", rpc::LEGACY).send().await.unwrap()).await
    }

    /// A modern request.
    pub async fn modern(&self, method: &str, params: Value) -> Answer {
        let body = rpc::modern(method, params);
        let mut request = self.post(&body);
        for (name, value) in rpc::modern_headers(&body) {
            request = request.header(name, value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Calls a tool, as the newest handshake revision does.
    pub async fn call_tool(&self, tool: &str, arguments: Value) -> Answer {
        self.legacy("tools/call", rpc::call(tool, arguments)).await
    }

    /// A call that works whenever the gate is open.
    pub async fn call(&self) -> Answer {
        self.call_tool("get_usage", json!({})).await
    }

    /// The names of the tools.
    pub async fn list_tools(&self) -> Vec<String> {
        let answer = self.legacy("tools/list", json!({})).await;
        let tools = answer.json["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// A token request with these fields besides the client's id.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let mut form = vec![("client_id", self.client_id.as_str())];
        form.extend_from_slice(fields);
        let request = self.http.post(format!("{}/oauth/token", self.base)).form(&form);
        Answer::of(request.send().await.unwrap()).await
    }

    /// Presents a refresh token; keeps nothing.
    pub async fn present(&self, refresh_token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Refreshes and keeps what came back.
    pub async fn refresh(&mut self) -> Answer {
        let answer = self.present(&self.refresh_token).await;
        if let Some(token) = answer.json["access_token"].as_str() {
            self.access_token = token.to_owned();
        }
        if let Some(token) = answer.json["refresh_token"].as_str() {
            self.refresh_token = token.to_owned();
        }
        answer
    }
}
