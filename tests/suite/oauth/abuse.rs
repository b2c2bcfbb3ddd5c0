//! What nobody sends by accident: parser tricks, wrong types, bytes that one database or the other
//! cannot keep. Refused with a reason, never a crash, and nothing is left behind.

use serde_json::{Value, json};

use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, http, redirected, register,
};
use crate::support::{both_databases, on_sqlite};

on_sqlite! {
    /// Beyond the plain cases: spellings that one parser reads as here and another as elsewhere.
    /// Rows: D12
    async fn redirect_uris_have_one_reading(app) {
        for uri in [
            "http://[::ffff:127.0.0.1]/cb", "http://[::1%25eth0]/cb", "http://[0:0:0:0:0:0:0:1]/cb", "http://[::]/cb",
            "http://127.0.0.1:99999/cb", "http://127.0.0.1:0x50/cb", "http://127.0.0.1:-1/cb", "http://127.0.0.1:80:80/cb",
            "http://127.000.000.001/cb", "http://127.0.0.1./cb", "http://127.0.0.1%00.evil.example/cb",
            "http://localhost%2eevil.example/cb", "http://localhost%00/cb", "http://%6cocalhost/cb", "http://LOCALHOST.evil.example/cb",
            "http://localhost\u{ff0e}evil.example/cb", "http://127\u{3002}0.0.1/cb", "http://\u{24db}ocalhost/cb",
            "http:/127.0.0.1/cb", "http:127.0.0.1/cb", "http:///127.0.0.1/cb", "http:\\\\127.0.0.1\\cb", "//127.0.0.1/cb",
            "https:a.example/cb", "https:/a.example/cb", "https://a.example\\@evil.example/cb", "https://a.example\u{0}/cb",
            "https://a.example/\u{202e}bc", "https://a.example/cb\u{7f}", "https://a.example/cb#", "https://:443/cb", "https://?x",
            "https://a.example:x/cb", "https://a..example./cb", "https://.example/cb", "https://user:pw@a.example/cb", "https://@a.example/cb",
            "https://a.example/cb\r\nLocation: https://evil.example", "https://a.example/<script>", "https://a.example/\"onload=", "https://a.example/cb path",
            "java\tscript:alert(1)", "\u{1}javascript:alert(1)", " javascript:alert(1)", "javascript&colon;alert(1)", "JAVASCRIPT:alert(1)",
            "data:,x", "data:text/html;base64,PHNjcmlwdD4=", "blob:null/x", "about:srcdoc", "file:/etc/passwd", "filesystem:https://a.example/x",
            "view-source:https://a.example", "chrome://settings", "intent://x#Intent;end", "ftp://a.example/", "mailto:a@example.com", "tel:1",
            "vbscript:x", "1abc:/cb", ":/cb", "abc", "*", "*://*/*", "cursor://user@x/cb", "cursor://x/cb#y",
        ] {
            let body = json!({ "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
            let answer = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
            let answer = Answer::of(answer).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_redirect_uri"), "{uri:?}: {}", answer.text);
            let told = answer.json["error_description"].as_str().unwrap();
            assert!(told.starts_with("redirect_uris[0] "), "which one, and why: {told}");
        }
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 0);
    }

    /// Members of a wrong type are named; what is no JSON object is told as such.
    /// Rows: D14
    async fn registrations_of_a_wrong_form_are_refused_by_name(app) {
        let good = json!([REDIRECT]);
        for (body, error, named) in [
            (json!({ "redirect_uris": { "0": REDIRECT } }), "invalid_redirect_uri", "redirect_uris"),
            (json!({ "redirect_uris": [[REDIRECT]] }), "invalid_redirect_uri", "redirect_uris"),
            (json!({ "redirect_uris": [REDIRECT, null] }), "invalid_redirect_uri", "redirect_uris"),
            (json!({ "redirect_uris": true }), "invalid_redirect_uri", "redirect_uris"),
            (json!({ "redirect_uris": good, "client_name": 7 }), "invalid_client_metadata", "client_name"),
            (json!({ "redirect_uris": good, "client_name": ["a"] }), "invalid_client_metadata", "client_name"),
            (json!({ "redirect_uris": good, "client_uri": {} }), "invalid_client_metadata", "client_uri"),
            (json!({ "redirect_uris": good, "token_endpoint_auth_method": ["none"] }), "invalid_client_metadata", "token_endpoint_auth_method"),
            (json!({ "redirect_uris": good, "token_endpoint_auth_method": "NONE" }), "invalid_client_metadata", "token_endpoint_auth_method"),
        ] {
            let answer = Answer::of(http().post(app.url("/oauth/register")).json(&body).send().await.unwrap()).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, error), "{body}: {}", answer.text);
            assert!(answer.json["error_description"].as_str().unwrap().contains(named), "{body}: {}", answer.text);
        }
        let deep = format!(r#"{{"redirect_uris":["{REDIRECT}"],"x":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
        for bytes in [
            deep.into_bytes(), b"\xff\xfe".to_vec(), b"\xef\xbb\xbf{}".to_vec(), b"null".to_vec(), b"\"x\"".to_vec(), b"{} {}".to_vec(),
            b"{\"client_name\":\"\xc3\x28\",\"redirect_uris\":[\"http://127.0.0.1/\"]}".to_vec(), b"{'a':1}".to_vec(),
            b"{\"client_name\":\"\\ud800\",\"redirect_uris\":[\"http://127.0.0.1/\"]}".to_vec(),
        ] {
            let request = http().post(app.url("/oauth/register")).header("Content-Type", "application/json").body(bytes.clone());
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_client_metadata"), "{:?}", &bytes[..bytes.len().min(40)]);
        }
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 0);
        let twice = format!(r#"{{"redirect_uris":["javascript:x"],"redirect_uris":["{REDIRECT}"]}}"#);
        let request = http().post(app.url("/oauth/register")).header("Content-Type", "application/json").body(twice);
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert!(answer.status == 400 || answer.json["redirect_uris"] == good, "kept is what was answered: {}", answer.text);
    }
}

