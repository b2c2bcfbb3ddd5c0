//! `/metrics`: its format, that what happens is counted, and who may read it.

use serde_json::json;

use crate::support::{ADMIN, MEMBER, TestApp, both_databases, on_sqlite};

async fn read(app: &TestApp) -> String {
    let page = app.anonymous().get("/metrics").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.header("content-type").starts_with("text/plain; version=0.0.4"));
    page.text
}

/// The value of a series, as its line begins.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    assert!(line.is_some(), "no {series} in {text}");
    line.unwrap().parse().unwrap()
}

both_databases! {
    async fn what_happens_is_counted(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let before = read(app).await;
        let issued = "portcullis_tokens_issued_total{grant=\"authorization_code\"}";
        assert!(value(&before, issued) >= 1.0);
        client.call_tool("get_usage", json!({})).await;
        client.call_tool("search_stores", json!({ "limit": 1000 })).await;
        client.call_tool("search_contacts", json!({})).await;
        app.set_access(MEMBER, false).await;
        client.call_tool("get_usage", json!({})).await;
        app.anonymous().submit("/login", "/login", &[("email", ADMIN.email), ("password", "not the password")]).await;
        app.anonymous().get("/nothing/here").await;
        let after = read(app).await;
        for (series, more) in [
            ("portcullis_calls_total{outcome=\"ok\",surface=\"mcp\",tool=\"get_usage\"}", 1.0),
            ("portcullis_calls_total{outcome=\"error\",surface=\"mcp\",tool=\"search_stores\"}", 1.0),
            ("portcullis_gate_refusals_total{code=\"insufficient_scope\",reason=\"scope\",surface=\"mcp\"}", 1.0),
            ("portcullis_gate_refusals_total{code=\"invalid_token\",reason=\"ended\",surface=\"mcp\"}", 1.0),
            ("portcullis_gate_refusals_total{code=\"mcp_disabled\",reason=\"switched_off\",surface=\"mcp\"}", 0.0),
            ("portcullis_auth_failures_total{kind=\"sign_in\"}", 1.0),
            ("portcullis_http_request_duration_seconds_count{area=\"mcp\"}", 4.0),
        ] {
            assert_eq!(value(&after, series) - value(&before, series), more, "{series}");
        }
        assert_eq!(value(&after, "portcullis_http_requests_total{route=\"none\",status=\"4xx\"}"), 1.0);
        assert!(value(&after, "portcullis_http_requests_total{route=\"/mcp\",status=\"4xx\"}") >= 2.0);
        assert_eq!(value(&after, "portcullis_database_up"), 1.0);
        assert!(value(&after, "portcullis_outbox_waiting") >= 0.0);
        let written = value(&after, "portcullis_writer_immediate_writes_total")
            + value(&after, "portcullis_writer_batched_writes_total");
        assert!(written >= 4.0, "{after}");
        assert!(value(&after, "process_start_time_seconds") > 1.7e9);
    }
}

on_sqlite! {
    /// Every line is one of the format; every family says its type once, before its series; and no
    /// label tells of anybody.
    async fn the_answer_is_in_the_text_format_and_names_nobody(app) {
        let client = app.ai_client("usage:read").await;
        client.call_tool("get_usage", json!({})).await;
        let text = read(app).await;
        assert!(text.ends_with('\n'));
        let mut families = std::collections::BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(families.insert(name.to_owned()), "{line}: twice");
            } else if !line.starts_with("# HELP ") {
                let (series, number) = line.rsplit_once(' ').unwrap();
                number.parse::<f64>().unwrap();
                let name = series.split('{').next().unwrap();
                let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).filter(|name| families.contains(*name));
                assert!(families.contains(family.unwrap_or(name)), "{line}");
                let labels = series.split_once('{').map_or("", |(_, rest)| rest.trim_end_matches('}'));
                for label in labels.split("\",").filter(|label| !label.is_empty()) {
                    let name = label.split('=').next().unwrap();
                    assert!(["route", "status", "area", "surface", "tool", "outcome", "code", "reason", "kind", "grant", "pool", "version", "le"].contains(&name), "{line}");
                }
            }
        }
        for told in [MEMBER.email, MEMBER.name, client.client_id.as_str(), "127.0.0.1"] {
            assert!(!text.contains(told), "{told}");
        }
    }

    /// A proxy on the same machine is as near as a scraper; what comes through it is not.
    async fn who_comes_through_a_proxy_or_by_the_public_name_reads_nothing(app) {
        for (name, value) in [("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=203.0.113.9"), ("Via", "1.1 proxy")] {
            let answer = app.anonymous().request("GET", "/metrics").header(name, value).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 403, "{name}");
            let text = answer.text().await.unwrap();
            assert!(text.contains("ip_not_allowed") && !text.contains("portcullis_"), "{text}");
        }
        // Being an administrator opens it no more than being anybody does.
        let answer = app.admin().await.request("GET", "/metrics").header("X-Real-IP", "203.0.113.9").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403);
    }
}
