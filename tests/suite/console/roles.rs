//! Roles: what they allow counts from the next request; nobody gives more than they have, and an
//! administrator is always left (contract §9).

use futures_util::future::{join, join_all};
use portcullis::clock::Clock;
use portcullis::ids::{AccountId, RoleId};
use portcullis::service::login::Reconfirmed;
use portcullis::service::mass::Fingerprint;
use portcullis::service::people::edit;
use portcullis::service::{bootstrap, roles};
use serde_json::json;

use super::users::id_of;
use crate::support::database::{START, config};
use crate::support::steps::{ask, carry_out, confirm};
use crate::support::{
    ADMIN, AUDITOR, MEMBER, OTHER, PASSWORD, Person, TestApp, both_databases, html, on_sqlite,
};

const NEW: &str = "/admin/roles/new";
const STORE: &str = "shop01.example.com";

/// A row's id, as a number.
async fn row(app: &TestApp, table: &str, name: &str) -> i64 {
    id_of(app, table, name).await.parse().unwrap()
}

async fn path(app: &TestApp, name: &str) -> String {
    format!("/admin/roles/{}", id_of(app, "roles", name).await)
}

/// Makes a role through the console.
async fn make(app: &TestApp, name: &str, permissions: &[&str], tools: &[&str]) -> RoleId {
    carry_out(&app.admin().await, NEW, &fields(name, permissions, tools)).await;
    RoleId(row(app, "roles", name).await)
}

