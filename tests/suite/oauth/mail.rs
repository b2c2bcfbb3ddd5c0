//! Mail to people: written with what it tells or not at all, readable, and handed over with patience.

use diesel::prelude::*;
use portcullis::db::schema::outbox;
use portcullis::domain::audit::Actor;
use portcullis::service::access::{self, Authority};
use portcullis::service::{deliver, people};
use serde_json::json;

use crate::support::ai_client::{AuthorizationRequest, REDIRECT, code, http, register};
use crate::support::database::Backend;
use crate::support::{AiClient, MEMBER, TestApp, both_databases, postgres};

/// A row of the outbox.
#[derive(Debug, Queryable)]
struct Mail {
    recipient: String,
    subject: String,
    text: String,
    html: String,
    attempts: i64,
    due_at: i64,
    sent_at: Option<i64>,
    last_error: Option<String>,
}

/// Everything in the outbox, oldest first.
async fn mails(app: &TestApp) -> Vec<Mail> {
    app.ctx
        .db
        .read(|conn| {
            Ok(outbox::table
                .order(outbox::id.asc())
                .select((
                    outbox::recipient,
                    outbox::subject,
                    outbox::plain_text,
                    outbox::html,
                    outbox::attempts,
                    outbox::due_at,
                    outbox::sent_at,
                    outbox::last_error,
                ))
                .load(conn)?)
        })
        .await
        .unwrap()
}

/// The one mail, with what every mail has.
async fn the_mail(app: &TestApp, subject: &str) -> Mail {
    let mut all = mails(app).await;
    assert_eq!(all.len(), 1, "{all:?}");
    let mail = all.remove(0);
    assert_eq!((mail.recipient.as_str(), mail.subject.as_str()), (MEMBER.email, subject));
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(MEMBER.name), "{part}");
        assert!(part.contains(&app.base), "{part}");
        assert!(part.contains("15 Dec 2026"), "{part}");
    }
    assert!(mail.html.starts_with("<!doctype html>") && !mail.text.contains("<p>"));
    mail
}

async fn set_password(app: &TestApp) -> portcullis::error::Result<()> {
    people::set_password(&app.ctx, &Actor::operator(), MEMBER.email, "another good password").await
}

async fn disable(app: &TestApp) -> portcullis::error::Result<access::Changed> {
    let user = app.id_of(MEMBER).await;
    access::set(&app.ctx, &Actor::operator(), Authority::Operator, user, false).await
}

