//! `MCP_URL` on another origin than `PUBLIC_URL` (contract §4): the endpoint's host serves it and
//! describes it; the issuer's host describes the authorization server.

use serde_json::json;

use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, challenge, code, http, register,
};
use crate::support::database::Backend;
use crate::support::{AiClient, TestApp, rpc};

const ISSUER: &str = "https://gate.example";
const ENDPOINT: &str = "https://mcp.example/mcp";

async fn get(app: &TestApp, host: &str, path: &str) -> Answer {
    Answer::of(http().get(app.url(path)).header("Host", host).send().await.unwrap()).await
}

/// Rows: C2, C11, C12, C13, C15, D1, D6
#[actix_web::test]
async fn each_origin_describes_what_is_on_it() {
    let pairs = [("PUBLIC_URL", ISSUER), ("MCP_URL", ENDPOINT)];
    let app = TestApp::on(Backend::Sqlite, &pairs).await;
    let body = rpc::legacy("initialize", json!({}));
    for path in ["/mcp", "/mcp/"] {
        let refused = http().post(app.url(path)).header("Host", "mcp.example").json(&body);
        let refused = Answer::of(refused.send().await.unwrap()).await;
        assert_eq!(refused.status, 401);
        let told = challenge(refused.header("www-authenticate"));
        let metadata = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        assert_eq!(told["resource_metadata"], metadata, "on the endpoint's own origin");
    }
    let at_path = get(&app, "mcp.example", "/.well-known/oauth-protected-resource/mcp").await;
    let at_root = get(&app, "mcp.example", "/.well-known/oauth-protected-resource").await;
    assert_eq!((at_path.status, at_path.text.as_str()), (200, at_root.text.as_str()));
    assert_eq!(at_path.json["resource"], ENDPOINT, "byte for byte");
    assert_eq!(at_path.json["authorization_servers"], json!([ISSUER]));
    assert_eq!(at_path.header("access-control-allow-origin"), "*");
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let server = get(&app, "gate.example", path).await;
        assert_eq!(server.json["issuer"], ISSUER);
        assert_eq!(server.json["protected_resources"], json!([ENDPOINT]));
        for (name, value) in server.json.as_object().unwrap() {
            let Some(url) = value.as_str().filter(|url| url.starts_with("http")) else { continue };
            assert!(url.starts_with(ISSUER), "{name}: {url}");
        }
    }
    for host in ["evil.example", "gate.example.evil.example", "mcp.example:1"] {
        let refused = http().post(app.url("/mcp")).header("Host", host).json(&body);
        assert_eq!(refused.send().await.unwrap().status(), 403, "{host}");
    }
    app.stop().await;
}

/// The whole flow: the token is for the endpoint's address and for nothing else.
/// Rows: C5, E11, F24
#[actix_web::test]
async fn tokens_are_for_the_endpoint_and_not_for_the_issuers_host() {
    let (issuer, endpoint) = ("http://localhost:4998", "http://127.0.0.1:4997/mcp");
    let pairs = [("PUBLIC_URL", issuer), ("MCP_URL", endpoint)];
    let app = TestApp::on(Backend::Sqlite, &pairs).await;
    let client = register(&app, &[REDIRECT]).await;
    let browser = app.member().await;
    let request = AuthorizationRequest::new(&app, &client, "usage:read");
    for (resource, is_own) in [
        (endpoint, true),
        ("http://127.0.0.1:4997/mcp/", true),
        ("http://localhost:4998/mcp", false),
        ("http://localhost:4998", false),
        ("http://127.0.0.1:4997", false),
    ] {
        let page = browser.get(&request.clone().with("resource", resource).path()).await;
        let location = page.header("location");
        assert_eq!(page.status == 200, is_own, "{resource}: {}", page.text);
        assert!(is_own || location.contains("error=invalid_target"), "{resource}: {location}");
    }
    let code = code(&browser, &request.with("resource", endpoint)).await;
    let connected = AiClient::redeem(&app, &client, &code).await.unwrap();
    let token = connected.access_token.split('.').nth(1).unwrap();
    let claims = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap()
    };
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["aud"], &claims["iss"]), (&json!(endpoint), &json!(issuer)));
    assert!(connected.call().await.is_ok());
    app.stop().await;
}
