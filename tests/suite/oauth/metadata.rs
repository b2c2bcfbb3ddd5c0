//! Discovery (checklist C11 to C15, D1 to D7, F22, F24).

use serde_json::{Value, json};

use crate::support::ai_client::{Answer, http};
use crate::support::on_sqlite;

const RESOURCE: [&str; 2] =
    ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"];
const SERVER: &str = "/.well-known/oauth-authorization-server";

on_sqlite! {
    /// C11, C12, C13, C14.
    /// Rows: C11, C12, C13, C14
    async fn the_resource_is_described_alike_at_both_addresses(app) {
        let mut texts = Vec::new();
        for path in RESOURCE {
            let answer = Answer::of(http().get(app.url(path)).send().await.unwrap()).await;
            assert_eq!(answer.status, 200);
            assert!(answer.header("content-type").starts_with("application/json"));
            assert_eq!(answer.json["resource"], json!(app.resource()));
            assert_eq!(answer.json["authorization_servers"][0], json!(app.base));
            assert_eq!(answer.json["scopes_supported"],
                json!(["usage:read", "stores:read", "contacts:search", "contacts:reveal"]));
            assert_eq!(answer.json["bearer_methods_supported"], json!(["header"]));
            texts.push(answer.text);
        }
        assert_eq!(texts[0], texts[1]);
    }

    /// D1 to D5.
    /// Rows: D1, D2, D3, D4, D5
    async fn the_server_describes_itself(app) {
        let answer = Answer::of(http().get(app.url(SERVER)).send().await.unwrap()).await;
        assert_eq!(answer.json["issuer"], json!(app.base));
        assert_eq!(answer.json["response_types_supported"], json!(["code"]));
        assert_eq!(answer.json["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(answer.json["authorization_response_iss_parameter_supported"], json!(true));
        let has = |member: &str, value: &str| answer.json[member].as_array().unwrap().contains(&json!(value));
        assert!(has("token_endpoint_auth_methods_supported", "none"));
        assert!(has("grant_types_supported", "authorization_code"));
        assert!(has("grant_types_supported", "refresh_token"));
        assert!(!has("grant_types_supported", "password") && !has("grant_types_supported", "implicit"));
        for scope in ["usage:read", "stores:read", "contacts:search", "contacts:reveal", "offline_access"] {
            assert!(has("scopes_supported", scope), "{scope}");
        }
    }

    /// D6: every address in it is ours and answers.
    /// Rows: D6
    async fn every_address_in_the_documents_answers(app) {
        for path in [SERVER, RESOURCE[0]] {
            let document: Value = http().get(app.url(path)).send().await.unwrap().json().await.unwrap();
            for (name, value) in document.as_object().unwrap() {
                let Some(url) = value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") else {
                    continue;
                };
                assert!(url.starts_with(&app.base), "{name}");
                let status = http().get(url).send().await.unwrap().status().as_u16();
                assert!(status != 404 && status < 500, "{name}: {status}");
            }
        }
    }

    /// C15: whatever version a client names, also for pages and for a look at the head.
    /// Rows: C15
    async fn documents_are_for_everybody(app) {
        for path in [SERVER, RESOURCE[0], RESOURCE[1], "/oauth/jwks"] {
            for version in ["2026-07-28", "2025-06-18", "2024-11-05", "nonsense"] {
                let request = http().get(app.url(path)).header("MCP-Protocol-Version", version);
                let answer = Answer::of(request.header("Origin", "https://anywhere.example").send().await.unwrap()).await;
                assert_eq!(answer.status, 200, "{path} {version}");
                assert_eq!(answer.header("access-control-allow-origin"), "*");
                assert!(answer.json.is_object());
            }
            let head = http().head(app.url(path)).send().await.unwrap();
            assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
            let preflight = http().request(reqwest::Method::OPTIONS, app.url(path))
                .header("Origin", "https://anywhere.example").send().await.unwrap();
            assert_eq!(preflight.status(), 204);
            assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
        }
    }

    /// F22: token and registration may be called from pages, without credentials; consent not.
    /// Rows: F22
    async fn pages_may_call_what_needs_no_cookie(app) {
        for (path, allowed) in [("/oauth/token", true), ("/oauth/register", true), ("/oauth/authorize", false), ("/login", false)] {
            let answer = http().request(reqwest::Method::OPTIONS, app.url(path))
                .header("Origin", "https://inspector.example")
                .header("Access-Control-Request-Method", "POST").send().await.unwrap();
            let origin = answer.headers().get("access-control-allow-origin");
            assert_eq!(origin.is_some(), allowed, "{path}");
            assert!(answer.headers().get("access-control-allow-credentials").is_none());
        }
        let error = http().post(app.url("/oauth/token")).send().await.unwrap();
        assert_eq!(error.headers()["access-control-allow-origin"], "*", "errors must be readable too");
    }

    /// D7: JSON or a plain 404, never a page with 200.
    /// Rows: D7
    async fn what_is_not_offered_is_not_there(app) {
        for path in [ "/.well-known/oauth-authorization-server/mcp",
            "/.well-known/oauth-protected-resource/other", "/oauth/nothing", "/authorize", "/register", "/token"] {
            let answer = http().get(app.url(path)).send().await.unwrap();
            assert_eq!(answer.status(), 404, "{path}");
        }
    }

    /// D3, dossier: without dynamic registration there is no endpoint to announce, and it refuses.
    async fn switched_off_registration_is_not_announced(app) {
        app.set("dynamic_registration", "no").await;
        let document: Value = http().get(app.url(SERVER)).send().await.unwrap().json().await.unwrap();
        assert!(document.get("registration_endpoint").is_none());
        let body = json!({ "redirect_uris": ["http://127.0.0.1/cb"] });
        let answer = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 403);
    }

    /// F24, F25: what signed the tokens is what the key set says, and no private half is in it.
    /// Rows: F24, F25
    async fn tokens_are_signed_by_a_published_key(app) {
        let client = app.ai_client("usage:read").await;
        let keys: Value = http().get(app.url("/oauth/jwks")).send().await.unwrap().json().await.unwrap();
        let header = jsonwebtoken::decode_header(&client.access_token).unwrap();
        let key = keys["keys"].as_array().unwrap().iter()
            .find(|key| key["kid"] == json!(header.kid)).unwrap();
        assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), jsonwebtoken::Algorithm::ES256));
        assert!(key.get("d").is_none());
        let decoding = jsonwebtoken::DecodingKey::from_ec_components(
            key["x"].as_str().unwrap(), key["y"].as_str().unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
        validation.validate_exp = false;
        validation.set_audience(&[app.resource()]);
        validation.set_issuer(&[&app.base]);
        let token = jsonwebtoken::decode::<Value>(&client.access_token, &decoding, &validation).unwrap();
        assert_eq!(token.claims["client_id"], json!(client.client_id));
        assert_eq!(token.claims["scope"], "usage:read");
        assert_eq!(token.claims["exp"].as_i64().unwrap() - token.claims["iat"].as_i64().unwrap(), 3600);
        assert!(token.claims["jti"].is_string() && token.claims["sub"].is_string());
        assert!(!token.claims["sub"].as_str().unwrap().contains('@'), "no address in the subject");
    }
}