both_databases! {
    async fn a_new_connection_is_told_once_and_only_where_wanted(app) {
        let client = app.ai_client("usage:read").await;
        let mail = the_mail(app, "Suite Client can now act for you").await;
        assert!(mail.text.contains("127.0.0.1") && mail.html.contains("127.0.0.1"), "where it runs");
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let again = code(&app.member().await, &request).await;
        AiClient::redeem(app, &client.client_id, &again).await.unwrap();
        assert_eq!(mails(app).await.len(), 1, "the same connection is no news");
        app.set("new_client_mail", "no").await;
        app.ai_client("usage:read").await;
        assert_eq!(mails(app).await.len(), 1, "switched off");
        app.set("new_client_mail", "yes").await;
        app.ai_client("usage:read").await;
        assert_eq!(mails(app).await.len(), 2);
    }

    async fn disabled_access_is_told_once(app) {
        disable(app).await.unwrap();
        disable(app).await.unwrap();
        the_mail(app, "Your MCP access was disabled").await;
    }

    async fn a_changed_password_is_told_and_never_written(app) {
        set_password(app).await.unwrap();
        let mail = the_mail(app, "Your password was changed").await;
        assert!(!mail.text.contains("another good password") && !mail.html.contains("another good password"));
    }

    async fn a_replayed_secret_is_told_once(app) {
        app.set("new_client_mail", "no").await;
        let mut client = app.ai_client("usage:read").await;
        let stolen = client.refresh_token.clone();
        client.refresh().await;
        app.clock.advance(61);
        for _ in 0..3 {
            assert_eq!(client.present(&stolen).await.status, 400);
        }
        let mail = the_mail(app, "We ended a connection of Suite Client").await;
        assert!(!mail.text.contains(&stolen) && !mail.html.contains("pc_rt_"));
    }

    /// Mail and what it tells are one transaction: without the one there is not the other.
    async fn what_cannot_be_told_does_not_happen(app) {
        let client = app.ai_client("usage:read").await;
        let mut replayed = client.clone();
        replayed.refresh().await;
        let id = register(app, &[REDIRECT]).await;
        let code = code(&app.member().await, &AuthorizationRequest::new(app, &id, "usage:read")).await;
        app.clock.advance(30);
        app.sql("ALTER TABLE outbox RENAME TO hidden").await;
        assert!(disable(app).await.is_err());
        assert!(set_password(app).await.is_err());
        assert_eq!(AiClient::redeem(app, &id, &code).await.err().unwrap().status, 500);
        app.clock.advance(31);
        assert_eq!(client.present(&client.refresh_token).await.status, 500);
        app.sql("ALTER TABLE hidden RENAME TO outbox").await;
        assert!(replayed.call().await.is_ok(), "still enabled, still connected");
        app.anonymous().sign_in(MEMBER.email, crate::support::PASSWORD).await;
        assert_eq!(app.count("SELECT count(*) FROM tokens").await, 1);
        for action in ["mcp_access_disabled", "password_set", "reuse_alarm"] {
            assert!(app.audited(action).await.is_empty(), "{action}");
        }
        assert_eq!(mails(app).await.len(), 1, "of the first connection");
        // Nothing was lost by it either: what failed can be done again.
        assert_eq!(client.present(&client.refresh_token).await.oauth_error(), "invalid_grant");
        assert_eq!(mails(app).await.len(), 2);
    }

    /// What a client calls itself is one line of text, in every part.
    /// Rows: D16
    async fn a_hostile_name_is_text_in_mail_too(app) {
        let body = json!({
            "client_name": "Evil\r\nBcc: victim@example.com\r\n\r\n<img src=x onerror=alert(1)>\u{202e}\"'&{{7*7}}",
            "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
        });
        let answer = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        let id = answer["client_id"].as_str().unwrap();
        // Whatever registration lets through: a name with a line break is one line in a subject.
        app.sql(format!("UPDATE clients SET name = name || '\r\nX-Injected: yes' WHERE client_id = '{id}'")).await;
        let code = code(&app.member().await, &AuthorizationRequest::new(app, id, "usage:read")).await;
        AiClient::redeem(app, id, &code).await.unwrap();
        let mail = mails(app).await.remove(0);
        assert!(!mail.subject.contains(['\r', '\n', '\u{202e}']), "{}", mail.subject);
        assert!(!mail.html.contains("<img") && mail.html.contains("&#60;img"), "{}", mail.html);
        assert!(mail.html.contains("{{7*7}}"), "no template of its own");
    }
}

