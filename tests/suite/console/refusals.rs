//! What a role does not allow is refused, and that it was asked for is in the audit log.

use futures_util::future::join_all;

use portcullis::app::{Access, ROUTES};
use portcullis::domain::access::Permission;
use portcullis::domain::role::{PERMISSION_GROUPS, of};
use serde_json::json;

use crate::support::{ADMIN, AUDITOR, MEMBER, PASSWORD, both_databases, html, on_sqlite};

both_databases! {
    /// One entry for a request, with permission, path and request id; looking again within a minute
    /// adds none, and trying to act is written down up to ten times.
    async fn a_refused_request_is_an_entry_and_many_do_not_fill_the_log(app) {
        let browser = app.member().await;
        let token = browser.form_token().await;
        let page = browser.get("/admin/users?q=secret").await;
        assert_eq!(page.status, 403, "{}", page.text);
        assert!(html::text(&page.text).contains("Your role is Member, which does not include “See users”"), "{}", page.text);
        let entries = app.audited("permission_refused").await;
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!((entry.actor.as_str(), entry.outcome.as_str(), entry.target.as_deref()), (MEMBER.email, "denied", Some("/admin/users")));
        assert_eq!(entry.detail(), serde_json::json!({ "permission": "view_users", "method": "GET" }));
        assert_eq!(entry.request_id.as_deref(), Some(page.header("x-request-id")));
        join_all((0..4).map(|_| browser.get("/admin/users"))).await;
        assert_eq!(app.audited("permission_refused").await.len(), 1, "the same look within a minute");
        browser.get("/admin/roles").await;
        assert_eq!(app.audited("permission_refused").await.len(), 2, "another permission");
        let fields = [("csrf", token.as_str())];
        for page in join_all((0..12).map(|_| browser.post("/admin/users/1/suspend", &fields))).await {
            assert_eq!(page.status, 403, "{}", page.text);
        }
        assert_eq!(app.audited("permission_refused").await.len(), 12, "ten acts");
        app.clock.advance(61);
        browser.get("/admin/users").await;
        assert_eq!(app.audited("permission_refused").await.len(), 13, "a minute later");
    }

    /// Whoever manages people and tries it on somebody who may do more is refused, and the act is in
    /// the log as denied, with whom it was about and why.
    async fn an_act_on_somebody_who_may_do_more_is_a_denial(app) {
        app.sql("UPDATE roles SET permissions = '[\"view_users\",\"manage_users\"]' WHERE name = 'Auditor'").await;
        let (helper, admin) = (app.signed_in(AUDITOR).await, app.id_of(ADMIN).await);
        let token = helper.form_token().await;
        let own = [("csrf", token.as_str()), ("password", PASSWORD), ("name", "Renamed"), ("email", ADMIN.email)];
        for (path, action) in [
            ("", "user_edited"), ("/suspend", "user_suspended"), ("/delete", "user_deleted"), ("/reactivate", "user_reactivated"),
            ("/password-reset", "password_reset_requested"), ("/two-factor", "two_factor_reset"), ("/sessions/end", "sessions_ended"),
        ] {
            let path = format!("/admin/users/{admin}{path}");
            assert_eq!(helper.post(&path, &own).await.status, 403, "{path}");
            let entry = app.audited(action).await.pop().unwrap();
            assert_eq!((entry.actor.as_str(), entry.outcome.as_str(), entry.target.as_deref()), (AUDITOR.email, "denied", Some(ADMIN.email)), "{path}");
            assert!(entry.detail()["why"].as_str().unwrap().contains("may do more than your role"), "{path}");
        }
    }
}

on_sqlite! {
    /// Nobody signed in is nobody to write down; what the role allows is no refusal; a tab that it
    /// does not include is one; and the audit screen finds them among the refused.
    async fn only_refusals_of_a_role_are_written_down(app) {
        app.anonymous().get("/admin/users").await;
        let auditor = app.signed_in(AUDITOR).await;
        assert_eq!(auditor.get("/admin/users").await.status, 200);
        assert_eq!(app.audited("permission_refused").await.len(), 0);
        app.sql("UPDATE roles SET permissions = '[\"view_users\"]' WHERE name = 'Auditor'").await;
        assert_eq!(auditor.get("/admin/users/1?tab=mcp").await.status, 403);
        assert_eq!(app.audited("permission_refused").await.len(), 1);
        let text = html::text(&app.admin().await.get("/admin/mcp/audit?outcome=denied").await.text);
        assert!(text.contains("Was refused what their role does not allow") && text.contains("page “/admin/users/1”"), "{text}");
    }

    /// Whoever types the address of an act that their role does not include is told which permission
    /// it needs, and never shown the form; a screen that may be looked at has no form then.
    async fn no_page_asks_for_an_act_that_would_be_refused(app) {
        let auditor = app.signed_in(AUDITOR).await;
        for route in ROUTES.iter().filter(|route| route.method == "POST") {
            let (Access::With(needed), true) = (route.access, ROUTES.iter().any(|other| other.path == route.path && other.method == "GET")) else { continue };
            let title = of(needed).unwrap().title;
            let others: Vec<_> = PERMISSION_GROUPS.iter().flat_map(|group| group.rows)
                .filter(|row| row.permission != needed).map(|row| row.name).collect();
            app.sql(format!("UPDATE roles SET permissions = '{}' WHERE name = 'Auditor'", json!(others))).await;
            let path = fill(route.path);
            let page = auditor.get(&path).await;
            assert!(!page.text.contains(&format!("method=\"post\" action=\"{path}\"")), "{path}");
            assert!(!page.text.contains("id=\"password\""), "{path}");
            if page.status == 403 {
                assert!(html::text(&page.text).contains(&format!("does not include “{title}”")), "{path}: {}", html::text(&page.text));
            } else {
                assert!([200, 404].contains(&page.status), "{path}: {}", page.status);
            }
        }
    }

    /// Nobody is asked about somebody, or a role, that may do more than they: the page says what they
    /// lack, instead of a form that is refused when it is sent.
    async fn no_page_asks_about_what_stands_above_one(app) {
        app.sql("UPDATE roles SET permissions = '[\"view_users\",\"manage_users\",\"view_roles\",\"manage_roles\"]' WHERE name = 'Auditor'").await;
        app.sql("INSERT INTO roles (name, permissions, tools, built_in) VALUES ('Clerk', '[\"manage_index\"]', '[]', FALSE)").await;
        let (admin, clerk) = (app.id_of(ADMIN).await, app.count("SELECT id FROM roles WHERE name = 'Clerk'").await);
        let auditor = app.signed_in(AUDITOR).await;
        let acts = ROUTES.iter().filter(|route| route.method == "GET" && route.access == Access::With(Permission::ManageUsers) && route.path.starts_with("/admin/users/{user}/"));
        let mut paths: Vec<_> = acts.map(|route| (route.path.replace("{user}", &admin.to_string()), "See MCP users")).collect();
        assert!(paths.len() >= 6, "{paths:?}");
        paths.push((format!("/admin/roles/{clerk}/delete"), "Import"));
        for (path, lacked) in paths {
            let page = auditor.get(&path).await;
            assert_eq!(page.status, 403, "{path}");
            assert!(html::text(&page.text).contains(lacked), "{path}: {}", html::text(&page.text));
            assert!(page.text.contains(&format!("mailto:{}", ADMIN.email)), "whom to ask: {path}");
        }
    }
}

/// A path with something in place of its variables.
fn fill(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}
