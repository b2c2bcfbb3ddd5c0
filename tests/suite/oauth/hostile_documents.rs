//! Hosts that answer with anything but a document, and names that lead inside (checklist D20 to
//! D22): nothing gets in, and whoever asks learns nothing of our network.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::ai_client::AuthorizationRequest;
use crate::support::database::Backend;
use crate::support::documents::{ADDRESS, DEAD, DOCUMENT, Hosts, document};
use crate::support::{Browser, TestApp, html};

const PATIENT: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(400);

/// An application on a small internet, with somebody signed in.
struct Stage {
    hosts: Hosts,
    app: TestApp,
    browser: Browser,
}

impl Stage {
    async fn new(deadline: Duration) -> Self {
        let hosts = Hosts::start().await;
        let app = hosts.app(Backend::Sqlite, deadline).await;
        let browser = app.member().await;
        Self { hosts, app, browser }
    }

    /// The refusal's words; limits start anew, so that only the document counts.
    async fn refusal(&self, client_id: &str) -> String {
        self.app.sql("DELETE FROM throttles").await;
        let asked = AuthorizationRequest::new(&self.app, client_id, "usage:read");
        let page = self.browser.get(&asked.path()).await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{}", page.text);
        let text = html::text(&page.text).replace(page.header("x-request-id"), "");
        let entry = self.app.audited("client_registered").await.pop().unwrap();
        assert_eq!(entry.outcome, "denied");
        assert_eq!(self.app.count("SELECT count(*) FROM clients").await, 0);
        format!("{text} / {}", entry.detail()["said"])
    }

    /// Refused like everything else that could not be fetched.
    async fn assert_not_fetched(&self, what: &str) {
        let text = self.refusal(DOCUMENT).await;
        assert!(
            text.contains("could be fetched") && text.ends_with("/ \"not fetched\""),
            "{what}: {text}"
        );
        for word in [
            "127.0.0.1:",
            "refused",
            "resol",
            "certificate",
            "timed",
            "slow",
            "status",
            "public internet",
        ] {
            assert!(!text.contains(word), "{what} tells {word}: {text}");
        }
    }
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}")
}

/// Rows: D21
#[actix_web::test]
async fn only_a_plain_answer_is_taken() {
    let stage = Stage::new(PATIENT).await;
    let json = "Content-Type: application/json\r\n";
    let good = document().to_string();
    let big = format!("{{\"padding\": \"{}\"}}", "x".repeat(1 << 20));
    let chunked = format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len());
    let mut edge = document();
    edge["padding"] = json!("x".repeat(5 * 1024));
    for (what, answer) in [
        ("redirect", "HTTP/1.1 302 Found\r\nLocation: https://other.example/oauth/client.json\r\nContent-Length: 0\r\n\r\n".into()),
        ("redirect with a body", format!("HTTP/1.1 307 Again\r\nLocation: /other\r\n{json}\r\n{good}")),
        ("201", format!("HTTP/1.1 201 Created\r\n{json}\r\n{good}")),
        ("206", format!("HTTP/1.1 206 Partial\r\n{json}\r\n{good}")),
        ("404", format!("HTTP/1.1 404 Not Found\r\n{json}\r\n{good}")),
        ("304", "HTTP/1.1 304 Not Modified\r\n\r\n".into()),
        ("html", ok("Content-Type: text/html\r\n", &good)),
        ("text", ok("Content-Type: text/plain; x=application/json\r\n", &good)),
        ("no type", ok("", &good)),
        ("two types", ok("Content-Type: text/html\r\nContent-Type: application/json\r\n", &good)),
        ("gzip", ok(&format!("{json}Content-Encoding: gzip\r\n"), "\u{1f}\u{8b}")),
        ("brotli by name only", ok(&format!("{json}Content-Encoding: br\r\n"), &good)),
        ("1 MiB", ok(json, &big)),
        ("1 MiB in chunks", ok(&format!("{json}Transfer-Encoding: chunked\r\n"), &chunked)),
        ("1 MiB announced", ok(&format!("{json}Content-Length: {}\r\n", big.len()), &big)),
        ("a little too much", ok(json, &edge.to_string())),
        ("cut short", ok(&format!("{json}Content-Length: 5000\r\n"), &good)),
        ("a head without end", format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20))),
        ("no HTTP", "hello".into()),
        ("nothing", String::new()),
    ] {
        stage.hosts.answer(answer);
        stage.assert_not_fetched(what).await;
    }
    let hosts: Vec<_> = stage.hosts.resolved();
    assert!(
        hosts.iter().all(|host| host == "client.example"),
        "no redirect is followed: {hosts:?}"
    );
    for head in stage.hosts.requests() {
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("get /oauth/client.json http/1.1\r\n"), "{head}");
        for line in
            ["host: client.example", "accept: application/json", "accept-encoding: identity"]
        {
            assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
        }
        assert!(!head.contains("cookie") && !head.contains("authorization"), "{head}");
    }
    stage.app.stop().await;
}

