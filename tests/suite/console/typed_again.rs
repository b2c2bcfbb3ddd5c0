//! What was typed is not lost with the session (UX on forms): the form has it again after signing in,
//! for the same person only, without secrets, and nothing is done before its button is pressed.

use crate::support::browser::Page;
use crate::support::{ADMIN, Browser, MEMBER, PASSWORD, TestApp, both_databases, html};

const FORM: &str = "/admin/users/new";
const KEPT: &str = "What you typed is kept for half an hour";
const BACK: &str = "What you typed before is in the form again.";
const TYPED: [(&str, &str); 5] = [
    ("name", "Ada \"Quill\" & <Sons>"),
    ("email", "ada@example.test"),
    ("how", "password"),
    ("new_password", "a secret of nobody's"),
    ("password", PASSWORD),
];

/// The form, opened while signed in, and sent when that is over.
async fn sent_too_late(app: &TestApp, browser: &Browser) -> Page {
    let form = browser.get(FORM).await;
    assert_eq!(form.status, 200, "{}", form.text);
    app.sql("DELETE FROM sessions").await;
    browser.send(&form, FORM, &TYPED).await
}

async fn nobody_was_added(app: &TestApp) {
    let sql = "SELECT count(*) FROM users WHERE email = 'ada@example.test'";
    assert_eq!(app.count(sql).await, 0);
}

fn has_it(page: &Page) {
    let text = &page.text;
    assert!(html::text(text).contains(BACK), "{text}");
    assert!(text.contains("value=\"Ada &#34;Quill&#34; &#38; &#60;Sons&#62;\""), "{text}");
    assert!(text.contains("value=\"ada@example.test\""), "{text}");
    assert!(!text.contains("a secret of nobody") && !text.contains(PASSWORD), "{text}");
}

