//! What a client may say about pages, and when an earlier approval stands (OpenID Connect Core
//! §3.1.2.1; checklist E10, E16; contract §9 "require consent").

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::clock::Timestamp;
use serde_json::Value;

use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, VERIFIER, consent, http, redirected, register,
};
use crate::support::{ADMIN, Browser, MEMBER, PASSWORD, TestApp, both_databases, html, on_sqlite};

const ACTION: &str = "/oauth/authorize";
/// A verified client on the web, from the shipped table.
const CLAUDE: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const CLAUDE_REDIRECT: &str = "https://claude.ai/api/mcp/auth_callback";

fn of_claude(app: &TestApp, scopes: &str) -> AuthorizationRequest {
    AuthorizationRequest::new(app, CLAUDE, scopes).with("redirect_uri", CLAUDE_REDIRECT)
}

/// What the client is told without a page.
async fn told(
    browser: &Browser,
    request: &AuthorizationRequest,
) -> std::collections::BTreeMap<String, String> {
    let answer = browser.get(&request.path()).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    redirected(answer.header("location"))
}

/// The claims of the ID token that a code yields.
async fn id_claims(app: &TestApp, client: &str, redirect: &str, code: &str) -> Value {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", VERIFIER),
    ];
    let answer = http().post(app.url("/oauth/token")).form(&form).send().await.unwrap();
    let answer = Answer::of(answer).await;
    let token = answer.json["id_token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

both_databases! {
    /// A client that may show no page learns why it would need one, and nothing is granted.
    async fn prompt_none_never_shows_a_page(app) {
        let client = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &client, "usage:read").with("prompt", "none");
        let nobody = told(&app.anonymous(), &request).await;
        assert_eq!((nobody["error"].as_str(), nobody["state"].as_str()), ("login_required", "the state"));
        assert_eq!(nobody["iss"], app.base);
        let member = app.member().await;
        assert_eq!(told(&member, &request).await["error"], "consent_required");
        consent(&member, &request.clone().without("prompt"), None).await;
        assert_eq!(told(&member, &request).await["error"], "consent_required", "unless settings say otherwise");
        assert_eq!(told(&member, &request.clone().with("prompt", "none login")).await["error"], "invalid_request");
        app.set_access(MEMBER, false).await;
        assert_eq!(told(&member, &request).await["error"], "access_denied");
    }

    /// Rows: E16
    async fn an_earlier_approval_stands_only_for_the_same_verified_client_address_and_scopes(app) {
        app.set("require_consent", "no").await;
        let member = app.member().await;
        let request = of_claude(app, "usage:read stores:read");
        assert_eq!(member.get(&request.path()).await.status, 200, "the first time asks");
        consent(&member, &request, None).await;
        let again = told(&member, &request).await;
        assert!(again["code"].starts_with("pc_ac_"));
        assert_eq!(again["state"], "the state");
        let fewer = told(&member, &of_claude(app, "usage:read").with("prompt", "none")).await;
        assert!(fewer.contains_key("code"), "{fewer:?}");
        for other in [
            request.clone().with("prompt", "consent"),
            request.clone().with("prompt", "select_account"),
            of_claude(app, "usage:read contacts:search"),
            request.clone().with("redirect_uri", "https://claude.com/api/mcp/auth_callback"),
        ] {
            assert_eq!(member.get(&other.path()).await.status, 200, "{other:?}");
        }
        let other = app.anonymous();
        other.sign_in(ADMIN.email, PASSWORD).await;
        assert_eq!(other.get(&request.path()).await.status, 200, "another person");
        // Loopback, and clients that only registered themselves: always asked.
        let client = register(app, &[REDIRECT, "https://client.example/callback"]).await;
        let own = AuthorizationRequest::new(app, &client, "usage:read");
        for redirect in [REDIRECT, "https://client.example/callback"] {
            let own = own.clone().with("redirect_uri", redirect);
            consent(&member, &own, None).await;
            assert_eq!(member.get(&own.path()).await.status, 200, "{redirect}");
        }
        app.sql("UPDATE consents SET revoked_at = 1").await;
        assert_eq!(member.get(&request.path()).await.status, 200, "revoking forgets it");
        consent(&member, &request, None).await;
        app.set("require_consent", "yes").await;
        assert_eq!(member.get(&request.path()).await.status, 200, "from the next request on");
    }

    /// `max_age` and `prompt=login`: the person signs in anew, and the ID token says when.
    async fn a_sign_in_that_is_too_old_is_repeated(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "openid");
        let since = app.clock.now();
        app.clock.advance(100);
        for ask in [request.clone().with("max_age", "99"), request.clone().with("prompt", "login")] {
            let answer = browser.get(&ask.path()).await;
            let login = answer.header("location").to_owned();
            assert!(login.starts_with("/login?continue="), "{login}");
            let fields = [("email", MEMBER.email), ("password", PASSWORD)];
            let back = browser.submit(&login, "/login", &fields).await;
            let page = browser.get(back.header("location")).await;
            assert_eq!(page.status, 200, "{}", page.header("location"));
            let fields = [("decision", "authorize"), ("scope", "openid")];
            let sent = redirected(browser.send(&page, ACTION, &fields).await.header("location"));
            let claims = id_claims(app, &client, REDIRECT, &sent["code"]).await;
            assert_eq!(claims["auth_time"], app.clock.now().seconds());
            app.clock.advance(100);
        }
        let silent = request.clone().with("prompt", "none").with("max_age", "10");
        assert_eq!(told(&browser, &silent).await["error"], "login_required");
        assert!(app.clock.now() > since.plus_seconds(200));
        let young = browser.get(&request.clone().with("max_age", "1000").path()).await;
        assert_eq!(young.status, 200);
        let bad = request.with("max_age", "soon");
        assert_eq!(told(&browser, &bad).await["error"], "invalid_request");
    }

    /// A person who leaves "stay connected" unticked is taken at their word; a client that never
    /// asked for `offline_access` stays connected as clients expect.
    async fn staying_connected_can_be_refused(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read offline_access");
        let code = redirected(&consent(&browser, &request, Some("usage:read")).await).remove("code").unwrap();
        let connected = crate::support::AiClient::redeem(app, &client, &code).await.unwrap();
        assert_eq!((connected.refresh_token.as_str(), connected.scope.as_str()), ("", "usage:read"));
        assert!(connected.call().await.is_ok());
        let end: Timestamp = app.tokens_of(MEMBER).await[0].expires_at;
        assert_eq!(end, app.clock.now().plus_seconds(3600), "the grid shows when it ends");
        app.clock.advance(3600);
        assert_eq!(connected.call().await.status, 401);
    }

    /// Step-up: asking for one scope more ends with the union; unticking what was asked for again
    /// withdraws it.
    /// Rows: C16
    async fn consenting_to_more_keeps_what_was_approved_before(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let first = consent(&browser, &AuthorizationRequest::new(app, &client, "usage:read"), None).await;
        let first = crate::support::AiClient::redeem(app, &client, &redirected(&first)["code"]).await.unwrap();
        let refused = first.call_tool("list_taxonomy", serde_json::json!({})).await;
        assert_eq!(refused.status, 403);
        let wanted = crate::support::ai_client::challenge(refused.header("www-authenticate")).remove("scope").unwrap();
        let more = consent(&browser, &AuthorizationRequest::new(app, &client, &wanted), None).await;
        let wider = crate::support::AiClient::redeem(app, &client, &redirected(&more)["code"]).await.unwrap();
        assert_eq!(wider.scope, "usage:read stores:read");
        assert!(wider.call_tool("list_taxonomy", serde_json::json!({})).await.is_ok());
        assert!(wider.call().await.is_ok());
        // A client that names only what is new does not lose what it had.
        consent(&browser, &AuthorizationRequest::new(app, &client, "contacts:search"), None).await;
        assert!(wider.call().await.is_ok() && first.call().await.is_ok());
        assert_eq!(app.count("SELECT count(*) FROM consents WHERE scopes = 'usage:read stores:read contacts:search'").await, 1);
        consent(&browser, &AuthorizationRequest::new(app, &client, "usage:read stores:read"), Some("stores:read")).await;
        assert_eq!(first.call().await.status, 403, "withdrawn, from the next request on");
    }

    /// Contract §6: a suspended person learns whom to ask, and the client can be told.
    async fn a_suspended_person_connects_nothing(app) {
        let client = register(app, &[REDIRECT]).await;
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", MEMBER.email)).await;
        let browser = app.anonymous();
        let answer = browser.get(&AuthorizationRequest::new(app, &client, "usage:read").path()).await;
        let login = answer.header("location").to_owned();
        let page = browser.submit(&login, "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        assert_eq!(page.status, 403);
        assert!(html::text(&page.text).contains(ADMIN.name), "whom to ask");
        assert!(page.text.contains("error=access_denied"), "the way back for the client");
        let page = browser.submit(&login, "/login", &[("email", MEMBER.email), ("password", "wrong wrong")]).await;
        assert!(page.status == 400 && !html::text(&page.text).contains("suspended"));
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
    }
}

on_sqlite! {
    /// OpenID Connect Core §6: what is not offered is said so.
    async fn request_objects_are_refused_by_name(app) {
        let client = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &client, "openid");
        let browser = app.member().await;
        let object = told(&browser, &request.clone().with("request", "eyJ.x.y")).await;
        assert_eq!(object["error"], "request_not_supported");
        let reference = told(&browser, &request.with("request_uri", "https://client.example/r")).await;
        assert_eq!(reference["error"], "request_uri_not_supported");
    }
}
