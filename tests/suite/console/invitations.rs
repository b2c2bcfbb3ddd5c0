//! Invitations: a link that works once, for seven days, until it is taken back.

use super::users::id_of;
use crate::support::browser::Page;
use crate::support::{ADMIN, Browser, PASSWORD, TestApp, both_databases, html, on_sqlite};

const GUEST: &str = "gus@guest.example";

/// Invites the guest as a Member; the page that shows the link.
pub(super) async fn invite(app: &TestApp, admin: &Browser) -> Page {
    let (member, acme) =
        (id_of(app, "roles", "Member").await, id_of(app, "accounts", "Acme").await);
    let fields = [
        ("email", GUEST),
        ("name", ""),
        ("role", member.as_str()),
        ("account", acme.as_str()),
        ("how", "invite"),
        ("mcp", "yes"),
    ];
    admin.submit("/admin/users/new", "/admin/users/new", &fields).await
}

/// The path of the invitation that a page shows.
pub(super) fn link(app: &TestApp, page: &Page) -> String {
    let text = html::text(&page.text);
    let url = text.split_whitespace().find(|word| word.contains("/invite/")).unwrap();
    url.strip_prefix(&app.base).unwrap().to_owned()
}

pub(super) async fn guest(app: &TestApp) -> String {
    app.count(format!("SELECT id FROM users WHERE email = '{GUEST}'")).await.to_string()
}

both_databases! {
    async fn who_is_invited_chooses_a_password_and_is_in(app) {
        let page = invite(app, &app.admin().await).await;
        assert_eq!(page.status, 200);
        let link = link(app, &page);
        let mail = app.count(format!("SELECT count(*) FROM outbox WHERE recipient = '{GUEST}' AND plain_text LIKE '%{link}%'")).await;
        assert_eq!(mail, 1, "the same link is in the mail");
        assert_eq!(app.count(format!("SELECT count(*) FROM one_time_links WHERE secret_hash = '{}'", &link["/invite/".len()..])).await, 0, "only its hash is kept");
        let browser = app.anonymous();
        assert_eq!(browser.get(&link).await.status, 200, "looking uses nothing up");
        let short = browser.submit(&link, &link, &[("name", "Gus Guest"), ("password", "short")]).await;
        assert_eq!(short.status, 400);
        let done = browser.submit(&link, &link, &[("name", "Gus Guest"), ("password", PASSWORD)]).await;
        assert_eq!((done.status, done.header("location")), (303, "/dashboard"), "{}", html::text(&done.text));
        let dashboard = browser.get("/dashboard").await;
        assert!(dashboard.text.contains("Welcome, Gus Guest"), "signed in");
        for path in [link.as_str(), "/invite/nonsense", "/invite/%00"] {
            assert_eq!(app.anonymous().get(path).await.status, 404, "{path}");
        }
        app.anonymous().sign_in(GUEST, PASSWORD).await;
        assert_eq!(app.audited("user_invited").await[0].actor, ADMIN.email);
        assert_eq!(app.audited("invitation_accepted").await[0].actor, GUEST);
    }

    async fn of_two_who_use_the_link_at_once_one_wins(app) {
        let link = link(app, &invite(app, &app.admin().await).await);
        let (one, two) = (app.anonymous(), app.anonymous());
        let (first, second) = futures_util::future::join(one.get(&link), two.get(&link)).await;
        let fields = [("name", "Gus"), ("password", PASSWORD)];
        let (a, b) = futures_util::future::join(one.send(&first, &link, &fields), two.send(&second, &link, &fields)).await;
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404]);
    }

    async fn sending_it_again_and_seven_days_end_a_link(app) {
        let admin = app.admin().await;
        let first = link(app, &invite(app, &admin).await);
        let id = guest(app).await;
        let again = admin.submit(&format!("/admin/users/{id}"), &format!("/admin/users/{id}/invitation"), &[]).await;
        assert_eq!(again.status, 200, "{}", html::text(&again.text));
        let second = link(app, &again);
        assert_eq!(app.anonymous().get(&first).await.status, 404);
        assert_eq!(app.anonymous().get(&second).await.status, 200);
        app.clock.advance(7 * 86_400 - 1);
        assert_eq!(app.anonymous().get(&second).await.status, 200);
        app.clock.advance(1);
        assert_eq!(app.anonymous().get(&second).await.status, 404);
        let late = app.admin().await.submit(&format!("/admin/users/{id}"), &format!("/admin/users/{id}/invitation"), &[]).await;
        assert_eq!(app.anonymous().get(&link(app, &late)).await.status, 200, "it can still be sent again");
    }

    async fn an_invitation_that_was_taken_back_is_worth_nothing_and_frees_the_address(app) {
        let admin = app.admin().await;
        let first = link(app, &invite(app, &admin).await);
        let id = guest(app).await;
        let path = format!("/admin/users/{id}/invitation/cancel");
        let done = admin.submit(&path, &path, &[]).await;
        assert_eq!((done.status, done.header("location")), (303, "/admin/users"));
        assert_eq!(app.anonymous().get(&first).await.status, 404);
        assert_eq!(admin.get(&format!("/admin/users/{id}")).await.status, 404);
        assert!(html::text(&admin.get("/admin/users?q=guest.example").await.text).contains("No people match"));
        assert_eq!(invite(app, &admin).await.status, 200, "the address is free");
        assert_eq!(app.audited("invitation_cancelled").await[0].target.as_deref(), Some(GUEST));
    }
}

on_sqlite! {
    async fn there_is_nothing_to_send_again_to_who_has_come(app) {
        let admin = app.admin().await;
        let link = link(app, &invite(app, &admin).await);
        app.anonymous().submit(&link, &link, &[("name", "Gus"), ("password", PASSWORD)]).await;
        let id = guest(app).await;
        let token = admin.form_token().await;
        for path in [format!("/admin/users/{id}/invitation"), format!("/admin/users/{id}/invitation/cancel")] {
            assert_eq!(admin.post(&path, &[("csrf", token.as_str())]).await.status, 409, "{path}");
        }
        app.anonymous().sign_in(GUEST, PASSWORD).await;
    }

    /// Somebody who is only invited cannot get in past the invitation.
    async fn an_invited_person_has_no_other_way_in(app) {
        invite(app, &app.admin().await).await;
        for password in [PASSWORD, "x"] {
            let refused = app.anonymous().submit("/login", "/login", &[("email", GUEST), ("password", password)]).await;
            assert_eq!(refused.status, 400);
        }
        let mails = app.count("SELECT count(*) FROM outbox").await;
        app.anonymous().submit("/forgot-password", "/forgot-password", &[("email", GUEST)]).await;
        assert_eq!(app.count("SELECT count(*) FROM outbox").await, mails);
    }
}
