//! Whoever begins a request before the gate drops and ends it afterwards is refused like whoever
//! comes afterwards: what counts is when the request is whole (contract §1; ASVS 8.3.2).

use portcullis::domain::audit::Actor;
use portcullis::domain::scope::ScopeSet;
use portcullis::service::{api_keys, login, personal_tokens, visit};
use serde_json::json;

use crate::support::api_client::key_of;
use crate::support::raw::{self, hold_back};
use crate::support::{ADMIN, Browser, MEMBER, PASSWORD, TestApp, both_databases, contacts, rpc};

/// The cookies of a browser that signs in, as a header.
async fn cookies_of(browser: &Browser, email: &str) -> String {
    let fields = [("email", email), ("password", PASSWORD)];
    let answer = browser.submit("/login", "/login", &fields).await;
    let cookies = answer.headers.get_all("set-cookie").iter();
    let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

fn form(path: &str, app: &TestApp, cookies: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        app.host()
    )
}

both_databases! {
    /// Rows: C10, C20
    async fn a_tool_call_that_was_begun_before_the_revocation_spends_nothing(app) {
        contacts::add(app, 1).await;
        let client = app.ai_client("contacts:search contacts:reveal").await;
        let found = client.call_tool("search_contacts", json!({})).await;
        let id = found.content()["data"][0]["contact_id"].clone();
        let reveal = json!({ "contact_ids": [id], "confirm_spend_credits": true });
        let body = rpc::legacy("tools/call", json!({ "name": "reveal_contacts", "arguments": reveal }));
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nMCP-Protocol-Version: {}\r\n",
            app.host(), client.access_token, rpc::LEGACY
        );
        let begun = hold_back(app.host(), &head, &body.to_string()).await;
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        portcullis::service::revoke::all_of_user(&app.ctx, &actor, owner).await.unwrap();
        let answer = begun.finish().await;
        assert_eq!(raw::status(&answer), 401, "{answer}");
        assert_eq!(app.count("SELECT count(*) FROM credit_ledger WHERE amount < 0").await, 0);
        let last = app.calls().await.pop().unwrap();
        assert_eq!((last.operation.as_str(), last.outcome.as_str()), ("gate", "denied"));
    }

    async fn a_rest_call_that_was_begun_before_its_key_was_revoked_is_refused(app) {
        let key = key_of(app, MEMBER, "stores:read").await;
        let head = format!(
            "POST /api/v1/stores/search HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n",
            app.host()
        );
        let begun = hold_back(app.host(), &head, "{}").await;
        app.sql("UPDATE api_keys SET ended_at = 1, end_reason = 'revoked'").await;
        let answer = begun.finish().await;
        assert_eq!(raw::status(&answer), 401, "{answer}");
        assert!(answer.contains("revoked_api_key"), "{answer}");
    }

    /// What a person makes in a session that a change of the password has ended meanwhile would
    /// outlive all that the change ends.
    async fn nothing_is_made_in_a_session_that_was_ended(app) {
        let actor = Actor { user: Some(app.id_of(MEMBER).await), label: MEMBER.email.into(), address: None, request_id: None, reason: None };
        app.set("personal_access_tokens", "yes").await;
        let refused = visit::within(async {
            visit::note(|visit| visit.session = Some("ended".into()));
            let proof = async || login::confirm_anew(&app.ctx, &actor, PASSWORD).await.unwrap();
            let scopes = ScopeSet::parse_known("usage:read");
            let token = personal_tokens::Wanted { name: "Job".into(), scopes: scopes.clone(), days: Some(30), form: "1".into() };
            let key = api_keys::Wanted { name: "Job".into(), scopes, life: api_keys::Life::Days(30), form: "2".into() };
            [
                personal_tokens::create(&app.ctx, &actor, proof().await, token).await.err(),
                api_keys::create(&app.ctx, &actor, proof().await, key).await.err(),
            ]
        }).await;
        assert!(refused.iter().all(|error| error.as_ref().is_some_and(|error| error.code.as_str() == "sign_in_required")), "{refused:?}");
        for table in ["tokens", "api_keys"] {
            assert_eq!(app.count(format!("SELECT count(*) FROM {table}")).await, 0);
        }
    }

    async fn a_form_that_an_administrator_began_before_the_suspension_does_nothing(app) {
        let browser = app.anonymous();
        let cookies = cookies_of(&browser, ADMIN.email).await;
        let token = browser.form_token().await;
        let body = format!("csrf={token}&keep=1");
        let path = format!("/admin/mcp/users/{}/revoke", app.id_of(MEMBER).await);
        // The same form sent at once is taken: what is refused below is refused for its lateness.
        let client = app.ai_client("usage:read").await;
        let begun = hold_back(app.host(), &form(&path, app, &cookies), &body).await;
        let answer = begun.finish().await;
        assert_eq!(raw::status(&answer), 303, "{answer}");
        assert_eq!(client.call().await.status, 401);

        let client = app.ai_client("usage:read").await;
        let begun = hold_back(app.host(), &form(&path, app, &cookies), &body).await;
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", ADMIN.email)).await;
        let answer = begun.finish().await;
        assert_eq!(raw::status(&answer), 401, "{answer}");
        assert!(client.call().await.is_ok(), "nothing was done");
    }
}
