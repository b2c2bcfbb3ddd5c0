//! Mail, handed to a real SMTP server: what arrives, and what becomes of a mail that is put off or
//! refused.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use portcullis::domain::audit::Actor;
use portcullis::jobs;
use portcullis::service::people::{self, NewPerson};
use serde_json::{Value, json};

use super::{installed, script};
use crate::support::ai_client::REDIRECT;
use crate::support::database::Backend;
use crate::support::{ADMIN, MEMBER, PASSWORD, Person, TestApp, process, programs};

/// Somebody whose name ASCII cannot write.
const ZOE: Person =
    Person {
        email: "zoe@acme.example", name: "Zoë Łukasz 张伟", role: "Member", account: "Acme"
    };
const FROM: &str = "Tor der Läden <gate@shop.example>";

/// The mail server in a process of its own.
struct MailServer {
    child: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

impl MailServer {
    /// Starts one that meets each connection in the next of these ways.
    fn start(python: &Path, ways: &[&str]) -> Self {
        let mut child = Command::new(python)
            .arg(script("mail_server.py"))
            .args(ways)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        output.read_line(&mut port).unwrap();
        Self { child, output, url: format!("smtp://127.0.0.1:{}", port.trim()) }
    }

    /// Ends it, and tells all that it told.
    fn end(mut self) -> Vec<Value> {
        drop(self.child.stdin.take());
        let lines = self.output.lines();
        let told = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        assert!(self.child.wait().unwrap().success());
        told
    }
}

/// The application with such a mail server, where there is one.
async fn with_mail(ways: &[&str]) -> Option<(TestApp, MailServer)> {
    let server = MailServer::start(&installed(programs::python())?, ways);
    let pairs = [("SMTP_URL", server.url.as_str()), ("MAIL_FROM", FROM)];
    Some((TestApp::on(Backend::Sqlite, &pairs).await, server))
}

async fn waiting(app: &TestApp) -> i64 {
    app.count("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL").await
}

async fn change_password(app: &TestApp, person: Person) {
    let actor = app.admin_actor().await;
    people::set_password(&app.ctx, &actor, person.email, "another long password").await.unwrap();
}

#[actix_web::test]
async fn every_mail_arrives_in_both_forms_with_names_intact() {
    let Some((app, server)) = with_mail(&["accept"]).await else { return };
    let new = NewPerson {
        email: ZOE.email.into(),
        name: ZOE.name.into(),
        password: Some(PASSWORD.into()),
        role: ZOE.role.into(),
        account: ZOE.account.into(),
        mcp_enabled: true,
    };
    people::create(&app.ctx, &Actor::operator(), new).await.unwrap();
    // A client connects, and a refresh token of its past comes back; access and password change.
    let mut client = app.ai_client_of(ZOE, "usage:read").await;
    let stolen = client.refresh_token.clone();
    client.refresh().await;
    app.clock.advance(3600);
    assert_eq!(client.present(&stolen).await.oauth_error(), "invalid_grant");
    app.set_access(ZOE, false).await;
    change_password(&app, ZOE).await;
    jobs::deliver(&app.ctx).await;
    assert_eq!(waiting(&app).await, 0);

    let mails = server.end();
    let subjects: Vec<_> =
        mails.iter().map(|mail| mail["headers"]["Subject"].as_str().unwrap()).collect();
    assert_eq!(subjects.len(), 4, "{subjects:?}");
    assert!(subjects[0].ends_with(" can now act for you"), "{subjects:?}");
    assert!(subjects[1].starts_with("We ended a connection of "), "{subjects:?}");
    assert_eq!(subjects[2..], ["Your MCP access was disabled", "Your password was changed"]);
    for mail in &mails {
        assert_eq!(mail["sender"], "gate@shop.example", "{mail}");
        assert_eq!(mail["recipients"], json!([ZOE.email]), "{mail}");
        assert_eq!(mail["headers"]["From"], FROM, "{mail}");
        assert_eq!(mail["headers"]["To"], ZOE.email, "{mail}");
        assert!(
            mail["headers"]["Message-ID"].as_str().unwrap().ends_with("@127.0.0.1>"),
            "of the host that people know: {mail}"
        );
        assert_eq!(mail["kind"], "multipart/alternative", "{mail}");
        let parts = mail["parts"].as_object().unwrap();
        assert_eq!(parts.len(), 2, "{mail}");
        for kind in ["text/plain", "text/html"] {
            let text = parts[kind].as_str().unwrap();
            for words in [ZOE.name, app.base.as_str()] {
                assert!(text.contains(words), "{words} is not in {text}");
            }
        }
    }
    let host = REDIRECT.strip_prefix("http://").unwrap().split('/').next().unwrap();
    assert!(mails[0]["parts"]["text/plain"].as_str().unwrap().contains(host), "{}", mails[0]);
    app.stop().await;
}

#[actix_web::test]
async fn a_mail_that_is_put_off_waits_and_arrives_exactly_once() {
    let Some((app, server)) = with_mail(&["later", "close", "accept"]).await else { return };
    change_password(&app, MEMBER).await;
    for _ in 0..2 {
        jobs::deliver(&app.ctx).await;
        assert_eq!(waiting(&app).await, 1);
        // Not before its time, however often somebody looks.
        jobs::deliver(&app.ctx).await;
        app.clock.advance(3600);
    }
    jobs::deliver(&app.ctx).await;
    assert_eq!(waiting(&app).await, 0);
    app.clock.advance(86_400);
    jobs::deliver(&app.ctx).await;

    let told = server.end();
    assert_eq!(told.len(), 3, "{told:?}");
    for put_off in &told[..2] {
        assert_eq!(put_off["put_off"], json!([MEMBER.email]), "{told:?}");
    }
    assert_eq!(told[2]["recipients"], json!([MEMBER.email]), "{told:?}");
    app.stop().await;
}

#[actix_web::test]
async fn a_recipient_that_is_refused_for_good_is_given_up_and_holds_nobody_up() {
    let Some((app, server)) = with_mail(&["never", "accept", "never"]).await else { return };
    change_password(&app, MEMBER).await;
    change_password(&app, ADMIN).await;
    for _ in 0..40 {
        jobs::deliver(&app.ctx).await;
        app.clock.advance(86_400);
    }
    let refused = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND last_error LIKE '%550%'";
    assert_eq!(app.count(refused).await, 1);
    assert_eq!(waiting(&app).await, 1);

    let mut told = server.end();
    assert_eq!(told.remove(1)["recipients"], json!([ADMIN.email]));
    assert!((1..=12).contains(&told.len()), "it was tried {} times", told.len());
    assert!(told.iter().all(|one| one["refused"] == MEMBER.email), "{told:?}");
    app.stop().await;
}

#[actix_web::test]
async fn an_smtp_url_is_understood_or_refused_at_the_start_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let check = |url: &str| {
        let mut command = process::command(folder.path());
        command.arg("config").env("PORTCULLIS_SMTP_URL", url);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for url in [
        "smtp://127.0.0.1:2525",
        "smtp://mail.example.com",
        "smtps://gate:a%40b@mail.example.com",
        "smtp://gate:secret@mail.example.com:587?tls=required",
        "smtp://mail.example.com?tls=opportunistic",
        "smtp://relay.lan:25?tls=none",
    ] {
        let (is_fine, complaint) = check(url);
        assert!(is_fine, "{url}: {complaint}");
    }
    for url in [
        "mail.example.com",
        "https://mail.example.com",
        "smtp://u:hush@mail.example.com?tls=perhaps",
    ] {
        let (is_fine, complaint) = check(url);
        assert!(!is_fine && complaint.contains("SMTP_URL"), "{url}: {complaint}");
        assert!(!complaint.contains("hush"), "{complaint}");
    }
}
