//! `GET /oauth/authorize`: what is shown, what is sent back, what is neither (checklist E1 to E12).

use crate::support::ai_client::{
    AuthorizationRequest, CHALLENGE, REDIRECT, consent, redirected, register,
};
use crate::support::{TestApp, html, on_sqlite};

/// Where the browser of a signed-in member is sent, or the page it sees instead.
async fn error_of(app: &TestApp, request: &AuthorizationRequest) -> (u16, String, Option<String>) {
    let page = app.anonymous().get(&request.path()).await;
    let location = page.header("location").to_owned();
    if location.is_empty() || location.starts_with('/') {
        return (page.status, location, None);
    }
    let told = redirected(&location);
    assert_eq!(told["iss"], app.base, "E5");
    (page.status, location.clone(), told.get("error").cloned())
}

on_sqlite! {
    /// E1, E2, E3.
    /// Rows: E1, E2, E3
    async fn redirect_uris_match_exactly_but_for_the_port_of_loopback(app) {
        let client = register(app, &[
            "https://a.example/cb", "https://b.example/cb?x=1", "http://127.0.0.1:4711/callback",
            "http://localhost/callback", "http://[::1]/callback", "cursor://anysphere.cursor-mcp/oauth/callback",
        ]).await;
        for (uri, good) in [
            ("https://a.example/cb", true),
            ("https://b.example/cb?x=1", true),
            ("http://127.0.0.1:4711/callback", true),
            ("http://127.0.0.1:1/callback", true),
            ("http://127.0.0.1/callback", true),
            ("http://localhost:65535/callback", true),
            ("http://[::1]:9/callback", true),
            ("cursor://anysphere.cursor-mcp/oauth/callback", true),
            ("https://a.example/CB", false),
            ("https://A.example/cb", false),
            ("https://a.example/cb/", false),
            ("https://a.example/cb?x=1", false),
            ("https://a.example/cb/more", false),
            ("https://a.example:443/cb", false),
            ("https://sub.a.example/cb", false),
            ("https://a.example.evil.example/cb", false),
            ("https://a.example@evil.example/cb", false),
            ("https://a.example/%63b", false),
            ("http://a.example/cb", false),
            ("https://b.example/cb", false),
            ("https://b.example/cb?x=1&y=2", false),
            ("https://127.0.0.1:4711/callback", false),
            ("http://127.0.0.1:4711/callback/", false),
            ("http://127.0.0.1:4711/callback#x", false),
            ("http://127.0.0.2:4711/callback", false),
            ("http://localhost:1/Callback", false),
            ("http://localhost:1@evil.example/callback", false),
            ("http://localhost:99999/callback", false),
            ("cursor://anysphere.cursor-mcp:1/oauth/callback", false),
            ("cursor://other/oauth/callback", false),
            ("javascript:alert(1)", false),
        ] {
            let request = AuthorizationRequest::new(app, &client, "usage:read").with("redirect_uri", uri);
            let page = app.anonymous().get(&request.path()).await;
            if good {
                assert_eq!(page.status, 303, "{uri}");
                assert!(page.header("location").starts_with("/login?continue="));
            } else {
                assert_eq!((page.status, page.header("location")), (400, ""), "{uri}");
                assert!(!page.text.contains("evil.example"), "E4: nothing is reflected");
            }
        }
    }

    /// E4: a page, and nowhere to go.
    /// Rows: E4, E9
    async fn an_unknown_program_is_never_redirected_to(app) {
        let client = register(app, &[REDIRECT]).await;
        let good = AuthorizationRequest::new(app, &client, "usage:read");
        for request in [
            good.clone().with("client_id", "nobody"),
            good.clone().with("client_id", "\"><script>alert(1)</script>"),
            good.clone().without("client_id"),
            good.clone().without("redirect_uri"),
            good.clone().with("redirect_uri", ""),
            good.clone().also("client_id", "another"),
            good.clone().also("redirect_uri", "https://evil.example/cb"),
        ] {
            let page = app.anonymous().get(&request.path()).await;
            assert_eq!((page.status, page.header("location")), (400, ""), "{request:?}");
            assert!(!page.text.contains("<script>alert"));
            assert!(page.text.contains(page.header("x-request-id")), "the page names the request");
        }
    }

    /// An address that an earlier version let in and this one would refuse is nobody's: it gets no
    /// error either.
    async fn an_address_that_could_not_be_registered_today_gets_nothing(app) {
        let client = register(app, &[REDIRECT]).await;
        app.sql(format!("UPDATE clients SET redirect_uris = 'ms-msdt:x' WHERE client_id = '{client}'")).await;
        let good = AuthorizationRequest::new(app, &client, "usage:read").with("redirect_uri", "ms-msdt:x");
        let browser = app.member().await;
        for request in [good.clone(), good.clone().with("response_type", "no"), good.clone().with("prompt", "none")] {
            for browser in [&app.anonymous(), &browser] {
                let page = browser.get(&request.path()).await;
                assert_eq!((page.status, page.header("location")), (400, ""), "{request:?}");
                assert!(html::text(&page.text).contains("has not registered"), "{}", page.text);
            }
        }
    }

    /// E5, E6, E7, E9, E11: everything else goes back to the client, with state and issuer.
    /// Rows: E5, E6, E7, E9, E10, E11
    async fn other_mistakes_go_back_to_the_client(app) {
        let client = register(app, &[REDIRECT]).await;
        let good = AuthorizationRequest::new(app, &client, "usage:read");
        let slash = format!("{}/", app.resource());
        for (request, error) in [
            (good.clone().without("code_challenge"), "invalid_request"),
            (good.clone().without("code_challenge_method"), "invalid_request"),
            (good.clone().with("code_challenge_method", "plain"), "invalid_request"),
            (good.clone().with("code_challenge_method", "s256"), "invalid_request"),
            (good.clone().with("code_challenge", &CHALLENGE[1..]), "invalid_request"),
            (good.clone().with("code_challenge", &format!("{CHALLENGE}a")), "invalid_request"),
            (good.clone().with("code_challenge", &CHALLENGE.replace('-', "+")), "invalid_request"),
            (good.clone().without("response_type"), "invalid_request"),
            (good.clone().with("response_type", "token"), "unsupported_response_type"),
            (good.clone().with("response_type", "code token"), "unsupported_response_type"),
            (good.clone().with("response_type", "id_token"), "unsupported_response_type"),
            (good.clone().with("response_mode", "fragment"), "invalid_request"),
            (good.clone().with("response_mode", "form_post"), "invalid_request"),
            (good.clone().also("state", "b"), "invalid_request"),
            (good.clone().also("scope", "stores:read"), "invalid_request"),
            (good.clone().also("code_challenge", CHALLENGE), "invalid_request"),
            (good.clone().with("resource", "https://elsewhere.example/mcp"), "invalid_target"),
            (good.clone().with("resource", &app.base), "invalid_target"),
            (good.clone().also("resource", "https://elsewhere.example/mcp"), "invalid_target"),
            (good.clone().with("resource", "not a URI"), "invalid_target"),
            (good.clone().with("scope", "everything"), "invalid_scope"),
            (good.clone().with("scope", "offline_access"), "invalid_scope"),
        ] {
            let (status, location, told) = error_of(app, &request).await;
            assert_eq!((status, told.as_deref()), (303, Some(error)), "{request:?} → {location}");
            assert!(location.starts_with(REDIRECT));
            assert!(!location.contains("code="));
            if error != "invalid_request" || !request.0.iter().any(|(name, value)| name == "state" && value == "b") {
                assert_eq!(redirected(&location)["state"], "the state");
            }
        }
        for request in [
            good.clone(),
            good.clone().with("resource", &slash),
            good.clone().with("resource", &app.resource().replace("http://", "HTTP://")),
            good.clone().also("resource", &app.resource()),
            good.clone().without("resource"),
            good.clone().with("response_mode", "query"),
            good.clone().without("state"),
            // E10.
            good.clone().with("prompt", "consent").with("claims", "{}").with("nonce", "n")
                .with("login_hint", "a@example.com").with("access_type", "offline").with("unknown", "x"),
        ] {
            let page = app.anonymous().get(&request.path()).await;
            assert!(page.header("location").starts_with("/login?continue="), "{request:?}: {}", page.text);
        }
    }

    /// E17: one policy: what is not known is left out; nothing asked for means the default.
    /// Rows: E17
    async fn unknown_scopes_are_left_out(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let boxes = |page: &str| html::boxes(page, "scope").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let request = AuthorizationRequest::new(app, &client, "usage:read claudeai  everything stores:read");
        let page = browser.get(&request.path()).await;
        assert_eq!(boxes(&page.text), ["usage:read", "stores:read"]);
        let page = browser.get(&request.without("scope").path()).await;
        assert!(!boxes(&page.text).contains(&"contacts:reveal".to_owned()), "never by default");
        assert!(!boxes(&page.text).is_empty());
    }

    /// E8: byte for byte, once, also beside a query of its own.
    /// Rows: E8
    async fn the_answer_has_code_state_and_issuer(app) {
        let own = "https://a.example/cb?tenant=7&x=%26";
        let client = register(app, &[own]).await;
        let browser = app.member().await;
        let state = format!("{}+%&= /?#é\u{1f511}\"'<>", "s".repeat(480));
        let request = AuthorizationRequest::new(app, &client, "usage:read")
            .with("redirect_uri", own).with("state", &state);
        let location = consent(&browser, &request, None).await;
        assert!(location.starts_with(&format!("{own}&")), "{location}");
        let pairs: Vec<(String, String)> = url::Url::parse(&location).unwrap().query_pairs().into_owned().collect();
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["tenant", "x", "code", "state", "iss"]);
        assert_eq!(pairs[3].1, state);
        assert_eq!(pairs[4].1, app.base);
        assert!(pairs[2].1.starts_with("pc_ac_"));
        let long = AuthorizationRequest::new(app, &client, "usage:read")
            .with("redirect_uri", own).with("state", &"s".repeat(5000));
        let page = browser.get(&long.path()).await;
        assert_eq!(redirected(page.header("location"))["error"], "invalid_request");
    }

    /// E12: looking grants nothing, however often and by whatever method.
    /// Rows: E12
    async fn looking_grants_nothing(app) {
        let client = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &client, "usage:read");
        let browser = app.member().await;
        for _ in 0..2 {
            app.anonymous().get(&request.path()).await;
            browser.get(&request.path()).await;
            browser.request("HEAD", &request.path()).send().await.unwrap();
            browser.request("GET", &request.path()).header("Sec-Purpose", "prefetch").send().await.unwrap();
        }
        for table in ["consents", "authorization_codes", "tokens"] {
            assert_eq!(app.count(format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
        }
        let anonymous = app.anonymous().get(&request.path()).await;
        assert!(!anonymous.text.contains("mia@"), "nobody's data without a session");
    }
}
