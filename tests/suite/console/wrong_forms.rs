//! What is wrong with a form is told at once: a line for each field, which leads to it, and the same
//! words beside it (UX §5). What was entered is kept.

use portcullis::service::bootstrap;

use super::users::id_of;
use crate::support::{ADMIN, Browser, MEMBER, OTHER, TestApp, both_databases, html, on_sqlite};

type Fields<'a> = &'a [(&'a str, &'a str)];

/// Sends a wrong form and finds these complaints.
async fn wrong(browser: &Browser, page: &str, action: &str, fields: Fields<'_>, named: &[&str]) {
    let answer = browser.submit(page, action, fields).await;
    assert_eq!(answer.status, 400, "{action}: {}", html::text(&answer.text));
    html::assert_complaints(&answer.text, named);
}

both_databases! {
    async fn forms_about_people_tell_everything_at_once(app) {
        let admin = app.admin().await;
        let new = "/admin/users/new";
        let fields = [("email", "nobody"), ("name", ""), ("account", "x"), ("role", "x"), ("how", "password"), ("new_password", "short")];
        let answer = admin.submit(new, new, &fields).await;
        html::assert_complaints(&answer.text, &["email", "name", "account", "role", "new_password", "password"]);
        assert!(answer.text.contains("value=\"nobody\""), "what was entered is kept");
        let taken = [("email", OTHER.email), ("name", ""), ("account", "1"), ("role", "1"), ("how", "password"), ("new_password", "short")];
        let answer = admin.submit(new, new, &taken).await;
        html::assert_complaints(&answer.text, &["email", "name", "new_password", "password"]);
        assert!(answer.text.contains("There is already a user with that e-mail address."), "that it is taken is no later news");
        wrong(&admin, new, new, &[("email", ""), ("how", "magic"), ("account", "1"), ("role", "1")], &["email", "name", "how", "password"]).await;

        let user = format!("/admin/users/{}", app.id_of(MEMBER).await);
        let (name, email) = ("\u{202e}evil", "no@@address");
        let answer = admin.submit(&user, &user, &[("name", name), ("email", email)]).await;
        assert_eq!(answer.status, 400);
        html::assert_complaints(&answer.text, &["name", "email"]);
        assert!(answer.text.contains(email), "what was entered is kept");
        wrong(&admin, &user, &format!("{user}/place"), &[("role", "x"), ("account", "x")], &["role", "account", "password"]).await;
        assert_eq!(app.count(format!("SELECT count(*) FROM users WHERE name = '{}'", MEMBER.name)).await, 1);
    }

    async fn forms_about_oneself_tell_everything_at_once(app) {
        app.set("personal_access_tokens", "yes").await;
        let member = app.member().await;
        wrong(&member, "/account", "/account", &[("name", " "), ("time_zone", "Mars/Olympus")], &["name", "time_zone"]).await;
        let page = "/account/password";
        wrong(&member, page, page, &[("new_password", "short"), ("password", "")], &["new_password", "password"]).await;
        let page = "/dashboard/settings/api-keys/new";
        wrong(&member, page, page, &[("name", ""), ("expiry", "custom"), ("days", "x")], &["name", "scope", "days", "password"]).await;
        let page = "/dashboard/settings/mcp/tokens";
        wrong(&member, page, page, &[("name", ""), ("expiry", "custom"), ("days", "x")], &["name", "scope", "days", "password"]).await;
        app.ai_client("usage:read").await;
        let page = format!("/dashboard/settings/mcp/connections/{}", app.count("SELECT max(id) FROM consents").await);
        wrong(&member, &page, &page, &[("label", &"x".repeat(61))], &["label", "scope"]).await;
    }

    async fn forms_about_accounts_tell_everything_at_once(app) {
        let admin = app.admin().await;
        let account = format!("/admin/accounts/{}", id_of(app, "accounts", "Acme").await);
        let page = "/admin/accounts/new";
        wrong(&admin, page, page, &[("name", ""), ("plan", "")], &["name", "plan", "password"]).await;
        wrong(&admin, &account, &account, &[("name", ""), ("plan", "x"), ("api_access", "?")], &["name", "plan", "api_access"]).await;
        let page = format!("{account}/credits?way=grant");
        wrong(&admin, &page, &format!("{account}/credits"), &[("amount", "much"), ("reason", " ")], &["amount", "reason", "password"]).await;
        let page = "/admin/plans/new";
        let fields = [("name", ""), ("api_access", "?"), ("credits_per_month", "-1")];
        let answer = admin.submit(page, page, &fields).await;
        let found = html::complaints(&answer.text);
        html::assert_complaints(&answer.text, &found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>());
        assert!(found.len() >= 3, "{found:?}");
    }
}