/// An application with a data folder of its own, where its outbox is.
async fn with_folder(backend: Backend) -> Option<(TestApp, tempfile::TempDir)> {
    if backend == Backend::Postgres {
        postgres::server()?;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let app =
        TestApp::on(backend, &[("DATA_FOLDER", &path), ("MAIL_FROM", "Gate <gate@acme.example>")])
            .await;
    Some((app, folder))
}

/// Due at once, then after a minute, two, four … four hours; twelve times, then no more.
async fn failures_are_tried_again_with_growing_pauses(backend: Backend) {
    let Some((app, folder)) = with_folder(backend).await else { return };
    // A file where the folder should be: nothing can be written there.
    std::fs::write(folder.path().join("outbox"), "in the way").unwrap();
    disable(&app).await.unwrap();
    let mut pauses = Vec::new();
    for attempt in 1..=deliver::MOST_ATTEMPTS {
        assert_eq!(deliver::round(&app.ctx).await.unwrap(), 0);
        let mail = mails(&app).await.remove(0);
        assert_eq!((mail.attempts, mail.sent_at), (attempt, None));
        assert!(mail.last_error.is_some(), "the reason is kept");
        let pause = (mail.due_at - app.clock.now().0) / 1000;
        app.clock.advance(pause - 1);
        assert_eq!(deliver::round(&app.ctx).await.unwrap(), 0);
        assert_eq!(mails(&app).await[0].attempts, attempt, "not before its time");
        app.clock.advance(1);
        pauses.push(pause);
    }
    assert_eq!(pauses[..4], [60, 120, 240, 480]);
    assert_eq!(pauses.last(), Some(&14_400));
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
    std::fs::remove_file(folder.path().join("outbox")).unwrap();
    app.clock.advance(7 * 86_400);
    assert_eq!(deliver::round(&app.ctx).await.unwrap(), 0, "given up");
    assert_eq!(mails(&app).await[0].attempts, deliver::MOST_ATTEMPTS);
    app.clock.advance(31 * 86_400);
    portcullis::jobs::run_all(&app.ctx).await;
    assert!(mails(&app).await.is_empty(), "and cleaned up in the end");
    app.stop().await;
}

#[actix_web::test]
async fn failures_are_tried_again_with_growing_pauses_on_sqlite() {
    failures_are_tried_again_with_growing_pauses(Backend::Sqlite).await;
}

#[actix_web::test]
async fn failures_are_tried_again_with_growing_pauses_on_postgres() {
    failures_are_tried_again_with_growing_pauses(Backend::Postgres).await;
}

/// One of several replicas hands a mail over, and what it writes is a mail.
async fn a_mail_is_handed_over_once(backend: Backend) {
    let Some((app, folder)) = with_folder(backend).await else { return };
    let client = app.ai_client("usage:read").await;
    assert_eq!(client.scope, "usage:read");
    disable(&app).await.unwrap();
    let rounds = futures_util::future::join_all((0..6).map(|_| deliver::round(&app.ctx))).await;
    assert_eq!(rounds.into_iter().map(Result::unwrap).sum::<usize>(), 2);
    assert_eq!(deliver::round(&app.ctx).await.unwrap(), 0);
    let all = mails(&app).await;
    assert!(
        all.iter()
            .all(|mail| mail.sent_at.is_some() && mail.attempts == 1 && mail.last_error.is_none())
    );
    let mut files: Vec<_> = std::fs::read_dir(folder.path().join("outbox"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 2);
    for (file, mail) in files.iter().zip(&all) {
        assert_eq!(file.extension().unwrap(), "eml");
        let text = std::fs::read_to_string(file).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: Gate <gate@acme.example>".to_owned(),
            format!("To: {}", mail.recipient),
            format!("Subject: {}", mail.subject),
            "MIME-Version: 1.0".to_owned(),
        ] {
            assert!(head.lines().any(|known| known == line), "{line}: {head}");
        }
        for name in ["Date: ", "Message-ID: <", "Content-Type: multipart/alternative;"] {
            assert!(head.lines().any(|line| line.starts_with(name)), "{name}: {head}");
        }
        let plain = body.find("Content-Type: text/plain; charset=utf-8").unwrap();
        let html = body.find("Content-Type: text/html; charset=utf-8").unwrap();
        assert!(plain < html, "RFC 2046 §5.1.4: the best part last");
        assert!(body.contains(&format!("Hello {}", MEMBER.name)));
        assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_mail_is_handed_over_once_on_sqlite() {
    a_mail_is_handed_over_once(Backend::Sqlite).await;
}

#[actix_web::test]
async fn a_mail_is_handed_over_once_on_postgres() {
    a_mail_is_handed_over_once(Backend::Postgres).await;
}

/// A name that needs encoding arrives as it is; one that tries to be a header is none.
/// Rows: D16
#[actix_web::test]
async fn a_strange_name_makes_no_header() {
    let (app, folder) = with_folder(Backend::Sqlite).await.unwrap();
    let client = app.ai_client("usage:read").await;
    assert_eq!(deliver::round(&app.ctx).await.unwrap(), 1);
    let name = "Café 🔑\r\nBcc: victim@example.com";
    app.sql(format!("UPDATE clients SET name = '{name}' WHERE client_id = '{}'", client.client_id))
        .await;
    let mut client = client;
    let first = client.refresh_token.clone();
    client.refresh().await;
    app.clock.advance(61);
    client.present(&first).await;
    assert_eq!(deliver::round(&app.ctx).await.unwrap(), 1);
    let text = std::fs::read_to_string(folder.path().join("outbox/00000002.eml")).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
    assert!(head.is_ascii(), "RFC 2047: {head}");
    app.stop().await;
}
