//! The token endpoint's manners and client authentication (checklist F1, F8, F9, F14, F16, F21).

use serde_json::{Value, json};

use crate::support::ai_client::{Answer, AuthorizationRequest, REDIRECT, VERIFIER, code, http};
use crate::support::{TestApp, both_databases, on_sqlite};

async fn register(app: &TestApp, method: &str) -> (String, String) {
    let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method });
    let answer: Value = http()
        .post(app.url("/oauth/register"))
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (text("client_id"), text("client_secret"))
}

async fn post(app: &TestApp, form: &[(&str, &str)]) -> Answer {
    Answer::of(http().post(app.url("/oauth/token")).form(form).send().await.unwrap()).await
}

fn assert_oauth(answer: &Answer, what: &str) {
    assert!(
        answer.header("content-type").starts_with("application/json"),
        "{what}: {}",
        answer.text
    );
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert!(answer.headers.get("location").is_none());
    assert!(!answer.oauth_error().is_empty(), "{what}: {}", answer.text);
    let told = answer.json["error_description"].as_str().unwrap_or_default();
    // RFC 6749 §5.2: the characters of a description.
    assert!(
        told.chars().all(|c| (' '..='~').contains(&c) && c != '"' && c != '\\'),
        "{what}: {told}"
    );
    assert_eq!(answer.json["request_id"], json!(answer.header("x-request-id")), "{what}");
}

on_sqlite! {
    /// F1: JSON always, never a page.
    /// Rows: F1
    async fn everything_but_a_posted_form_is_refused_in_json(app) {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let answer = http().request(method.parse().unwrap(), app.url("/oauth/token"));
            let answer = Answer::of(answer.send().await.unwrap()).await;
            assert_eq!(answer.status, 405, "{method}");
            assert_oauth(&answer, method);
            assert!(answer.header("allow").contains("POST"), "{method}");
        }
        for (kind, body) in [
            ("application/json", r#"{"grant_type":"refresh_token"}"#),
            ("text/plain", "grant_type=refresh_token"),
            ("multipart/form-data; boundary=x", "--x--"),
        ] {
            let answer = http().post(app.url("/oauth/token")).header("Content-Type", kind).body(body);
            let answer = Answer::of(answer.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_request"), "{kind}");
            assert_oauth(&answer, kind);
        }
        let large = format!("grant_type=refresh_token&x={}", "a".repeat(20_000));
        let answer = http().post(app.url("/oauth/token"))
            .header("Content-Type", "application/x-www-form-urlencoded").body(large);
        let answer = Answer::of(answer.send().await.unwrap()).await;
        assert_eq!(answer.status, 400);
        assert_oauth(&answer, "large");
    }

    /// F16, E9: and nothing twice.
    /// Rows: F16
    async fn other_grants_do_not_exist(app) {
        let (client, _) = register(app, "none").await;
        for (form, error) in [
            (vec![("grant_type", "password"), ("username", "a"), ("password", "b")], "unsupported_grant_type"),
            (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
            (vec![("grant_type", "implicit")], "unsupported_grant_type"),
            (vec![("grant_type", "urn:ietf:params:oauth:grant-type:device_code")], "unsupported_grant_type"),
            (vec![("grant_type", "AUTHORIZATION_CODE")], "unsupported_grant_type"),
            (vec![("grant_type", "")], "invalid_request"),
            (vec![], "invalid_request"),
            (vec![("grant_type", "refresh_token")], "invalid_request"),
            (vec![("grant_type", "authorization_code")], "invalid_request"),
            (vec![("grant_type", "authorization_code"), ("code", "x")], "invalid_grant"),
            (vec![("grant_type", "refresh_token"), ("grant_type", "refresh_token")], "invalid_request"),
            (vec![("grant_type", "refresh_token"), ("é\"\\\n", "1"), ("é\"\\\n", "2")], "invalid_request"),
        ] {
            let mut whole = vec![("client_id", client.as_str())];
            whole.extend(form.clone());
            let answer = post(app, &whole).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, error), "{form:?}");
            assert_oauth(&answer, &format!("{form:?}"));
        }
    }

    /// F1, A49: a failure of ours is JSON too and tells nothing.
    /// Rows: A49, F1
    async fn our_own_failures_are_json(app) {
        let client = app.ai_client("usage:read").await;
        app.sql("ALTER TABLE refresh_tokens RENAME TO hidden").await;
        let answer = client.present(&client.refresh_token).await;
        assert_eq!((answer.status, answer.oauth_error()), (500, "server_error"));
        assert_oauth(&answer, "500");
        assert!(!answer.text.contains("refresh_tokens"), "{}", answer.text);
    }
}

