//! Dashboard → Settings → API keys: made with the password, shown once, rotated, revoked; nobody
//! else's (contract §9).

use crate::support::api_client::ApiClient;
use crate::support::browser::Page;
use crate::support::{
    ADMIN, AUDITOR, Browser, MEMBER, OTHER, PASSWORD, Person, TestApp, both_databases, html,
    on_sqlite,
};

const PAGE: &str = "/dashboard/settings/api-keys";
const NEW: &str = "/dashboard/settings/api-keys/new";

async fn ask(browser: &Browser, name: &str, scopes: &str, expiry: &str, password: &str) -> Page {
    let mut fields = vec![("name", name), ("expiry", expiry), ("days", ""), ("password", password)];
    fields.extend(scopes.split(' ').map(|scope| ("scope", scope)));
    browser.submit(NEW, NEW, &fields).await
}

/// The key on an answer, if there is one.
fn shown(page: &Page) -> Option<String> {
    let (_, rest) = page.text.split_once("<code id=\"key\">pc_key_")?;
    Some(format!("pc_key_{}", rest.split('<').next()?))
}

async fn status(app: &TestApp, key: &str) -> u16 {
    ApiClient::with(app, key).get("/api/v1/usage").await.status
}

async fn newest(app: &TestApp) -> i64 {
    app.count("SELECT MAX(id) FROM api_keys").await
}

both_databases! {
    /// On the answer and nowhere after it; neither the log nor the table has it.
    async fn a_key_is_shown_once(app) {
        let browser = app.member().await;
        assert!(html::text(&browser.get(PAGE).await.text).contains("You have no key"));
        let page = ask(&browser, "Nightly export", "usage:read stores:read", "never", PASSWORD).await;
        assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
        let key = shown(&page).unwrap();
        assert!(key.len() >= "pc_key_".len() + 43);
        assert_eq!(status(app, &key).await, 200);
        let listed = browser.get(PAGE).await;
        assert!(!listed.text.contains(&key));
        let text = html::text(&listed.text);
        let ending = format!("pc_key_…{}", &key[key.len() - 4..]);
        for words in ["Nightly export", ending.as_str(), "Active", "Search stores and read their profiles", "Never", &app.url("/api/v1/usage")] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let entry = &app.audited("api_key_created").await[0];
        assert_eq!((entry.actor.as_str(), entry.target.as_deref()), (MEMBER.email, Some("Nightly export")));
        assert!(!entry.detail().to_string().contains("pc_key_"));
        let stored = format!("SELECT count(*) FROM api_keys WHERE secret_hash = '{key}' OR name = '{key}'");
        assert_eq!(app.count(stored).await, 0);
        assert_eq!(app.count("SELECT active_tokens FROM users WHERE email = 'mia@acme.example'").await, 0, "no token");
    }

    /// A reload of the answer, or a second press of the button.
    async fn one_form_makes_one_key(app) {
        let browser = app.member().await;
        let form = browser.get(NEW).await;
        let fields = [("name", "Job"), ("scope", "usage:read"), ("expiry", "30"), ("password", PASSWORD)];
        let send = || browser.send(&form, NEW, &fields);
        let (first, second) = futures_util::future::join(send(), send()).await;
        let mut seen = [first.status, second.status];
        seen.sort_unstable();
        assert_eq!(seen, [200, 409]);
        assert_eq!(app.count("SELECT count(*) FROM api_keys").await, 1);
    }

    async fn keys_are_their_owners_alone(app) {
        let key = shown(&ask(&app.member().await, "Mine", "usage:read", "30", PASSWORD).await).unwrap();
        let id = newest(app).await;
        for person in [OTHER, ADMIN] {
            let browser = app.signed_in(person).await;
            let token = browser.form_token().await;
            for act in ["rotate", "revoke"] {
                let path = format!("{PAGE}/{id}/{act}");
                assert_eq!(browser.get(&path).await.status, 404);
                let fields = [("csrf", token.as_str()), ("hours", "0"), ("password", PASSWORD), ("once", "0123456789012345678901234567890123456789")];
                assert_eq!(browser.post(&path, &fields).await.status, 404);
            }
            assert!(!html::text(&browser.get(PAGE).await.text).contains("Mine"));
        }
        assert_eq!(status(app, &key).await, 200);
    }

    /// Confirmed without a password, and at once.
    async fn a_key_is_revoked(app) {
        let browser = app.member().await;
        let key = shown(&ask(&browser, "Job", "usage:read", "30", PASSWORD).await).unwrap();
        let path = format!("{PAGE}/{}/revoke", newest(app).await);
        assert_eq!(browser.submit(&path, &path, &[]).await.status, 303);
        assert_eq!(status(app, &key).await, 401);
        let text = html::text(&browser.get(PAGE).await.text);
        assert!(text.contains("Revoked the key “Job”") && text.contains("Revoked"), "{text}");
        assert!(html::text(&browser.get(&path).await.text).contains("There is nothing to revoke"));
        assert_eq!(app.audited("api_key_revoked").await[0].actor, MEMBER.email);
    }

    async fn a_key_is_rotated_with_the_password_once(app) {
        let browser = app.member().await;
        let old = shown(&ask(&browser, "Job", "usage:read", "30", PASSWORD).await).unwrap();
        let path = format!("{PAGE}/{}/rotate", newest(app).await);
        let rotate = |hours: &'static str, password: &'static str| {
            let (browser, path) = (&browser, path.clone());
            async move { browser.submit(&path, &path, &[("hours", hours), ("password", password)]).await }
        };
        let wrong = rotate("1", "not the password").await;
        assert_eq!((wrong.status, shown(&wrong)), (403, None));
        assert_eq!(rotate("500", PASSWORD).await.status, 400, "longer than is offered");
        let page = rotate("1", PASSWORD).await;
        let new = shown(&page).unwrap();
        assert!(html::text(&page.text).contains("The old key goes on working for 1 hour"));
        assert_eq!((status(app, &old).await, status(app, &new).await), (200, 200));
        assert!(html::text(&browser.get(PAGE).await.text).contains("Replaced"));
        assert!(html::text(&browser.get(&path).await.text).contains("cannot be rotated"));
        app.clock.advance(3600);
        assert_eq!((status(app, &old).await, status(app, &new).await), (401, 200));
        app.clock.advance(30 * 86_400 - 3600);
        assert_eq!(status(app, &new).await, 401, "as long a life as the old one had");
    }
}

