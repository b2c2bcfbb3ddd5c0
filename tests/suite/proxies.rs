//! Behind a reverse proxy that sets the headers which the manual's snippets set (docs/operate.md).

use serde_json::json;

use crate::support::proxy::{Behind, CALLER, Manners};
use crate::support::{Browser, MEMBER, PASSWORD};

/// What people and programs are told leads through the proxy, and the log has the caller's address.
#[actix_web::test]
async fn a_server_behind_a_proxy_is_known_by_the_proxys_name() {
    let behind = Behind::start(Manners::Good).await;
    let browser = Browser::new(&behind.public);
    browser.sign_in(MEMBER.email, PASSWORD).await;
    let page = browser.get("/dashboard/settings/mcp").await;
    assert!(page.text.contains(&format!("{}/mcp", behind.public)), "{}", page.text);
    for (path, member, expected) in [
        ("/.well-known/oauth-protected-resource/mcp", "resource", format!("{}/mcp", behind.public)),
        ("/.well-known/oauth-authorization-server", "issuer", behind.public.clone()),
        ("/.well-known/openid-configuration", "issuer", behind.public.clone()),
    ] {
        let told: serde_json::Value = serde_json::from_str(&browser.get(path).await.text).unwrap();
        assert_eq!(told[member], json!(expected), "{path}");
    }
    let refused = browser.request("POST", "/mcp").json(&json!({})).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains(&behind.public), "{challenge}");
    behind.stop().await;
}

/// What a caller writes into `X-Forwarded-For` stands before what the proxy adds, and counts for
/// nothing; and metrics, to which the proxy is near, are not read through it.
#[actix_web::test]
async fn a_caller_behind_a_proxy_cannot_choose_their_address() {
    let behind = Behind::start(Manners::Good).await;
    let (browser, direct) = (Browser::new(&behind.public), Browser::new(&behind.app.base));
    let call = async || {
        let call = browser.request("POST", "/mcp").header("X-Forwarded-For", "203.0.113.9");
        call.json(&json!({})).send().await.unwrap().status().as_u16()
    };
    behind.app.set("allowed_ips", "198.51.100.0/24").await;
    assert_eq!(call().await, 401, "{CALLER} is listed, and only lacks a token");
    behind.app.set("allowed_ips", "203.0.113.0/24").await;
    assert_eq!(call().await, 403, "the address of one's own choice is not one's own");
    assert_eq!(browser.get("/metrics").await.status, 403);
    assert_eq!(direct.get("/metrics").await.status, 200);
    behind.stop().await;
}