/// The largest document that is taken, under another JSON type, in chunks, without a length.
///
/// Rows: D21
#[actix_web::test]
async fn a_document_of_exactly_five_kibibytes_is_taken() {
    let stage = Stage::new(PATIENT).await;
    let mut edge = document();
    edge["padding"] = json!("");
    let room = 5 * 1024 - edge.to_string().len();
    edge["padding"] = json!("x".repeat(room));
    let body = edge.to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    stage.hosts.answer(ok("Content-Type: application/client+json; charset=utf-8\r\nContent-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", &chunked));
    let page = stage
        .browser
        .get(&AuthorizationRequest::new(&stage.app, DOCUMENT, "usage:read").path())
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
    stage.app.stop().await;
}

/// Who never finishes is left, wherever they stop; nothing of it stays behind.
///
/// Rows: D21
#[actix_web::test]
async fn a_slow_host_is_left() {
    let stage = Stage::new(SHORT).await;
    let json = "Content-Type: application/json\r\n";
    for (what, answer) in [
        ("no answer", String::new()),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-".into()),
        ("no body", ok(json, "")),
        ("half a body", ok(&format!("{json}Content-Length: 500\r\n"), "{")),
    ] {
        stage.hosts.endless(answer);
        stage.assert_not_fetched(what).await;
    }
    stage.app.stop().await;
}

/// Rows: D21
#[actix_web::test]
async fn a_certificate_must_be_trusted_and_of_that_name() {
    let stage = Stage::new(PATIENT).await;
    stage.hosts.name("wrong.example", &[&[ADDRESS]]);
    let text = stage.refusal("https://wrong.example/oauth/client.json").await;
    assert!(text.contains("could be fetched"), "{text}");
    assert_eq!((stage.hosts.connected().len(), stage.hosts.requests().len()), (1, 0));
    stage.app.stop().await;

    // The same host, with another internet's authority.
    let (here, there) = (Hosts::start().await, Hosts::start().await);
    let app = here.trusting(&there).app(Backend::Sqlite, PATIENT).await;
    let browser = app.member().await;
    let stage = Stage { hosts: here, app, browser };
    stage.assert_not_fetched("unknown authority").await;
    assert_eq!((stage.hosts.connected().len(), stage.hosts.requests().len()), (1, 0));
    stage.app.stop().await;
}

