//! Clients that an administrator registered: editing and deleting them.

use futures_util::future::join;
use portcullis::jobs;

use super::clients::{assert_counted, by_hand, redeem, refreshed, row_of};
use crate::support::ai_client::{AuthorizationRequest, REDIRECT};
use crate::support::{ADMIN, AUDITOR, Browser, PASSWORD, TestApp, both_databases, html, on_sqlite};

const METHOD: &str = "client_secret_basic";

async fn path(app: &TestApp, client_id: &str, rest: &str) -> String {
    format!("/admin/mcp/clients/{}{rest}", row_of(app, client_id).await)
}

async fn save(
    browser: &Browser,
    path: &str,
    name: &str,
    uris: &str,
    password: &str,
) -> crate::support::browser::Page {
    let fields = [("name", name), ("redirect_uris", uris), ("password", password)];
    browser.submit(path, path, &fields).await
}

both_databases! {
    /// Name and redirect URIs change with the password, from the next approval on; connections stay;
    /// the list and the log know the new name.
    async fn a_client_made_by_hand_is_edited_with_the_password(app) {
        let (id, secret) = by_hand(app, METHOD).await;
        let (_, refresh) = redeem(app, METHOD, &id, &secret).await;
        let (admin, edit) = (app.admin().await, path(app, &id, "/edit").await);
        let shown = admin.get(&edit).await;
        assert!(shown.text.contains("value=\"Partner\"") && shown.text.contains("https://partner.example/cb"), "{}", shown.text);
        for (name, uris, password, status) in [
            ("", REDIRECT, PASSWORD, 400),
            ("Partner", "http://partner.example/cb", PASSWORD, 400),
            ("Renamed", REDIRECT, "not it", 403),
        ] {
            let refused = save(&admin, &edit, name, uris, password).await;
            assert_eq!(refused.status, status, "{}", refused.text);
            assert!(refused.text.contains("data-error-summary"), "{}", refused.text);
        }
        assert_eq!(app.audited("client_changed").await.len(), 0);
        let done = save(&admin, &edit, "Renamed", "https://other.example/cb", PASSWORD).await;
        assert_eq!((done.status, done.header("location")), (303, path(app, &id, "").await.as_str()));
        let entry = app.audited("client_changed").await.remove(0);
        assert_eq!((entry.actor.as_str(), entry.target.as_deref()), (ADMIN.email, Some("Renamed")));
        assert_eq!(entry.detail()["old_name"], "Partner");
        let list = html::text(&admin.get("/admin/mcp/clients").await.text);
        assert!(list.contains("Renamed") && list.contains("other.example") && !list.contains("Partner"), "{list}");
        assert_eq!(refreshed(app, METHOD, &id, &secret, &refresh).await.status, 200, "connections stay");
        let asked = app.member().await.get(&AuthorizationRequest::new(app, &id, "usage:read").path()).await;
        assert_eq!(asked.status, 400, "the old redirect URI is refused: {}", asked.text);
    }

    /// Of two who edit at the same time one is told that the other was first.
    async fn of_two_edits_one_is_refused(app) {
        let (id, _) = by_hand(app, METHOD).await;
        let (one, two, edit) = (app.admin().await, app.admin().await, path(app, &id, "/edit").await);
        let (first, second) = (one.get(&edit).await, two.get(&edit).await);
        let fields = |name| [("name", name), ("redirect_uris", REDIRECT), ("password", PASSWORD)];
        let (ours, theirs) = (fields("One"), fields("Two"));
        let (a, b) = join(one.send(&first, &edit, &ours), two.send(&second, &edit, &theirs)).await;
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409]);
        assert_eq!(app.audited("client_changed").await.len(), 1);
    }

    /// Deleting says what it ends, ends it, and leaves neither a row in the list nor a way back in;
    /// tokens and logs that speak of it stay.
    async fn a_deleted_client_is_out_and_what_speaks_of_it_stays(app) {
        let (id, secret) = by_hand(app, METHOD).await;
        let (_, refresh) = redeem(app, METHOD, &id, &secret).await;
        let (admin, delete) = (app.admin().await, path(app, &id, "/delete").await);
        let asked = html::text(&admin.get(&delete).await.text);
        assert!(asked.contains("1 person") && asked.contains("1 active token") && asked.contains("Activity and audit stay"), "{asked}");
        let tokens = app.count("SELECT count(*) FROM tokens").await;
        let done = admin.submit(&delete, &delete, &[]).await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert_eq!(refreshed(app, METHOD, &id, &secret, &refresh).await.oauth_error(), "invalid_client");
        assert_eq!(app.count("SELECT count(*) FROM tokens").await, tokens, "no token is deleted");
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await, 0);
        let asked = app.member().await.get(&AuthorizationRequest::new(app, &id, "usage:read").path()).await;
        assert!(asked.status == 400 && asked.text.contains("does not know that program"), "{}", asked.text);
        let entry = app.audited("client_deleted").await.remove(0);
        assert_eq!((entry.target.as_deref(), entry.detail()["tokens"].as_i64()), (Some("Partner"), Some(1)));
        for gone in [path(app, &id, "").await, delete.clone(), path(app, &id, "/edit").await, path(app, &id, "/unblock").await] {
            assert_eq!(admin.get(&gone).await.status, 404, "{gone}");
        }
        let list = html::text(&admin.get("/admin/mcp/clients").await.text);
        assert!(!list.contains("Partner"), "{list}");
        assert!(!html::text(&admin.get("/admin").await.text).contains("blocked for everyone"), "nothing to look at");
        jobs::run_all(&app.ctx).await;
        assert!(!html::text(&admin.get("/admin/mcp/clients").await.text).contains("Partner"), "after the jobs too");
        assert_counted(app).await;
    }
}

on_sqlite! {
    /// One that nobody approved leaves nothing but the entry; whoever registered itself cannot be
    /// edited or deleted; who may not manage clients may neither.
    async fn only_clients_made_by_hand_are_edited_and_deleted(app) {
        let (id, _) = by_hand(app, "none").await;
        let admin = app.admin().await;
        let delete = path(app, &id, "/delete").await;
        assert_eq!(app.signed_in(AUDITOR).await.get(&delete).await.status, 403);
        assert_eq!(admin.submit(&delete, &delete, &[]).await.status, 303);
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 0);
        let client = app.ai_client("usage:read").await;
        for rest in ["/edit", "/delete"] {
            let page = admin.get(&path(app, &client.client_id, rest).await).await;
            assert_eq!(page.status, 409, "{}", page.text);
        }
        let page = admin.get(&path(app, &client.client_id, "").await).await;
        assert!(!page.text.contains("/edit\"") && !page.text.contains("/delete"), "{}", page.text);
        assert!(client.call().await.is_ok());
    }
}