on_sqlite! {
    async fn forms_about_the_server_tell_everything_at_once(app) {
        let admin = app.admin().await;
        let page = "/admin/roles/new";
        wrong(&admin, page, page, &[("name", ""), ("description", "a\nb"), ("permission", "fly"), ("tool", "fly")], &["name", "description", "permission", "tool"]).await;
        let page = "/admin/mcp/clients/new";
        let answer = admin.submit(page, page, &[("name", ""), ("redirect_uris", "nowhere"), ("auth_method", "?")]).await;
        let found = html::complaints(&answer.text);
        assert!(found.len() >= 2, "{found:?}");
        html::assert_complaints(&answer.text, &found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>());
        let page = "/admin/mcp/settings";
        wrong(&admin, page, page, &[("activity_days", "0"), ("audit_days", "soon")], &["activity_days", "audit_days"]).await;
    }

    async fn forms_that_ask_twice_tell_everything_at_once(app) {
        let stranger = app.anonymous();
        wrong(&stranger, "/login", "/login", &[("email", "nobody"), ("password", "")], &["email", "password"]).await;
        let admin = app.admin().await;
        app.sql("INSERT INTO roles (name, permissions, tools, built_in) VALUES ('Clerk', '[]', '[]', FALSE)").await;
        let clerk = id_of(app, "roles", "Clerk").await;
        app.sql(format!("UPDATE users SET role_id = {clerk} WHERE email = '{}'", OTHER.email)).await;
        let page = format!("/admin/roles/{clerk}/delete");
        wrong(&admin, &page, &page, &[("to", ""), ("password", "")], &["to", "password"]).await;
    }

    async fn what_is_wrong_with_the_address_of_a_list_leads_somewhere(app) {
        let admin = app.admin().await;
        app.ai_client("usage:read").await;
        for list in [
            "/admin/mcp/users", "/admin/users", "/admin/mcp/clients", "/admin/accounts", "/admin/mcp/activity",
            "/admin/mcp/audit", "/admin/index", "/dashboard/activity", "/dashboard/audit",
        ] {
            // Of a list with rows and of one without.
            for filter in ["", "&q=nobody-at-all&thing=nobody-at-all"] {
                let query = "page_size=7&sort=evil&cols=evil&before=x&after=y&page=0&role=evil&plan=evil&from=x&to=y&status=evil&expired=x&credits=x&client=&tool=evil&outcome=evil";
                let page = admin.get(&format!("{list}?{query}{filter}")).await;
                let found = html::complaints(&page.text);
                assert!(!found.is_empty(), "{list}{filter}: {}", page.status);
            }
        }
    }
}

#[actix_web::test]
async fn the_first_forms_tell_everything_at_once() {
    let app = TestApp::empty().await;
    let url = bootstrap::setup_link(&app.ctx).await.unwrap().unwrap();
    let link = url.strip_prefix(&app.base).unwrap();
    let fields = [("account", ""), ("name", ""), ("email", "x"), ("password", "short")];
    wrong(&app.anonymous(), link, "/setup", &fields, &["account", "name", "email", "password"])
        .await;
    app.stop().await;

    let app = TestApp::sqlite().await;
    let admin = app.admin().await;
    let (member, acme) =
        (id_of(&app, "roles", "Member").await, id_of(&app, "accounts", "Acme").await);
    let fields =
        [("email", "gus@guest.example"), ("role", &member), ("account", &acme), ("how", "invite")];
    let page = admin.submit("/admin/users/new", "/admin/users/new", &fields).await;
    let text = html::text(&page.text);
    let url = text.split_whitespace().find(|word| word.contains("/invite/")).unwrap();
    let link = url.strip_prefix(&app.base).unwrap();
    wrong(
        &app.anonymous(),
        link,
        link,
        &[("name", ""), ("password", "short")],
        &["name", "password"],
    )
    .await;
    assert_eq!(
        app.count(format!(
            "SELECT count(*) FROM users WHERE email IN ('{}', '{}')",
            ADMIN.email, OTHER.email
        ))
        .await,
        2
    );
    app.stop().await;
}
