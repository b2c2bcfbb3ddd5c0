//! A connection's own name, and what it may do: fewer, never more (contract §9).

use serde_json::json;

use crate::support::ai_client::{AuthorizationRequest, consent, redirected};
use crate::support::{
    ADMIN, AiClient, Browser, MEMBER, OTHER, TestApp, both_databases, contacts, html,
};

const PAGE: &str = "/dashboard/settings/mcp";
const ALL: &str = "usage:read stores:read contacts:search";

async fn newest(app: &TestApp) -> String {
    format!("{PAGE}/connections/{}", app.count("SELECT max(id) FROM consents").await)
}

/// Leaves the connection these scopes, through its page.
async fn keep(browser: &Browser, path: &str, label: &str, scopes: &[&str]) -> u16 {
    let mut fields = vec![("label", label)];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    browser.submit(path, path, &fields).await.status
}

both_databases! {
    /// The token in the client's hand still lists the scope: the next call is refused all the same,
    /// the next refresh says what is left, and asking again goes through the person.
    async fn what_is_unticked_is_refused_on_the_next_call(app) {
        contacts::add(app, 3).await;
        let mut client = app.ai_client(ALL).await;
        assert_eq!(client.call_tool("search_contacts", json!({})).await.status, 200);
        let (browser, path) = (app.member().await, newest(app).await);
        assert_eq!(keep(&browser, &path, "", &["usage:read", "stores:read"]).await, 303);
        let told = html::text(&browser.get(PAGE).await.text);
        assert!(told.contains("Suite Client has one permission less from its very next request on."), "{told}");

        let refused = client.call_tool("search_contacts", json!({})).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(refused.text.contains("insufficient_scope"), "{}", refused.text);
        assert!(client.call().await.is_ok(), "the rest works");
        let wide = client.token(&[("grant_type", "refresh_token"), ("refresh_token", &client.refresh_token), ("scope", ALL)]).await;
        assert_eq!(wide.oauth_error(), "invalid_scope");
        let refreshed = client.refresh().await;
        assert_eq!(refreshed.json["scope"], json!("usage:read stores:read"));
        assert_eq!(client.call_tool("search_contacts", json!({})).await.status, 403);

        // Step-up: the person is asked, and what comes of it is the new token's alone.
        let narrow = client.access_token.clone();
        let request = AuthorizationRequest::new(app, &client.client_id, ALL);
        let code = redirected(&consent(&browser, &request, None).await).remove("code").unwrap();
        let wider = AiClient::redeem(app, &client.client_id, &code).await.unwrap();
        assert_eq!(wider.call_tool("search_contacts", json!({})).await.status, 200);
        assert_eq!(client.access_token, narrow);
        assert_eq!(client.call_tool("search_contacts", json!({})).await.status, 403, "the older token gets nothing back");

        let entries = app.audited("connection_narrowed").await;
        assert_eq!((entries.len(), entries[0].actor.as_str()), (1, MEMBER.email));
        assert_eq!(entries[0].detail(), json!({ "withdrawn": "contacts:search", "scopes": "usage:read stores:read" }));
    }

    /// Whatever a form says, it takes and never gives.
    async fn a_connection_cannot_be_widened_or_emptied_here(app) {
        let client = app.ai_client("usage:read").await;
        let (browser, path) = (app.member().await, newest(app).await);
        assert_eq!(keep(&browser, &path, "", &["usage:read", "contacts:search", "contacts:reveal"]).await, 303);
        assert_eq!(client.call_tool("search_contacts", json!({})).await.status, 403);
        assert_eq!(app.count("SELECT count(*) FROM consents WHERE scopes = 'usage:read'").await, 1);
        let page = browser.submit(&path, &path, &[("label", "")]).await;
        assert_eq!(page.status, 400);
        assert!(html::text(&page.text).contains("To take all of them, revoke the connection"), "{}", page.text);
        assert!(client.call().await.is_ok());
        assert!(app.audited("connection_narrowed").await.is_empty());
    }

    /// A code that waits while its connection is narrowed yields what is left.
    async fn a_waiting_code_yields_what_is_left(app) {
        let first = app.ai_client(ALL).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &first.client_id, ALL);
        let code = redirected(&consent(&browser, &request, None).await).remove("code").unwrap();
        let path = newest(app).await;
        assert_eq!(keep(&browser, &path, "", &["usage:read"]).await, 303);
        let second = AiClient::redeem(app, &first.client_id, &code).await.unwrap();
        assert_eq!(second.scope, "usage:read");
        assert_eq!(second.call_tool("search_contacts", json!({})).await.status, 403);
    }

    /// The name is the person's, beside the client's own, and administrators read both.
    async fn a_connection_has_a_name_of_its_own(app) {
        app.ai_client("usage:read").await;
        let (browser, path) = (app.member().await, newest(app).await);
        assert_eq!(keep(&browser, &path, "  Work <laptop> ", &["usage:read"]).await, 303);
        let own = browser.get(PAGE).await;
        assert!(own.text.contains("Work &#60;laptop&#62;"), "{}", own.text);
        let text = html::text(&own.text);
        assert!(text.contains("It is called Work <laptop> now.") && text.contains("Suite Client"), "{text}");
        let details = format!("/admin/mcp/users/{}/tokens", app.id_of(MEMBER).await);
        let seen = html::text(&app.admin().await.get(&details).await.text);
        assert!(seen.contains("Suite Client") && seen.contains("“Work <laptop>”"), "{seen}");
        let entries = app.audited("connection_renamed").await;
        assert_eq!(entries[0].detail(), json!({ "was": "", "becomes": "Work <laptop>" }));
        assert!(app.audited("connection_narrowed").await.is_empty());
        let long = "x".repeat(61);
        let refused = browser.submit(&path, &path, &[("label", long.as_str()), ("scope", "usage:read")]).await;
        assert_eq!(refused.status, 400);
        assert!(html::text(&refused.text).contains("at most 60 characters"), "{}", refused.text);
        // Nothing changed: nothing is written down.
        assert_eq!(keep(&browser, &path, "Work <laptop>", &["usage:read"]).await, 303);
        assert_eq!(app.audited("connection_renamed").await.len(), 1);
    }

    /// Somebody else's connection is not there, and an ended one cannot be changed.
    async fn only_the_owner_edits_and_only_what_lives(app) {
        app.ai_client_of(OTHER, "usage:read").await;
        let path = newest(app).await;
        for person in [MEMBER, ADMIN] {
            let browser = app.signed_in(person).await;
            assert_eq!(browser.get(&path).await.status, 404);
            let token = browser.form_token().await;
            assert_eq!(browser.post(&path, &[("csrf", token.as_str()), ("label", "Mine")]).await.status, 404);
        }
        let browser = app.signed_in(OTHER).await;
        let open = browser.get(&path).await;
        let revoke = format!("{path}/revoke");
        assert_eq!(browser.submit(&revoke, &revoke, &[]).await.status, 303);
        let late = browser.send(&open, &path, &[("label", "Late"), ("scope", "usage:read")]).await;
        assert_eq!(late.status, 409, "{}", late.text);
        assert!(html::text(&browser.get(&path).await.text).contains("nothing to edit"));
        assert!(app.audited("connection_renamed").await.is_empty());
    }
}
