//! Checks 1 to 3: master switch, address, origin and host, in this order and before the token is
//! looked at (contract §7; checklist A14, A15, A47). Settings act on the next request, everywhere.

use serde_json::{Value, json};

use crate::support::ai_client::{Answer, http};
use crate::support::database::Backend;
use crate::support::{AiClient, TestApp, both_databases, on_sqlite, rpc};

async fn ping(client: &AiClient, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.post(&rpc::legacy("ping", json!({})));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["error"]["code"].as_str().unwrap_or_default())
}

both_databases! {
    async fn the_master_switch_acts_on_the_next_request_of_every_replica(app) {
        let replica = app.replica().await;
        let client = app.ai_client("usage:read").await;
        let mut elsewhere = client.clone();
        elsewhere.base = replica.base.clone();
        let host = app.host().to_owned();
        assert_eq!(ping(&client, &[]).await.status, 200);
        assert_eq!(ping(&elsewhere, &[("Host", &host)]).await.status, 200);
        app.set("mcp_enabled", "no").await;
        assert_eq!(code(&ping(&client, &[]).await), (503, "mcp_disabled"));
        assert_eq!(code(&ping(&elsewhere, &[("Host", &host)]).await), (503, "mcp_disabled"));
        // Everybody, token or not: the switch is looked at first.
        let nobody = Answer::of(http().post(app.resource()).send().await.unwrap()).await;
        assert_eq!(code(&nobody), (503, "mcp_disabled"));
        assert!(nobody.headers.get("www-authenticate").is_none());
        app.set("mcp_enabled", "yes").await;
        assert_eq!(ping(&client, &[]).await.status, 200, "nothing was revoked by it");
        assert_eq!(ping(&elsewhere, &[("Host", &host)]).await.status, 200);
        replica.stop().await;
    }

    async fn a_changed_lifetime_acts_on_the_next_token(app) {
        let mut client = app.ai_client("usage:read").await;
        app.set("access_token_seconds", "900").await;
        let answer = client.refresh().await;
        assert_eq!(answer.json["expires_in"], json!(900));
        app.clock.advance(900 + 60);
        assert_eq!(client.call().await.status, 401);
    }
}

