//! Account Setting: what a person changes about themselves (contract §5, §9; ASVS 7.5.1, 7.5.2).

use crate::support::browser::Page;
use crate::support::database::{Backend, Database};
use crate::support::{
    ADMIN, Browser, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

const NEW: &str = "seven green lanterns swing";
const ADDRESS: &str = "mia.new@acme.example";
const EMAIL: &str = "/account/email";
const OWN_PASSWORD: &str = "/account/password";

/// An application that sends mail: nobody listens there, and the outbox is what is looked at.
async fn with_mail(backend: Backend) -> TestApp {
    let pairs = [("SMTP_URL", "smtp://127.0.0.1:9"), ("MAIL_FROM", "gate@acme.example")];
    TestApp::with(Database::filled(backend).await, backend, &pairs, |ctx| ctx).await
}

async fn ask(browser: &Browser, email: &str, password: &str) -> Page {
    browser.submit(EMAIL, EMAIL, &[("email", email), ("password", password)]).await
}

async fn link_to(app: &TestApp, email: &str) -> String {
    let text = app.last_mail_to(email).await;
    let url = text.split_whitespace().find(|word| word.contains("/account/email/confirm?link="));
    url.unwrap().strip_prefix(&app.base).unwrap().to_owned()
}

both_databases! {
    /// The address counts once the link that went to it is followed; the old one is told.
    async fn a_new_address_counts_once_it_is_confirmed(plain) {
        let app = &with_mail(plain.backend).await;
        let member = app.member().await;
        assert_eq!(ask(&member, ADDRESS, "not it at all").await.status, 403);
        assert_eq!(ask(&member, "no address", PASSWORD).await.status, 400);
        assert_eq!(app.count("SELECT count(*) FROM outbox").await, 0, "nothing was sent");
        assert_eq!(ask(&member, ADDRESS, PASSWORD).await.status, 303);
        let link = link_to(app, ADDRESS).await;
        app.anonymous().sign_in(MEMBER.email, PASSWORD).await;
        let visitor = app.anonymous();
        for _ in 0..2 {
            assert_eq!(visitor.get(&link).await.status, 200, "looking changes nothing");
        }
        assert_eq!(visitor.submit(&link, "/account/email/confirm", &[]).await.status, 200);
        assert_eq!(visitor.get(&link).await.status, 404, "used up");
        assert!(app.last_mail_to(MEMBER.email).await.contains(ADDRESS), "the old address is told");
        assert!(html::text(&member.get("/account").await.text).contains(ADDRESS), "the session goes on");
        app.anonymous().sign_in(ADDRESS, PASSWORD).await;
        let old = app.anonymous().submit("/login", "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        assert_eq!(old.status, 400);
        let entry = app.audited("user_edited").await.pop().unwrap();
        assert_eq!(entry.detail()["email"]["to"], ADDRESS);
    }

    /// Nobody learns by asking who has an address; and whoever has it meanwhile keeps it.
    async fn an_address_that_somebody_has_stays_theirs(plain) {
        let app = &with_mail(plain.backend).await;
        let member = app.member().await;
        let (taken, free) = (ask(&member, OTHER.email, PASSWORD).await, ask(&member, ADDRESS, PASSWORD).await);
        assert_eq!((taken.status, taken.header("location")), (free.status, free.header("location")));
        assert_eq!(app.count("SELECT count(*) FROM outbox").await, 1, "only the free address gets a link");
        let link = link_to(app, ADDRESS).await;
        app.sql(format!("UPDATE users SET email = '{ADDRESS}' WHERE email = '{}'", OTHER.email)).await;
        let page = app.anonymous().get(&link).await;
        assert_eq!(page.status, 200);
        let refused = app.anonymous().submit(&link, "/account/email/confirm", &[]).await;
        assert_eq!(refused.status, 409);
        app.anonymous().sign_in(MEMBER.email, PASSWORD).await;
        for _ in 0..3 {
            ask(&member, ADDRESS, PASSWORD).await;
        }
        assert_eq!(ask(&member, ADDRESS, PASSWORD).await.status, 429, "five an hour");
        app.clock.advance(86_400);
        assert_eq!(app.anonymous().get(&link).await.status, 404, "a day is the end");
    }

    /// The old password is needed, a window does not do; others are out, this session goes on.
    async fn a_new_password_ends_everything_but_this_session(app) {
        let (member, elsewhere) = (app.member().await, app.member().await);
        let client = app.ai_client("usage:read").await;
        app.sql(format!("UPDATE sessions SET confirmed_at = {0}, confirmed_until = {0} + 300000", app.clock.now().0)).await;
        for old in ["", "not it at all"] {
            let refused = member.submit(OWN_PASSWORD, OWN_PASSWORD, &[("password", old), ("new_password", NEW)]).await;
            assert_eq!(refused.status, 403);
            assert!(refused.text.contains("href=\"#password\""));
        }
        let weak = member.submit(OWN_PASSWORD, OWN_PASSWORD, &[("password", PASSWORD), ("new_password", "mia member 1")]).await;
        assert_eq!(weak.status, 400);
        assert!(weak.text.contains("href=\"#new_password\""));
        assert_eq!(client.call().await.status, 200, "nothing was changed");
        assert_eq!(member.submit(OWN_PASSWORD, OWN_PASSWORD, &[("password", PASSWORD), ("new_password", NEW)]).await.status, 303);
        assert_eq!(member.get("/account").await.status, 200, "still here");
        assert_eq!(elsewhere.get("/account").await.status, 303, "signed out elsewhere");
        assert_eq!(client.call().await.status, 401, "the very next call is refused");
        assert_eq!(app.count("SELECT count(*) FROM sessions WHERE confirmed_until IS NOT NULL").await, 0);
        app.anonymous().sign_in(MEMBER.email, NEW).await;
    }

    /// One's own sessions are seen and ended; somebody else's are not.
    async fn sessions_are_seen_and_ended(app) {
        let (member, second, third, other) = (app.member().await, app.member().await, app.member().await, app.signed_in(OTHER).await);
        let page = member.get("/account").await;
        assert_eq!(page.text.matches("/end\">").count(), 3, "two others, and all of them");
        let theirs = other.get("/account").await;
        let token = other.form_token().await;
        for action in page.text.split("action=\"").skip(1).filter_map(|part| part.split('"').next()).filter(|action| action.starts_with("/account/sessions/") && *action != "/account/sessions/end") {
            assert_eq!(other.post(action, &[("csrf", token.as_str())]).await.status, 303, "somebody else's");
        }
        assert_eq!(theirs.text.matches("/end\">").count(), 0);
        assert_eq!(second.get("/account").await.status, 200, "is not theirs to end");
        let first = page.text.split("action=\"").find(|part| part.starts_with("/account/sessions/") && !part.starts_with("/account/sessions/end")).unwrap();
        let action = first.split('"').next().unwrap();
        assert_eq!(member.send(&page, action, &[]).await.status, 303);
        let left = [&second, &third].map(async |one| one.get("/account").await.status == 200);
        let left = futures_util::future::join_all(left).await;
        assert_eq!(left.into_iter().filter(|one| *one).count(), 1);
        assert_eq!(member.send(&page, "/account/sessions/end", &[]).await.status, 303);
        assert_eq!((second.get("/account").await.status, third.get("/account").await.status), (303, 303));
        assert_eq!((member.get("/account").await.status, other.get("/account").await.status), (200, 200));
    }

    /// Times are shown in the zone that was chosen, to this person only.
    async fn times_are_shown_in_the_own_zone(app) {
        let (member, other) = (app.member().await, app.signed_in(OTHER).await);
        let wrong = member.submit("/account", "/account", &[("name", MEMBER.name), ("time_zone", "Europe/Nowhere")]).await;
        assert_eq!(wrong.status, 400);
        assert!(wrong.text.contains("href=\"#time_zone\""));
        assert!(member.get("/account").await.text.contains(" UTC\""));
        let saved = member.submit("/account", "/account", &[("name", "Mia Renamed"), ("time_zone", "Asia/Tokyo")]).await;
        assert_eq!(saved.status, 303);
        let page = member.get("/account").await;
        assert!(page.text.contains(" JST\"") && page.text.contains("Mia Renamed"));
        assert!(other.get("/account").await.text.contains(" UTC\""), "nobody else's");
        let admin = app.admin().await;
        let at = app.clock.now();
        for (name, hours) in [("UTC", 0), ("Asia/Tokyo", 9)] {
            if hours > 0 {
                let fields = [("name", ADMIN.name), ("time_zone", name)];
                assert_eq!(admin.submit("/account", "/account", &fields).await.status, 303);
            }
            let log = html::text(&admin.get("/admin/mcp/audit?action=user_edited").await.text);
            let there = at.plus_seconds(hours * 3600).to_utc().format("%-d %b %Y %H:%M:%S").to_string();
            assert!(log.contains(&format!("Time ({name})")) && log.contains(&there), "{there}: {log}");
            let of_a_day = html::text(&admin.get("/admin/mcp/audit?to=2026-01-31").await.text);
            assert!(of_a_day.contains("Remove filter To: 31 Jan 2026"), "{of_a_day}");
            assert_eq!(of_a_day.contains("Remove filter To: 31 Jan 2026 (UTC)"), hours > 0, "{of_a_day}");
        }
        let entry = app.audited("user_edited").await.pop().unwrap();
        assert_eq!(entry.detail()["time_zone"]["to"], "Asia/Tokyo");
    }
}

on_sqlite! {
    /// Where no mail goes out, the page says whom to ask instead of waiting for a link.
    async fn without_mail_an_address_is_not_changed_here(app) {
        let member = app.member().await;
        let page = member.get(EMAIL).await;
        assert!(html::text(&page.text).contains("sends no mail"));
        let token = member.form_token().await;
        let fields = [("csrf", token.as_str()), ("email", ADDRESS), ("password", PASSWORD)];
        assert_eq!(member.post(EMAIL, &fields).await.status, 409);
        assert_eq!(app.count("SELECT count(*) FROM outbox").await, 0);
    }
}
