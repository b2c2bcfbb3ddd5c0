//! `POST /oauth/authorize`: the decision (checklist E13 to E23; SECURITY-CHECKLIST §2, 10.7 and 3.x).

use serde_json::json;

use crate::support::ai_client::{
    AuthorizationRequest, REDIRECT, code, consent, redirected, register,
};
use crate::support::browser::Page;
use crate::support::database::Backend;
use crate::support::{
    ADMIN, AiClient, Browser, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

const ACTION: &str = "/oauth/authorize";

async fn shown(app: &TestApp, browser: &Browser, scopes: &str) -> Page {
    let client = register(app, &[REDIRECT]).await;
    let page = browser.get(&AuthorizationRequest::new(app, &client, scopes).path()).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page
}

fn field(page: &Page, name: &str) -> String {
    page.hidden(ACTION).into_iter().find(|(known, _)| known == name).unwrap().1
}

both_databases! {
    /// E22: a denial is told, with state and issuer, and leaves nothing behind.
    /// Rows: E21, E22
    async fn deny_goes_back_as_access_denied(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read").await;
        let answer = browser.send(&page, ACTION, &[("decision", "deny"), ("scope", "usage:read")]).await;
        let told = redirected(answer.header("location"));
        assert_eq!((answer.status, told["error"].as_str()), (303, "access_denied"), "E21");
        assert_eq!((told["state"].as_str(), told["iss"].as_str()), ("the state", app.base.as_str()));
        assert!(!told.contains_key("code"));
        assert_eq!(app.count("SELECT count(*) FROM consents").await, 0);
        let entries = app.audited("consent_decided").await;
        assert_eq!((entries.len(), entries[0].outcome.as_str(), entries[0].actor.as_str()), (1, "denied", MEMBER.email));
    }

    /// E13, E22: used up by the first decision.
    /// Rows: E13, E22
    async fn a_decision_counts_once(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read").await;
        let fields = [("decision", "authorize"), ("scope", "usage:read")];
        assert_eq!(browser.send(&page, ACTION, &fields).await.status, 303);
        for fields in [fields, [("decision", "deny"), ("scope", "usage:read")]] {
            let again = browser.send(&page, ACTION, &fields).await;
            assert_eq!((again.status, again.header("location")), (409, ""));
        }
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 1);
    }

    /// Rows: E13, E22
    async fn of_many_parallel_decisions_one_counts(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read").await;
        let fields = [("decision", "authorize"), ("scope", "usage:read")];
        let answers = futures_util::future::join_all(
            (0..10).map(|_| browser.send(&page, ACTION, &fields))).await;
        let codes = answers.iter().filter(|answer| answer.header("location").contains("code=")).count();
        assert_eq!(codes, 1);
        assert!(answers.iter().all(|answer| [303, 409].contains(&answer.status)));
    }

    /// E13: the handle belongs to this person in this session, and ends.
    /// Rows: E13
    async fn a_request_can_be_decided_only_where_it_was_shown(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read").await;
        let handle = field(&page, "handle");
        for other in [app.signed_in(OTHER).await, app.member().await] {
            let own = field(&shown(app, &other, "usage:read").await, "csrf");
            let fields = [("csrf", own.as_str()), ("handle", &handle), ("decision", "authorize"), ("scope", "usage:read")];
            let answer = other.post(ACTION, &fields).await;
            assert_eq!((answer.status, answer.header("location")), (409, ""), "another session, even of the same person");
        }
        app.clock.advance(901);
        let late = browser.send(&page, ACTION, &[("decision", "authorize"), ("scope", "usage:read")]).await;
        assert_eq!(late.status, 409, "too old");
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
    }

    /// RFC 9700 §4.1.3: an address that was taken away while somebody decided gets no code.
    async fn an_address_that_is_no_longer_registered_gets_nothing(app) {
        let client = register(app, &[REDIRECT, "https://lost.example/cb"]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read").with("redirect_uri", "https://lost.example/cb");
        let stranger = app.anonymous();
        let waiting = stranger.get(&request.path()).await.header("location").to_owned();
        let open = browser.get(&request.path()).await;
        assert_eq!(open.status, 200);
        app.sql(format!("UPDATE clients SET redirect_uris = '{REDIRECT}' WHERE client_id = '{client}'")).await;
        let answer = browser.send(&open, ACTION, &[("decision", "authorize"), ("scope", "usage:read")]).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""));
        assert!(html::text(&answer.text).contains("has not registered"));
        let parked = waiting.trim_start_matches("/login?");
        assert_eq!(browser.get(&format!("{ACTION}?{parked}")).await.status, 400);
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
    }

    /// Contract §6: disabled or suspended people cannot complete the flow.
    async fn a_disabled_person_connects_nothing(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read");
        let open = browser.get(&request.path()).await;
        app.set_access(MEMBER, false).await;
        let page = browser.get(&request.path()).await;
        assert_eq!(page.status, 403);
        let text = html::text(&page.text);
        assert!(text.contains(ADMIN.name), "whom to ask: {text}");
        assert!(page.text.contains("error=access_denied"), "and the way back for the client");
        let answer = browser.send(&open, ACTION, &[("decision", "authorize"), ("scope", "usage:read")]).await;
        assert_eq!(redirected(answer.header("location"))["error"], "access_denied", "decided on an open page");
        assert_eq!(app.count("SELECT count(*) FROM consents").await, 0);
    }

    /// E17: less than was asked for is what is granted, and said.
    /// Rows: E17
    async fn fewer_scopes_than_asked_for_can_be_granted(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read stores:read contacts:search");
        let location = consent(&browser, &request, Some("usage:read")).await;
        let code = redirected(&location).remove("code").unwrap();
        let connected = AiClient::redeem(app, &client, &code).await.unwrap();
        assert_eq!(connected.scope, "usage:read");
        assert_eq!(connected.call_tool("list_taxonomy", json!({})).await.status, 403);
    }

    /// Denied and then authorized, or the other way round: the first counts.
    /// Rows: E22
    async fn the_first_decision_counts_whatever_comes_after(app) {
        let browser = app.member().await;
        for (first, second, codes) in [("deny", "authorize", 0), ("authorize", "deny", 1)] {
            let page = shown(app, &browser, "usage:read").await;
            let answer = browser.send(&page, ACTION, &[("decision", first), ("scope", "usage:read")]).await;
            assert_eq!(answer.header("location").contains("code="), first == "authorize");
            let late = browser.send(&page, ACTION, &[("decision", second), ("scope", "usage:read")]).await;
            assert_eq!((late.status, late.header("location")), (409, ""));
            assert!(html::text(&late.text).contains("answered already"), "and says so");
            assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, codes);
        }
        assert_eq!(app.audited("consent_decided").await.len(), 2);
    }

    /// Contract §6: revoking deletes the remembered approval, and reconnecting asks again.
    /// Rows: E16
    async fn every_connection_is_asked_for(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read");
        code(&browser, &request).await;
        // E16: neither an earlier approval nor a cookie skips the page.
        let page = browser.get(&request.path()).await;
        assert_eq!((page.status, page.header("location")), (200, ""));
        let elsewhere = browser.get(&request.with("redirect_uri", "http://127.0.0.1:9/callback").path()).await;
        assert_eq!(elsewhere.status, 200);
        assert_eq!(app.count("SELECT count(*) FROM consents WHERE revoked_at IS NULL").await, 1);
    }
}