/// Rows: D20
#[actix_web::test]
async fn a_document_must_describe_its_client_and_hold_no_secret() {
    let stage = Stage::new(PATIENT).await;
    let with = |name: &str, value: Value| {
        let mut changed = document();
        changed[name] = value;
        changed
    };
    let without = |name: &str| {
        let mut changed = document();
        changed.as_object_mut().unwrap().remove(name);
        changed
    };
    for (said, word) in [
        (with("client_id", json!("https://other.example/oauth/client.json")), "client_id"),
        (without("client_id"), "client_id"),
        (without("client_name"), "client_name"),
        (without("redirect_uris"), "redirect_uris"),
        (with("redirect_uris", json!(["javascript:alert(1)"])), "redirect_uris[0]"),
        (with("client_secret", json!("hush")), "client_secret"),
        (
            with("token_endpoint_auth_method", json!("client_secret_basic")),
            "token_endpoint_auth_method",
        ),
        (
            with("token_endpoint_auth_method", json!("private_key_jwt")),
            "token_endpoint_auth_method",
        ),
        (json!([document()]), "not a JSON object"),
    ] {
        stage.hosts.document(&said);
        let text = stage.refusal(DOCUMENT).await;
        assert!(text.matches(word).count() >= 2, "page and log say {word}: {text}");
        assert!(!text.contains("hush") && !text.contains("alert"), "{text}");
    }
    stage.app.stop().await;
}

/// A name that leads inside is not connected to, whatever else it leads to.
///
/// Rows: D22
#[actix_web::test]
async fn names_that_lead_inside_are_not_connected_to() {
    let stage = Stage::new(PATIENT).await;
    for addresses in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["10.0.0.1"],
        &["::1"],
        &["::ffff:10.0.0.1"],
        &["::ffff:9.9.9.9"],
        &["64:ff9b::7f00:1"],
        &["64:ff9b:1::a00:1"],
        &["2002:7f00:1::1"],
        &["fd00:ec2::254"],
        &["fe80::1"],
        &["0.0.0.0"],
        &[ADDRESS, "10.0.0.1"],
        &["2606:4700::1111", ADDRESS, "::1"],
        &[],
    ] {
        stage.hosts.name("client.example", &[addresses]);
        stage.assert_not_fetched(&format!("{addresses:?}")).await;
    }
    let text = stage.refusal("https://unknown.example/oauth/client.json").await;
    assert!(text.contains("could be fetched"), "{text}");
    assert!(stage.hosts.connected().is_empty(), "{:?}", stage.hosts.connected());
    stage.app.stop().await;
}

/// A name that answers otherwise the second time: it is asked once for each fetch, and the address
/// that was checked is the one connected to.
///
/// Rows: D22
#[actix_web::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let stage = Stage::new(PATIENT).await;
    stage.hosts.name("client.example", &[&[ADDRESS], &["127.0.0.1"]]);
    let asked = AuthorizationRequest::new(&stage.app, DOCUMENT, "usage:read").path();
    assert_eq!(stage.browser.get(&asked).await.status, 200);
    let checked: SocketAddr = format!("{ADDRESS}:443").parse().unwrap();
    assert_eq!((stage.hosts.resolved().len(), stage.hosts.connected()), (1, vec![checked]));
    stage.app.clock.advance(3600);
    let page = stage.browser.get(&asked).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert_eq!((stage.hosts.resolved().len(), stage.hosts.connected()), (2, vec![checked]));
    stage.app.stop().await;
}

/// A host with several addresses is reached at the one that answers; one at which nobody answers
/// looks like one that does not exist.
///
/// Rows: D24
#[actix_web::test]
async fn a_dead_address_is_passed_over_and_looks_like_no_address() {
    let stage = Stage::new(PATIENT).await;
    stage.hosts.name("client.example", &[&[DEAD]]);
    stage.assert_not_fetched("closed port").await;
    stage.hosts.name("client.example", &[&[DEAD, ADDRESS]]);
    let asked = AuthorizationRequest::new(&stage.app, DOCUMENT, "usage:read").path();
    assert_eq!(stage.browser.get(&asked).await.status, 200);
    let tried: Vec<_> = stage.hosts.connected().iter().map(|to| to.to_string()).collect();
    assert_eq!(tried, [DEAD, DEAD, ADDRESS].map(|address| format!("{address}:443")));
    stage.app.stop().await;
}
