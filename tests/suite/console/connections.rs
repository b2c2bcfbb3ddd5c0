//! Dashboard → Settings → MCP: a person's own access and connections (contract §9; checklist F20).

use serde_json::json;

use crate::support::ai_client::{AuthorizationRequest, REDIRECT, redirected};
use crate::support::{
    ADMIN, AiClient, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

const PAGE: &str = "/dashboard/settings/mcp";

/// What the person reads on their page.
async fn shown(app: &TestApp, path: &str) -> String {
    let page = app.member().await.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    html::text(&page.text)
}

/// The address of the confirmation for the member's newest connection.
async fn newest_connection(app: &TestApp) -> String {
    let id = app.count("SELECT max(id) FROM consents").await;
    format!("{PAGE}/connections/{id}/revoke")
}

both_databases! {
    /// The page turns from waiting to connected, and says what is connected.
    async fn a_connection_is_shown_with_what_it_may_do_and_has_done(app) {
        let text = shown(app, PAGE).await;
        assert!(text.contains("Waiting for the first connection"), "{text}");
        assert!(text.contains(&app.resource()));
        assert!(!text.contains("Personal access tokens"), "off, and there are none");
        let client = app.ai_client("usage:read").await;
        app.ai_client_of(OTHER, "usage:read stores:read").await;
        app.clock.advance(12);
        let text = shown(app, PAGE).await;
        assert!(text.contains("Suite Client connected 12 s ago"), "{text}");
        assert!(!text.contains("Waiting for"), "{text}");
        for _ in 0..3 {
            assert!(client.call().await.is_ok());
        }
        assert_eq!(client.call_tool("get_store", json!({ "domain": "shop01.example.com" })).await.status, 403);
        let page = app.member().await.get(PAGE).await;
        assert_eq!(page.text.matches("/revoke\" data-dialog").count(), 1, "somebody else's is not there");
        let text = html::text(&page.text);
        for words in ["Unverified client", "127.0.0.1:4711", "a program on your computer",
            "See how much of your quota and credits is used"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("Search stores and read"), "{text}");
        assert!(text.contains("4 in 30 days"), "{text}");
        // Calls leave the count by age; the last use stays.
        app.clock.advance(29 * 86_400);
        let page = app.member().await.get(PAGE).await;
        assert!(html::text(&page.text).contains("4 in 30 days"), "{}", page.text);
        app.sql("UPDATE tokens SET expires_at = expires_at + 86400000").await;
        // It is noon: thirteen hours are another day, though not another 24 hours.
        app.clock.advance(13 * 3600);
        let page = app.member().await.get(PAGE).await;
        assert!(html::text(&page.text).contains("0 in 30 days"), "{}", page.text);
        let usage = app.member().await.get("/dashboard/usage").await;
        assert!(!html::text(&usage.text).contains("Suite Client 3"), "{}", usage.text);
    }

    /// The next call is refused, the refresh token too, and connecting anew asks again.
    ///
    /// Rows: F20
    async fn a_revoked_connection_is_refused_on_the_next_call_and_asks_again(app) {
        let client = app.ai_client("usage:read").await;
        let neighbour = app.ai_client("usage:read").await;
        let browser = app.member().await;
        let id = app.count("SELECT min(id) FROM consents").await;
        let path = format!("{PAGE}/connections/{id}/revoke");
        let confirmation = browser.get(&path).await;
        let text = html::text(&confirmation.text);
        for words in ["Its very next request is refused", "not deleted there", "connecting anew needs your approval"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(client.call().await.is_ok(), "looking changes nothing");
        let done = browser.send(&confirmation, &path, &[]).await;
        assert_eq!((done.status, done.header("location")), (303, PAGE));
        assert_eq!(client.call().await.status, 401);
        assert_eq!(client.present(&client.refresh_token).await.oauth_error(), "invalid_grant");
        assert!(neighbour.call().await.is_ok());
        let text = html::text(&browser.get(PAGE).await.text);
        assert!(text.contains("Revoked Suite Client. Its very next request is refused."), "{text}");
        assert!(text.contains("Show ended (1)"), "{text}");
        let ended = shown(app, &format!("{PAGE}?ended=1")).await;
        assert!(ended.contains("Ended (1)") && ended.contains("Revoked"), "{ended}");
        let entries = app.audited("connection_revoked").await;
        assert_eq!((entries.len(), entries[0].actor.as_str()), (1, MEMBER.email));
        assert_eq!(entries[0].detail()["tokens"], json!(1));
        // Again: there is nothing left to revoke, and nothing is.
        assert!(html::text(&browser.get(&path).await.text).contains("There is nothing to revoke"));
        assert_eq!(browser.post(&path, &[("csrf", browser.form_token().await.as_str())]).await.status, 303);
        assert_eq!(app.audited("connection_revoked").await[1].detail()["already_ended"], json!(true));
        assert_eq!(app.count("SELECT sum(active_tokens) FROM users").await, 1);
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let asked = browser.get(&request.path()).await;
        assert!(asked.text.contains("asks to act for you"), "{}", asked.text);
        let answer = browser.send(&asked, "/oauth/authorize", &[("decision", "authorize"), ("scope", "usage:read")]).await;
        let code = redirected(answer.header("location")).remove("code").unwrap();
        let again = AiClient::redeem(app, &client.client_id, &code).await.unwrap();
        assert!(again.call().await.is_ok());
        assert_eq!(client.call().await.status, 401, "what was revoked stays so");
    }

    /// A code that waits while its connection is revoked is worth nothing.
    async fn a_waiting_code_falls_with_its_connection(app) {
        let first = app.ai_client("usage:read").await;
        let request = AuthorizationRequest::new(app, &first.client_id, "usage:read");
        let browser = app.member().await;
        let code = crate::support::ai_client::code(&browser, &request).await;
        let path = newest_connection(app).await;
        assert_eq!(browser.submit(&path, &path, &[]).await.status, 303);
        let refused = AiClient::redeem(app, &first.client_id, &code).await.err().unwrap();
        assert_eq!(refused.oauth_error(), "invalid_grant");
    }

    /// Contract: a page of one's own things. Somebody else's is not there, whoever asks.
    async fn a_connection_of_somebody_else_is_not_there(app) {
        let client = app.ai_client_of(OTHER, "usage:read").await;
        let path = newest_connection(app).await;
        for person in [MEMBER, ADMIN] {
            let browser = app.signed_in(person).await;
            assert_eq!(browser.get(&path).await.status, 404);
            let token = browser.form_token().await;
            assert_eq!(browser.post(&path, &[("csrf", token.as_str())]).await.status, 404);
        }
        for odd in ["0", "-1", "x", "99999999999999999999"] {
            let page = app.member().await.get(&format!("{PAGE}/connections/{odd}/revoke")).await;
            assert_eq!(page.status, 404, "{odd}");
        }
        let nobody = app.anonymous().get(PAGE).await;
        assert_eq!((nobody.status, nobody.header("location")), (303, "/login?next=%2Fdashboard%2Fsettings%2Fmcp"));
        let forged = app.signed_in(OTHER).await.post(&path, &[("csrf", "")]).await;
        assert_eq!(forged.status, 403);
        assert!(client.call().await.is_ok());
        assert!(app.audited("connection_revoked").await.is_empty());
    }

    async fn what_ran_out_is_among_the_ended(app) {
        app.ai_client("usage:read").await;
        app.clock.advance(31 * 86_400);
        let text = shown(app, PAGE).await;
        assert!(text.contains("No AI client is connected now") && text.contains("Show ended (1)"), "{text}");
        let text = shown(app, &format!("{PAGE}?ended=1")).await;
        assert!(text.contains("Expired") && text.contains("Hide ended"), "{text}");
        // An approval whose code was never redeemed connected nothing.
        let browser = app.member().await;
        let client = crate::support::ai_client::register(app, &[REDIRECT]).await;
        crate::support::ai_client::code(&browser, &AuthorizationRequest::new(app, &client, "usage:read")).await;
        assert!(shown(app, PAGE).await.contains("Show ended (1)"));
    }
}

on_sqlite! {
    async fn who_is_disabled_is_told_whom_to_ask(app) {
        app.set_access(MEMBER, false).await;
        let page = app.member().await.get(PAGE).await;
        let text = html::text(&page.text);
        assert!(text.contains("Your MCP access is disabled") && text.contains(ADMIN.name), "{text}");
        assert!(page.text.contains(&format!("mailto:{}", ADMIN.email)));
        assert!(!text.contains("Waiting for the first connection"));
    }

    async fn the_ways_to_the_page_lead_there(app) {
        let browser = app.member().await;
        assert!(browser.get("/dashboard").await.text.contains("href=\"/dashboard/settings/mcp#connections\""));
        let nav = browser.get(PAGE).await.text;
        assert_eq!(nav.matches("aria-current=\"page\"").count(), 2, "the entry and the breadcrumb");
        let client = crate::support::ai_client::register(app, &[REDIRECT]).await;
        let consent = browser.get(&AuthorizationRequest::new(app, &client, "usage:read").path()).await;
        assert!(consent.text.contains("href=\"/dashboard/settings/mcp\""));
        let page = browser.get(&format!("{PAGE}?client=codex&ended=1")).await;
        assert!(page.text.contains("codex mcp add") && page.text.contains("?ended=1&#38;client=cursor#clients"), "{}", page.text);
        assert!(!page.text.contains(PASSWORD));
    }

    /// A name is a client's own text.
    async fn a_client_cannot_write_into_the_page(app) {
        app.ai_client("usage:read").await;
        app.sql("UPDATE clients SET name = '<b onclick=x>&\"''</b>'").await;
        let path = newest_connection(app).await;
        for path in [PAGE, path.as_str()] {
            let page = app.member().await.get(path).await;
            assert!(page.text.contains("&#60;b onclick=x&#62;") && !page.text.contains("<b onclick"), "{path}");
        }
    }
}