on_sqlite! {
    async fn what_is_wrong_is_told_at_its_field_before_the_password_counts(app) {
        let browser = app.member().await;
        let page = ask(&browser, "", "usage:read", "custom", "not the password").await;
        assert_eq!((page.status, shown(&page)), (400, None));
        assert!(page.text.contains("href=\"#name\"") && page.text.contains("href=\"#days\""));
        assert_eq!(app.audited("password_reentered").await.len(), 0);
        let page = ask(&browser, "Kept name", "openid", "30", PASSWORD).await;
        assert!(page.status == 400 && page.text.contains("href=\"#scope\"") && page.text.contains("value=\"Kept name\""));
        let page = ask(&browser, "Kept name", "stores:read", "30", "not the password").await;
        assert_eq!((page.status, shown(&page)), (403, None));
        assert!(page.text.contains("href=\"#password\"") && !page.text.contains("not the password"));
        assert_eq!(app.count("SELECT count(*) FROM api_keys").await, 0);
    }

    async fn nobody_has_more_than_twenty(app) {
        let browser = app.member().await;
        for number in 0..20 {
            assert_eq!(ask(&browser, &format!("Job {number}"), "usage:read", "30", PASSWORD).await.status, 200);
        }
        let page = ask(&browser, "Job 20", "usage:read", "30", PASSWORD).await;
        assert_eq!((page.status, shown(&page)), (409, None));
        assert_eq!(app.audited("api_key_created").await.last().unwrap().outcome, "denied");
    }

    async fn a_plan_without_api_access_is_told_before(app) {
        app.sql("UPDATE plans SET api_access = (1 = 0)").await;
        let text = html::text(&app.member().await.get(PAGE).await.text);
        assert!(text.contains("plan of your account has no API access"), "{text}");
    }
}

