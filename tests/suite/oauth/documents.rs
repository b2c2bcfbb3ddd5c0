//! Clients that describe themselves by a metadata document: the way from their URL to a token
//! (checklist D18 to D26, E15).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::ai_client::{AuthorizationRequest, code, http, redirected};
use crate::support::browser::Page;
use crate::support::database::Backend;
use crate::support::documents::{DOCUMENT, Hosts, document};
use crate::support::{
    ADMIN, AUDITOR, AiClient, Browser, MEMBER, OTHER, PASSWORD, TestApp, html, postgres,
};

/// Longer than any test, so that only what is meant to be slow is too slow.
const PATIENT: Duration = Duration::from_secs(30);
const CLAUDE_CODE: &str = "https://claude.ai/oauth/claude-code-client-metadata";

/// As `both_databases!`, on an internet of the test's own.
macro_rules! hosted {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident, $hosts:ident) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($app: &TestApp, $hosts: &Hosts) $body

        mod $name {
            use super::*;

            async fn run(backend: Backend) {
                let hosts = Hosts::start().await;
                let app = hosts.app(backend, PATIENT).await;
                super::$name(&app, &hosts).await;
                app.stop().await;
            }

            #[actix_web::test]
            async fn sqlite() {
                run(Backend::Sqlite).await;
            }

            #[actix_web::test]
            async fn postgres() {
                if postgres::server().is_some() {
                    run(Backend::Postgres).await;
                }
            }
        }
    )+};
}

fn request(app: &TestApp, client_id: &str) -> AuthorizationRequest {
    AuthorizationRequest::new(app, client_id, "usage:read")
}

async fn shown(app: &TestApp, browser: &Browser, client_id: &str) -> Page {
    browser.get(&request(app, client_id).path()).await
}

/// The page shows the client, and nothing was sent to it.
fn assert_shown(page: &Page, name: &str) {
    assert_eq!(page.status, 200, "{}", page.text);
    let text = html::text(&page.text);
    assert!(text.contains(name), "{text}");
}

fn assert_refused(page: &Page, word: &str) {
    assert_eq!((page.status, page.header("location")), (400, ""), "{}", page.text);
    let text = html::text(&page.text);
    assert!(text.contains(word), "{word}: {text}");
}

async fn rows(app: &TestApp) -> i64 {
    app.count(format!("SELECT count(*) FROM clients WHERE client_id = '{DOCUMENT}'")).await
}

