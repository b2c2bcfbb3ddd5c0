//! Signing keys in the console: what is listed, and rotating with the password.

use portcullis::jobs;

use crate::support::{ADMIN, AUDITOR, PASSWORD, TestApp, both_databases, html, on_sqlite};

const PATH: &str = "/admin/mcp/keys";
const ROTATE: &str = "/admin/mcp/keys/rotate";

fn signed_by(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

async fn keys(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM signing_keys").await
}

both_databases! {
    /// A wrong password changes nothing. After the right one new tokens are signed by the new key,
    /// what the old one signed still opens the gate, and the log says who did it.
    async fn rotating_needs_the_password_and_disconnects_nobody(app) {
        let mut client = app.ai_client("usage:read").await;
        let old = signed_by(&client.access_token);
        let browser = app.admin().await;
        let entries = app.audited("signing_key_created").await.len();
        for wrong in ["", "not it"] {
            let refused = browser.submit(ROTATE, ROTATE, &[("password", wrong)]).await;
            assert_eq!(refused.status, 403, "{}", refused.text);
        }
        let after = (keys(app).await, app.audited("signing_key_created").await.len());
        assert_eq!(after, (1, entries), "a wrong password changes nothing");
        let shown = browser.get(ROTATE).await;
        let done = browser.send(&shown, ROTATE, &[("password", PASSWORD)]).await;
        assert_eq!((done.status, done.header("location")), (303, PATH));
        assert!(client.call().await.is_ok(), "the old key's token");
        client.refresh().await;
        let new = signed_by(&client.access_token);
        assert_ne!(new, old);
        assert!(client.call().await.is_ok(), "the new key's token");
        let entry = app.audited("signing_key_created").await.pop().unwrap();
        assert_eq!((entry.actor.as_str(), entry.target), (ADMIN.email, Some(new.clone())));
        let again = browser.send(&shown, ROTATE, &[("password", PASSWORD)]).await;
        assert_eq!((again.status, keys(app).await), (409, 2), "a form sent twice makes one key");
        let text = html::text(&browser.get(PATH).await.text);
        assert!(text.contains(&format!("{new} ES256 Signs")), "{text}");
        assert!(text.contains(&format!("{old} ES256 Verifies only")), "{text}");
    }
}

on_sqlite! {
    /// Whoever may only look sees the keys and no way to replace one.
    async fn an_auditor_sees_the_keys_and_cannot_rotate(app) {
        let browser = app.signed_in(AUDITOR).await;
        let page = browser.get(PATH).await;
        assert!(page.status == 200 && !page.text.contains("Rotate now"), "{}", page.text);
        assert_eq!(browser.get(ROTATE).await.status, 403);
    }

    /// An overdue key is said on the overview, which leads to the list.
    async fn a_key_that_is_overdue_needs_attention(app) {
        app.clock.advance(91 * 86_400 + 1);
        let browser = app.admin().await;
        let page = browser.get("/admin").await;
        assert!(page.text.contains("due for rotation") && page.text.contains("href=\"/admin/mcp/keys\">See signing keys"), "{}", page.text);
        assert!(html::text(&browser.get(PATH).await.text).contains("Due for rotation"));
        jobs::run_all(&app.ctx).await;
        assert!(!browser.get("/admin").await.text.contains("See signing keys"));
        assert!(html::text(&browser.get(PATH).await.text).contains("Its tokens are accepted until"));
    }
}