both_databases! {
    /// PostgreSQL keeps no NUL in a text; whoever sends one is told no like everybody else.
    /// Rows: E4, F1
    async fn a_nul_byte_is_no_failure_of_ours(app) {
        let client = register(app, &[REDIRECT]).await;
        let good = AuthorizationRequest::new(app, &client, "usage:read");
        let browser = app.member().await;
        for (name, value) in [("client_id", "\u{0}"), ("client_id", "a\u{0}b"), ("redirect_uri", "http://127.0.0.1/\u{0}")] {
            let page = browser.get(&good.clone().with(name, value).path()).await;
            assert_eq!((page.status, page.header("location")), (400, ""), "{name}");
        }
        for name in ["state", "nonce", "scope", "login_hint", "prompt", "resource", "code_challenge", "response_type", "ui_locales"] {
            let value = if name == "scope" { "usage:read \u{0}" } else { "a\u{0}b" };
            let page = browser.get(&good.clone().with(name, value).path()).await;
            assert!(page.status == 200 || page.header("location").starts_with(REDIRECT), "{name}: {} {}", page.status, page.text);
            if page.status == 200 {
                let fields = [("decision", "authorize"), ("scope", "usage:read")];
                let answer = browser.send(&page, "/oauth/authorize", &fields).await;
                assert_eq!(answer.status, 303, "{name}: {}", answer.text);
                let sent_back = redirected(answer.header("location"));
                assert!(name != "state" || sent_back["state"] == value, "byte for byte");
            }
        }
        for form in [
            vec![("grant_type", "refresh_token"), ("client_id", "\u{0}"), ("refresh_token", "x")],
            vec![("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", "pc_rt_\u{0}")],
            vec![("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", "x"), ("scope", "\u{0}")],
            vec![("grant_type", "authorization_code"), ("client_id", &client), ("code", "\u{0}"), ("code_verifier", "\u{0}")],
            vec![("grant_type", "\u{0}"), ("client_id", &client)],
        ] {
            for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
                let answer = Answer::of(http().post(app.url(path)).form(&form).send().await.unwrap()).await;
                assert!([400, 401].contains(&answer.status), "{path} {form:?}: {}", answer.text);
                assert!(!answer.oauth_error().is_empty(), "{path}");
            }
        }
        let basic = http().post(app.url("/oauth/token")).basic_auth("%00", Some("%00")).form(&[("grant_type", "refresh_token")]);
        assert!([400, 401].contains(&basic.send().await.unwrap().status().as_u16()));
        let body: Value = json!({ "redirect_uris": [REDIRECT], "client_name": "a\u{0}b", "client_uri": "https://a.example/\u{0}" });
        let answer = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201, "cleaned like every name");
        let page = app.anonymous().submit("/login", "/login", &[("email", "a\u{0}@acme.example"), ("password", "\u{0}")]).await;
        assert_eq!(page.status, 400);
    }
}
