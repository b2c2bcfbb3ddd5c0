//! Errors lead to what the manual says about them, whoever tells them.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::{MEMBER, on_sqlite};

/// The page that an answer links to for help.
fn help(headers: &HeaderMap) -> String {
    let links: Vec<_> = headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
    let found =
        links.iter().find_map(|link| link.strip_prefix('<')?.strip_suffix(">; rel=\"help\""));
    found.unwrap_or_else(|| unreachable!("no link to help: {links:?}")).to_owned()
}

on_sqlite! {
    async fn every_kind_of_error_links_to_its_place(app) {
        let page = |code: &str| app.url(&format!("/docs/troubleshooting#{code}"));
        let browser = app.anonymous();
        assert_eq!(help(&browser.get("/nothing").await.headers), page("not_found"));
        let refused = app.member().await.get("/admin/mcp/users").await;
        assert_eq!(help(&refused.headers), page("permission_denied"));
        let wrong = browser.request("PUT", "/docs").send().await.unwrap();
        assert_eq!(help(wrong.headers()), page("method_not_allowed"));
        let failed = app.ai_client("stores:read").await.call_tool("get_store", json!({ "domain": "nowhere.example" })).await;
        let error = &failed.json["result"]["structuredContent"]["error"];
        let told = error["message"].as_str().unwrap().to_owned();
        assert!(told.ends_with(&page("not_found")), "{told}");
        let challenged = browser.request("POST", "/mcp").json(&json!({})).send().await.unwrap();
        assert_eq!(challenged.status().as_u16(), 401);
        assert_eq!(help(challenged.headers()), page("invalid_token"));
        app.set("mcp_enabled", "no").await;
        let closed = browser.request("POST", "/mcp").json(&json!({})).send().await.unwrap();
        assert_eq!(help(closed.headers()), page("mcp_disabled"));
        // What went well has nothing to explain.
        assert!(browser.get("/docs").await.headers.get("link").is_none());
        assert!(browser.get("/login").await.headers.get("link").is_none());
    }

    /// RFC 6749 §5.2 and §4.1.2.1: `error_uri`.
    async fn errors_of_the_authorization_server_name_the_page_in_their_body(app) {
        let page = |code: &str| app.url(&format!("/docs/troubleshooting#{code}"));
        let answer = app.anonymous().post("/oauth/token", &[("grant_type", "password")]).await;
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(body["error"], "unsupported_grant_type", "{body}");
        assert_eq!(body["error_uri"], page("unsupported_grant_type"));
        assert_eq!(help(&answer.headers), page("unsupported_grant_type"));
        // By way of the browser: a scope that there is not.
        let browser = app.signed_in(MEMBER).await;
        let client = crate::support::ai_client::register_at(&app.base).await;
        let query = format!(
            "response_type=token&client_id={client}&redirect_uri=http://127.0.0.1:4711/callback\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        let answer = browser.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let location = reqwest::Url::parse(answer.header("location")).unwrap();
        let value = |name: &str| {
            location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let code = value("error").unwrap();
        assert_eq!(value("error_uri").unwrap(), page(&code));
    }
}
