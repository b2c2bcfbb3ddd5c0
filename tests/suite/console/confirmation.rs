//! Entering one's own password again: for one act alone, or for a shown window of five minutes that
//! belongs to one session (contract §9).

use crate::support::browser::Page;
use crate::support::{ADMIN, Browser, MEMBER, PASSWORD, Person, TestApp, both_databases, html};

async fn path(app: &TestApp, person: Person) -> String {
    format!("/admin/mcp/users/{}/access", app.id_of(person).await)
}

/// Sends the form that turns access on or off, as its page shows it now.
async fn turn(browser: &Browser, path: &str, enabled: &str, fields: &[(&str, &str)]) -> Page {
    let shown = browser.get(&format!("{path}?enabled={enabled}")).await;
    browser.send(&shown, path, fields).await
}

/// Whether the page asks for the password.
async fn asks(browser: &Browser, path: &str) -> bool {
    browser.get(path).await.text.contains("type=\"password\"")
}

const KEEP: [(&str, &str); 2] = [("password", PASSWORD), ("keep_confirmed", "yes")];

both_databases! {
    /// Without the tick the password is good for that act alone.
    async fn a_password_is_for_one_act_unless_more_is_asked_for(app) {
        let (admin, path) = (app.admin().await, path(app, MEMBER).await);
        assert_eq!(html::boxes(&admin.get(&path).await.text, "keep_confirmed"), [("yes".to_owned(), false)]);
        assert_eq!(turn(&admin, &path, "no", &[("password", PASSWORD)]).await.status, 303);
        assert!(asks(&admin, &path).await);
        assert_eq!(turn(&admin, &path, "yes", &[]).await.status, 403, "the next act needs it again");
        assert_eq!(turn(&admin, &path, "yes", &[("keep_confirmed", "yes")]).await.status, 403, "a tick is no password");
        assert!(asks(&admin, &path).await);
    }

    /// The window is shown, is written down, ends by itself to the second, and is of one session.
    async fn a_window_of_five_minutes_is_shown_and_ends(app) {
        let (admin, elsewhere, path) = (app.admin().await, app.admin().await, path(app, MEMBER).await);
        assert_eq!(turn(&admin, &path, "no", &KEEP).await.status, 303);
        let shown = html::text(&admin.get(&path).await.text);
        assert!(shown.contains("You confirmed with your password at") && shown.contains("not asked again until"), "{shown}");
        assert!(!asks(&admin, &path).await);
        assert_eq!(turn(&admin, &path, "yes", &[]).await.status, 303, "no password is needed");
        assert!(asks(&elsewhere, &path).await, "the session confirmed, not the person");
        assert_eq!(turn(&elsewhere, &path, "no", &[]).await.status, 403);
        let entries = app.audited("password_reentered").await;
        let told: Vec<_> = entries.iter().map(|entry| (entry.outcome.as_str(), entry.detail()["confirmed_until"].is_string())).collect();
        assert_eq!(told, [("ok", true), ("ok", true)], "that it was confirmed, and each use of it");

        app.clock.advance(299);
        assert_eq!(turn(&admin, &path, "no", &[]).await.status, 303);
        app.clock.advance(1);
        assert!(asks(&admin, &path).await);
        let late = admin.form_token().await;
        let fields = [("csrf", late.as_str()), ("enabled", "yes")];
        assert_eq!(admin.post(&path, &fields).await.status, 403, "using it does not prolong it");
    }

    /// Ended by hand, by a wrong password, by signing out, by a new password.
    async fn whatever_ends_the_window_ends_it_at_once(app) {
        let (admin, path) = (app.admin().await, path(app, MEMBER).await);
        turn(&admin, &path, "no", &KEEP).await;
        assert_eq!(admin.submit("/account/confirmation", "/account/confirmation", &[]).await.status, 303);
        assert_eq!(turn(&admin, &path, "yes", &[]).await.status, 403, "ended by hand");

        turn(&admin, &path, "yes", &KEEP).await;
        assert_eq!(turn(&admin, &path, "no", &[("password", "not it at all")]).await.status, 403);
        assert_eq!(turn(&admin, &path, "no", &[]).await.status, 403, "ended by a wrong password");

        turn(&admin, &path, "no", &KEEP).await;
        let kept = admin.clone();
        let token = admin.form_token().await;
        admin.post("/logout", &[("csrf", token.as_str())]).await;
        assert_eq!(kept.post(&path, &[("csrf", token.as_str()), ("enabled", "yes")]).await.status, 401);
        admin.sign_in(ADMIN.email, PASSWORD).await;
        assert_eq!(turn(&admin, &path, "yes", &[]).await.status, 403, "signing in begins without one");

        turn(&admin, &path, "yes", &KEEP).await;
        let operator = portcullis::domain::audit::Actor::operator();
        portcullis::service::people::set_password(&app.ctx, &operator, ADMIN.email, "another good password").await.unwrap();
        assert_eq!(admin.get(&path).await.status, 303, "the session is over");
        assert_eq!(app.count("SELECT count(*) FROM sessions WHERE confirmed_until IS NOT NULL").await, 0);
    }

    /// Strangers who guess at the password do not keep whoever is signed in from dropping the gate, in
    /// the window or with the password; those of the session itself do.
    async fn strangers_who_guess_stop_nobody_from_confirming(app) {
        let (admin, path) = (app.admin().await, path(app, MEMBER).await);
        turn(&admin, &path, "no", &KEEP).await;
        for _ in 0..5 {
            app.anonymous().submit("/login", "/login", &[("email", ADMIN.email), ("password", "not it at all")]).await;
        }
        assert_eq!(app.anonymous().submit("/login", "/login", &[("email", ADMIN.email), ("password", PASSWORD)]).await.status, 429);
        assert_eq!(turn(&admin, &path, "yes", &[]).await.status, 303);
        assert_eq!(turn(&admin, &path, "no", &[("password", PASSWORD)]).await.status, 303);
        for _ in 0..5 {
            turn(&admin, &path, "yes", &[("password", "not it at all")]).await;
        }
        let refused = turn(&admin, &path, "yes", &[("password", PASSWORD)]).await;
        assert_eq!(refused.status, 429);
        assert!(refused.text.contains("href=\"#password\"") && refused.text.contains("id=\"password\""));
    }
}
