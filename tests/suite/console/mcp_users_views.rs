//! Saved views of the list of MCP users: each person's own, each an address.

use super::mcp_users::PATH;
use crate::support::{ADMIN, AUDITOR, Browser, TestApp, both_databases, html, on_sqlite};

const VIEWS: &str = "/admin/mcp/users/views";

/// Saves the view of `query`, and returns the page that follows.
async fn save(browser: &Browser, name: &str, query: &str, opens: bool) -> String {
    let back = query.replace('=', "%3D").replace('&', "%26");
    let mut fields = vec![("name", name)];
    if opens {
        fields.push(("default", "yes"));
    }
    let done = browser.submit(&format!("{VIEWS}?back={back}"), VIEWS, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), format!("{PATH}?{query}"), "back to the view");
    html::text(&browser.get(done.header("location")).await.text)
}

async fn newest(app: &TestApp) -> i64 {
    app.count("SELECT max(id) FROM grid_views").await
}

async fn change(browser: &Browser, id: i64, fields: &[(&str, &str)]) -> u16 {
    let path = format!("{VIEWS}/{id}");
    browser.submit(&format!("{VIEWS}?back=q%3Dann"), &path, fields).await.status
}

both_databases! {
    /// A view keeps its address under a name, is offered by it, and may open the list; it is its
    /// owner's alone.
    async fn a_saved_view_is_its_owners_and_may_open_the_list(app) {
        let browser = app.admin().await;
        let text = save(&browser, "Dormant", "unused=90&sort=user", true).await;
        assert!(text.contains("Saved the view “Dormant”") && text.contains("View: Dormant"), "{text}");
        let opened = browser.get(PATH).await;
        assert_eq!(opened.header("location"), format!("{PATH}?unused=90&sort=user"));
        let everybody = browser.get(&format!("{PATH}?view=all")).await;
        assert_eq!(everybody.status, 200, "everybody has an address too");
        assert!(html::text(&everybody.text).contains("View: All"));
        let other = app.signed_in(AUDITOR).await;
        assert_eq!(other.get(PATH).await.status, 200, "nobody else's list opens with it");
        assert!(!other.get(VIEWS).await.text.contains("Dormant"));
        let id = newest(app).await;
        save(&other, "Mine", "status=disabled", false).await;
        let theirs = newest(app).await;
        assert_ne!(id, theirs);
        // Nor can anybody change it, whatever they send.
        let token = other.get(VIEWS).await.hidden(VIEWS).remove(0).1;
        for act in ["delete", "rename", "replace", "default"] {
            let fields = [("csrf", token.as_str()), ("change", act), ("name", "Stolen")];
            assert_eq!(other.post(&format!("{VIEWS}/{id}"), &fields).await.status, 404, "{act}");
        }
        assert_eq!(app.count("SELECT count(*) FROM grid_views WHERE name = 'Dormant'").await, 1);
    }

    /// A view is renamed, updated, opened with or not, and deleted.
    async fn a_saved_view_is_changed_and_deleted(app) {
        let browser = app.admin().await;
        save(&browser, "First", "status=enabled", true).await;
        let first = newest(app).await;
        save(&browser, "Second", "status=disabled", true).await;
        let opened = browser.get(PATH).await;
        assert_eq!(opened.header("location"), format!("{PATH}?status=disabled"), "one opens the list");
        assert_eq!(change(&browser, first, &[("change", "default")]).await, 303);
        assert_eq!(browser.get(PATH).await.header("location"), format!("{PATH}?status=enabled"));
        assert_eq!(change(&browser, first, &[("change", "rename"), ("name", "Second")]).await, 400, "taken");
        assert_eq!(change(&browser, first, &[("change", "rename"), ("name", " Third ")]).await, 303);
        assert_eq!(change(&browser, first, &[("change", "replace")]).await, 303);
        assert_eq!(app.count("SELECT count(*) FROM grid_views WHERE name = 'Third' AND query = 'q=ann'").await, 1);
        assert_eq!(change(&browser, first, &[("change", "no_default")]).await, 303);
        assert_eq!(browser.get(PATH).await.status, 200);
        assert_eq!(change(&browser, first, &[("change", "delete")]).await, 303);
        assert_eq!(app.count("SELECT count(*) FROM grid_views").await, 1);
        // Under a name that is there, the view is replaced.
        save(&browser, "Second", "tokens=none", false).await;
        assert_eq!(app.count("SELECT count(*) FROM grid_views WHERE query = 'tokens=none'").await, 1);
        assert_eq!(app.count("SELECT count(*) FROM grid_views").await, 1);
    }
}

