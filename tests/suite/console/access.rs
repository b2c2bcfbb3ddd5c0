//! Who may see and do what among people's own things: the owner, a colleague of the same account, an
//! administrator, somebody of another account, nobody (ASVS 8.2.2: what is another's is not there).

use serde_json::json;

use crate::support::api_client::{ALL, ApiClient};
use crate::support::browser::Page;
use crate::support::{
    ADMIN, AUDITOR, Browser, MEMBER, OTHER, TestApp, both_databases, contacts, personal,
};

/// The member's own things, each with its pages: by path, and whether it has a page to look at.
async fn things(app: &TestApp, owner: &Browser) -> Vec<(String, bool)> {
    app.set("personal_access_tokens", "yes").await;
    app.ai_client("usage:read stores:read").await;
    let made = personal::ask(owner, "Report", "usage:read", "30", crate::support::PASSWORD).await;
    assert!(personal::secret(&made).is_some(), "{}", made.text);
    ApiClient::of(app, MEMBER, ALL).await;
    app.member().await;
    let account = owner.get("/account").await.text;
    let session = account
        .split("action=\"/account/sessions/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let session = session
        .map(|rest| rest.trim_end_matches("/end"))
        .find(|id| *id != "end")
        .unwrap()
        .to_owned();
    let consent = app.count("SELECT max(id) FROM consents").await;
    let token = app.count("SELECT max(id) FROM tokens WHERE kind = 'personal'").await;
    let key = app.count("SELECT max(id) FROM api_keys").await;
    let (mcp, keys) = ("/dashboard/settings/mcp", "/dashboard/settings/api-keys");
    vec![
        (format!("{mcp}/connections/{consent}"), true),
        (format!("{mcp}/connections/{consent}/revoke"), true),
        (format!("{mcp}/tokens/{token}/revoke"), true),
        (format!("{keys}/{key}/rotate"), true),
        (format!("{keys}/{key}/revoke"), true),
        (format!("/account/sessions/{session}/end"), false),
    ]
}

async fn post(browser: &Browser, path: &str, token: &str) -> Page {
    browser.post(path, &[("csrf", token), ("password", crate::support::PASSWORD)]).await
}

both_databases! {
    async fn a_persons_own_things_are_theirs_alone(app) {
        let owner = app.member().await;
        let things = things(app, &owner).await;
        for person in [ADMIN, AUDITOR, OTHER] {
            let browser = app.signed_in(person).await;
            let token = browser.form_token().await;
            for (path, has_page) in &things {
                let what = format!("{path} as {}", person.email);
                if *has_page {
                    assert_eq!(browser.get(path).await.status, 404, "{what}");
                }
                // A session that is not among one's own has ended, as far as one is told.
                let status = if *has_page { 404 } else { 303 };
                assert_eq!(post(&browser, path, &token).await.status, status, "{what}");
            }
        }
        for (path, has_page) in &things {
            if *has_page {
                assert_eq!(app.anonymous().get(path).await.status, 303, "{path}");
                assert_eq!(owner.get(path).await.status, 200, "{path}");
            }
            assert_eq!(app.anonymous().post(path, &[("csrf", "")]).await.status, 401, "{path}");
        }
        let (session, _) = things.last().unwrap();
        assert!(owner.get("/account").await.text.contains(session.as_str()), "the session lives");
        let alive = "SELECT (SELECT count(*) FROM consents WHERE revoked_at IS NULL) + (SELECT count(*) FROM tokens WHERE state = 'active') + (SELECT count(*) FROM api_keys WHERE ended_at IS NULL)";
        assert_eq!(app.count(alive).await, 4, "nothing has ended");
    }

    /// Pages without anybody's id in them: each shows its viewer, and their account's, alone.
    async fn pages_and_files_show_their_viewer(app) {
        contacts::add(app, 3).await;
        let key = ApiClient::of(app, MEMBER, ALL).await;
        let found = key.post("/api/v1/contacts/search", &json!({})).await;
        let id = found.json["data"][0]["contact_id"].as_str().unwrap().to_owned();
        assert_eq!(key.reveal(&[id], "once").await.status, 200);
        app.ai_client("usage:read").await.call().await;
        let revealed = app.count("SELECT count(*) FROM reveals").await;
        assert_eq!(revealed, 1);
        for (person, is_same_account) in [(MEMBER, true), (ADMIN, true), (OTHER, false)] {
            let browser = app.signed_in(person).await;
            let (name, own) = (person.email, person == MEMBER);
            let rows = async |path: &str| browser.get(path).await.text.lines().count();
            assert_eq!(rows("/dashboard/usage/export").await, if own { 4 } else { 1 }, "{name}");
            assert_eq!(rows("/dashboard/activity/export?format=csv").await, if own { 4 } else { 1 }, "{name}");
            // What the account has paid for is the account's.
            let shared = if is_same_account { 2 } else { 1 };
            assert_eq!(rows("/dashboard/contacts/revealed/export").await, shared, "{name}");
            let mcp = browser.get("/dashboard/settings/mcp").await.text;
            assert_eq!(mcp.contains("Suite Client"), own, "{name}");
            let keys = browser.get("/dashboard/settings/api-keys").await.text;
            assert_eq!(keys.contains("Nightly job"), own, "{name}");
            let audit = browser.get("/dashboard/audit/export?format=jsonl").await.text;
            assert_eq!(audit.contains("Suite Client"), own, "{name}: {audit}");
        }
        let (all, filtered) = (app.member().await.get("/dashboard/usage/export").await, app.member().await.get("/dashboard/activity/export?format=csv").await);
        assert_eq!(all.text, filtered.text, "one format for one thing");
        assert!(all.header("content-disposition").contains("-3-rows.csv"), "{}", all.header("content-disposition"));
        for path in ["/dashboard/usage/export", "/dashboard/contacts/revealed/export", "/dashboard/activity/export?format=csv"] {
            assert_eq!(app.anonymous().get(path).await.status, 303, "{path}");
        }
    }

    /// The REST API: whose key it is decides whose quotas, whose cursors, whose reveals.
    async fn a_key_acts_for_its_owner_and_their_account(app) {
        contacts::add(app, 3).await;
        let member = ApiClient::of(app, MEMBER, ALL).await;
        let colleague = ApiClient::of(app, ADMIN, ALL).await;
        let other = ApiClient::of(app, OTHER, ALL).await;
        let page = member.post("/api/v1/stores/search", &json!({ "limit": 1 })).await;
        let cursor = page.json["next_cursor"].clone();
        for (client, status) in [(&member, 200), (&colleague, 400), (&other, 400)] {
            let next = client.post("/api/v1/stores/search", &json!({ "limit": 1, "cursor": cursor })).await;
            assert_eq!(next.status, status, "{}", next.text);
        }
        let used = async |client: &ApiClient| {
            client.get("/api/v1/usage").await.json["credits"]["used"].as_i64().unwrap()
        };
        let found = member.post("/api/v1/contacts/search", &json!({})).await;
        let id = found.json["data"][0]["contact_id"].as_str().unwrap().to_owned();
        assert_eq!(member.reveal(std::slice::from_ref(&id), "mine").await.json["credits_spent"], json!(1));
        assert_eq!((used(&member).await, used(&colleague).await, used(&other).await), (1, 1, 0));
        assert_eq!(colleague.reveal(std::slice::from_ref(&id), "ours").await.json["credits_spent"], json!(0));
        assert_eq!(other.reveal(&[id], "mine").await.json["credits_spent"], json!(1), "the same text of another account is another key");
        assert_eq!((used(&member).await, used(&other).await), (1, 1));
        for (method, path) in [("GET", "/api/v1/usage"), ("GET", "/api/v1/taxonomy"), ("GET", "/api/v1/stores/shop01.example.com"), ("POST", "/api/v1/stores/search"), ("POST", "/api/v1/stores/enrich"), ("POST", "/api/v1/contacts/search"), ("POST", "/api/v1/contacts/reveal")] {
            let nobody = ApiClient::with(app, "").request(method, path).json(&json!({})).send().await.unwrap();
            assert_eq!(nobody.status().as_u16(), 401, "{path}");
        }
    }
}
