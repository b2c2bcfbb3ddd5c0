//! Signing in and out (SECURITY-CHECKLIST §2: 3.5, 6.3, 7.2 to 7.4; checklist E19).

use futures_util::future::join_all;

use crate::support::database::Backend;
use crate::support::{ADMIN, MEMBER, PASSWORD, TestApp, both_databases, html, on_sqlite};

both_databases! {
    async fn signing_in_and_out_is_written_down(app) {
        let browser = app.member().await;
        let token = browser.form_token().await;
        let out = browser.post("/logout", &[("csrf", token.as_str())]).await;
        assert_eq!((out.status, out.header("location")), (303, "/login"));
        let wrong = app.anonymous().submit("/login", "/login", &[("email", MEMBER.email), ("password", "not it at all")]).await;
        assert_eq!(wrong.status, 400);
        let entries = app.audited("sign_in").await;
        let told: Vec<_> = entries.iter().map(|entry| (entry.actor.as_str(), entry.outcome.as_str())).collect();
        assert_eq!(told, [(MEMBER.email, "ok"), (MEMBER.email, "denied")]);
        assert_eq!(app.audited("sign_out").await.len(), 1);
        assert_eq!(entries[0].address.as_deref(), Some("127.0.0.1"));
    }

    /// ASVS 7.4.1: what was signed out stays out, whatever cookie is kept.
    async fn a_session_that_was_ended_is_over(app) {
        let browser = app.member().await;
        let token = browser.form_token().await;
        let kept = browser.clone();
        let fields = [("csrf", token.as_str()), ("theme", "dark")];
        assert_eq!(kept.post("/account/theme", &fields).await.status, 303);
        app.sql("DELETE FROM sessions").await;
        assert_eq!(kept.post("/account/theme", &fields).await.status, 401);
    }

    /// ASVS 7.3: idle and absolute ends.
    async fn sessions_end_by_themselves(app) {
        let browser = app.member().await;
        let token = browser.form_token().await;
        let fields = [("csrf", token.as_str()), ("theme", "dark")];
        for _ in 0..3 {
            app.clock.advance(11 * 3600);
            assert_eq!(browser.post("/account/theme", &fields).await.status, 303, "used in time");
        }
        app.clock.advance(12 * 3600);
        assert_eq!(browser.post("/account/theme", &fields).await.status, 401, "idle");
        let browser = app.member().await;
        let token = browser.form_token().await;
        let fields = [("csrf", token.as_str()), ("theme", "dark")];
        for _ in 0..15 {
            app.clock.advance(11 * 3600);
            assert_eq!(browser.post("/account/theme", &fields).await.status, 303);
        }
        app.clock.advance(11 * 3600);
        assert_eq!(browser.post("/account/theme", &fields).await.status, 401, "seven days are the end");
    }

    /// Whoever looks at pages writes nothing: they wait for no import, and every reader keeps what it
    /// has of the database. Only now and then it is noted that the session is used.
    async fn looking_at_a_page_writes_nothing(app) {
        let member = app.member().await;
        let end = async || app.count("SELECT max(expires_at) FROM sessions").await;
        assert_eq!(member.get("/dashboard").await.status, 200);
        let before = end().await;
        app.clock.advance(299);
        assert_eq!(member.get("/dashboard").await.status, 200);
        assert_eq!(end().await, before, "that is written, if anything is");
        app.clock.advance(1);
        assert_eq!(member.get("/dashboard").await.status, 200);
        assert_eq!(end().await, before + 300_000);
    }

    /// ASVS 6.3.1, contract §9: five wrong passwords, then not even the right one, until the time
    /// is up; of one person, not of everybody.
    async fn guessing_a_password_is_slowed_down(app) {
        let browser = app.anonymous();
        for _ in 0..5 {
            let wrong = browser.submit("/login", "/login", &[("email", MEMBER.email), ("password", "not it at all")]).await;
            assert_eq!(wrong.status, 400);
        }
        let right = browser.submit("/login", "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        assert_eq!(right.status, 429);
        assert!((1..=901).contains(&right.header("retry-after").parse::<i64>().unwrap()));
        browser.submit("/login", "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        let kept_out: Vec<_> = app.audited("sign_in").await.into_iter().filter(|entry| entry.detail()["why"].is_string()).collect();
        assert_eq!(kept_out.len(), 1, "written down once, however often somebody goes on");
        assert_eq!((kept_out[0].outcome.as_str(), kept_out[0].target.as_deref()), ("denied", Some(MEMBER.email)));
        app.admin().await;
        app.clock.advance(901);
        browser.sign_in(MEMBER.email, PASSWORD).await;
    }

    /// Attempts count before they are judged, so that many at the same moment are as few as those one
    /// after the other; and one that was right leaves no trace.
    async fn guesses_at_the_same_moment_are_five(app) {
        for _ in 0..60 {
            app.member().await;
        }
        let browser = app.anonymous();
        let page = browser.get("/login").await;
        let answers = join_all((0..20).map(async |_| {
            browser.send(&page, "/login", &[("email", MEMBER.email), ("password", "not it at all")]).await.status
        })).await;
        assert_eq!(answers.iter().filter(|status| **status == 400).count(), 5, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 429).count(), 15, "{answers:?}");
    }

    /// A session lives with the password that it was begun with: a sign-in that crosses a change of
    /// the password is not among the sessions that the change ends.
    async fn a_session_of_an_earlier_password_is_none(app) {
        let (browser, other) = (app.member().await, app.admin().await);
        assert_eq!(browser.get("/dashboard").await.status, 200);
        app.sql(format!("UPDATE users SET password_hash = 'another' WHERE email = '{}'", MEMBER.email)).await;
        assert!(browser.get("/dashboard").await.header("location").starts_with("/login"));
        assert_eq!(other.get("/dashboard").await.status, 200);
    }

    /// A changed password ends every session of its owner.
    async fn a_set_password_ends_the_sessions_of_its_owner(app) {
        let (browser, other) = (app.member().await, app.admin().await);
        let (token, others) = (browser.form_token().await, other.form_token().await);
        let actor = app.admin_actor().await;
        portcullis::service::people::set_password(&app.ctx, &actor, MEMBER.email, "another good password").await.unwrap();
        assert_eq!(browser.post("/account/theme", &[("csrf", token.as_str()), ("theme", "dark")]).await.status, 401);
        assert_eq!(other.post("/account/theme", &[("csrf", others.as_str()), ("theme", "dark")]).await.status, 303);
        app.anonymous().sign_in(MEMBER.email, "another good password").await;
    }
}

on_sqlite! {
    /// ASVS 6.3.8: unknown, wrong, suspended: one answer to who does not know the password.
    async fn nobody_learns_who_is_there(app) {
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", ADMIN.email)).await;
        let mut texts = Vec::new();
        for (email, password) in [(MEMBER.email, "not it at all"), ("nobody@acme.example", PASSWORD), (ADMIN.email, "not it at all")] {
            let page = app.anonymous().submit("/login", "/login", &[("email", email), ("password", password)]).await;
            assert_eq!((page.status, page.header("location")), (400, ""));
            texts.push(html::text(&page.text.replace(email, "")));
        }
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        assert!(texts[0].contains("do not belong together"));
    }

    /// ASVS 7.2.4: a session that an attacker planted is not the one that is signed in.
    /// Rows: E19
    async fn the_session_is_new_at_sign_in(app) {
        let browser = app.anonymous();
        let page = browser.get("/login").await;
        let before = browser.send(&page, "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        let first = before.header("set-cookie").to_owned();
        let again = app.anonymous();
        let page = again.get("/login").await;
        let after = again.send(&page, "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        assert!(first.contains("HttpOnly") && first.contains("SameSite=Lax") && first.contains("Path=/"));
        assert_ne!(first, after.header("set-cookie"));
    }

    /// E19: back only to pages of ours.
    /// Rows: E19
    async fn signing_in_leads_only_to_our_own_pages(app) {
        for (next, to) in [
            ("/admin/mcp/users?page=2", "/admin/mcp/users?page=2"),
            ("https://evil.example", "/dashboard"),
            ("//evil.example", "/dashboard"),
            ("/\\evil.example", "/dashboard"),
            ("/dashboard\r\nSet-Cookie: a=b", "/dashboard"),
        ] {
            let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            let browser = app.anonymous();
            let fields = [("email", MEMBER.email), ("password", PASSWORD)];
            let answer = browser.submit(&format!("/login?next={query}"), "/login", &fields).await;
            assert_eq!((answer.status, answer.header("location")), (303, to), "{next}");
            assert_eq!(browser.get(&format!("/login?next={query}")).await.header("location"), to, "already in");
        }
    }

    /// ASVS 3.5.1: also the sign-in form is ours alone.
    /// Rows: E19
    async fn a_sign_in_form_from_elsewhere_is_refused(app) {
        let browser = app.anonymous();
        let fields = [("email", MEMBER.email), ("password", PASSWORD), ("csrf", "")];
        assert_eq!(browser.post("/login", &fields).await.status, 403);
        let page = app.anonymous().get("/login").await;
        let stolen = page.hidden("/login").remove(0).1;
        let fields = [("email", MEMBER.email), ("password", PASSWORD), ("csrf", stolen.as_str())];
        assert_eq!(browser.post("/login", &fields).await.status, 403, "another browser's token");
        let wrong = browser.request("POST", "/login").header("Content-Type", "text/plain").body("email=a");
        assert_eq!(wrong.send().await.unwrap().status(), 415);
        let large = format!("csrf=x&email={}", "a".repeat(70_000));
        let large = browser.request("POST", "/login").header("Content-Type", "application/x-www-form-urlencoded").body(large);
        assert_eq!(large.send().await.unwrap().status(), 413);
    }

    /// What people type comes back as text.
    async fn what_was_typed_is_escaped(app) {
        let typed = "\"><script>alert(1)</script>@acme.example";
        let page = app.anonymous().submit("/login", "/login", &[("email", typed), ("password", "not it at all")]).await;
        assert!(!page.text.contains("<script>alert"), "{}", page.text);
        assert!(page.text.contains("role=\"alert\""), "the error is announced");
    }
}

/// ASVS 6.1.1: strangers who guess from many addresses keep nobody out of where they have been.
#[actix_web::test]
async fn strangers_keep_nobody_out_who_has_been_here_before() {
    let app = TestApp::on(Backend::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let browser = app.anonymous();
    let page = browser.get("/login").await;
    let attempt = async |from: &str, password: &str| {
        let mut fields = page.hidden("/login");
        fields.extend([
            ("email".to_owned(), ADMIN.email.to_owned()),
            ("password".to_owned(), password.to_owned()),
        ]);
        let request =
            browser.request("POST", "/login").header("X-Forwarded-For", from).form(&fields);
        request.send().await.unwrap().status().as_u16()
    };
    let at_home = app.anonymous();
    at_home.sign_in(ADMIN.email, PASSWORD).await;
    for stranger in 1..=20 {
        for _ in 0..5 {
            assert_eq!(attempt(&format!("203.0.113.{stranger}"), "not it at all").await, 400);
        }
    }
    assert_eq!(attempt("203.0.113.99", PASSWORD).await, 429, "somebody of whom nothing is known");
    app.anonymous().sign_in(ADMIN.email, PASSWORD).await;
    app.stop().await;
}