hosted! {
    /// The whole way, beginning signed out; the page names who describes itself where.
    ///
    /// Rows: D18, D24, E15
    async fn a_document_leads_to_a_token(app, hosts) {
        let browser = app.anonymous();
        let asked = request(app, DOCUMENT).with("state", "s & t");
        let login = browser.get(&asked.path()).await;
        assert_eq!(login.status, 303, "{}", login.text);
        let login = login.header("location").to_owned();
        assert!(login.starts_with("/login?continue=") && !login.contains("client.example"), "{login}");
        assert_eq!(browser.get(&login).await.status, 200);
        assert!(hosts.resolved().is_empty(), "nobody has signed in yet");
        let answer = browser.submit(&login, "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        let page = browser.get(answer.header("location")).await;
        assert_shown(&page, "Sample Client");
        let text = html::text(&page.text);
        for word in ["client.example", "127.0.0.1:4711", "Unverified client", MEMBER.email,
            "Nobody has verified", "It runs on your computer"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        let answer = browser.send(&page, "/oauth/authorize",
            &[("decision", "authorize"), ("scope", "usage:read")]).await;
        let mut told = redirected(answer.header("location"));
        assert_eq!((told["state"].as_str(), told["iss"].as_str()), ("s & t", app.base.as_str()));
        let client = AiClient::redeem(app, DOCUMENT, &told.remove("code").unwrap()).await.unwrap();
        assert!(client.call().await.is_ok());
        let entries = app.audited("client_registered").await;
        assert_eq!((entries.len(), entries[0].outcome.as_str(), entries[0].actor.as_str()), (1, "ok", MEMBER.email));
        assert_eq!(entries[0].detail()["document"], DOCUMENT);
        assert_eq!(app.count(format!("SELECT count(*) FROM clients WHERE client_id = '{DOCUMENT}' \
            AND registration = 'metadata_document' AND trust = 'unverified' AND auth_method = 'none'")).await, 1);
    }

    /// Whoever is not signed in causes no request, however often and with whatever is kept already.
    ///
    /// Rows: D24
    async fn without_a_person_nothing_is_fetched(app, hosts) {
        let browser = app.anonymous();
        for _ in 0..3 {
            let page = shown(app, &browser, DOCUMENT).await;
            let login = page.header("location").to_owned();
            let back = format!("/oauth/authorize?{}", login.split_once('?').unwrap().1);
            assert_eq!(browser.get(&back).await.header("location"), login, "still the same request");
        }
        assert!(hosts.resolved().is_empty());
        assert_shown(&shown(app, &app.member().await, DOCUMENT).await, "Sample Client");
        app.clock.advance(90_000);
        let page = shown(app, &browser, DOCUMENT).await;
        assert!(page.header("location").starts_with("/login?continue="), "{}", page.text);
        assert_eq!(hosts.requests().len(), 1, "an old document is not fetched for nobody either");
        app.clock.advance(901);
        let login = page.header("location").split_once('?').unwrap().1.to_owned();
        assert_eq!(app.member().await.get(&format!("/oauth/authorize?{login}")).await.status, 404, "too old");
    }

    /// Kept as long as the host says, a day at most, a minute at least; then the new one counts.
    ///
    /// Rows: D23
    async fn a_document_is_kept_as_long_as_its_host_says(app, hosts) {
        for (place, (headers, seconds)) in [
            ("", 3600), ("Cache-Control: max-age=600\r\n", 600), ("Cache-Control: no-store\r\n", 60),
            ("Cache-Control: max-age=600\r\nAge: 500\r\n", 100), ("Expires: 0\r\n", 60),
            ("Cache-Control: public\r\nCache-Control: max-age=999999999\r\n", 86_400),
        ].into_iter().enumerate() {
            let mut said = document();
            said["client_name"] = json!(format!("Client number {place}"));
            hosts.document_with(headers, &said);
            let before = hosts.requests().len();
            let browser = app.member().await;
            for _ in 0..3 {
                assert_shown(&shown(app, &browser, DOCUMENT).await, &format!("Client number {place}"));
            }
            assert_eq!(hosts.requests().len(), before + 1, "{headers}");
            hosts.document_with(headers, &json!({}));
            app.clock.advance(seconds - 1);
            let browser = app.member().await;
            assert_shown(&shown(app, &browser, DOCUMENT).await, &format!("Client number {place}"));
            app.clock.advance(1);
            assert_refused(&shown(app, &browser, DOCUMENT).await, "client_id");
        }
        assert_eq!(rows(app).await, 1);
        let outcomes: Vec<_> = app.audited("client_registered").await.into_iter()
            .map(|entry| (entry.outcome.clone(), entry.detail()["said"].as_str().unwrap().to_owned())).collect();
        assert_eq!(outcomes[0], ("ok".into(), "new".into()));
        assert_eq!(outcomes[1].0, "denied");
        assert_eq!(outcomes[2], ("ok".into(), "changed".into()));
    }

    /// What the document says now is where a client may be sent back to.
    ///
    /// Rows: D23
    async fn changed_redirects_count_once_the_old_ones_are_old(app, hosts) {
        let browser = app.member().await;
        let elsewhere = request(app, DOCUMENT).with("redirect_uri", "https://other.example/callback");
        assert_refused(&browser.get(&elsewhere.path()).await, "has not registered");
        let mut moved = document();
        moved["redirect_uris"] = json!(["https://other.example/callback"]);
        hosts.document(&moved);
        assert_shown(&shown(app, &browser, DOCUMENT).await, "Sample Client");
        app.clock.advance(3600);
        assert_eq!(browser.get(&elsewhere.path()).await.status, 200);
        assert_refused(&shown(app, &browser, DOCUMENT).await, "has not registered");
    }

    /// A client whose document is gone gets nothing new and keeps what it has.
    ///
    /// Rows: D23
    async fn a_document_that_is_gone_ends_nothing_and_begins_nothing(app, hosts) {
        let browser = app.member().await;
        let code = code(&browser, &request(app, DOCUMENT)).await;
        let mut client = AiClient::redeem(app, DOCUMENT, &code).await.unwrap();
        hosts.answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        app.clock.advance(3500);
        assert_eq!(client.refresh().await.status, 200);
        app.clock.advance(200);
        assert_refused(&shown(app, &browser, DOCUMENT).await, "could be fetched");
        assert!(client.call().await.is_ok());
        assert_eq!(client.refresh().await.status, 200);
        hosts.document(&document());
        assert_shown(&shown(app, &browser, DOCUMENT).await, "Sample Client");
    }

    /// A failure is forgotten at once.
    ///
    /// Rows: D23
    async fn failures_are_not_kept(app, hosts) {
        let browser = app.member().await;
        hosts.answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nCache-Control: max-age=600\r\n\r\n");
        assert_refused(&shown(app, &browser, DOCUMENT).await, "could be fetched");
        assert_eq!(rows(app).await, 0);
        hosts.document(&document());
        assert_shown(&shown(app, &browser, DOCUMENT).await, "Sample Client");
        assert_eq!(hosts.requests().len(), 2);
    }

    /// Rows: D23
    async fn many_at_once_are_one_fetch(app, hosts) {
        let browser = app.member().await;
        let pages = futures_util::future::join_all((0..10).map(|_| shown(app, &browser, DOCUMENT))).await;
        for page in pages {
            assert_shown(&page, "Sample Client");
        }
        assert_eq!((hosts.requests().len(), rows(app).await), (1, 1));
    }

    /// Blocking outlives whatever the document says, and needs no document.
    async fn a_blocked_client_stays_blocked(app, hosts) {
        let browser = app.member().await;
        assert_shown(&shown(app, &browser, DOCUMENT).await, "Sample Client");
        app.sql("UPDATE clients SET trust = 'blocked'").await;
        app.clock.advance(90_000);
        let browser = app.member().await;
        assert_refused(&shown(app, &browser, DOCUMENT).await, "blocked");
        assert_eq!(hosts.requests().len(), 1, "nothing to ask for");
        app.clock.advance(31 * 86_400);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_refused(&shown(app, &app.member().await, DOCUMENT).await, "blocked");
        app.sql("UPDATE clients SET trust = 'unverified'").await;
        assert_shown(&shown(app, &app.member().await, DOCUMENT).await, "Sample Client");
    }

    /// Rows: D24
    async fn a_person_and_a_host_see_only_so_many_fetches(app, hosts) {
        hosts.document(&json!({}));
        let mut last = app.anonymous();
        for person in [MEMBER, OTHER, ADMIN] {
            last = app.signed_in(person).await;
            for _ in 0..20 {
                assert_refused(&shown(app, &last, DOCUMENT).await, "client_id");
            }
        }
        let of_person = shown(app, &last, DOCUMENT).await;
        let of_host = shown(app, &app.signed_in(AUDITOR).await, DOCUMENT).await;
        for page in [of_person, of_host] {
            assert_eq!((page.status, page.header("location")), (429, ""), "{}", page.text);
        }
        assert_eq!(hosts.requests().len(), 60);
        let outcomes: Vec<_> = app.audited("client_registered").await.into_iter().map(|entry| entry.outcome).collect();
        assert_eq!(outcomes[60..], ["limited", "limited"]);
        app.clock.advance(900);
        assert_refused(&shown(app, &last, DOCUMENT).await, "client_id");
    }

    /// Off takes none, known takes the shipped ones and asks nobody, on takes all.
    ///
    /// Rows: D25
    async fn the_setting_says_which_documents_are_taken(app, hosts) {
        let browser = app.member().await;
        let flag = "client_id_metadata_document_supported";
        for (setting, shipped, remote) in [("on", true, true), ("known", true, false), ("off", false, false)] {
            app.set("metadata_documents", setting).await;
            let page = browser.get(&request(app, CLAUDE_CODE).with("redirect_uri", "http://localhost:9/callback").path()).await;
            if shipped {
                assert_shown(&page, "Claude Code");
                assert!(html::text(&page.text).contains("Verified client"));
            } else {
                assert_refused(&page, "does not know that program");
            }
            let page = shown(app, &browser, DOCUMENT).await;
            if remote { assert_shown(&page, "Sample Client") } else { assert_refused(&page, "does not know that program") }
            let url = app.url("/.well-known/oauth-authorization-server");
            let metadata: Value = http().get(url).send().await.unwrap().json().await.unwrap();
            assert_eq!(metadata.get(flag).is_some(), setting != "off", "{setting}");
        }
        assert_eq!(hosts.resolved(), ["client.example"], "nothing is fetched for what is shipped");
    }

    /// Nor does a request begin anything that was waiting when the setting changed.
    ///
    /// Rows: D25
    async fn a_page_that_was_open_is_turned_away_with_its_kind(app, hosts) {
        let browser = app.member().await;
        let page = shown(app, &browser, DOCUMENT).await;
        assert_shown(&page, "Sample Client");
        let parked = app.anonymous().get(&request(app, DOCUMENT).path()).await.header("location").to_owned();
        app.set("metadata_documents", "known").await;
        let fields = [("decision", "authorize"), ("scope", "usage:read")];
        let answer = browser.send(&page, "/oauth/authorize", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{}", answer.text);
        let resumed = parked.replacen("/login?continue=", "/oauth/authorize?continue=", 1);
        assert_refused(&browser.get(&resumed).await, "turned");
        assert_eq!(app.count("SELECT count(*) FROM authorization_codes").await, 0);
        assert_eq!(hosts.resolved(), ["client.example"]);
    }

    /// What was kept of an older version's table is brought up to date; a block stays.
    ///
    /// Rows: D25
    async fn a_shipped_client_is_what_this_version_ships(app, hosts) {
        app.set("metadata_documents", "known").await;
        let browser = app.member().await;
        let asked = request(app, CLAUDE_CODE).with("redirect_uri", "http://localhost:9/callback").path();
        assert_shown(&browser.get(&asked).await, "Claude Code");
        app.sql("UPDATE clients SET name = 'Old', redirect_uris = 'https://old.example/callback'").await;
        assert_shown(&browser.get(&asked).await, "Claude Code");
        app.sql("UPDATE clients SET name = 'Old', trust = 'blocked'").await;
        assert_refused(&browser.get(&asked).await, "blocked");
        assert_eq!(app.count("SELECT count(*) FROM clients WHERE name = 'Claude Code'").await, 1);
        assert!(hosts.resolved().is_empty());
    }

    /// A URL is a document's, whatever else is registered, and is judged before anything is asked.
    ///
    /// Rows: D19, D26
    async fn a_url_is_never_another_kind_of_client(app, hosts) {
        let browser = app.member().await;
        app.sql(format!("INSERT INTO clients (client_id, name, registration, trust, auth_method, redirect_uris, created_at) \
            VALUES ('http://client.example/c', 'Shadow', 'dynamic', 'verified', 'none', 'http://127.0.0.1/callback', {})",
            app.clock.now().0)).await;
        for url in ["http://client.example/c", "https://client.example", "https://client.example/",
            "https://client.example/a/../c", "https://client.example/c#x", "https://u@client.example/c",
            "https://client.example:8443/c", "https://127.0.0.1/c", "https://[::1]/c", "https://localhost/c"] {
            assert_refused(&shown(app, &browser, url).await, "cannot be used");
        }
        let registered = crate::support::ai_client::register(app, &["http://127.0.0.1/callback"]).await;
        assert!(uuid::Uuid::parse_str(&registered).is_ok(), "{registered}");
        assert_shown(&shown(app, &browser, &registered).await, "Suite Client");
        let page = shown(app, &app.anonymous(), &registered).await;
        assert!(page.header("location").starts_with("/login?continue="), "{}", page.text);
        assert!(hosts.resolved().is_empty());
    }
}
