//! The named clients as they register and ask (dossier §3), each through its whole first day.

use serde_json::{Value, json};

use crate::support::ai_client::{
    Answer, AuthorizationRequest, VERIFIER, consent, http, redirected,
};
use crate::support::{AiClient, TestApp, both_databases};

/// A client as it registers and asks.
pub struct Real {
    pub name: &'static str,
    /// What it posts to register.
    pub body: Value,
    /// Where it really asks to be sent back to: the port is another one each time.
    pub sent_back_to: Vec<&'static str>,
    /// The scopes that it asks for, in our words for its usual ones.
    pub scope: Option<&'static str>,
    /// What it adds to the authorization request.
    pub extra: Vec<(&'static str, &'static str)>,
}

const OFFLINE: &str = "usage:read stores:read offline_access";
const CONSENT: (&str, &str) = ("prompt", "consent");

/// A native client with one redirect URI and no secret.
fn native(name: &'static str, registers: &str, asks: &'static str, more: Value) -> Real {
    let mut body = json!({
        "client_name": name, "redirect_uris": [registers], "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Real { name, body, sent_back_to: vec![asks], scope: Some(OFFLINE), extra: vec![CONSENT] }
}

/// Every client that the dossier names.
pub fn all() -> Vec<Real> {
    let mut all = on_this_computer();
    all.extend(on_the_web());
    all
}

fn on_this_computer() -> Vec<Real> {
    let native_type = json!({ "application_type": "native" });
    vec![
        native(
            "Claude Code (portcullis)",
            "http://localhost:54545/callback",
            "http://localhost:54545/callback",
            native_type.clone(),
        ),
        native(
            "Claude Code, another port",
            "http://localhost/callback",
            "http://localhost:49152/callback",
            native_type.clone(),
        ),
        Real {
            extra: vec![],
            ..native(
                "Codex",
                "http://127.0.0.1:41711/callback",
                "http://127.0.0.1:41711/callback",
                native_type.clone(),
            )
        },
        Real {
            extra: vec![],
            ..native(
                "Gemini CLI MCP Client",
                "http://localhost:7777/oauth/callback",
                "http://localhost:7777/oauth/callback",
                json!({ "scope": "usage:read stores:read offline_access" }),
            )
        },
        native(
            "MCP CLI Proxy",
            "http://localhost:3334/oauth/callback",
            "http://localhost:3334/oauth/callback",
            json!({
                "application_type": "native", "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
                "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d", "software_version": "0.15.1",
            }),
        ),
        native(
            "MCP Inspector",
            "http://localhost:6274/oauth/callback",
            "http://localhost:6274/oauth/callback",
            json!({
                "client_uri": "https://github.com/modelcontextprotocol/inspector", "scope": "",
            }),
        ),
        native(
            "Inspector CLI",
            "http://127.0.0.1:6276/oauth/callback",
            "http://127.0.0.1:6276/oauth/callback",
            native_type.clone(),
        ),
        native(
            "TypeScript SDK",
            "http://localhost:8090/callback",
            "http://localhost:8090/callback",
            json!({ "scope": "usage:read" }),
        ),
        native(
            "Python SDK",
            "http://localhost:3030/callback",
            "http://localhost:3030/callback",
            json!({
                "application_type": "native", "scope": null, "client_uri": null, "logo_uri": null, "contacts": null,
                "tos_uri": null, "policy_uri": null, "jwks_uri": null, "jwks": null, "software_id": null, "software_version": null,
            }),
        ),
        native(
            "FastMCP Client",
            "http://localhost:52001/callback",
            "http://localhost:52001/callback",
            json!({
                "application_type": "native", "scope": null,
            }),
        ),
        Real {
            name: "unknown members",
            body: json!({
                "redirect_uris": ["com.example.app:/oauth"], "token_endpoint_auth_method": "none",
                "jwks": { "keys": [] }, "software_statement": "a.b.c", "contacts": ["a@example.com"], "x": { "y": [1] },
            }),
            sent_back_to: vec!["com.example.app:/oauth"],
            scope: None,
            extra: vec![],
        },
    ]
}

fn on_the_web() -> Vec<Real> {
    let grants = json!(["authorization_code", "refresh_token"]);
    vec![
        Real {
            name: "VS Code",
            body: json!({
                "client_name": "Visual Studio Code", "client_uri": "https://code.visualstudio.com",
                "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
                "response_types": ["code"], "application_type": "native", "token_endpoint_auth_method": "none",
                "redirect_uris": ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"],
            }),
            sent_back_to: vec![
                "https://insiders.vscode.dev/redirect",
                "https://vscode.dev/redirect",
                "http://127.0.0.1:33418/",
                "http://127.0.0.1:51999/",
            ],
            scope: Some("usage:read stores:read contacts:search"),
            extra: vec![],
        },
        Real {
            name: "Cursor",
            body: json!({
                "client_name": "Cursor", "token_endpoint_auth_method": "none", "grant_types": grants,
                "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"],
            }),
            sent_back_to: vec![
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "https://www.cursor.com/agents/mcp/oauth/callback",
                "http://localhost:8787/callback",
            ],
            scope: Some("usage:read stores:read contacts:search contacts:reveal"),
            extra: vec![],
        },
        Real {
            name: "claude.ai",
            body: json!({
                "client_name": "Claude", "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
                "grant_types": grants, "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post",
                "scope": "claudeai",
            }),
            sent_back_to: vec!["https://claude.ai/api/mcp/auth_callback"],
            scope: Some("claudeai usage:read offline_access"),
            extra: vec![],
        },
        Real {
            name: "ChatGPT",
            body: json!({
                "client_name": "ChatGPT", "grant_types": grants, "response_types": ["code"], "token_endpoint_auth_method": "none",
                "redirect_uris": ["https://chatgpt.com/connector_platform_oauth_redirect", "https://chatgpt.com/connector/oauth/abc123"],
            }),
            sent_back_to: vec![
                "https://chatgpt.com/connector_platform_oauth_redirect",
                "https://chatgpt.com/connector/oauth/abc123",
            ],
            scope: None,
            extra: vec![],
        },
        Real {
            name: "an OAuth 2.0 library",
            body: json!({ "redirect_uris": ["https://app.example/cb?tenant=7"] }),
            sent_back_to: vec!["https://app.example/cb?tenant=7"],
            scope: Some("usage:read"),
            extra: vec![
                ("access_type", "offline"),
                ("login_hint", "mia@acme.example"),
                ("ui_locales", "de"),
            ],
        },
    ]
}

/// The token endpoint, the way the client registered.
async fn token(app: &TestApp, registered: &Value, form: &[(&str, &str)]) -> Answer {
    let text = |name: &str| registered[name].as_str().unwrap_or_default();
    let mut whole = form.to_vec();
    let mut request = http().post(app.url("/oauth/token"));
    match text("token_endpoint_auth_method") {
        "client_secret_basic" => {
            request = request.basic_auth(text("client_id"), Some(text("client_secret")));
        }
        "client_secret_post" => whole
            .extend([("client_id", text("client_id")), ("client_secret", text("client_secret"))]),
        _ => whole.push(("client_id", text("client_id"))),
    }
    Answer::of(request.form(&whole).send().await.unwrap()).await
}

both_databases! {
    /// Registration, consent, code, call and refresh, at every address that it may be sent back to.
    /// Rows: D9, D11, D13, E2, E3, E10
    async fn every_named_client_lives_through_its_first_day(app) {
        let browser = app.member().await;
        for Real { name, body, sent_back_to, scope, extra } in all() {
            let registered = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
            let registered = Answer::of(registered).await;
            assert_eq!(registered.status, 201, "{name}: {}", registered.text);
            let registered = registered.json;
            for redirect_uri in sent_back_to {
                let client_id = registered["client_id"].as_str().unwrap();
                let mut request = AuthorizationRequest::new(app, client_id, scope.unwrap_or_default())
                    .with("redirect_uri", redirect_uri);
                if scope.is_none() {
                    request = request.without("scope");
                }
                for (parameter, value) in &extra {
                    request = request.with(parameter, value);
                }
                let location = consent(&browser, &request, None).await;
                assert!(location.starts_with(redirect_uri), "{name}: {location}");
                let sent_back = redirected(&location);
                assert_eq!((&sent_back["state"], &sent_back["iss"]), (&"the state".to_owned(), &app.base), "{name}");
                let resource = app.resource();
                let form = [("grant_type", "authorization_code"), ("code", &sent_back["code"]), ("redirect_uri", redirect_uri),
                    ("code_verifier", VERIFIER), ("resource", &resource)];
                let first = token(app, &registered, &form).await;
                assert_eq!(first.status, 200, "{name} at {redirect_uri}: {}", first.text);
                // Some ask for the granted scopes again, some for none.
                let granted = first.json["scope"].as_str().unwrap();
                for scope in ["", granted] {
                    let form = [("grant_type", "refresh_token"), ("refresh_token", first.json["refresh_token"].as_str().unwrap()),
                        ("resource", &resource), ("scope", scope)];
                    let again = token(app, &registered, &form).await;
                    assert_eq!((again.status, again.json["scope"].as_str()), (200, Some(granted)), "{name}: {}", again.text);
                    let client = AiClient {
                        http: http(), base: app.base.clone(), client_id: client_id.to_owned(), scope: granted.to_owned(),
                        access_token: again.json["access_token"].as_str().unwrap().to_owned(), refresh_token: String::new(),
                    };
                    assert!(client.call().await.is_ok(), "{name}");
                }
            }
        }
    }
}
