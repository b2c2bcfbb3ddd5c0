//! Who presents a code or token, in every spelling that the standards allow (OAuth 2.1 §2.4), and
//! what the token endpoint never reads.

use serde_json::json;

use super::confidential::Confidential;
use crate::support::ai_client::{
    Answer, AuthorizationRequest, CHALLENGE, REDIRECT, VERIFIER, code, http, register,
};
use crate::support::database::Backend;
use crate::support::{AiClient, TestApp, both_databases, on_sqlite};

/// Every byte as `%XX`: the longest spelling of form encoding.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn token(app: &TestApp, form: &[(&str, &str)]) -> Answer {
    Answer::of(http().post(app.url("/oauth/token")).form(form).send().await.unwrap()).await
}

both_databases! {
    /// RFC 6749 §2.3.1: both halves of Basic are form-encoded; most clients have nothing to encode.
    /// Rows: F8
    async fn basic_credentials_are_form_decoded(app) {
        let client = Confidential::register(app, "client_secret_basic").await;
        let mut connected = client.connect(app, &app.member().await, "usage:read").await;
        let (id, secret) = (client.client_id.as_str(), client.secret.as_str());
        for (user, password, status) in [
            (id.to_owned(), secret.to_owned(), 200),
            (encoded(id), encoded(secret), 200),
            (encoded(id), secret.to_owned(), 200),
            (id.to_owned(), format!("{secret}%20"), 401),
            (id.to_owned(), format!("{secret}+"), 401),
            (id.to_owned(), encoded(&encoded(secret)), 401),
            (id.to_owned(), secret.to_uppercase(), 401),
            (id.to_owned(), secret[..secret.len() - 1].to_owned(), 401),
            (id.to_owned(), String::new(), 401),
            (String::new(), secret.to_owned(), 401),
        ] {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &connected.refresh_token)];
            let request = http().post(app.url("/oauth/token")).basic_auth(&user, Some(&password)).form(&form);
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(answer.status, status, "{user} {password}: {}", answer.text);
            if status == 200 {
                connected.refresh_token = answer.json["refresh_token"].as_str().unwrap().to_owned();
            } else {
                assert_eq!(answer.oauth_error(), "invalid_client");
                assert!(answer.header("www-authenticate").starts_with("Basic realm="));
            }
        }
    }

    /// A name beside Basic is no second method, as long as it is the same; a public client has no secret.
    /// Rows: F8
    async fn one_way_of_authenticating_at_a_time(app) {
        let client = Confidential::register(app, "client_secret_basic").await;
        let connected = client.connect(app, &app.member().await, "usage:read").await;
        let refresh = connected.refresh_token.as_str();
        let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let public = app.ai_client("usage:read").await;
        for (what, form, basic, status, error) in [
            ("both", vec![("client_id", client.client_id.as_str()), ("client_secret", &client.secret)], true, 400, "invalid_request"),
            ("only the secret twice", vec![("client_secret", client.secret.as_str())], true, 400, "invalid_request"),
            ("two names", vec![("client_id", public.client_id.as_str())], true, 400, "invalid_request"),
            ("a public client with a secret", vec![("client_id", public.client_id.as_str()), ("client_secret", "x")], false, 401, "invalid_client"),
            ("an assertion", vec![("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", "a.b.c")], false, 401, "invalid_client"),
        ] {
            let whole: Vec<_> = grant.iter().copied().chain(form).collect();
            let mut request = http().post(app.url("/oauth/token")).form(&whole);
            if basic {
                request = request.basic_auth(&client.client_id, Some(&client.secret));
            }
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.oauth_error()), (status, error), "{what}: {}", answer.text);
        }
        let headers = http().post(app.url("/oauth/token")).form(&grant).basic_auth(&client.client_id, Some(&client.secret)).basic_auth("other", Some("x"));
        let answer = Answer::of(headers.send().await.unwrap()).await;
        assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_request"), "two headers: {}", answer.text);
        let form = [("client_id", client.client_id.as_str())];
        let whole: Vec<_> = grant.iter().copied().chain(form).collect();
        assert_eq!(client.post("/oauth/token", &whole).await.status, 200, "and none of it used the token up");
    }

    /// OAuth 2.1 §4.1.3, BCP §4.8.2: a code whose challenge was lost is no code for anybody.
    /// Rows: F7
    async fn a_verifier_never_answers_a_missing_challenge(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        for (challenge, verifier) in [("", VERIFIER), ("", ""), (VERIFIER, VERIFIER), (CHALLENGE, CHALLENGE)] {
            let code = code(&browser, &AuthorizationRequest::new(app, &client, "usage:read")).await;
            app.sql(format!("UPDATE authorization_codes SET code_challenge = '{challenge}' WHERE used_at IS NULL")).await;
            let answer = token(app, &[("grant_type", "authorization_code"), ("client_id", &client),
                ("code", &code), ("code_verifier", verifier)]).await;
            assert_eq!(answer.status, 400, "{challenge} {verifier}: {}", answer.text);
            assert!(["invalid_grant", "invalid_request"].contains(&answer.oauth_error()));
        }
        assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
    }

    /// claude.ai registers again when it is told so; the page tells the person.
    /// Rows: F9
    async fn a_removed_registration_is_told_as_such(app) {
        let client = register(app, &[REDIRECT]).await;
        let form = [("grant_type", "refresh_token"), ("client_id", client.as_str()), ("refresh_token", "pc_rt_x")];
        assert_eq!(token(app, &form).await.oauth_error(), "invalid_grant", "while it is there");
        app.clock.advance(31 * 86_400);
        portcullis::jobs::run_all(&app.ctx).await;
        let answer = token(app, &form).await;
        assert_eq!((answer.status, answer.oauth_error()), (401, "invalid_client"));
        let page = app.member().await.get(&AuthorizationRequest::new(app, &client, "usage:read").path()).await;
        assert_eq!((page.status, page.header("location")), (400, ""));
    }
}

