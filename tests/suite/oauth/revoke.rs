//! A client gives a token back (RFC 7009): at once, the whole family, and its own only.

use super::confidential::Confidential;
use super::confidential::first_answer;
use crate::support::ai_client::{Answer, AuthorizationRequest, REDIRECT, http, register};
use crate::support::{AiClient, MEMBER, TestApp, both_databases, on_sqlite};

async fn revoke(app: &TestApp, form: &[(&str, &str)]) -> Answer {
    Answer::of(http().post(app.url("/oauth/revoke")).form(form).send().await.unwrap()).await
}

/// Gives back one of the client's tokens.
async fn give_back(app: &TestApp, client: &AiClient, token: &str) -> Answer {
    revoke(app, &[("client_id", &client.client_id), ("token", token)]).await
}

async fn assert_dead(client: &AiClient, what: &str) {
    assert_eq!(client.call().await.status, 401, "{what}");
    let refused = client.present(&client.refresh_token).await;
    assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"), "{what}");
}

both_databases! {
    /// Either of the two ends both, on the next request; a neighbour lives on.
    /// Rows: F17
    async fn either_token_of_a_pair_ends_the_family_at_once(app) {
        let neighbour = app.ai_client("usage:read").await;
        for is_access in [true, false] {
            let client = app.ai_client("usage:read").await;
            assert!(client.call().await.is_ok());
            let token = if is_access { &client.access_token } else { &client.refresh_token };
            let answer = give_back(app, &client, token).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, ""));
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_dead(&client, token).await;
            assert_eq!(give_back(app, &client, token).await.status, 200, "and again is fine");
        }
        assert!(neighbour.call().await.is_ok());
        let entries = app.audited("token_revoked").await;
        assert_eq!(entries.len(), 2, "what had ended before is not written down again");
        assert!(entries.iter().all(|entry| entry.outcome == "ok" && entry.detail()["user_id"].is_i64()));
        assert_eq!(app.count("SELECT sum(active_tokens) FROM users").await, 1);
    }

    /// RFC 7009 §2.1: the hint helps to look and decides nothing.
    /// Rows: F17
    async fn a_hint_never_keeps_a_token_alive(app) {
        for hint in ["access_token", "refresh_token", "id_token", "nonsense"] {
            for is_access in [true, false] {
                let client = app.ai_client("usage:read").await;
                let token = if is_access { &client.access_token } else { &client.refresh_token };
                let form = [("client_id", client.client_id.as_str()), ("token", token), ("token_type_hint", hint)];
                assert_eq!(revoke(app, &form).await.status, 200, "{hint}");
                assert_dead(&client, hint).await;
            }
        }
    }

    /// What can no longer be used still names its family: whoever cleans up late has cleaned up.
    /// Rows: F17
    async fn an_expired_or_rotated_token_ends_its_family_too(app) {
        let mut client = app.ai_client("usage:read").await;
        let old = client.clone();
        app.clock.advance(7200);
        assert_eq!(client.refresh().await.status, 200);
        assert_eq!(give_back(app, &client, &old.access_token).await.status, 200, "expired");
        assert_dead(&client, "by an expired access token").await;
        let mut client = app.ai_client("usage:read").await;
        let first = client.refresh_token.clone();
        client.refresh().await;
        assert_eq!(give_back(app, &client, &first).await.status, 200, "rotated");
        assert_dead(&client, "by a rotated refresh token").await;
        assert!(app.audited("reuse_alarm").await.is_empty(), "giving back is no theft");
    }

    /// Unknown is 200 like the rest; another client's stays as it is and cannot be told apart.
    /// Rows: F17
    async fn what_is_not_the_clients_own_is_left_alone(app) {
        let client = app.ai_client("usage:read").await;
        let other = app.ai_client("usage:read").await;
        let code = crate::support::ai_client::code(
            &app.member().await, &AuthorizationRequest::new(app, &client.client_id, "usage:read")).await;
        let foreign = [other.access_token.as_str(), &other.refresh_token];
        for token in ["nonsense", "pc_rt_unknown", "a.b.c", "pc_pat_x", &"x".repeat(9_000), &code]
            .into_iter().chain(foreign)
        {
            let answer = give_back(app, &client, token).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{token}");
        }
        assert!(other.call().await.is_ok() && client.call().await.is_ok());
        assert_eq!(other.present(&other.refresh_token).await.status, 200);
        assert!(AiClient::redeem(app, &client.client_id, &code).await.is_ok(), "nor is a code burned");
        assert!(app.audited("token_revoked").await.is_empty());
    }

    /// Confidential clients say who they are; whoever cannot, ends nothing.
    /// Rows: F8, F17
    async fn a_confidential_client_must_authenticate(app) {
        let browser = app.member().await;
        for method in ["client_secret_basic", "client_secret_post"] {
            let client = Confidential::register(app, method).await;
            let connected = client.connect(app, &browser, "usage:read").await;
            let form = [("token", connected.refresh_token.as_str())];
            let wrong = client.post_with("pc_cs_wrong", "/oauth/revoke", &form).await;
            assert_eq!((wrong.status, wrong.oauth_error()), (401, "invalid_client"), "{method}");
            assert!(wrong.header("www-authenticate").starts_with("Basic"), "{method}");
            let public = give_back(app, &connected, &connected.refresh_token).await;
            assert_eq!((public.status, public.oauth_error()), (401, "invalid_client"), "{method}: no secret at all");
            assert!(connected.call().await.is_ok());
            // Libraries revoke by Basic whatever they registered for the token endpoint.
            let other = Confidential { method: if method == "client_secret_basic" { "client_secret_post" } else { "client_secret_basic" }, ..client.clone() };
            assert_eq!(other.post("/oauth/revoke", &form).await.status, 200);
            assert_eq!(connected.call().await.status, 401, "{method}");
        }
    }

    /// The last token of an approval takes the approval with it: connecting again asks again.
    async fn giving_back_the_last_token_ends_the_approval(app) {
        let client = app.ai_client("usage:read").await;
        assert_eq!(app.count("SELECT count(*) FROM consents WHERE revoked_at IS NULL").await, 1);
        give_back(app, &client, &client.access_token).await;
        assert_eq!(app.count("SELECT count(*) FROM consents WHERE revoked_at IS NULL").await, 0);
        assert_eq!(app.tokens_of(MEMBER).await.len(), 1, "the row stays, with its activity");
    }
}