on_sqlite! {
    /// E13: the form token, and the browser's own word on who sent the form.
    /// Rows: E13
    async fn a_form_from_elsewhere_is_refused(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read").await;
        let (csrf, handle) = (field(&page, "csrf"), field(&page, "handle"));
        let other = field(&shown(app, &app.signed_in(OTHER).await, "usage:read").await, "csrf");
        for token in ["", "nonsense", &other, &handle] {
            let fields = [("csrf", token), ("handle", &handle), ("decision", "authorize"), ("scope", "usage:read")];
            assert_eq!(browser.post(ACTION, &fields).await.status, 403, "{token}");
        }
        let fields = [("csrf", csrf.as_str()), ("handle", &handle), ("decision", "authorize"), ("scope", "usage:read")];
        let foreign = browser.request("POST", ACTION).header("Sec-Fetch-Site", "cross-site").form(&fields);
        assert_eq!(foreign.send().await.unwrap().status(), 403);
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
        assert_eq!(browser.post(ACTION, &fields).await.status, 303, "the right one still works");
    }

    /// E13: the handle is the request. Changed, borrowed, of a parked request or of another form, it
    /// is nothing; and a wrong try leaves the right one as it was.
    /// Rows: E13
    async fn a_handle_is_exactly_the_one_of_the_page(app) {
        let client = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &client, "usage:read");
        let login = app.anonymous().get(&request.path()).await.header("location").to_owned();
        let parked = login.split_once("continue=").unwrap().1.to_owned();
        let browser = app.member().await;
        let page = browser.get(&request.path()).await;
        let (csrf, handle) = (field(&page, "csrf"), field(&page, "handle"));
        let stolen = shown(app, &app.signed_in(OTHER).await, "usage:read contacts:reveal").await;
        let stolen = field(&stolen, "handle");
        let cut = handle[..handle.len() - 1].to_owned();
        let turned = handle.chars().rev().collect::<String>();
        let upper = handle.to_uppercase();
        let blank = format!("{handle} ");
        for wrong in ["", "nonsense", "' OR 1=1 --", &parked, &stolen, &cut, &turned, &upper, &blank, &csrf] {
            let fields = [("csrf", csrf.as_str()), ("handle", wrong), ("decision", "authorize"), ("scope", "usage:read")];
            let answer = browser.post(ACTION, &fields).await;
            assert_eq!((answer.status, answer.header("location")), (409, ""), "{wrong}");
        }
        let twice = [("csrf", csrf.as_str()), ("handle", &handle), ("handle", &stolen), ("decision", "authorize"), ("scope", "usage:read")];
        let answer = browser.post(ACTION, &twice).await;
        assert!([400, 409].contains(&answer.status) && answer.header("location").is_empty(), "{}", answer.status);
        let address = format!("{ACTION}?handle={handle}&decision=authorize&scope=usage:read");
        let answer = browser.post(&address, &[("csrf", csrf.as_str())]).await;
        assert!((400..500).contains(&answer.status), "nothing is read from the address");
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
        let fields = [("csrf", csrf.as_str()), ("handle", &handle), ("decision", "authorize"), ("scope", "usage:read")];
        assert_eq!(browser.post(ACTION, &fields).await.status, 303);
    }

    /// Every page of the flow, also those that refuse: framed by nobody, kept by nobody, no script
    /// from anywhere, and no address told to others.
    /// Rows: E14, E20
    async fn every_page_of_the_flow_is_closed_to_other_sites(app) {
        let client = register(app, &[REDIRECT]).await;
        let good = AuthorizationRequest::new(app, &client, "usage:read");
        let anonymous = app.anonymous();
        let login = anonymous.get(&good.path()).await.header("location").to_owned();
        let browser = app.member().await;
        let open = browser.get(&good.path()).await;
        let fields = [("decision", "deny"), ("scope", "usage:read")];
        browser.send(&open, ACTION, &fields).await;
        let mut pages = vec![
            ("sign-in", 200, anonymous.get(&login).await),
            ("consent", 200, browser.get(&good.path()).await),
            ("unknown client", 400, browser.get(&good.clone().with("client_id", "x").path()).await),
            ("bad redirect", 400, browser.get(&good.clone().with("redirect_uri", "https://evil.example/").path()).await),
            ("answered already", 409, browser.send(&open, ACTION, &fields).await),
            ("no form token", 403, browser.post(ACTION, &[("decision", "deny")]).await),
        ];
        app.set_access(MEMBER, false).await;
        pages.push(("disabled", 403, browser.get(&good.path()).await));
        for (name, status, page) in pages {
            assert_eq!(page.status, status, "{name}");
            let policy = page.header("content-security-policy");
            for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
                assert!(policy.contains(part), "{name}: {part} is not in {policy}");
            }
            assert!(!policy.contains("unsafe") && !policy.contains('*'), "{name}: {policy}");
            assert_eq!(page.header("x-frame-options"), "DENY", "{name}");
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{name}");
            assert_eq!(page.header("cache-control"), "no-store", "{name}");
            assert!(["no-referrer", "same-origin"].contains(&page.header("referrer-policy")), "{name}: {}", page.header("referrer-policy"));
            assert!(page.headers.get("access-control-allow-origin").is_none(), "{name}");
        }
    }

    /// E13: what is granted is what was shown; fields of the form cannot change the request.
    /// Rows: E13
    async fn the_form_cannot_change_the_request(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let page = browser.get(&AuthorizationRequest::new(app, &client, "usage:read").path()).await;
        let answer = browser.send(&page, ACTION, &[
            ("decision", "authorize"), ("scope", "usage:read"), ("scope", "contacts:reveal"), ("scope", "everything"),
            ("redirect_uri", "https://evil.example/cb"), ("client_id", "other"), ("code_challenge", "x"),
        ]).await;
        let location = answer.header("location");
        assert!(location.starts_with(REDIRECT));
        let connected = AiClient::redeem(app, &client, &redirected(location)["code"]).await.unwrap();
        assert_eq!(connected.scope, "usage:read");
    }

    async fn nothing_ticked_grants_nothing(app) {
        let browser = app.member().await;
        for fields in [
            vec![("decision", "authorize")],
            vec![("decision", "authorize"), ("scope", "offline_access")],
            vec![("decision", "perhaps"), ("scope", "usage:read")],
            vec![("scope", "usage:read")],
        ] {
            let page = shown(app, &browser, "usage:read").await;
            assert_eq!(browser.send(&page, ACTION, &fields).await.status, 400, "{fields:?}");
        }
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
    }

    /// What lacks something is shown again with what is missing and what was ticked; the request is
    /// not used up by it.
    async fn an_answer_that_lacks_something_can_be_mended(app) {
        let elsewhere = "https://client.example/callback";
        let client = register(app, &[elsewhere]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read stores:read").with("redirect_uri", elsewhere);
        let page = browser.get(&request.path()).await;
        assert!(html::boxes(&page.text, "scope").iter().all(|(_, is_ticked)| *is_ticked));
        assert_eq!(html::boxes(&page.text, "recognised"), [("yes".to_owned(), false)], "an address elsewhere, of nobody known");
        let again = browser.send(&page, ACTION, &[("decision", "authorize"), ("recognised", "yes")]).await;
        assert_eq!((again.status, again.header("location")), (400, ""));
        assert!(again.text.contains("href=\"#scope\"") && again.text.contains("id=\"scope-error\""), "{}", again.text);
        assert!(again.header("content-security-policy").contains("form-action 'self' https://client.example"));
        let ticked = html::boxes(&again.text, "scope");
        assert_eq!(ticked, [("usage:read".to_owned(), false), ("stores:read".to_owned(), false)], "as it was left");
        assert!(again.text.contains("value=\"deny\" formnovalidate"), "nothing has to be ticked to deny");
        assert_eq!(app.audited("consent_decided").await.len(), 0, "nothing was decided");
        let fields = [("decision", "authorize"), ("scope", "usage:read")];
        let answer = browser.send(&again, ACTION, &fields).await;
        assert!(answer.header("location").starts_with("https://client.example/callback?code="), "{}", answer.text);
    }

    /// Another account starts with signing in, and decides the same request as itself.
    async fn another_account_can_be_used(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read").await;
        let answer = browser.send(&page, ACTION, &[("decision", "switch")]).await;
        let login = answer.header("location").to_owned();
        assert!(answer.status == 303 && login.starts_with("/login?continue="), "{login}");
        let form = browser.get(&login).await;
        assert!(html::text(&form.text).contains("Suite Client"), "{}", form.text);
        let answer = browser.send(&form, "/login", &[("email", OTHER.email), ("password", PASSWORD)]).await;
        let page = browser.get(answer.header("location")).await;
        assert!(html::text(&page.text).contains(OTHER.email) && !page.text.contains(MEMBER.email));
        let answer = browser.send(&page, ACTION, &[("decision", "authorize"), ("scope", "usage:read")]).await;
        assert!(answer.header("location").contains("code="), "{}", answer.text);
        assert_eq!(app.audited("consent_decided").await[0].actor, OTHER.email);
    }

    /// Neither answer is the preferred one.
    async fn both_answers_look_alike(app) {
        let page = shown(app, &app.member().await, "usage:read").await;
        let buttons: Vec<_> = page.text.split("<button class=\"").filter(|tag| tag.contains("name=\"decision\"")).collect();
        let classes: Vec<_> = buttons.iter().map(|tag| tag.split('"').next().unwrap()).collect();
        assert_eq!(classes, ["btn small", "btn", "btn"]);
    }

    /// E14, E20, E23.
    /// Rows: E14, E20, E23
    async fn the_page_is_framed_by_nobody_and_leads_only_back(app) {
        let client = register(app, &[REDIRECT, "cursor://anysphere.cursor-mcp/oauth/callback", "https://a.example/cb"]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "usage:read");
        for (uri, source, warning) in [
            (REDIRECT, "http://127.0.0.1:4711", "It runs on your computer"),
            ("https://a.example/cb", "https://a.example", "Nobody has verified"),
            ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor:", "It opens an app through cursor:"),
        ] {
            let page = browser.get(&request.clone().with("redirect_uri", uri).path()).await;
            let policy = page.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
            assert!(policy.contains(&format!("form-action 'self' {source};")), "{policy}");
            assert!(!policy.contains("unsafe"));
            assert_eq!(page.header("x-frame-options"), "DENY");
            assert_eq!(page.header("referrer-policy"), "no-referrer");
            assert_eq!(page.header("cache-control"), "no-store");
            let text = html::text(&page.text);
            assert!(text.contains(warning), "{text}");
        }
    }

    /// E15: names the client, where it goes, who decides, and each scope in words.
    /// Rows: E15
    async fn the_page_says_who_asks_for_what(app) {
        let browser = app.member().await;
        let page = shown(app, &browser, "usage:read stores:read contacts:reveal").await;
        let text = html::text(&page.text);
        for word in ["Suite Client", "127.0.0.1:4711", MEMBER.name, MEMBER.email, &app.resource(),
            "Unverified client", "Search stores and read their profiles", "1 for each contact revealed",
            "Authorize", "Deny", "30 days", "180 days"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        app.sql("UPDATE clients SET trust = 'verified'").await;
        let client = app.count("SELECT count(*) FROM clients").await;
        assert_eq!(client, 1);
    }

    /// E19: signing in leads back to exactly this request, and to nothing else.
    /// Rows: E19
    async fn signing_in_continues_the_same_request(app) {
        let client = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &client, "usage:read").with("state", "s & t");
        let browser = app.anonymous();
        let login = browser.get(&request.path()).await.header("location").to_owned();
        assert!(!login.contains("redirect_uri") && !login.contains("state"), "a handle, not parameters");
        let page = browser.get(&login).await;
        assert!(html::text(&page.text).contains("Suite Client"));
        let answer = browser.send(&page, "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        let back = answer.header("location").to_owned();
        assert!(back.starts_with("/oauth/authorize?continue="), "{back}");
        let page = browser.get(&back).await;
        let answer = browser.send(&page, ACTION, &[("decision", "authorize"), ("scope", "usage:read")]).await;
        assert_eq!(redirected(answer.header("location"))["state"], "s & t");
        for handle in ["nonsense", ""] {
            let page = browser.get(&format!("/oauth/authorize?continue={handle}")).await;
            assert!([400, 404].contains(&page.status) && page.header("location").is_empty(), "{handle}");
        }
        app.clock.advance(901);
        let late = browser.get(&back).await;
        assert_eq!((late.status, late.header("location")), (404, ""), "too old");
    }
}

/// E20 and ASVS 3.3: over TLS every cookie is bound to the host.
/// Rows: E20
#[actix_web::test]
async fn cookies_are_bound_to_the_host_over_tls() {
    let app = TestApp::on(Backend::Sqlite, &[("PUBLIC_URL", "https://gate.example")]).await;
    let http = crate::support::ai_client::http();
    let page = http.get(app.url("/login")).send().await.unwrap();
    assert_eq!(page.headers()["strict-transport-security"], "max-age=63072000; includeSubDomains");
    let cookie = page.headers()["set-cookie"].to_str().unwrap().to_owned();
    let text = page.text().await.unwrap();
    let csrf = html::hidden_fields(&text, "/login").remove(0).1;
    let fields = [("csrf", csrf.as_str()), ("email", MEMBER.email), ("password", PASSWORD)];
    let sent = cookie.split(';').next().unwrap().to_owned();
    let answer =
        http.post(app.url("/login")).header("Cookie", sent).form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let mut cookies = vec![cookie];
    cookies.extend(
        answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned()),
    );
    assert!(cookies.len() >= 2);
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    app.stop().await;
}