on_sqlite! {
    /// Secrets in an address end up in logs: what is not in the body was not sent.
    /// Rows: F1
    async fn nothing_is_read_from_the_address(app) {
        let client = app.ai_client("usage:read").await;
        let query = format!("grant_type=refresh_token&client_id={}&refresh_token={}", client.client_id, client.refresh_token);
        for path in ["/oauth/token", "/oauth/revoke"] {
            let request = http().post(format!("{}?{query}", app.url(path)))
                .header("Content-Type", "application/x-www-form-urlencoded").body("");
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert!([400, 401].contains(&answer.status), "{path}: {}", answer.text);
        }
        let kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8";
        let answer = http().post(app.url("/oauth/token")).header("Content-Type", kind).body(query).send().await.unwrap();
        assert_eq!(answer.status(), 200, "and the same in the body, whatever the spelling of its type");
    }

    /// RFC 8707 §2: our own resource as often as one likes, and in every usual spelling.
    /// Rows: F6, F14
    async fn the_resource_is_judged_at_every_exchange(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let own = app.resource();
        let slash = format!("{own}/");
        for (resources, good) in [
            (vec![own.as_str()], true),
            (vec![&own, &slash], true),
            (vec![&own, "https://elsewhere.example/mcp"], false),
            (vec![&app.base], false),
            (vec!["nonsense"], false),
        ] {
            let code = code(&browser, &AuthorizationRequest::new(app, &client, "usage:read")).await;
            let mut form = vec![("grant_type", "authorization_code"), ("client_id", client.as_str()),
                ("code", code.as_str()), ("code_verifier", VERIFIER)];
            form.extend(resources.iter().map(|resource| ("resource", *resource)));
            let answer = token(app, &form).await;
            if !good {
                assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_target"), "{resources:?}");
                continue;
            }
            assert_eq!(answer.status, 200, "{resources:?}: {}", answer.text);
            let refresh = answer.json["refresh_token"].as_str().unwrap();
            let mut form = vec![("grant_type", "refresh_token"), ("client_id", client.as_str()), ("refresh_token", refresh)];
            form.extend(resources.iter().map(|resource| ("resource", *resource)));
            assert_eq!(token(app, &form).await.status, 200, "{resources:?}");
        }
    }

    /// Confidential clients' refresh tokens rotate like everybody's, and are theirs alone.
    /// Rows: F10, F14
    async fn a_confidential_clients_refresh_token_is_its_own(app) {
        let browser = app.member().await;
        let (one, two) = (Confidential::register(app, "client_secret_post").await, Confidential::register(app, "client_secret_post").await);
        let connected = one.connect(app, &browser, "usage:read").await;
        assert_eq!(two.refresh(&connected.refresh_token).await.oauth_error(), "invalid_grant");
        assert_eq!(connected.present(&connected.refresh_token).await.oauth_error(), "invalid_client", "without its secret");
        let answer = one.refresh(&connected.refresh_token).await;
        assert_eq!(answer.status, 200);
        assert_ne!(answer.json["refresh_token"], json!(connected.refresh_token));
    }
}

