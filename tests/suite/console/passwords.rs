//! Forgotten passwords (ASVS 6.4.3): a link by mail, once, for an hour, and nobody learns who is here.

use crate::support::browser::Page;
use crate::support::{ADMIN, MEMBER, PASSWORD, TestApp, both_databases, html, on_sqlite};

const NEW: &str = "seven green lanterns swing";

async fn ask(app: &TestApp, email: &str) -> Page {
    app.anonymous().submit("/forgot-password", "/forgot-password", &[("email", email)]).await
}

/// The path of the link in the last mail to somebody.
pub async fn link_in_mail(app: &TestApp, email: &str) -> String {
    let text = app.last_mail_to(email).await;
    let url = text.split_whitespace().find(|word| word.contains("/reset-password?link=")).unwrap();
    url.strip_prefix(&app.base).unwrap().to_owned()
}

both_databases! {
    /// Whoever had the old password is out at once: browsers and AI clients.
    /// Rows: C20
    async fn a_link_sets_a_new_password_and_ends_everything(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let before = app.member().await;
        assert_eq!(ask(app, MEMBER.email).await.status, 200);
        let link = link_in_mail(app, MEMBER.email).await;
        assert_eq!(client.call().await.status, 200, "asking changes nothing");
        let browser = app.anonymous();
        let weak = browser.submit(&link, "/reset-password", &[("password", "mia member 1")]).await;
        assert_eq!(weak.status, 400, "refused, and the link still works");
        let done = browser.submit(&link, "/reset-password", &[("password", NEW)]).await;
        assert_eq!(done.status, 303, "{}", html::text(&done.text));
        assert!(browser.get(done.header("location")).await.text.contains("Your new password is set"));
        assert_eq!(client.call().await.status, 401, "the very next call is refused");
        assert_eq!(before.get("/dashboard").await.status, 303, "signed out");
        assert_eq!(app.anonymous().get(&link).await.status, 404, "used up");
        app.anonymous().sign_in(MEMBER.email, NEW).await;
        let old = app.anonymous().submit("/login", "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        assert_eq!(old.status, 400);
        let entry = app.audited("password_set").await.pop().unwrap();
        assert_eq!((entry.actor.as_str(), entry.detail()["tokens_revoked"].as_i64()), (MEMBER.email, Some(1)));
    }

    async fn a_newer_link_and_an_hour_end_the_older_one(app) {
        ask(app, MEMBER.email).await;
        let first = link_in_mail(app, MEMBER.email).await;
        ask(app, MEMBER.email).await;
        let second = link_in_mail(app, MEMBER.email).await;
        assert_ne!(first, second);
        assert_eq!(app.anonymous().get(&first).await.status, 404);
        app.clock.advance(3599);
        assert_eq!(app.anonymous().get(&second).await.status, 200);
        app.clock.advance(1);
        assert_eq!(app.anonymous().get(&second).await.status, 404);
    }

    /// One answer for everybody, the same writing, and the mail only for who is there.
    async fn nobody_learns_who_is_there(app) {
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", ADMIN.email)).await;
        let mut answers = Vec::new();
        for email in [MEMBER.email, "nobody@acme.example", ADMIN.email] {
            let page = ask(app, email).await;
            answers.push((page.status, html::text(&page.text.replace(email, ""))));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(app.count("SELECT count(*) FROM outbox").await, 1);
        assert_eq!(app.count("SELECT count(*) FROM one_time_links").await, 3, "as much is written for each");
        assert_eq!(app.count("SELECT count(*) FROM one_time_links WHERE user_id IS NOT NULL").await, 1);
    }

    /// Nobody's mailbox is filled: five an hour, known or not.
    async fn asking_is_slowed_down(app) {
        for email in [MEMBER.email, "nobody@acme.example"] {
            for _ in 0..5 {
                assert_eq!(ask(app, email).await.status, 200);
            }
            let refused = ask(app, email).await;
            assert_eq!(refused.status, 429, "{email}");
            assert!((1..=3600).contains(&refused.header("retry-after").parse::<i64>().unwrap()));
        }
        app.clock.advance(3601);
        assert_eq!(ask(app, MEMBER.email).await.status, 200);
    }

    async fn of_two_who_use_a_link_at_once_one_wins(app) {
        ask(app, MEMBER.email).await;
        let link = link_in_mail(app, MEMBER.email).await;
        let (one, two) = (app.anonymous(), app.anonymous());
        let (a, b) = futures_util::future::join(
            one.submit(&link, "/reset-password", &[("password", NEW)]),
            two.submit(&link, "/reset-password", &[("password", "another set of words")]),
        ).await;
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404]);
    }
}

on_sqlite! {
    async fn a_link_that_is_none_opens_nothing(app) {
        for path in ["/reset-password", "/reset-password?link=", "/reset-password?link=nonsense"] {
            let page = app.anonymous().get(path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(page.text.contains("href=\"/forgot-password\""), "the way to a new one");
        }
        let wrong = ask(app, "no address").await;
        assert_eq!(wrong.status, 400);
        assert!(wrong.text.contains("href=\"#email\""));
        let page = app.anonymous().get("/login").await;
        assert!(page.text.contains("/forgot-password"));
    }

    /// A link is for what it was made for: an invitation does not set a password, nor the other way round.
    async fn a_link_is_for_one_thing(app) {
        ask(app, MEMBER.email).await;
        let secret = link_in_mail(app, MEMBER.email).await.replace("/reset-password?link=", "");
        assert_eq!(app.anonymous().get(&format!("/invite/{secret}")).await.status, 404);
        assert_eq!(app.anonymous().get(&format!("/setup?link={secret}")).await.status, 404);
    }
}
