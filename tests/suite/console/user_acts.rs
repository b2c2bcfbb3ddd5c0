//! Suspending, letting in again and deleting: felt at the very next call, and never of the last
//! administrator or oneself (contract §9).

use futures_util::future::join_all;
use portcullis::domain::audit::Actor;
use portcullis::ids::{AccountId, RoleId, UserId};
use portcullis::service::people::{edit, standing};
use portcullis::service::{login, people};

use super::invitations::invite;
use super::users::id_of;
use crate::support::{
    ADMIN, AUDITOR, Browser, MEMBER, OTHER, PASSWORD, Person, TestApp, both_databases, html,
    on_sqlite,
};

async fn path(app: &TestApp, person: Person, rest: &str) -> String {
    format!("/admin/users/{}{rest}", app.id_of(person).await)
}

/// Does what the page of that path asks for.
async fn act(
    browser: &Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> crate::support::browser::Page {
    browser.submit(path, path, fields).await
}

/// Gives somebody a role, past the console.
async fn give(app: &TestApp, person: Person, role: &str) {
    let role = id_of(app, "roles", role).await;
    app.sql(format!("UPDATE users SET role_id = {role} WHERE email = '{}'", person.email)).await;
}

async fn active_administrators(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM users JOIN roles ON roles.id = users.role_id WHERE roles.name = 'Administrator' AND users.status = 'active'").await
}

async fn actor(id: UserId) -> Actor {
    Actor {
        user: Some(id),
        label: "somebody".into(),
        address: None,
        request_id: None,
        reason: None,
    }
}

both_databases! {
    /// The promise: whoever is suspended is out with the next request, of AI client and browser.
    /// Rows: C20
    async fn a_suspended_person_is_out_at_once_and_comes_back_without_old_tokens(app) {
        let mut client = app.ai_client("usage:read").await;
        let (admin, member) = (app.admin().await, app.member().await);
        let suspend = path(app, MEMBER, "/suspend").await;
        let asked = html::text(&admin.get(&suspend).await.text);
        assert!(asked.contains("1 active token is revoked") && asked.contains("browser session"), "{asked}");
        assert_eq!(client.call().await.status, 200, "asking changes nothing");
        let long = "x".repeat(201);
        let refused = act(&admin, &suspend, &[("reason", &long)]).await;
        assert!(refused.status == 400 && refused.text.contains("id=\"reason-error\"") && refused.text.contains(&long), "{}", refused.text);
        assert_eq!(client.call().await.status, 200, "nothing was changed");
        assert_eq!(act(&admin, &suspend, &[("reason", " Left the shop ")]).await.status, 303);
        assert_eq!(client.call().await.status, 401, "the very next call is refused");
        assert_eq!(client.refresh().await.status, 400, "and cannot be refreshed");
        assert_eq!(member.get("/dashboard").await.status, 303, "signed out");
        let refused = app.anonymous().submit("/login", "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await;
        assert_eq!(refused.status, 403);
        let entry = app.audited("user_suspended").await.pop().unwrap();
        assert_eq!((entry.actor.as_str(), entry.target.as_deref(), entry.detail()["tokens_revoked"].as_i64()), (ADMIN.email, Some(MEMBER.email), Some(1)));
        assert_eq!(entry.detail()["reason"], "Left the shop");
        assert_eq!(act(&admin, &suspend, &[]).await.status, 303, "twice is once");
        assert_eq!(app.audited("user_suspended").await.len(), 1);

        assert_eq!(act(&admin, &path(app, MEMBER, "/reactivate").await, &[]).await.status, 303);
        assert_eq!(client.call().await.status, 401, "what ended stays ended");
        app.anonymous().sign_in(MEMBER.email, PASSWORD).await;
        assert_eq!(app.audited("user_reactivated").await.len(), 1);
    }

    /// Whoever was only invited comes back without a way in, which is said, with the way to a new
    /// invitation; the old one is dead.
    async fn an_invited_person_who_is_let_in_again_needs_a_new_invitation(app) {
        let admin = app.admin().await;
        invite(app, &admin).await;
        let page = format!("/admin/users/{}", app.count("SELECT max(id) FROM users").await);
        let asked = html::text(&admin.get(&format!("{page}/suspend")).await.text);
        assert!(asked.contains("The invitation that gus@guest.example got no longer works."), "{asked}");
        assert_eq!(act(&admin, &format!("{page}/suspend"), &[]).await.status, 303);
        let asked = html::text(&admin.get(&format!("{page}/reactivate")).await.text);
        assert!(asked.contains("has not chosen a password yet") && asked.contains("Invite again"), "{asked}");
        assert!(!asked.contains("with the password as it was"), "{asked}");
        let done = act(&admin, &format!("{page}/reactivate"), &[]).await;
        let shown = admin.get(done.header("location")).await;
        let text = html::text(&shown.text);
        assert!(text.contains("the invitation that was sent does not work any more: press Invite again"), "{text}");
        assert!(!text.contains("may sign in again"), "{text}");
        let again = admin.send(&shown, &format!("{page}/invitation"), &[]).await;
        assert_eq!(again.status, 200, "{}", again.text);
        assert_eq!(app.count("SELECT count(*) FROM one_time_links WHERE purpose = 'invitation'").await, 1);
    }

    /// Who is deleted is nowhere but in the logs, under their name; the address is free, and whoever
    /// gets it gets nothing else.
    async fn a_deleted_person_is_out_and_what_they_did_is_kept(app) {
        let client = app.ai_client("usage:read").await;
        client.call().await;
        let (admin, member) = (app.admin().await, app.member().await);
        let (id, delete) = (app.id_of(MEMBER).await, path(app, MEMBER, "/delete").await);
        for password in ["", "not it at all"] {
            let refused = act(&admin, &delete, &[("password", password)]).await;
            assert_eq!(refused.status, 403);
            assert!(refused.text.contains("href=\"#password\""));
            assert_eq!(client.call().await.status, 200, "nothing was changed");
        }
        let because = [("password", PASSWORD), ("reason", "Asked for it")];
        assert_eq!(act(&admin, &delete, &because).await.header("location"), "/admin/users");
        assert_eq!(app.audited("user_deleted").await[0].detail()["reason"], "Asked for it");
        assert_eq!(client.call().await.status, 401, "the very next call is refused");
        assert_eq!(member.get("/dashboard").await.status, 303, "signed out");
        for gone in [format!("/admin/users/{id}"), format!("/admin/mcp/users/{id}/tokens")] {
            assert_eq!(admin.get(&gone).await.status, 404, "{gone}");
        }
        for list in ["/admin/users?q=mia", "/admin/mcp/users?q=mia", "/admin/mcp/users?client=suite"] {
            let page = admin.get(list).await;
            assert!(page.text.contains("<strong>0</strong>"), "{list}");
        }
        assert_eq!(app.count(format!("SELECT count(*) FROM activity WHERE user_id = {id}")).await, 4, "calls are kept, the refused one too");
        assert_eq!(app.count(format!("SELECT count(*) FROM users WHERE id = {id} AND name = '{}'", MEMBER.name)).await, 1, "under the name");
        assert_eq!(app.audited("user_deleted").await[0].target.as_deref(), Some(MEMBER.email));
        for log in ["activity", "audit"] {
            let page = admin.get(&format!("/admin/mcp/{log}?person={}", MEMBER.email)).await;
            assert_eq!(page.status, 200, "whoever is gone is found in the {log} by the address they had");
        }

        let again = people::NewPerson {
            email: MEMBER.email.into(), name: "Mia Second".into(), password: Some(PASSWORD.into()),
            role: "Member".into(), account: "Acme".into(), mcp_enabled: true,
        };
        let second = people::create(&app.ctx, &Actor::operator(), again).await.unwrap();
        assert_ne!(second, id);
        assert_eq!(client.call().await.status, 401);
        assert!(app.tokens_of(MEMBER).await.is_empty(), "nothing of what was before");
    }

    /// Contract §9, whichever way it is tried.
    async fn the_last_active_administrator_stays(app) {
        give(app, AUDITOR, "Administrator").await;
        let (admin, member) = (app.admin().await, id_of(app, "roles", "Member").await);
        assert_eq!(act(&admin, &path(app, AUDITOR, "/suspend").await, &[]).await.status, 303, "one is left");
        // The suspended one is none, and neither is one who is only invited.
        app.sql(format!("UPDATE users SET invited_at = 1, status = 'active' WHERE email = '{}'", AUDITOR.email)).await;
        let own = path(app, ADMIN, "").await;
        let account = id_of(app, "accounts", "Acme").await;
        let fields = [("role", member.as_str()), ("account", account.as_str()), ("password", PASSWORD)];
        let demoted = admin.submit(&own, &format!("{own}/place"), &fields).await;
        assert_eq!(demoted.status, 409);
        assert!(html::text(&demoted.text).contains("last active administrator"), "it says why");
        let operator = Actor::operator();
        let id = app.id_of(ADMIN).await;
        assert_eq!(standing::suspend(&app.ctx, &operator, id).await.unwrap_err().code.status(), 409);
        assert_eq!(active_administrators(app).await, 2);
        app.sql(format!("UPDATE users SET invited_at = NULL WHERE email = '{}'", AUDITOR.email)).await;
        // What one gives up oneself is said before it is saved.
        let place = format!("{own}/place");
        let asked = admin.submit(&own, &place, &fields).await;
        assert_eq!(asked.status, 200);
        let text = html::text(&asked.text);
        assert!(text.contains("You will no longer be able to see MCP users, revoke tokens,") && text.contains("or import."), "{text}");
        assert_eq!(active_administrators(app).await, 2, "nothing is saved yet");
        let wrong = admin.send(&asked, &place, &[("password", "not it at all")]).await;
        assert_eq!(wrong.status, 403);
        html::assert_complaints(&wrong.text, &["password"]);
        let demoted = admin.send(&wrong, &place, &[("password", PASSWORD)]).await;
        assert_eq!((demoted.status, demoted.header("location")), (303, "/dashboard"), "now another is there");
        assert_eq!(admin.get("/admin/users").await.status, 403, "and the role counts at once");
    }

    /// Whoever sends a page that was overtaken takes nothing back that they have not seen: not even a
    /// role that another administrator has just taken away.
    async fn a_form_that_was_overtaken_changes_nothing(app) {
        give(app, OTHER, "Administrator").await;
        let (admin, page) = (app.admin().await, path(app, OTHER, "").await);
        let (member, administrator) = (id_of(app, "roles", "Member").await, id_of(app, "roles", "Administrator").await);
        let account = id_of(app, "accounts", "Acme").await;
        let place = format!("{page}/place");
        let old = admin.get(&page).await;
        let taken = [("role", member.as_str()), ("account", account.as_str()), ("password", PASSWORD)];
        assert_eq!(admin.send(&old, &place, &taken).await.status, 303, "somebody takes the role away");
        app.sql("INSERT INTO accounts (name, plan_id, api_access, created_at) SELECT 'Elsewhere', plan_id, TRUE, 1 FROM accounts LIMIT 1").await;
        let elsewhere = id_of(app, "accounts", "Elsewhere").await;
        let stale = [("role", administrator.as_str()), ("account", elsewhere.as_str()), ("password", PASSWORD)];
        let refused = admin.send(&old, &place, &stale).await;
        assert_eq!(refused.status, 409);
        let text = html::text(&refused.text);
        assert!(text.contains("Somebody changed this meanwhile") && text.contains("has the role Member"), "{text}");
        assert_eq!(app.count(format!("SELECT count(*) FROM users WHERE email = '{}' AND role_id = {member} AND account_id = {account}", OTHER.email)).await, 1);
        let again = [("role", member.as_str()), ("account", elsewhere.as_str()), ("password", PASSWORD)];
        assert_eq!(admin.send(&refused, &place, &again).await.status, 303, "the page that says so is today's");
        assert_eq!(app.count(format!("SELECT count(*) FROM users WHERE email = '{}' AND role_id = {member} AND account_id = {elsewhere}", OTHER.email)).await, 1);
    }

    /// A page saved as it was shown does not open the gate that somebody dropped meanwhile.
    async fn an_unchanged_form_does_not_enable_again(app) {
        let (admin, page) = (app.admin().await, path(app, MEMBER, "?tab=mcp").await);
        let save = format!("/admin/mcp/users/{}/access", app.id_of(MEMBER).await);
        let (old, own) = (admin.get(&page).await, ("password", PASSWORD));
        let unchanged = [("enabled", "yes"), own];
        assert_eq!(admin.send(&old, &save, &unchanged).await.status, 303, "and changes nothing");
        let long = "x".repeat(201);
        let refused = admin.send(&old, &save, &[("enabled", "no"), ("reason", &long), own]).await;
        assert_eq!(refused.status, 400);
        html::assert_complaints(&refused.text, &["reason"]);
        assert_eq!(admin.send(&old, &save, &[("enabled", "no"), ("reason", " Laptop lost "), own]).await.status, 303);
        assert_eq!(app.audited("mcp_access_disabled").await[0].detail()["reason"], "Laptop lost", "the audit says why");
        let refused = admin.send(&old, &save, &unchanged).await;
        assert_eq!(refused.status, 409);
        assert!(html::text(&refused.text).contains("MCP access of Mia Member is disabled now"), "{}", html::text(&refused.text));
        assert_eq!(app.count(format!("SELECT count(*) FROM users WHERE email = '{}' AND mcp_enabled = FALSE", MEMBER.email)).await, 1);
        assert_eq!(admin.send(&refused, &save, &unchanged).await.status, 303, "asked for on today's page");
        assert_eq!(app.count(format!("SELECT count(*) FROM users WHERE email = '{}' AND mcp_enabled = TRUE", MEMBER.email)).await, 1);
    }

    /// Two who take each other away at the same time, whichever way: one of them stays.
    async fn administrators_who_remove_each_other_at_once_leave_one(app) {
        let (member, acme) = (id_of(app, "roles", "Member").await, id_of(app, "accounts", "Acme").await);
        let (member, acme) = (RoleId(member.parse().unwrap()), AccountId(acme.parse().unwrap()));
        let ids = [app.id_of(ADMIN).await, app.id_of(AUDITOR).await];
        for round in 0..12 {
            for person in [ADMIN, AUDITOR] {
                give(app, person, "Administrator").await;
            }
            app.sql("UPDATE users SET status = 'active'").await;
            let mut attempts = Vec::new();
            for (by, whom, person) in [(ids[0], ids[1], ADMIN), (ids[1], ids[0], AUDITOR)] {
                let by = Actor { label: person.email.into(), ..actor(by).await };
                let proof = login::reconfirm(&app.ctx, &by, PASSWORD).await.unwrap();
                attempts.push((by, proof, whom));
            }
            let done = join_all(attempts.into_iter().map(|(by, proof, whom)| async move {
                match round % 2 {
                    0 => standing::suspend(&app.ctx, &by, whom).await.map(|_| ()),
                    _ => {
                        let seen = people::by_id(&app.ctx, whom).await.unwrap();
                        let seen = (seen.role_id, seen.account_id);
                        edit::place(&app.ctx, &by, proof, whom, seen, (member, acme)).await
                    }.map(|_| ()),
                }
            })).await;
            assert_eq!(active_administrators(app).await, 1, "round {round}: {done:?}");
        }
    }

    async fn name_and_address_are_changed_and_the_old_address_is_told(app) {
        let admin = app.admin().await;
        let own = path(app, MEMBER, "").await;
        let fields = |name: &'static str, email: &'static str| [("name", name), ("email", email)];
        let taken = admin.submit(&own, &own, &fields("Mia", OTHER.email)).await;
        assert_eq!(taken.status, 409);
        assert!(taken.text.contains("href=\"#email\"") && taken.text.contains("aria-invalid"));
        for (wrong, field) in [(fields("", MEMBER.email), "name"), (fields("Mia", "no address"), "email")] {
            let page = admin.submit(&own, &own, &wrong).await;
            assert_eq!(page.status, 400);
            assert!(page.text.contains(&format!("href=\"#{field}\"")), "{field}");
        }
        let moved = fields("Mia Moved", "Mia@Moved.example");
        let asked = admin.submit(&own, &own, &moved).await;
        assert!(asked.status == 200 && asked.text.contains("id=\"password\""), "whoever has the address can have the password reset");
        for (password, status) in [("not it at all", 403), (PASSWORD, 303)] {
            assert!(app.audited("user_edited").await.is_empty());
            let fields = [moved[0], moved[1], ("password", password)];
            assert_eq!(admin.submit(&own, &own, &fields).await.status, status);
        }
        app.anonymous().sign_in("mia@moved.example", PASSWORD).await;
        assert!(app.last_mail_to(MEMBER.email).await.contains("mia@moved.example"));
        let entry = app.audited("user_edited").await.pop().unwrap();
        assert_eq!(entry.detail()["email"]["to"], "mia@moved.example");
        let same = admin.submit(&own, &own, &fields("Mia Moved", "mia@moved.example")).await;
        assert_eq!(same.status, 303);
        assert_eq!(app.audited("user_edited").await.len(), 1, "nothing was different");
    }

    /// Role and account ask for the password, and count from the next request on.
    async fn role_and_account_change_with_the_password(app) {
        let (admin, member) = (app.admin().await, app.member().await);
        let (own, role, account) = (path(app, MEMBER, "").await, id_of(app, "roles", "Auditor").await, id_of(app, "accounts", "Other").await);
        let fields = |password: &'static str| [("role", role.clone()), ("account", account.clone()), ("password", password.to_owned())];
        for wrong in ["", "not it at all"] {
            let fields = fields(wrong);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(admin.submit(&own, &format!("{own}/place"), &fields).await.status, 403);
            assert_eq!(member.get("/admin/users").await.status, 403);
        }
        let fields = fields(PASSWORD);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(admin.submit(&own, &format!("{own}/place"), &fields).await.status, 303);
        assert_eq!(member.get("/admin/users").await.status, 200, "the very next click");
        let entry = app.audited("role_changed").await.pop().unwrap();
        assert_eq!((entry.detail()["from"].as_str(), entry.detail()["to"].as_str()), (Some("Member"), Some("Auditor")));
        assert_eq!(app.audited("user_edited").await[0].detail()["account"]["to"], "Other");
    }

    /// An administrator's link sets a password like a person's own.
    async fn an_administrator_sends_a_password_reset(app) {
        let admin = app.admin().await;
        let reset = path(app, MEMBER, "/password-reset").await;
        for wrong in ["", "not it at all"] {
            assert_eq!(act(&admin, &reset, &[("password", wrong)]).await.status, 403);
        }
        assert!(app.audited("password_reset_requested").await.is_empty(), "an unlocked screen is not enough");
        let page = act(&admin, &reset, &[("password", PASSWORD)]).await;
        assert_eq!(page.status, 200);
        let own = act(&admin, &path(app, ADMIN, "/password-reset").await, &[("password", PASSWORD)]).await;
        assert_eq!(own.status, 409, "one's own is changed under Account Setting");
        let link = super::passwords::link_in_mail(app, MEMBER.email).await;
        assert!(html::text(&page.text).contains(&link), "without mail the link is shown once");
        let done = app.anonymous().submit(&link, "/reset-password", &[("password", "seven green lanterns swing")]).await;
        assert_eq!(done.status, 303);
        assert_eq!(app.audited("password_reset_requested").await[0].actor, ADMIN.email);
    }

    async fn sessions_are_listed_and_ended_one_or_all(app) {
        let (admin, one, two) = (app.admin().await, app.member().await, app.member().await);
        let tab = format!("{}?tab=sessions", path(app, MEMBER, "").await);
        let page = admin.get(&tab).await;
        let handles: Vec<_> = page.text.split("/sessions/").skip(1).filter_map(|rest| rest.split_once("/end")).map(|(handle, _)| handle.to_owned()).filter(|handle| !handle.is_empty() && handle.len() < 40).collect();
        assert_eq!(handles.len(), 2, "{}", html::text(&page.text));
        assert_eq!(app.count(format!("SELECT count(*) FROM sessions WHERE key_hash LIKE '{}%'", handles[0])).await, 0, "nothing that opens it");
        assert!(html::text(&page.text).contains("127.0.0.1"));
        let end = format!("{}/{}/end", path(app, MEMBER, "/sessions").await, handles[0]);
        assert_eq!(admin.send(&page, &end, &[]).await.status, 303);
        let (a, b) = (one.get("/dashboard").await.status, two.get("/dashboard").await.status);
        assert_eq!(a.min(b), 200, "one of the two is still in");
        assert_eq!(a.max(b), 303, "the other is out");
        let all = path(app, MEMBER, "/sessions/end").await;
        assert_eq!(admin.submit(&tab, &all, &[]).await.status, 303);
        for browser in [one, two] {
            assert_eq!(browser.get("/dashboard").await.status, 303);
        }
        let client = app.ai_client_of(ADMIN, "usage:read").await;
        let other = app.admin().await;
        let own = format!("{}?tab=sessions", path(app, ADMIN, "").await);
        assert_eq!(admin.submit(&own, &path(app, ADMIN, "/sessions/end").await, &[]).await.status, 303);
        assert_eq!(other.get("/dashboard").await.status, 303, "all others");
        assert_eq!(admin.get("/dashboard").await.status, 200, "but not this one");
        assert_eq!(client.call().await.status, 200, "and no AI client");
        assert_eq!(app.audited("sessions_ended").await.len(), 3);
    }

    async fn the_tab_activity_pages_through_a_persons_calls(app) {
        let client = app.ai_client("usage:read").await;
        app.ai_client_of(OTHER, "usage:read").await.call().await;
        for _ in 0..23 {
            assert_eq!(client.call().await.status, 200);
        }
        let admin = app.admin().await;
        let tab = format!("{}?tab=activity", path(app, MEMBER, "").await);
        let first = admin.get(&tab).await;
        assert_eq!(first.text.matches("get_usage").count(), 20);
        let older = first.text.split("before=").nth(1).unwrap().split('"').next().unwrap();
        let second = admin.get(&format!("{tab}&before={older}")).await;
        assert_eq!(second.text.matches("get_usage").count(), 3, "only theirs, none twice");
        assert_eq!(admin.get(&format!("{tab}&before=x%27")).await.status, 200);
    }
}

on_sqlite! {
    async fn nobody_suspends_or_deletes_themselves(app) {
        give(app, AUDITOR, "Administrator").await;
        let admin = app.admin().await;
        for (rest, fields) in [("/suspend", vec![]), ("/delete", vec![("password", PASSWORD)])] {
            let refused = act(&admin, &path(app, ADMIN, rest).await, &fields).await;
            assert_eq!(refused.status, 409, "{rest}");
            assert!(html::text(&refused.text).contains("yourself"));
        }
        assert_eq!(admin.get("/dashboard").await.status, 200);
    }

    /// A role that manages users is no way to a role that may do more: not by suspending, not by
    /// another address, not by a link.
    async fn nobody_acts_on_who_may_do_more(app) {
        app.sql("INSERT INTO roles (name, permissions, tools, built_in) VALUES ('Helpdesk', '[\"view_users\",\"manage_users\"]', '[]', FALSE)").await;
        give(app, AUDITOR, "Helpdesk").await;
        let helpdesk = app.signed_in(AUDITOR).await;
        for (rest, fields) in [
            ("/suspend", vec![]), ("/delete", vec![("password", PASSWORD)]), ("/password-reset", vec![("password", PASSWORD)]),
        ] {
            let (path, token) = (path(app, ADMIN, rest).await, helpdesk.form_token().await);
            let fields: Vec<_> = fields.into_iter().chain([("csrf", token.as_str())]).collect();
            assert_eq!(helpdesk.post(&path, &fields).await.status, 403, "{rest}");
        }
        let own = path(app, ADMIN, "").await;
        let page = helpdesk.get(&format!("{own}?tab=info")).await;
        assert!(html::text(&page.text).contains("may do more than your role"), "{}", page.text);
        assert!(!page.text.contains(&format!("{own}/password-reset")) && !page.text.contains("data-guard"), "nothing is offered that is refused");
        let member = helpdesk.get(&format!("{}?tab=info", path(app, MEMBER, "").await)).await;
        assert!(member.text.contains("/password-reset"));
        let csrf = helpdesk.form_token().await;
        let moved = helpdesk.post(&own, &[("csrf", csrf.as_str()), ("name", "Ada"), ("email", "mine@evil.example")]).await;
        assert!(moved.status == 403 && html::text(&moved.text).contains("may do more"), "{}", moved.text);
        let admin = app.admin().await;
        let ended = helpdesk.post(&path(app, ADMIN, "/sessions/end").await, &[("csrf", csrf.as_str())]).await;
        assert_eq!(ended.status, 403, "who is signed out again and again cannot drop the gate");
        assert_eq!(admin.get("/admin").await.status, 200);
        let (role, acme) = (id_of(app, "roles", "Administrator").await, id_of(app, "accounts", "Acme").await);
        let own = path(app, AUDITOR, "").await;
        let fields = [("role", role.as_str()), ("account", acme.as_str()), ("password", PASSWORD)];
        assert_eq!(helpdesk.submit(&own, &format!("{own}/place"), &fields).await.status, 403, "nor makes themselves one");
        assert_eq!(act(&helpdesk, &path(app, MEMBER, "/suspend").await, &[]).await.status, 303, "but on a member");
    }

    async fn an_auditor_sees_and_changes_nothing(app) {
        let auditor = app.signed_in(AUDITOR).await;
        for tab in ["info", "mcp", "activity", "sessions"] {
            let page = auditor.get(&format!("{}?tab={tab}", path(app, MEMBER, "").await)).await;
            assert_eq!(page.status, 200, "{tab}");
            assert!(!page.text.contains("method=\"post\" action=\"/admin/"), "{tab}");
        }
        assert!(!auditor.get("/admin/users").await.text.contains("/admin/users/new"));
    }
}