/// One address that guesses does not shut the others out.
/// Rows: F21
#[actix_web::test]
async fn guessing_slows_down_one_address_only() {
    let app = TestApp::on(Backend::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let client = app.ai_client("usage:read").await;
    let present = |client: AiClient, address: &'static str, token: String| async move {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &client.client_id),
            ("refresh_token", &token),
        ];
        let request = client.http.post(format!("{}/oauth/token", client.base)).form(&form);
        Answer::of(request.header("X-Forwarded-For", address).send().await.unwrap()).await
    };
    for _ in 0..100 {
        let answer = present(client.clone(), "192.0.2.7", "pc_rt_guess".into()).await;
        assert_eq!(answer.status, 400);
    }
    let refused = present(client.clone(), "192.0.2.7", "pc_rt_guess".into()).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert!((1..=60).contains(&refused.header("retry-after").parse::<i64>().unwrap()));
    assert!(refused.json["error"].is_string() && refused.header("cache-control") == "no-store");
    let other = present(client.clone(), "192.0.2.8", "pc_rt_guess".into()).await;
    assert_eq!(other.status, 400, "{}", other.text);
    let neighbour = app.ai_client("usage:read").await;
    let shared = present(neighbour.clone(), "192.0.2.7", neighbour.refresh_token.clone()).await;
    assert_eq!(shared.status, 200, "another client behind the same address: {}", shared.text);
    app.stop().await;
}

/// All people of a hosted client share its id and its addresses: what others guess keeps nobody from
/// connecting, from going on, or from revoking.
/// Rows: F21
#[actix_web::test]
async fn guessing_keeps_nobody_out_who_has_the_right_one() {
    let app = TestApp::sqlite().await;
    let mut client = app.ai_client("usage:read").await;
    let request = AuthorizationRequest::new(&app, &client.client_id, "usage:read");
    let code = code(&app.member().await, &request).await;
    for _ in 0..120 {
        client.present("pc_rt_guess").await;
    }
    assert_eq!(client.present("pc_rt_guess").await.status, 429);
    assert!(AiClient::redeem(&app, &client.client_id, &code).await.is_ok());
    assert_eq!(client.refresh().await.status, 200);
    let form = [("token", client.refresh_token.as_str()), ("client_id", &client.client_id)];
    let revoked = client.http.post(app.url("/oauth/revoke")).form(&form).send().await.unwrap();
    assert_eq!(revoked.status(), 200);
    assert_eq!(client.call().await.status, 401);
    app.stop().await;
}

/// RFC 6749 §2.3.1: every endpoint that takes a secret slows down guessing, and they count together.
/// Rows: F21
#[actix_web::test]
async fn no_endpoint_is_a_side_door_for_guessing() {
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        let app = TestApp::sqlite().await;
        let client = Confidential::register(&app, "client_secret_basic").await;
        let form = [("token", "x"), ("grant_type", "refresh_token"), ("refresh_token", "x")];
        let mut failures = 0;
        let refused = loop {
            let answer = client.post_with("pc_cs_guess", path, &form).await;
            if answer.status != 401 {
                break answer;
            }
            failures += 1;
            assert!(failures < 500, "{path}");
        };
        assert_eq!((failures, refused.status), (100, 429), "{path}: {}", refused.text);
        for other in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
            let right = client.post(other, &form).await;
            assert_eq!(right.status, 429, "{path}, then {other}");
            assert!((1..=60).contains(&right.header("retry-after").parse::<i64>().unwrap()));
        }
        app.clock.advance(61);
        assert_eq!(client.post("/oauth/introspect", &form).await.status, 200);
        app.stop().await;
    }
}
