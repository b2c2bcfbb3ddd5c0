//! Dynamic registration (checklist D8 to D17; RFC 7591).

use serde_json::{Value, json};

use super::real_clients::{self, Real};
use crate::support::ai_client::{Answer, AuthorizationRequest, CHALLENGE, REDIRECT, http};
use crate::support::{AiClient, MEMBER, TestApp, both_databases, html, on_sqlite};

async fn register(app: &TestApp, body: &Value) -> Answer {
    Answer::of(http().post(app.url("/oauth/register")).json(body).send().await.unwrap()).await
}

on_sqlite! {
    /// D8, D9, D13.
    /// Rows: D8, D9, D13, D26
    async fn real_clients_are_registered_and_told_what_was_accepted(app) {
        for Real { name, body, .. } in real_clients::all() {
            let answer = register(app, &body).await;
            assert_eq!(answer.status, 201, "{name}: {}", answer.text);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.json["client_id_issued_at"].is_i64(), "{name}");
            assert_eq!(answer.json["client_id_issued_at"], json!(app.clock.now().seconds()));
            assert_eq!(answer.json["redirect_uris"], body["redirect_uris"], "{name}");
            assert_eq!(answer.json["grant_types"], json!(["authorization_code", "refresh_token"]));
            let id = answer.json["client_id"].as_str().unwrap();
            assert!(!id.contains([':', '/']), "D26: never looks like a URL");
        }
    }

    /// D10, D11.
    /// Rows: D10, D11
    async fn a_secret_is_given_to_those_who_use_one(app) {
        for (method, told, has_secret) in [
            (json!("none"), "none", false),
            (json!("client_secret_basic"), "client_secret_basic", true),
            (json!("client_secret_post"), "client_secret_post", true),
            (Value::Null, "client_secret_basic", true),
        ] {
            let mut body = json!({ "redirect_uris": [REDIRECT] });
            if !method.is_null() {
                body["token_endpoint_auth_method"] = method.clone();
            }
            let answer = register(app, &body).await;
            assert_eq!(answer.json["token_endpoint_auth_method"], told);
            assert_eq!(answer.json.get("client_secret").is_some(), has_secret, "{method}");
            if has_secret {
                assert_eq!(answer.json["client_secret_expires_at"].as_i64(), Some(0));
                assert!(answer.json["client_secret"].as_str().unwrap().len() >= 43);
            } else {
                assert!(answer.json.get("client_secret_expires_at").is_none());
            }
        }
        for method in ["private_key_jwt", "tls_client_auth", ""] {
            let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method });
            let answer = register(app, &body).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_client_metadata"), "{method}");
        }
    }

    /// D12.
    /// Rows: D12
    async fn dangerous_redirect_uris_are_refused(app) {
        for uris in [
            json!(null), json!([]), json!("https://a.example/cb"), json!([7]), json!([null]),
            json!(["https://a.example/cb#fragment"]), json!(["https://user@a.example/cb"]),
            json!(["https://*.example/cb"]), json!(["/relative"]), json!(["callback"]), json!([""]),
            json!(["http://a.example/cb"]), json!(["http://192.168.0.1/cb"]), json!(["http://0.0.0.0/cb"]),
            json!(["javascript:alert(1)"]), json!(["JaVaScRiPt:alert(1)"]), json!(["ms-appinstaller:?source=https://a.example"]), json!(["ssh://a.example/cb"]), json!(["c:/cb"]), json!(["data:text/html,x"]),
            json!(["file:///etc/passwd"]), json!(["vbscript:x"]), json!(["blob:https://a/b"]),
            json!(["about:blank"]), json!(["ws://localhost/"]), json!(["wss://a.example/"]),
            json!(["http://127.0.0.1.evil.example/cb"]), json!(["http://localhost@evil.example/cb"]),
            json!(["https://h\\@evil.example/cb"]), json!(["http://127.0.0.1\t/cb"]), json!(["http://127.0.0.1\n/cb"]),
            json!([" http://127.0.0.1/cb"]), json!(["HTTPS://a.example/cb"]), json!(["http://2130706433/cb"]),
            json!(["http://0177.0.0.1/cb"]), json!(["http://0x7f000001/cb"]), json!(["http://127.1/cb"]),
            json!(["http://localhost./cb"]), json!(["https:///cb"]), json!(["https://\u{430}pple.example/cb"]),
            json!(["http://127.0.0.1/cb", "javascript:alert(1)"]),
        ] {
            let body = json!({ "redirect_uris": uris, "token_endpoint_auth_method": "none" });
            let answer = register(app, &body).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_redirect_uri"), "{uris}: {}", answer.text);
        }
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 0);
    }

    /// D14.
    /// Rows: D14
    async fn registrations_are_bounded(app) {
        let uris = |count: usize| json!((0..count).map(|n| format!("http://127.0.0.1/{n}")).collect::<Vec<_>>());
        assert_eq!(register(app, &json!({ "redirect_uris": uris(10) })).await.status, 201);
        assert_eq!(register(app, &json!({ "redirect_uris": uris(11) })).await.status, 400);
        let long = json!({ "redirect_uris": [format!("https://a.example/{}", "a".repeat(3000))] });
        assert_eq!(register(app, &long).await.status, 400);
        let large = json!({ "redirect_uris": [REDIRECT], "client_name": "a".repeat(70_000) });
        let answer = register(app, &large).await;
        assert!([400, 413].contains(&answer.status) && !answer.oauth_error().is_empty());
        let named = json!({ "redirect_uris": [REDIRECT], "client_name": "a".repeat(5_000) });
        assert_eq!(register(app, &named).await.json["client_name"].as_str().unwrap().len(), 200);
        for (kind, body) in [("text/plain", "{}"), ("application/json", "[]"), ("application/json", "{"),
            ("application/json", ""), ("application/x-www-form-urlencoded", "redirect_uris=x")] {
            let answer = http().post(app.url("/oauth/register")).header("Content-Type", kind).body(body);
            let answer = Answer::of(answer.send().await.unwrap()).await;
            assert_eq!(answer.status, 400, "{kind} {body}");
            assert!(!answer.oauth_error().is_empty() && answer.json["request_id"].is_string());
        }
    }

    /// D16: escaped on the page; characters that turn text around are gone; no foreign picture.
    /// Rows: D16
    async fn a_name_is_text_and_nothing_else(app) {
        let body = json!({
            "client_name": "\u{202e}<img src=x onerror=alert(1)>\u{0007}\"'&\n</title>",
            "client_uri": "https://evil.example/\"onload=",
            "logo_uri": "https://evil.example/logo.png",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "none",
        });
        let client = register(app, &body).await.json["client_id"].as_str().unwrap().to_owned();
        let browser = app.member().await;
        let page = browser.get(&AuthorizationRequest::new(app, &client, "usage:read").path()).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("<img") && !page.text.contains("</title>\""), "{}", page.text);
        assert!(!page.text.contains('\u{202e}') && !page.text.contains('\u{7}'));
        assert!(!page.text.contains("logo.png"));
        assert!(html::text(&page.text).contains("<img src=x onerror=alert(1)>"), "shown as what it is");
        let anonymous = app.anonymous();
        let login = anonymous.get(&AuthorizationRequest::new(app, &client, "usage:read").path()).await;
        let login = anonymous.get(login.header("location")).await;
        assert!(!login.text.contains("<img"));
        let location = crate::support::ai_client::code(&browser, &AuthorizationRequest::new(app, &client, "usage:read")).await;
        AiClient::redeem(app, &client, &location).await.unwrap();
        let (admin, member) = (app.admin().await, app.id_of(MEMBER).await.0);
        for (viewer, path) in [
            (&browser, "/dashboard".to_owned()),
            (&admin, "/admin/mcp/users".to_owned()),
            (&admin, format!("/admin/mcp/users/{member}/tokens")),
            (&admin, format!("/admin/users/{member}?tab=mcp")),
        ] {
            let page = viewer.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.text.contains("<img src=x") && !page.text.contains("logo.png"), "{path}");
            assert!(!page.text.contains(['\u{202e}', '\u{7}']), "{path}");
            if !path.contains("tab=") {
                assert!(html::text(&page.text).contains("<img src=x onerror=alert(1)>"), "{path}: shown as what it is");
            }
        }
    }

    /// D17: a borrowed name earns nothing.
    /// Rows: D17
    async fn registering_gives_no_rights(app) {
        let body = json!({ "client_name": "Claude", "redirect_uris": ["https://evil.example/cb"], "token_endpoint_auth_method": "none" });
        let client = register(app, &body).await.json["client_id"].as_str().unwrap().to_owned();
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read contacts:reveal")
            .with("redirect_uri", "https://evil.example/cb").with("code_challenge", CHALLENGE);
        let page = browser.get(&request.path()).await;
        let text = html::text(&page.text);
        assert!(text.contains("Unverified client") && text.contains("evil.example"), "{text}");
        assert!(!text.contains("Verified client"));
        let spends = html::boxes(&page.text, "scope").into_iter().find(|(name, _)| name == "contacts:reveal");
        assert_eq!(spends, Some(("contacts:reveal".into(), false)), "what spends is never ticked beforehand");
    }
}