on_sqlite! {
    /// Rows: F17
    async fn what_is_no_revocation_is_refused_in_json(app) {
        let client = app.ai_client("usage:read").await;
        let id = client.client_id.as_str();
        for (form, status, error) in [
            (vec![("client_id", id)], 400, "invalid_request"),
            (vec![("client_id", id), ("token", "")], 400, "invalid_request"),
            (vec![("client_id", id), ("token", "a"), ("token", "b")], 400, "invalid_request"),
            (vec![("token", &client.refresh_token)], 401, "invalid_client"),
            (vec![("client_id", "nobody"), ("token", &client.refresh_token)], 401, "invalid_client"),
            (vec![], 401, "invalid_client"),
        ] {
            let answer = revoke(app, &form).await;
            assert_eq!((answer.status, answer.oauth_error()), (status, error), "{form:?}: {}", answer.text);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        for method in ["GET", "PUT", "DELETE", "HEAD"] {
            let url = format!("{}?token={}&client_id={id}", app.url("/oauth/revoke"), client.refresh_token);
            let answer = Answer::of(http().request(method.parse().unwrap(), url).send().await.unwrap()).await;
            assert_eq!(answer.status, 405, "{method}");
            assert!(answer.header("allow").contains("POST"), "{method}");
            assert!(method == "HEAD" || !answer.oauth_error().is_empty(), "{method}: {}", answer.text);
        }
        for kind in ["application/json", "text/plain", ""] {
            let body = format!(r#"{{"client_id":"{id}","token":"{}"}}"#, client.refresh_token);
            let request = http().post(app.url("/oauth/revoke")).header("Content-Type", kind).body(body);
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_request"), "{kind}");
        }
        assert!(client.call().await.is_ok(), "none of it ended anything");
    }

    /// Browser pages may give tokens back, without cookies; refusals are readable too.
    /// Rows: F22
    async fn pages_may_revoke(app) {
        let preflight = http().request(reqwest::Method::OPTIONS, app.url("/oauth/revoke"))
            .header("Origin", "https://inspector.example")
            .header("Access-Control-Request-Method", "POST").send().await.unwrap();
        assert_eq!(preflight.status(), 204);
        let client = app.ai_client("usage:read").await;
        let refused = give_back(app, &client, "").await;
        let done = give_back(app, &client, &client.access_token).await;
        for headers in [preflight.headers(), &refused.headers, &done.headers] {
            assert_eq!(headers["access-control-allow-origin"], "*");
            assert!(headers.get("access-control-allow-credentials").is_none());
        }
    }

    /// An ID token says who somebody is; it opens and ends nothing.
    async fn an_id_token_ends_nothing(app) {
        let id = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &id, "openid usage:read");
        let answer = first_answer(app, &browser, &request).await;
        let form = [("client_id", id.as_str()), ("token", answer.json["id_token"].as_str().unwrap())];
        assert_eq!(revoke(app, &form).await.status, 200);
        let refresh = answer.json["refresh_token"].as_str().unwrap();
        let form = [("client_id", id.as_str()), ("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let again = http().post(app.url("/oauth/token")).form(&form).send().await.unwrap();
        assert_eq!(again.status(), 200);
    }
}