both_databases! {
    /// UX §2.3: who may manage users shares a view with everybody who sees the list; only its owner
    /// changes it, and it goes with them.
    async fn a_shared_view_is_offered_to_all_and_stays_its_owners(app) {
        let (admin, auditor) = (app.admin().await, app.signed_in(AUDITOR).await);
        save(&admin, "Dormant", "unused=90&sort=user", false).await;
        let shared = newest(app).await;
        assert!(!auditor.get(PATH).await.text.contains("Dormant"), "not before it is shared");
        assert_eq!(change(&admin, shared, &[("change", "share")]).await, 303);
        for path in [PATH, VIEWS] {
            let page = auditor.get(path).await.text;
            assert!(page.contains("unused=90&#38;sort=user") && html::text(&page).contains(ADMIN.name), "{path}");
        }
        let own = html::text(&admin.get(VIEWS).await.text);
        assert!(own.contains("Shared with everybody who sees this list") && !own.contains("Shared by others"), "{own}");
        // Theirs to use, not to change; and whoever may not manage users shares nothing.
        let token = auditor.get(VIEWS).await.hidden(VIEWS).remove(0).1;
        for act in ["unshare", "delete", "rename", "replace", "default"] {
            let fields = [("csrf", token.as_str()), ("change", act), ("name", "Stolen")];
            assert_eq!(auditor.post(&format!("{VIEWS}/{shared}"), &fields).await.status, 404, "{act}");
        }
        save(&auditor, "Mine", "status=disabled", false).await;
        let theirs = newest(app).await;
        assert!(!auditor.get(VIEWS).await.text.contains("value=\"share\""));
        assert_eq!(change(&auditor, theirs, &[("change", "share")]).await, 403);
        assert_eq!(app.count("SELECT count(*) FROM grid_views WHERE shared").await, 1);
        // Back to oneself, and gone with whoever is suspended.
        assert_eq!(change(&admin, shared, &[("change", "unshare")]).await, 303);
        assert!(!auditor.get(PATH).await.text.contains("Dormant"));
        assert_eq!(change(&admin, shared, &[("change", "share")]).await, 303);
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", ADMIN.email)).await;
        assert!(!auditor.get(PATH).await.text.contains("Dormant"));
    }
}

on_sqlite! {
    /// An own view must not pass for one that comes with the list.
    async fn the_names_of_the_views_of_the_list_are_taken(app) {
        let browser = app.admin().await;
        for name in ["All", "aLL", "A\u{200d}ll", "MCP enabled"] {
            let refused = browser.submit(VIEWS, VIEWS, &[("name", name)]).await;
            assert_eq!(refused.status, 400, "{name:?}");
            html::assert_complaints(&refused.text, &["name"]);
            assert!(html::text(&refused.text).contains("comes with the list"), "{name:?}");
        }
        save(&browser, "Own", "tokens=none", false).await;
        let id = newest(app).await;
        assert_eq!(change(&browser, id, &[("change", "rename"), ("name", "all")]).await, 400);
    }

    /// A view that can no longer be read opens with everybody, and says so.
    async fn a_view_that_cannot_be_read_falls_back(app) {
        let browser = app.admin().await;
        save(&browser, "Old", "status=enabled", true).await;
        app.sql("UPDATE grid_views SET query = 'status=sideways'").await;
        let opened = browser.get(PATH).await;
        assert_eq!(opened.header("location"), format!("{PATH}?view=all"));
        let page = browser.get(opened.header("location")).await;
        assert_eq!(page.status, 200);
        assert!(html::text(&page.text).contains("“Old” cannot be read any more"), "{}", page.text);
    }

    async fn a_name_is_one_line_and_views_are_not_without_end(app) {
        let browser = app.admin().await;
        for name in ["", "   ", &"x".repeat(61), "two\nlines"] {
            let refused = browser.submit(VIEWS, VIEWS, &[("name", name)]).await;
            assert_eq!(refused.status, 400, "{name:?}");
            assert!(refused.text.contains("id=\"name-error\""), "{}", refused.text);
        }
        for number in 0..50 {
            save(&browser, &format!("View {number}"), "tokens=none", false).await;
        }
        let refused = browser.submit(VIEWS, VIEWS, &[("name", "One more")]).await;
        assert!(html::text(&refused.text).contains("Delete one first"), "{}", refused.text);
    }
}