both_databases! {
    /// D15: a generous burst, then 429 that says when; another window starts anew.
    /// Rows: D15
    async fn registrations_of_one_address_are_limited(app) {
        let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
        let mut accepted = 0;
        let refused = loop {
            let answer = register(app, &body).await;
            if answer.status != 201 {
                break answer;
            }
            accepted += 1;
            assert!(accepted < 200);
        };
        assert!(accepted >= 20, "{accepted}");
        assert_eq!(refused.status, 429);
        assert!(refused.header("retry-after").parse::<i64>().unwrap() <= 3601);
        assert!(refused.json["error"].is_string());
        app.clock.advance(3601);
        assert_eq!(register(app, &body).await.status, 201);
        assert_eq!(app.audited("client_registered").await.len(), accepted + 1);
    }

    /// However many addresses somebody has: unused registrations have a limit together, and room is
    /// made by time, after a quarter of an hour already by the oldest. Those in use do not count.
    /// Rows: D15
    async fn unused_registrations_are_limited_together(app) {
        let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
        let now = app.clock.now().0;
        let fill = |first: i64, last: i64, consent: &str| format!(
            "INSERT INTO clients (client_id, name, registration, trust, auth_method, redirect_uris, created_at, first_consent_at) \
             WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
             SELECT 'filled-' || i, 'Filled', 'dynamic', 'unverified', 'none', '{REDIRECT}', {now}, {consent} FROM n");
        app.sql(fill(1, 200, &now.to_string())).await;
        app.sql(fill(201, 10_199, "NULL")).await;
        assert_eq!(register(app, &body).await.status, 201, "the last that fits");
        let refused = register(app, &body).await;
        assert_eq!((refused.status, refused.oauth_error()), (503, "temporarily_unavailable"), "{}", refused.text);
        assert!(refused.header("retry-after").parse::<i64>().unwrap() > 0);
        app.clock.advance(901);
        assert_eq!(register(app, &body).await.status, 201, "who fills the list keeps nobody out for long");
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 10_101, "the oldest made room");
        app.clock.advance(31 * 86_400);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(register(app, &body).await.status, 201);
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 201, "those in use stay");
    }

    /// Contract §9: registrations that never reached a consent are removed after 30 days.
    /// Rows: D15
    async fn unused_registrations_end_and_used_ones_stay(app) {
        let client = app.ai_client("usage:read").await;
        let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
        register(app, &body).await;
        app.clock.advance(29 * 86_400);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 2);
        app.clock.advance(2 * 86_400);
        portcullis::jobs::run_all(&app.ctx).await;
        let left = app.count(format!("SELECT count(*) FROM clients WHERE client_id = '{}'", client.client_id)).await;
        assert_eq!((left, app.count("SELECT count(*) FROM clients").await), (1, 1));
    }
}