both_databases! {
    /// F8: by the registered method, in one way only.
    /// Rows: D11, F8
    async fn confidential_clients_authenticate_by_their_method(app) {
        let browser = app.member().await;
        for method in ["client_secret_basic", "client_secret_post"] {
            let (id, secret) = register(app, method).await;
            let request = AuthorizationRequest::new(app, &id, "usage:read");
            let code = code(&browser, &request).await;
            let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
            let try_it = |basic: Option<(&str, &str)>, body: Vec<(&'static str, String)>| {
                let mut whole: Vec<(&str, String)> = form.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
                whole.extend(body);
                let mut request = http().post(app.url("/oauth/token")).form(&whole);
                if let Some((user, password)) = basic {
                    request = request.basic_auth(user, Some(password));
                }
                async move { Answer::of(request.send().await.unwrap()).await }
            };
            let in_body = |secret: &str| vec![("client_id", id.clone()), ("client_secret", secret.to_owned())];
            for (what, answer, status) in [
                ("no secret", try_it(None, vec![("client_id", id.clone())]).await, 401),
                ("wrong, basic", try_it(Some((&id, "wrong")), vec![]).await, 401),
                ("wrong, body", try_it(None, in_body("wrong")).await, 401),
                ("both ways", try_it(Some((&id, &secret)), in_body(&secret)).await, 400),
                ("two names", try_it(Some((&id, &secret)), vec![("client_id", "other".into())]).await, 400),
                ("unknown", try_it(Some(("nobody", "x")), vec![]).await, 401),
                ("the other method", if method == "client_secret_post" {
                    try_it(Some((&id, &secret)), vec![]).await
                } else {
                    try_it(None, in_body(&secret)).await
                }, 401),
            ] {
                assert_eq!(answer.status, status, "{method}: {what}: {}", answer.text);
                if status == 401 {
                    assert_eq!(answer.oauth_error(), "invalid_client", "{what}");
                    assert!(answer.header("www-authenticate").starts_with("Basic"), "{what}");
                }
            }
            let answer = if method == "client_secret_post" {
                try_it(None, in_body(&secret)).await
            } else {
                try_it(Some((&id, &secret)), vec![]).await
            };
            assert_eq!(answer.status, 200, "{method}: the code was not burned by any of it: {}", answer.text);
        }
        for broken in ["Basic", "Basic !!", "Bearer x", "Basic bm9jb2xvbg=="] {
            let answer = http().post(app.url("/oauth/token")).header("Authorization", broken)
                .form(&[("grant_type", "refresh_token"), ("refresh_token", "x")]);
            let answer = Answer::of(answer.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.oauth_error()), (401, "invalid_client"), "{broken}");
        }
    }

    /// F9: so that claude.ai registers again.
    /// Rows: F9
    async fn an_unknown_client_is_told_so(app) {
        let client = app.ai_client("usage:read").await;
        let mut gone = client.clone();
        gone.client_id = "00000000-0000-0000-0000-000000000000".into();
        let answer = gone.present(&client.refresh_token).await;
        assert_eq!((answer.status, answer.oauth_error()), (401, "invalid_client"));
        let nobody = post(app, &[("grant_type", "refresh_token"), ("refresh_token", "x")]).await;
        assert_eq!((nobody.status, nobody.oauth_error()), (401, "invalid_client"));
    }

    /// F14: another client's refresh token is worth nothing, and is not harmed by the attempt.
    /// Rows: F14
    async fn a_refresh_token_is_bound_to_client_and_resource(app) {
        let client = app.ai_client("usage:read").await;
        let other = app.ai_client("usage:read").await;
        assert_eq!(other.present(&client.refresh_token).await.oauth_error(), "invalid_grant");
        let elsewhere = client.token(&[("grant_type", "refresh_token"),
            ("refresh_token", &client.refresh_token), ("resource", "https://elsewhere.example/mcp")]).await;
        assert_eq!(elsewhere.oauth_error(), "invalid_target");
        assert_eq!(client.present(&client.refresh_token).await.status, 200);
    }

    /// F21: guessing is slowed down, in JSON and with the time to wait; using is not.
    /// Rows: F21
    async fn guessing_is_slowed_down(app) {
        let mut client = app.ai_client("usage:read").await;
        for _ in 0..120 {
            assert_eq!(client.refresh().await.status, 200, "successful refreshes are never limited");
        }
        let mut failures = 0;
        let refused = loop {
            let answer = client.present("pc_rt_guess").await;
            if answer.status == 429 {
                break answer;
            }
            failures += 1;
            assert!(failures < 500);
        };
        assert!(failures >= 20, "{failures}");
        assert_oauth(&refused, "429");
        assert!((1..=61).contains(&refused.header("retry-after").parse::<i64>().unwrap()));
        app.clock.advance(61);
        assert_eq!(client.refresh().await.status, 200);
    }
}
