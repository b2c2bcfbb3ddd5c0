//! Where a list has more rows than its page, the page says so, and what it counts is all of them.

use crate::support::{ADMIN, MEMBER, TestApp, both_databases, html};

/// Makes so many rows, each with its number.
async fn rows(app: &TestApp, rows: i64, insert: &str) {
    let numbers =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    app.sql(format!("{numbers} {insert}")).await;
}

async fn tokens(app: &TestApp, many: i64, state: &str) {
    let (user, now) = (app.id_of(MEMBER).await, app.clock.now().0);
    let ended = if state == "active" { "NULL".to_owned() } else { now.to_string() };
    rows(
        app,
        many,
        &format!(
            "INSERT INTO tokens (user_id, kind, scopes, resource, label, state, created_at, expires_at, absolute_expires_at, ended_at) \
             SELECT {user}, 'personal', 'usage:read', 'x', 'Token ' || i, '{state}', {now}, {now} + 9000000, {now} + 9000000, {ended} FROM n"
        ),
    )
    .await;
    let counter = if state == "active" { "active_tokens" } else { "ended_tokens" };
    app.sql(format!("UPDATE users SET {counter} = {many} WHERE id = {user}")).await;
}

both_databases! {
    /// A person with more active tokens than a page holds: none is said to have ended, all are counted,
    /// and one that is not on the page can still be revoked.
    async fn tokens_that_are_not_shown_are_counted(app) {
        tokens(app, 700, "revoked").await;
        tokens(app, 1503, "active").await;
        let (admin, member) = (app.admin().await, app.id_of(MEMBER).await);
        let details = html::text(&admin.get(&format!("/admin/mcp/users/{member}/tokens")).await.text);
        for words in ["1503 active of 2,203 tokens", "500 of 2,203 are shown, active ones first"] {
            assert!(details.contains(words), "{words}: {}", &details[..600]);
        }
        assert!(!details.contains("that have ended are not shown"));
        let revoke = html::text(&admin.get(&format!("/admin/mcp/users/{member}/revoke")).await.text);
        assert!(revoke.contains("1503 active tokens") || revoke.contains("1,503 active tokens"), "{revoke}");
        let oldest = app.count("SELECT min(id) FROM tokens WHERE state = 'active'").await;
        let page = format!("/admin/mcp/users/{member}/tokens/{oldest}/revoke");
        assert_eq!(admin.submit(&page, &page, &[]).await.status, 303);
        assert_eq!(app.count(format!("SELECT count(*) FROM tokens WHERE id = {oldest} AND state = 'revoked'")).await, 1);
        let own = html::text(&app.member().await.get("/dashboard/settings/mcp").await.text);
        assert!(own.contains("100 of 2,203 are shown"), "{own}");
    }

    async fn sessions_that_are_not_shown_are_counted(app) {
        let (admin, member, own) = (app.admin().await, app.id_of(MEMBER).await, app.id_of(ADMIN).await);
        let now = app.clock.now().0;
        let few = html::text(&admin.get("/account").await.text);
        assert!(!few.contains(" are shown, the last used"), "few sessions are all shown");
        for user in [member, own] {
            rows(app, 300, &format!(
                "INSERT INTO sessions (key_hash, handle, user_id, state, created_at, expires_at, seen_at) \
                 SELECT 'k{user}-' || i, 'h{user}-' || i, {user}, '{{}}', {now} - 9000, {now} + 9000000, {now} - 9000 FROM n"
            )).await;
        }
        let theirs = html::text(&admin.get(&format!("/admin/users/{member}?tab=sessions")).await.text);
        assert!(theirs.contains("100 of 300 are shown"), "{theirs}");
        let mine = html::text(&admin.get("/account").await.text);
        assert!(mine.contains("100 of 301 are shown") && mine.contains("This one"), "{mine}");
    }

    async fn keys_that_are_not_shown_are_counted(app) {
        let (member, now) = (app.id_of(MEMBER).await, app.clock.now().0);
        rows(app, 130, &format!(
            "INSERT INTO api_keys (user_id, name, secret_hash, ending, scopes, created_at, ended_at, end_reason) \
             SELECT {member}, 'Key ' || i, 'hash' || i, 'abcd', 'usage:read', {now}, {now}, 'owner' FROM n"
        )).await;
        for (browser, path) in [
            (app.admin().await, format!("/admin/users/{member}?tab=keys")),
            (app.member().await, "/dashboard/settings/api-keys".to_owned()),
        ] {
            let text = html::text(&browser.get(&path).await.text);
            assert!(text.contains("100 of 130 are shown"), "{path}: {text}");
        }
    }

    async fn views_of_others_that_are_not_shown_are_spoken_of(app) {
        let (admin, other) = (app.admin().await, app.id_of(MEMBER).await);
        let told = async || {
            let page = admin.get("/admin/mcp/users/views").await.text;
            html::text(&page).contains("The first 100 by name are shown")
        };
        for (views, is_cut) in [(99, false), (101, true)] {
            app.sql("DELETE FROM grid_views").await;
            rows(app, views, &format!(
                "INSERT INTO grid_views (user_id, grid, name, query, is_default, shared) \
                 SELECT {other}, 'mcp_users', 'View ' || i, 'status=enabled', FALSE, TRUE FROM n"
            )).await;
            assert_eq!(told().await, is_cut, "{views}");
        }
    }
}