fn fields<'a>(
    name: &'a str,
    permissions: &[&'a str],
    tools: &[&'a str],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("name", name), ("description", "")];
    fields.extend(permissions.iter().map(|one| ("permission", *one)));
    fields.extend(tools.iter().map(|one| ("tool", *one)));
    fields
}

/// Gives somebody a role, past the console.
async fn give(app: &TestApp, person: Person, role: RoleId) {
    app.sql(format!("UPDATE users SET role_id = {role} WHERE email = '{}'", person.email)).await;
}

async fn role_of(app: &TestApp, person: Person) -> i64 {
    app.count(format!("SELECT role_id FROM users WHERE email = '{}'", person.email)).await
}

both_databases! {
    async fn a_role_is_made_changed_and_deleted_and_its_people_get_another(app) {
        let admin = app.admin().await;
        let support = fields("Support", &["manage_users"], &["get_usage", "get_store"]);
        let asked = html::text(&ask(&admin, NEW, &support).await.text);
        assert!(asked.contains("See users, Manage users") && asked.contains("Usage and quotas, Store profile"), "{asked}");
        let role = make(app, "Support", &["manage_users"], &["get_usage", "get_store"]).await;
        give(app, MEMBER, role).await;
        give(app, OTHER, role).await;
        let list = html::text(&admin.get("/admin/roles").await.text);
        assert!(list.contains("Support 2 people with the role Support 2 of 7 See users, Manage users"), "{list}");
        let own = path(app, "Support").await;
        let changed = fields("Help desk", &["view_users"], &["get_usage", "search_stores"]);
        let asked = html::text(&ask(&admin, &own, &changed).await.text);
        for part in ["Applies to 2 people at their next request", "Name : Support → Help desk", "May no longer : Manage users", "Tools added : Search stores", "Tools taken away : Store profile"] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
        carry_out(&admin, &own, &changed).await;
        let entry = app.audited("role_edited").await.pop().unwrap();
        assert_eq!(entry.detail()["changes"]["permissions"], json!({ "old": ["view_users", "manage_users"], "new": ["view_users"] }));
        assert_eq!(entry.detail()["people"], 2);
        let delete = format!("{own}/delete");
        let asked = admin.get(&delete).await;
        assert!(html::text(&asked.text).contains("2 people have it. They get the role you choose"), "{}", asked.text);
        let nobody = admin.send(&asked, &delete, &[("password", PASSWORD)]).await;
        assert!(nobody.status == 400 && nobody.text.contains("id=\"to-error\""));
        let to = id_of(app, "roles", "Auditor").await.to_string();
        let gone = admin.send(&asked, &delete, &[("password", PASSWORD), ("to", &to)]).await;
        assert_eq!(gone.status, 303);
        assert_eq!(role_of(app, MEMBER).await.to_string(), to);
        assert_eq!(app.count("SELECT count(*) FROM roles").await, 3);
        let entry = app.audited("role_deleted").await.pop().unwrap();
        assert_eq!((entry.detail()["people"].as_i64(), entry.detail()["moved_to"].as_str()), (Some(2), Some("Auditor")));
    }

    /// Whoever got the role after the page was opened is moved by nobody who does not know it.
    async fn a_role_that_others_have_by_now_is_asked_about_again(app) {
        let (admin, role) = (app.admin().await, make(app, "Support", &["view_users"], &[]).await);
        give(app, MEMBER, role).await;
        let (delete, auditor) = (format!("/admin/roles/{role}/delete"), id_of(app, "roles", "Auditor").await.to_string());
        let fields = [("password", PASSWORD), ("to", auditor.as_str())];
        let first = admin.get(&delete).await;
        give(app, OTHER, role).await;
        let again = admin.send(&first, &delete, &fields).await;
        let text = html::text(&again.text);
        assert!(again.status == 409 && text.contains("has changed") && text.contains("2 people have it"), "{text}");
        assert!(again.text.contains(&format!("value=\"{auditor}\" selected")), "what was chosen stays");
        assert_eq!((role_of(app, MEMBER).await, role_of(app, OTHER).await), (role.0, role.0));
        assert!(app.audited("role_deleted").await.is_empty());
        let done = admin.send(&again, &delete, &fields).await;
        assert_eq!((done.status, role_of(app, OTHER).await.to_string()), (303, auditor.clone()));
        let told = html::text(&admin.get(done.header("location")).await.text);
        assert!(told.contains("Deleted the role Support. 2 people have the role Auditor now."), "{told}");
    }

    /// As many people, but others, are not those who were shown either.
    async fn a_role_that_another_person_has_by_now_is_asked_about_again(app) {
        let (admin, role) = (app.admin().await, make(app, "Support", &["view_users"], &[]).await);
        give(app, MEMBER, role).await;
        let (delete, member) = (format!("/admin/roles/{role}/delete"), RoleId(row(app, "roles", "Member").await));
        let auditor = id_of(app, "roles", "Auditor").await.to_string();
        let first = admin.get(&delete).await;
        give(app, MEMBER, member).await;
        give(app, OTHER, role).await;
        let again = admin.send(&first, &delete, &[("password", PASSWORD), ("to", &auditor)]).await;
        let text = html::text(&again.text);
        assert!(again.status == 409 && text.contains("who has the role Support has changed"), "{text}");
        assert_eq!(role_of(app, OTHER).await, role.0);
    }

    /// The promise: the next request of an AI client is answered by what the role allows now.
    /// Rows: E18
    async fn tools_count_from_the_next_request_of_an_ai_client(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let (admin, own) = (app.admin().await, path(app, "Member").await);
        let call = || client.call_tool("get_store", json!({ "domain": STORE }));
        assert!(call().await.is_ok());
        let without = fields("", &[], &["get_usage", "search_stores"]);
        ask(&admin, &own, &without).await;
        assert!(call().await.is_ok(), "asking changes nothing");
        carry_out(&admin, &own, &without).await;
        assert_eq!(call().await.rpc_error(), -32602);
        assert_eq!(client.list_tools().await, ["get_usage", "search_stores"]);
        carry_out(&admin, &own, &fields("", &[], &["get_usage", "get_store"])).await;
        assert!(call().await.is_ok(), "the token stayed");
    }

    async fn permissions_count_from_the_next_page(app) {
        let role = make(app, "Desk", &["view_users", "view_records"], &[]).await;
        give(app, MEMBER, role).await;
        let desk = app.member().await;
        assert_eq!(desk.get("/admin/users").await.status, 200);
        assert_eq!(desk.get("/admin/roles").await.status, 403);
        let own = path(app, "Desk").await;
        carry_out(&app.admin().await, &own, &fields("Desk", &["view_roles"], &[])).await;
        assert_eq!(desk.get("/admin/users").await.status, 403);
        let page = desk.get("/admin/roles").await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("Make a role"), "looking is not changing");
    }

    /// A role is no way to another one: neither by editing one's own, nor by making, deleting or
    /// handing out one that may do more. Each try is in the log.
    async fn nobody_gives_or_takes_what_they_do_not_have(app) {
        let clerk = make(app, "Clerk", &["manage_roles", "view_users"], &[]).await;
        make(app, "Keeper", &["manage_settings"], &[]).await;
        give(app, MEMBER, clerk).await;
        let browser = app.member().await;
        let own = path(app, "Clerk").await;
        let greedy = fields("Clerk", &["manage_roles", "view_users", "manage_settings"], &[]);
        let refused = confirm(&browser, &own, &greedy, PASSWORD).await;
        assert_eq!(refused.status, 403);
        assert!(html::text(&refused.text).contains("does not include See settings, Change settings"), "{}", refused.text);
        let refused = confirm(&browser, NEW, &fields("Mine", &["manage_settings"], &[]), PASSWORD).await;
        assert_eq!(refused.status, 403);
        let keeper = path(app, "Keeper").await;
        let token = browser.form_token().await;
        let was = json!({ "name": "Keeper", "description": "", "permissions": r#"["view_settings","manage_settings"]"#, "tools": "[]" }).to_string();
        let robbed = [("csrf", token.as_str()), ("was", was.as_str()), ("name", "Keeper"), ("step", "confirm"), ("password", PASSWORD)];
        assert_eq!(browser.post(&keeper, &robbed).await.status, 403, "taking is refused too");
        let shown = browser.get(&keeper).await;
        assert!(shown.text.contains("type=\"hidden\" name=\"permission\" value=\"manage_settings\""), "what they cannot tick stays");
        let delete = format!("{keeper}/delete");
        let list = browser.get("/admin/roles").await.text;
        assert!(!list.contains(&format!("href=\"{delete}\"")), "no link leads to a refusal");
        assert!(list.contains(&format!("href=\"{own}/delete\"")), "{list}");
        let person = app.id_of(ADMIN).await;
        for tab in ["keys", "sessions"] {
            let page = browser.get(&format!("/admin/users/{person}?tab={tab}")).await;
            assert_eq!(page.status, 200);
            assert!(!page.text.contains("MCP Info"), "{tab}: no tab of theirs: {}", page.text);
        }
        assert_eq!(browser.get(&delete).await.status, 403, "nobody is asked in vain");
        let token = browser.form_token().await;
        let sent = [("csrf", token.as_str()), ("password", PASSWORD)];
        assert_eq!(browser.post(&delete, &sent).await.status, 403);
        let ours = make(app, "Ours", &["view_users"], &[]).await;
        give(app, OTHER, ours).await;
        let delete = format!("/admin/roles/{ours}/delete");
        let administrator = id_of(app, "roles", "Administrator").await.to_string();
        let lifted = browser.submit(&delete, &delete, &[("password", PASSWORD), ("to", &administrator)]).await;
        assert_eq!(lifted.status, 403, "nobody is made an administrator by deleting a role");
        assert_eq!(role_of(app, OTHER).await, ours.0);
        let denied = async |action| app.audited(action).await.iter().filter(|entry| entry.outcome == "denied").count();
        assert_eq!((denied("role_edited").await, denied("role_created").await, denied("role_deleted").await), (2, 1, 2));
        assert_eq!(app.count("SELECT count(*) FROM roles").await, 6);
        // What they have they may give and take.
        carry_out(&browser, &own, &fields("Clerk", &["manage_roles"], &["get_usage"])).await;
        assert_eq!(browser.get("/admin/users").await.status, 403);
    }

    /// Whatever is deleted, moved and demoted at the same time: everybody has a role that is there, and
    /// an administrator is left.
    async fn an_administrator_is_left_whatever_happens_at_the_same_time(app) {
        let (administrator, member) = (row(app, "roles", "Administrator").await, row(app, "roles", "Member").await);
        let acme = AccountId(row(app, "accounts", "Acme").await);
        let (ada, otto) = (app.id_of(ADMIN).await, app.id_of(AUDITOR).await);
        let mut actor = app.admin_actor().await;
        for round in 0..8 {
            give(app, ADMIN, RoleId(administrator)).await;
            give(app, AUDITOR, RoleId(administrator)).await;
            let role = make(app, &format!("Round {round}"), &["view_users"], &[]).await;
            give(app, MEMBER, role).await;
            give(app, OTHER, role).await;
            let mut other = actor.clone();
            (other.user, other.label) = (Some(otto), AUDITOR.email.into());
            let seen = (RoleId(administrator), acme);
            let one = edit::place(&app.ctx, &actor, Reconfirmed { user: ada }, otto, seen, (role, acme));
            let two = edit::place(&app.ctx, &other, Reconfirmed { user: otto }, ada, seen, (role, acme));
            let shown = roles::holders(&app.ctx, role).await.unwrap();
            let later = Fingerprint { people: 3, ..shown };
            let gone = join_all([shown, later].map(|seen| roles::delete(&app.ctx, &actor, Reconfirmed { user: ada }, role, Some(RoleId(member)), seen)));
            let (placed, gone) = join(join(one, two), gone).await;
            let left = app.count("SELECT count(*) FROM users JOIN roles ON roles.id = users.role_id WHERE roles.name = 'Administrator' AND users.status = 'active'").await;
            assert!(left >= 1, "round {round}: {placed:?} {gone:?}");
            assert_eq!(app.count("SELECT count(*) FROM users WHERE role_id NOT IN (SELECT id FROM roles)").await, 0);
            let failures = [placed.0.as_ref().err(), placed.1.as_ref().err()].into_iter().flatten().chain(gone.iter().flat_map(|one| one.as_ref().err()));
            for error in failures {
                assert!(error.code.status() < 500, "round {round}: {error:?}");
            }
            app.sql(format!("UPDATE users SET role_id = {member} WHERE role_id = {role}")).await;
            app.sql(format!("DELETE FROM roles WHERE id = {role}")).await;
            actor = app.admin_actor().await;
        }
    }
}

on_sqlite! {
    /// Administrator, Auditor and Member keep name and permissions, whatever is sent; the tools that
    /// somebody chose for them are theirs after the next start too.
    async fn built_in_roles_keep_what_makes_them(app) {
        let admin = app.admin().await;
        let own = path(app, "Administrator").await;
        carry_out(&admin, &own, &fields("Nobody", &[], &["get_usage"])).await;
        let held = roles::by_id(&app.ctx, RoleId(row(app, "roles", "Administrator").await)).await.unwrap();
        assert_eq!(held.role.terms().permissions().len(), 16);
        assert_eq!(held.role.tools, "[\"get_usage\"]");
        for name in ["Administrator", "Auditor", "Member"] {
            let delete = format!("{}/delete", path(app, name).await);
            assert_eq!(admin.get(&delete).await.status, 409, "{name}");
            let token = admin.form_token().await;
            let member = id_of(app, "roles", "Member").await.to_string();
            let forced = admin.post(&delete, &[("csrf", token.as_str()), ("password", PASSWORD), ("to", &member)]).await;
            assert_eq!(forced.status, 409, "{name}");
        }
        assert_eq!(app.count("SELECT count(*) FROM roles").await, 3);
        let again = bootstrap::open(config(&[("DATABASE_URL", &app.database.url), ("PUBLIC_URL", &app.base)]), Clock::fixed(START)).await.unwrap();
        let held = roles::by_id(&again, held.role.id).await.unwrap();
        assert_eq!(held.role.tools, "[\"get_usage\"]");
        let auditor = roles::by_id(&again, RoleId(row(app, "roles", "Auditor").await)).await.unwrap();
        assert_eq!(auditor.role.terms().tools().len(), 7, "nobody has chosen for the auditor");
    }

    async fn what_is_wrong_is_named_and_the_form_kept(app) {
        let admin = app.admin().await;
        let long = "x".repeat(201);
        for (wrong, field) in [
            (fields("", &["view_users"], &[]), "name"),
            (fields("member", &["view_users"], &[]), "name"),
            (fields("Desk", &["own_the_moon"], &[]), "permission"),
            (fields("Desk", &[], &["delete_everything"]), "tool"),
            (vec![("name", "Desk"), ("description", long.as_str())], "description"),
        ] {
            let mut answer = ask(&admin, NEW, &wrong).await;
            if answer.status == 200 {
                answer = admin.send(&answer, NEW, &[("password", PASSWORD)]).await;
            }
            assert!([400, 409].contains(&answer.status), "{wrong:?}");
            assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{wrong:?}");
        }
        assert_eq!(app.count("SELECT count(*) FROM roles").await, 3);
        let ticked = ask(&admin, NEW, &fields("", &["view_users"], &["get_store"])).await;
        assert!(html::boxes(&ticked.text, "permission").contains(&("view_users".into(), true)));
        assert!(html::boxes(&ticked.text, "tool").contains(&("get_store".into(), true)));
    }

    async fn a_wrong_password_and_another_s_change_change_nothing(app) {
        let admin = app.admin().await;
        make(app, "Desk", &["view_users"], &[]).await;
        let own = path(app, "Desk").await;
        let more = fields("Desk", &["view_users", "view_records"], &[]);
        let refused = confirm(&admin, &own, &more, "not it").await;
        assert_eq!(refused.status, 403);
        assert!(refused.text.contains("id=\"password-error\""));
        let asked = ask(&admin, &own, &more).await;
        app.sql("UPDATE roles SET tools = '[\"get_usage\"]' WHERE name = 'Desk'").await;
        let late = admin.send(&asked, &own, &[("password", PASSWORD)]).await;
        assert_eq!(late.status, 409);
        assert!(html::text(&late.text).contains("Somebody else changed this role"));
        assert_eq!(app.audited("role_edited").await.len(), 0);
    }

    /// The row of a deleted person keeps no role from being deleted, and counts nowhere.
    async fn deleted_people_have_no_role_any_more(app) {
        let role = make(app, "Desk", &["view_users"], &[]).await;
        give(app, OTHER, role).await;
        let gone = format!("/admin/users/{}/delete", app.id_of(OTHER).await);
        let admin = app.admin().await;
        assert_eq!(admin.submit(&gone, &gone, &[("password", PASSWORD)]).await.status, 303);
        let list = html::text(&admin.get("/admin/roles").await.text);
        assert!(list.contains("Desk 0 None See users"), "{list}");
        let accounts = html::text(&admin.get("/admin/accounts?q=Other").await.text);
        assert!(accounts.contains("0 of 5,000 0"), "{accounts}");
        let delete = format!("/admin/roles/{role}/delete");
        assert_eq!(admin.submit(&delete, &delete, &[("password", PASSWORD)]).await.status, 303);
        assert_eq!(app.count("SELECT count(*) FROM roles").await, 3);
    }

    async fn a_role_is_duplicated(app) {
        let admin = app.admin().await;
        let page = admin.get(&format!("{NEW}?from={}", id_of(app, "roles", "Auditor").await)).await;
        assert!(page.text.contains("value=\"Auditor (copy)\""));
        let ticked = html::boxes(&page.text, "permission").into_iter().filter(|one| one.1).count();
        assert_eq!(ticked, 8);
    }

    async fn whoever_may_only_look_has_nothing_to_press(app) {
        let auditor = app.signed_in(AUDITOR).await;
        for path in ["/admin/roles", "/admin/roles/1"] {
            let page = auditor.get(path).await;
            let main = page.text.split("<main").nth(1).unwrap();
            assert!(page.status == 200 && !main.contains("<form") && !main.contains("class=\"btn"), "{path}");
        }
    }
}
