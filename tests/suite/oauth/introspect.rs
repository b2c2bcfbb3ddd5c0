//! What a client with a secret may learn of its own tokens (RFC 7662), and that nobody learns more.

use serde_json::json;

use super::confidential::{Confidential, first_answer};
use crate::support::ai_client::{Answer, AuthorizationRequest, REDIRECT, code, http, register};
use crate::support::{AiClient, MEMBER, TestApp, both_databases, on_sqlite};

const PATH: &str = "/oauth/introspect";

async fn ask(client: &Confidential, token: &str) -> Answer {
    let answer = client.post(PATH, &[("token", token)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-type").starts_with("application/json"));
    answer
}

/// Nothing but that it does not work (RFC 7662 §2.2): no word on why.
async fn assert_inactive(client: &Confidential, token: &str, what: &str) {
    assert_eq!(ask(client, token).await.text, r#"{"active":false}"#, "{what}");
}

async fn ready(app: &TestApp, scopes: &str) -> (Confidential, AiClient) {
    let client = Confidential::register(app, "client_secret_basic").await;
    let connected = client.connect(app, &app.member().await, scopes).await;
    (client, connected)
}

both_databases! {
    /// Rows: F18
    async fn a_working_token_of_ones_own_is_described(app) {
        for method in ["client_secret_basic", "client_secret_post"] {
            let client = Confidential::register(app, method).await;
            let connected = client.connect(app, &app.member().await, "usage:read stores:read").await;
            let now = app.clock.now().seconds();
            let told = ask(&client, &connected.access_token).await.json;
            assert_eq!(told["active"], json!(true));
            assert_eq!(told["token_type"], "Bearer");
            assert_eq!(told["scope"], "usage:read stores:read");
            assert_eq!(told["client_id"], json!(client.client_id));
            assert_eq!(told["iss"], json!(app.base));
            assert_eq!(told["aud"], json!(app.resource()));
            assert_eq!((told["iat"].as_i64(), told["exp"].as_i64()), (Some(now), Some(now + 3600)));
            assert!(told["sub"].is_string() && told["jti"].is_string());
            let refresh = ask(&client, &connected.refresh_token).await.json;
            assert_eq!(refresh["active"], json!(true));
            assert_eq!(refresh["scope"], "usage:read stores:read");
            assert_eq!((&refresh["sub"], &refresh["client_id"]), (&told["sub"], &told["client_id"]));
            assert_eq!(refresh["exp"].as_i64(), Some(now + 2_592_000));
            for answer in [&told, &refresh] {
                for secret in ["username", "email", "name", "tid"] {
                    assert!(answer.get(secret).is_none(), "{secret}");
                }
            }
            for hint in ["access_token", "refresh_token", "nonsense"] {
                let form = [("token", connected.access_token.as_str()), ("token_type_hint", hint)];
                assert_eq!(client.post(PATH, &form).await.json["active"], json!(true), "{hint}");
            }
        }
    }

    /// Rows: F18
    async fn whatever_does_not_work_is_inactive_and_no_more(app) {
        let (client, mut connected) = ready(app, "openid usage:read").await;
        let first = connected.clone();
        let refreshed = client.refresh(&first.refresh_token).await;
        connected.access_token = refreshed.json["access_token"].as_str().unwrap().to_owned();
        connected.refresh_token = refreshed.json["refresh_token"].as_str().unwrap().to_owned();
        let browser = app.member().await;
        let code = code(&browser, &AuthorizationRequest::new(app, &client.client_id, "usage:read")).await;
        for (what, token) in [
            ("nothing known", "nonsense"), ("no refresh token", "pc_rt_unknown"), ("a code", &code),
            ("a personal token", "pc_pat_unknown"), ("its own secret", &client.secret),
            ("a retired refresh token", &first.refresh_token), ("an unsigned token", "eyJhbGciOiJub25lIn0.e30."),
            ("half a token", &first.access_token[..80]),
        ] {
            assert_inactive(&client, token, what).await;
        }
        assert_eq!(ask(&client, &connected.access_token).await.json["active"], json!(true));
        app.clock.advance(3700);
        assert_inactive(&client, &connected.access_token, "expired").await;
        assert_eq!(ask(&client, &connected.refresh_token).await.json["active"], json!(true));
        app.clock.advance(40 * 86_400);
        assert_inactive(&client, &connected.refresh_token, "a family that ended by itself").await;
    }

    /// Another client's token, and one's own from everybody else's side.
    /// Rows: F18
    async fn nobody_learns_of_a_foreign_token(app) {
        let (client, own) = ready(app, "usage:read").await;
        let (_, foreign) = ready(app, "usage:read").await;
        let public = app.ai_client("usage:read").await;
        for other in [&foreign, &public] {
            assert_inactive(&client, &other.access_token, "a foreign access token").await;
            assert_inactive(&client, &other.refresh_token, "a foreign refresh token").await;
        }
        assert_eq!(ask(&client, &own.access_token).await.json["active"], json!(true));
    }

    /// Inactive on the next question, like at the gate.
    /// Rows: C20, F18
    async fn what_ends_a_token_ends_it_here_too(app) {
        let (client, connected) = ready(app, "usage:read").await;
        for (fall, rise) in [
            ("UPDATE tokens SET state = 'revoked', ended_at = 1", "UPDATE tokens SET state = 'active', ended_at = NULL"),
            ("UPDATE consents SET revoked_at = 1", "UPDATE consents SET revoked_at = NULL"),
            ("UPDATE users SET status = 'suspended'", "UPDATE users SET status = 'active'"),
            ("UPDATE users SET mcp_enabled = (1 = 0)", "UPDATE users SET mcp_enabled = (1 = 1)"),
        ] {
            app.sql(fall).await;
            for token in [&connected.access_token, &connected.refresh_token] {
                assert_inactive(&client, token, fall).await;
            }
            app.sql(rise).await;
            assert_eq!(ask(&client, &connected.access_token).await.json["active"], json!(true), "{rise}");
        }
        app.set_access(MEMBER, false).await;
        assert_inactive(&client, &connected.access_token, "switched off").await;
        app.set_access(MEMBER, true).await;
        assert_inactive(&client, &connected.refresh_token, "and nothing comes back").await;
    }

    /// Rows: F8, F18
    async fn only_clients_that_prove_who_they_are_may_ask(app) {
        let (client, connected) = ready(app, "usage:read").await;
        let public = app.ai_client("usage:read").await;
        let post = |form: Vec<(&'static str, String)>| async move {
            Answer::of(http().post(app.url(PATH)).form(&form).send().await.unwrap()).await
        };
        let token = || ("token", connected.access_token.clone());
        for (what, answer) in [
            ("nobody", post(vec![token()]).await),
            ("a public client", post(vec![token(), ("client_id", public.client_id.clone())]).await),
            ("a public client about its own",
                post(vec![("token", public.access_token.clone()), ("client_id", public.client_id.clone())]).await),
            ("without the secret", post(vec![token(), ("client_id", client.client_id.clone())]).await),
            ("a wrong secret", client.post_with("pc_cs_wrong", PATH, &[("token", &connected.access_token)]).await),
            ("the token as credential", Answer::of(http().post(app.url(PATH)).bearer_auth(&connected.access_token)
                .form(&[token()]).send().await.unwrap()).await),
        ] {
            assert_eq!((answer.status, answer.oauth_error()), (401, "invalid_client"), "{what}: {}", answer.text);
            assert!(answer.json.get("active").is_none(), "{what}");
        }
    }
}

on_sqlite! {
    /// Rows: F18
    async fn what_is_no_question_is_refused_in_json(app) {
        let (client, connected) = ready(app, "usage:read").await;
        for form in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "b")]] {
            let answer = client.post(PATH, &form).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_request"), "{form:?}");
        }
        for method in ["GET", "PUT", "DELETE"] {
            let url = format!("{}?token={}", app.url(PATH), connected.access_token);
            let answer = http().request(method.parse().unwrap(), url)
                .basic_auth(&client.client_id, Some(&client.secret)).send().await.unwrap();
            let answer = Answer::of(answer).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}");
            assert!(!answer.oauth_error().is_empty(), "{method}");
        }
        let json = http().post(app.url(PATH)).basic_auth(&client.client_id, Some(&client.secret))
            .json(&json!({ "token": connected.access_token })).send().await.unwrap();
        assert_eq!(json.status(), 400);
    }

    /// ID tokens are for the client to read, not to ask about.
    async fn an_id_token_is_not_active(app) {
        let id = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &id, "openid usage:read");
        let answer = first_answer(app, &app.member().await, &request).await;
        let client = Confidential::register(app, "client_secret_post").await;
        assert_inactive(&client, answer.json["id_token"].as_str().unwrap(), "an ID token").await;
    }
}