on_sqlite! {
    async fn an_address_off_the_list_is_refused_before_its_token_is_looked_at(app) {
        let client = app.ai_client("usage:read").await;
        app.set("allowed_ips", "192.0.2.0/24 2001:db8::/32").await;
        assert_eq!(code(&ping(&client, &[]).await), (403, "ip_not_allowed"));
        let nobody = Answer::of(http().post(app.resource()).send().await.unwrap()).await;
        assert_eq!(code(&nobody), (403, "ip_not_allowed"));
        assert!(nobody.headers.get("www-authenticate").is_none());
        // Nobody vouches for this header here.
        assert_eq!(ping(&client, &[("X-Forwarded-For", "192.0.2.1")]).await.status, 403);
        app.set("allowed_ips", "127.0.0.0/8").await;
        assert_eq!(ping(&client, &[]).await.status, 200);
        app.set("allowed_ips", "").await;
        assert_eq!(ping(&client, &[]).await.status, 200);
    }

    /// A14: exactly 403, before the token.
    /// Rows: A14
    async fn a_foreign_origin_is_refused(app) {
        let client = app.ai_client("usage:read").await;
        app.set("allowed_origins", "https://inspector.example").await;
        for (origin, status) in [
            (app.base.as_str(), 200),
            ("https://inspector.example", 200),
            ("https://inspector.example.evil.example", 403),
            ("http://inspector.example", 403),
            ("https://evil.example", 403),
            ("http://127.0.0.1:1", 403),
            ("null", 403),
            ("", 403),
        ] {
            let answer = ping(&client, &[("Origin", origin)]).await;
            assert_eq!(answer.status, status, "{origin}");
            if status == 403 {
                assert_eq!(code(&answer).1, "origin_not_allowed");
                assert!(answer.headers.get("access-control-allow-origin").is_none());
            } else {
                assert_eq!(answer.header("access-control-allow-origin"), origin);
                assert!(answer.header("access-control-expose-headers").contains("WWW-Authenticate"));
            }
            let nobody = http().post(app.resource()).header("Origin", origin).send().await.unwrap();
            assert_eq!(nobody.status(), if status == 200 { 401 } else { 403 }, "{origin}");
        }
    }

    /// A15: DNS rebinding; forwarding headers of a caller count for nothing.
    /// Rows: A15
    async fn a_foreign_host_is_refused(app) {
        let client = app.ai_client("usage:read").await;
        let port = app.host().rsplit_once(':').unwrap().1;
        for (host, status) in [
            (app.host().to_owned(), 200),
            (format!("localhost:{port}"), 200),
            (format!("[::1]:{port}"), 200),
            ("evil.example".to_owned(), 403),
            (format!("evil.example:{port}"), 403),
            (format!("127.0.0.1.evil.example:{port}"), 403),
            (format!("localhost:{port}.evil.example"), 403),
        ] {
            assert_eq!(ping(&client, &[("Host", &host)]).await.status, status, "{host}");
        }
        for (name, value) in [
            ("X-Forwarded-Host", app.host().to_owned()),
            ("Forwarded", format!("host=\"{}\"", app.host())),
        ] {
            let answer = ping(&client, &[("Host", "evil.example"), (name, &value)]).await;
            assert_eq!(answer.status, 403, "{name} must not vouch for a foreign host");
            let nobody = http().post(app.resource()).header("Host", "evil.example").header(name, &value);
            assert_eq!(nobody.send().await.unwrap().status(), 403, "{name}");
        }
    }

    /// A47: only listed pages are let in, and anybody may ask.
    /// Rows: A47
    async fn a_preflight_is_answered_without_a_token(app) {
        app.set("allowed_origins", "https://inspector.example").await;
        let ask = |origin: &'static str| {
            let request = http().request(reqwest::Method::OPTIONS, app.resource()).header("Origin", origin);
            async move { Answer::of(request.send().await.unwrap()).await }
        };
        let answer = ask("https://inspector.example").await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), "https://inspector.example");
        assert!(answer.header("access-control-allow-methods").contains("POST"));
        for header in ["Authorization", "Content-Type", "Accept", "MCP-Protocol-Version", "Mcp-Method",
            "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID"] {
            assert!(answer.header("access-control-allow-headers").contains(header), "{header}");
        }
        let foreign = ask("https://evil.example").await;
        assert!(foreign.headers.get("access-control-allow-origin").is_none());
        assert!(foreign.headers.get("access-control-allow-headers").is_none());
    }

    /// C18: no business reason is told as 403; that status is for scope, origin, host and address.
    /// Rows: C18
    async fn a_plan_without_access_is_told_inside_the_result(app) {
        let client = app.ai_client("usage:read stores:read").await;
        app.sql("UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE name = 'Free')").await;
        let answer = client.call_tool("get_store", json!({ "domain": "shop01.example.com" })).await;
        assert_eq!((answer.status, answer.tool_error()), (200, "api_access_disabled"));
        assert_eq!(answer.json["result"]["structuredContent"]["error"]["request_id"],
            json!(answer.header("x-request-id")));
        // Looking at the usage stays free, or nobody could find out why.
        assert_eq!(client.call().await.content()["api_access"], Value::Bool(false));
    }
}

/// Behind a declared proxy the caller's address and host are what the proxy says.
#[actix_web::test]
async fn a_trusted_proxy_may_say_who_calls_and_under_which_name() {
    let app = TestApp::on(Backend::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let client = app.ai_client("usage:read").await;
    app.set("allowed_ips", "192.0.2.0/24").await;
    for (forwarded, status) in [
        ("192.0.2.7", 200),
        ("198.51.100.1", 403),
        ("192.0.2.7, 198.51.100.1", 403),
        ("198.51.100.1, 192.0.2.7", 200),
        ("nonsense", 403),
    ] {
        let answer = ping(&client, &[("X-Forwarded-For", forwarded)]).await;
        assert_eq!(answer.status, status, "{forwarded}");
    }
    let inner = [("X-Forwarded-For", "192.0.2.7"), ("Host", "backend.internal:8080")];
    assert_eq!(ping(&client, &inner).await.status, 403);
    let named = [inner[0], inner[1], ("X-Forwarded-Host", app.host())];
    assert_eq!(ping(&client, &named).await.status, 200);
    app.stop().await;
}