/// The tab of a person's page that lists their keys.
async fn tab(app: &TestApp, person: Person) -> String {
    format!("/admin/users/{}?tab=keys", app.id_of(person).await)
}

both_databases! {
    /// An administrator sees a person's keys and ends one: the very next call is refused, other keys
    /// and tokens stay, and the log says who did it. Keys are no tokens of MCP Info.
    async fn an_administrator_revokes_a_key_of_somebody(app) {
        let member = app.member().await;
        let first = shown(&ask(&member, "Nightly export", "usage:read stores:read", "never", PASSWORD).await).unwrap();
        let second = shown(&ask(&member, "Sheet", "usage:read", "30", PASSWORD).await).unwrap();
        let client = app.ai_client("usage:read").await;
        let (admin, tab) = (app.admin().await, tab(app, MEMBER).await);
        let listed = html::text(&admin.get(&tab).await.text);
        for words in ["Nightly export", "Sheet", "Search stores and read their profiles", "Active"] {
            assert!(listed.contains(words), "{words}: {listed}");
        }
        let info = html::text(&admin.get(&tab.replace("keys", "mcp")).await.text);
        assert!(info.contains("Active Tokens 1") && !info.contains("Nightly export"), "{info}");
        let details = html::text(&admin.get(&format!("/admin/mcp/users/{}/tokens", app.id_of(MEMBER).await)).await.text);
        assert!(!details.contains("Nightly export"), "{details}");
        let revoke = format!("{}/keys/{}/revoke", tab.replace("?tab=keys", ""), newest(app).await - 1);
        assert!(html::text(&admin.get(&revoke).await.text).contains("Revoke the key “Nightly export”"));
        assert_eq!(status(app, &first).await, 200, "asking changes nothing");
        let done = admin.submit(&revoke, &revoke, &[]).await;
        assert_eq!((done.status, done.header("location")), (303, tab.as_str()));
        assert_eq!((status(app, &first).await, status(app, &second).await), (401, 200));
        assert!(client.call().await.is_ok());
        let entry = app.audited("api_key_revoked").await.pop().unwrap();
        assert_eq!((entry.actor.as_str(), entry.target.as_deref()), (ADMIN.email, Some("Nightly export")));
        assert_eq!(app.count("SELECT count(*) FROM api_keys WHERE end_reason = 'revoked_by_administrator'").await, 1);
        assert!(html::text(&admin.get(&revoke).await.text).contains("has ended"));
    }
}

on_sqlite! {
    /// A key is found under its owner only; who may look at people sees keys and cannot end them.
    async fn a_key_is_revoked_under_its_owner_by_who_may(app) {
        let member = app.member().await;
        let key = shown(&ask(&member, "Job", "usage:read", "30", PASSWORD).await).unwrap();
        let id = newest(app).await;
        let of = |person| tab_path(app, person, id);
        let admin = app.admin().await;
        let wrong = of(OTHER).await;
        assert_eq!(admin.get(&wrong).await.status, 404);
        let token = admin.form_token().await;
        assert_eq!(admin.post(&wrong, &[("csrf", token.as_str())]).await.status, 404);
        let auditor = app.signed_in(AUDITOR).await;
        let page = auditor.get(&tab(app, MEMBER).await).await;
        assert!(page.text.contains("Job") && !page.text.contains("/revoke"), "{}", page.text);
        let token = auditor.form_token().await;
        assert_eq!(auditor.post(&of(MEMBER).await, &[("csrf", token.as_str())]).await.status, 403);
        assert_eq!(status(app, &key).await, 200);
    }
}

async fn tab_path(app: &TestApp, person: Person, key: i64) -> String {
    format!("/admin/users/{}/keys/{key}/revoke", app.id_of(person).await)
}