both_databases! {
    async fn a_form_sent_after_the_session_ended_is_filled_in_again_after_signing_in(app) {
        let browser = app.admin().await;
        let refused = sent_too_late(app, &browser).await;
        assert_eq!(refused.status, 401);
        assert!(html::text(&refused.text).contains(KEPT), "{}", refused.text);
        let readable = "SELECT count(*) FROM sessions WHERE state LIKE '%Quill%' OR state LIKE '%ada@%'";
        assert_eq!(app.count(readable).await, 0, "sealed");
        browser.sign_in(ADMIN.email, PASSWORD).await;
        let other = browser.get("/admin/plans/new").await;
        assert!(!html::text(&other.text).contains(BACK), "only in its own form");
        let form = browser.get(FORM).await;
        has_it(&form);
        nobody_was_added(app).await;
        assert!(!html::text(&browser.get(FORM).await.text).contains(BACK), "once");
        let fields = [TYPED.as_slice(), &[("role", "2"), ("account", "1")]].concat();
        let done = browser.send(&form, FORM, &fields).await;
        assert!(done.status < 400, "{}", html::text(&done.text));
    }

    /// Another person who signs in at the same browser, and another browser, get nothing.
    async fn what_somebody_typed_is_for_nobody_else(app) {
        let browser = app.admin().await;
        sent_too_late(app, &browser).await;
        let elsewhere = app.admin().await;
        assert!(!html::text(&elsewhere.get(FORM).await.text).contains(BACK));
        app.sql("UPDATE users SET role_id = (SELECT id FROM roles WHERE name = 'Administrator')").await;
        browser.sign_in(MEMBER.email, PASSWORD).await;
        assert!(!html::text(&browser.get(FORM).await.text).contains(BACK));
        let again = browser.get("/login?again=1").await;
        let fields = [("email", ADMIN.email), ("password", PASSWORD)];
        assert_eq!(browser.send(&again, "/login", &fields).await.status, 303);
        assert!(!html::text(&browser.get(FORM).await.text).contains(BACK), "it is gone");
    }

    /// Only a form that we have shown is kept, and only for whom it was shown to.
    async fn nothing_is_kept_of_a_form_that_was_shown_to_nobody_here(app) {
        let (admin, member) = (app.admin().await, app.member().await);
        let token = member.form_token().await;
        for csrf in ["", "made up", token.as_str(), "x.1.20000.made-up"] {
            let refused = admin.post(FORM, &[("csrf", csrf), ("name", "Ada")]).await;
            assert_eq!(refused.status, 403);
            assert!(!html::text(&refused.text).contains(KEPT), "{csrf}");
        }
        let before = app.count("SELECT count(*) FROM sessions").await;
        let nobody = app.anonymous();
        assert_eq!(nobody.post(FORM, &[("csrf", "x.1.20000.made-up"), ("name", "Ada")]).await.status, 401);
        assert_eq!(app.count("SELECT count(*) FROM sessions").await, before, "strangers make no rows");
    }

    /// What another site sends comes without the cookies of a session: to keep it would begin a new one
    /// in the place of whoever opened that site. A member's token on a form of their own is no leave.
    async fn nothing_is_kept_of_what_another_site_sends(app) {
        let token = app.member().await.form_token().await;
        let form = [("csrf", token.as_str()), ("name", "Ada")];
        let before = app.count("SELECT count(*) FROM sessions").await;
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("accept", "text/html"),
        ] {
            let request = app.anonymous().request("POST", FORM).header(header, value);
            let refused = request.form(&form).send().await.unwrap();
            assert_eq!(refused.status(), 401);
            let cookies = refused.headers().get_all("set-cookie");
            assert!(!cookies.iter().any(|cookie| cookie.to_str().unwrap().contains("session")), "{value}");
            assert!(!html::text(&refused.text().await.unwrap()).contains(KEPT), "{value}");
        }
        assert_eq!(app.count("SELECT count(*) FROM sessions").await, before);
        // Where a browser tells only this much, it is enough.
        let request = app.anonymous().request("POST", FORM).header("origin", &app.base);
        let kept = request.form(&form).send().await.unwrap();
        assert!(html::text(&kept.text().await.unwrap()).contains(KEPT));
    }

    /// A page that only asks for the password has nothing to keep, and promises nothing.
    async fn where_only_a_password_was_typed_nothing_is_kept(app) {
        let browser = app.admin().await;
        for path in ["/admin/mcp/keys/rotate", "/admin/mcp/keys/rotate?leaked=yes"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200);
            let sessions = "SELECT count(*) FROM sessions";
            app.sql("DELETE FROM sessions").await;
            let action = "/admin/mcp/keys/rotate";
            let refused = browser.send(&page, action, &[("password", PASSWORD)]).await;
            assert_eq!(refused.status, 401);
            assert!(!html::text(&refused.text).contains(KEPT), "{path}");
            assert_eq!(app.count(sessions).await, 0);
            browser.sign_in(ADMIN.email, PASSWORD).await;
        }
    }

    /// Signed out and in again in another window: the form's token is of the last session.
    async fn a_form_of_an_earlier_session_is_filled_in_again(app) {
        let browser = app.admin().await;
        let form = browser.get(FORM).await;
        let again = browser.get("/login?again=1").await;
        let fields = [("email", ADMIN.email), ("password", PASSWORD)];
        assert_eq!(browser.send(&again, "/login", &fields).await.status, 303);
        let refused = browser.send(&form, FORM, &TYPED).await;
        assert_eq!(refused.status, 403);
        assert!(html::text(&refused.text).contains(KEPT), "{}", refused.text);
        has_it(&browser.get(FORM).await);
        nobody_was_added(app).await;
    }

    async fn it_is_kept_also_when_the_session_reached_its_end_and_for_half_an_hour(app) {
        for (minutes, is_back) in [(29, true), (31, false)] {
            let browser = app.admin().await;
            for _ in 0..15 {
                app.clock.advance(11 * 3600);
                assert_eq!(browser.get("/account").await.status, 200);
            }
            let form = browser.get(FORM).await;
            app.clock.advance(11 * 3600);
            assert_eq!(browser.send(&form, FORM, &TYPED).await.status, 401);
            app.clock.advance(minutes * 60);
            browser.sign_in(ADMIN.email, PASSWORD).await;
            let text = html::text(&browser.get(FORM).await.text);
            assert_eq!(text.contains(BACK), is_back, "{minutes}");
        }
    }

    /// What others changed meanwhile is still told when the form is sent.
    async fn a_form_that_is_filled_in_again_still_knows_what_it_was_about(app) {
        let browser = app.admin().await;
        let form = browser.get("/admin/accounts/1").await;
        app.sql("DELETE FROM sessions").await;
        let typed = [("name", "Another Name"), ("plan", "1"), ("status", "active"), ("api_access", "on"), ("password", PASSWORD)];
        assert_eq!(browser.send(&form, "/admin/accounts/1", &typed).await.status, 401);
        app.sql("UPDATE accounts SET name = 'Renamed meanwhile' WHERE id = 1").await;
        browser.sign_in(ADMIN.email, PASSWORD).await;
        let again = browser.get("/admin/accounts/1").await;
        assert!(again.text.contains("value=\"Another Name\""), "{}", again.text);
        let asked = browser.send(&again, "/admin/accounts/1", &typed).await;
        assert!(html::text(&asked.text).contains("Acme → Another Name"), "{}", asked.text);
        let answer = browser.send(&asked, "/admin/accounts/1", &[("password", PASSWORD)]).await;
        assert_eq!(answer.status, 409, "{}", html::text(&answer.text));
    }

    async fn a_form_too_long_and_too_many_of_them_are_not_kept(app) {
        let browser = app.admin().await;
        let form = browser.get(FORM).await;
        app.sql("DELETE FROM sessions").await;
        let long = "x".repeat(17_000);
        let refused = browser.send(&form, FORM, &[("name", &long)]).await;
        assert!(refused.status == 401 && !html::text(&refused.text).contains(KEPT));
        for _ in 0..20 {
            assert!(html::text(&browser.send(&form, FORM, &TYPED).await.text).contains(KEPT));
        }
        assert!(!html::text(&browser.send(&form, FORM, &TYPED).await.text).contains(KEPT));
    }
}
