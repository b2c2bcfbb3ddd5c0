//! Acts on many MCP users (contract §9, "Mass actions"), without script as a page sends them.

use futures_util::future::{join, join3};
use portcullis::service::revoke;

use super::mcp_users::{PATH, crowd};
use crate::support::browser::Page;
use crate::support::{
    ADMIN, AUDITOR, Browser, MEMBER, OTHER, PASSWORD, Person, TestApp, both_databases, html,
    on_sqlite,
};

/// The page that asks about an act on those whom `choice` names.
async fn ask(browser: &Browser, act: &str, choice: &str) -> Page {
    let chosen = browser.get(&format!("{PATH}/act?act={act}&{choice}")).await;
    assert_eq!(chosen.status, 303, "{}", chosen.text);
    assert!(chosen.header("location").starts_with(&format!("{PATH}/act/{act}?")));
    browser.get(chosen.header("location")).await
}

async fn confirm(browser: &Browser, asked: &Page, act: &str, password: &str) -> Page {
    assert_eq!(asked.status, 200, "{}", asked.text);
    let fields = if password.is_empty() { vec![] } else { vec![("password", password)] };
    browser.send(asked, &format!("{PATH}/act/{act}"), &fields).await
}

/// What the list says after an act.
async fn report(browser: &Browser, done: &Page) -> String {
    assert_eq!(done.status, 303, "{}", done.text);
    html::text(&browser.get(done.header("location")).await.text)
}

async fn id(app: &TestApp, person: Person) -> i64 {
    app.id_of(person).await.0
}

async fn access_of(app: &TestApp, person: Person) -> bool {
    let email = person.email;
    app.count(format!("SELECT count(*) FROM users WHERE email = '{email}' AND mcp_enabled = TRUE"))
        .await
        == 1
}

both_databases! {
    /// Ticked people: it says whom it touches before and what it did after, the very next requests
    /// are refused, and the log has an entry for each and one for all, under one request.
    async fn revoking_many_refuses_their_next_requests(app) {
        let (mine, other) = (app.ai_client("usage:read").await, app.ai_client_of(OTHER, "usage:read").await);
        let browser = app.admin().await;
        let own = app.ai_client_of(ADMIN, "usage:read").await;
        let ticked = [id(app, MEMBER).await, id(app, OTHER).await, id(app, AUDITOR).await, id(app, ADMIN).await];
        let choice = ticked.map(|id| format!("user={id}")).join("&");
        let asked = ask(&browser, "revoke", &choice).await;
        let text = html::text(&asked.text);
        assert!(text.contains("Your own account is left out"), "{text}");
        assert!(text.contains("Revoke all tokens of 3 people?") && text.contains("2 active tokens are revoked"), "{text}");
        assert!(text.contains(MEMBER.name) && text.contains(OTHER.name), "{text}");
        assert!(mine.call().await.is_ok(), "asking changes nothing");
        let done = browser.send(&asked, &format!("{PATH}/act/revoke"), &[("reason", "Audit of November")]).await;
        assert_eq!((mine.call().await.status, other.call().await.status), (401, 401));
        assert!(own.call().await.is_ok(), "a list leaves the own account alone");
        let text = report(&browser, &done).await;
        assert!(text.contains("Revoked 2 tokens of 2 people. 1 skipped: nothing to revoke. Your own account was left out. See in audit log"), "{text}");
        let entries = "action = 'tokens_revoked' AND request_id = (SELECT max(request_id) FROM audit WHERE target_kind = 'users')";
        assert_eq!(app.count(format!("SELECT count(*) FROM audit WHERE {entries}")).await, 3);
        assert_eq!(app.count(format!("SELECT count(about_user_id) FROM audit WHERE {entries}")).await, 2);
        assert_eq!(app.count(format!("SELECT count(*) FROM audit WHERE {entries} AND detail LIKE '%Audit of November%'")).await, 3, "each says why");
        let page = browser.get(done.header("location")).await.text;
        assert!(!page.contains("See in audit log"), "a report is shown once");
        // Sent again: nothing is left to do, and that is said.
        let again = confirm(&browser, &asked, "revoke", "").await;
        assert!(report(&browser, &again).await.contains("Nothing was changed. 3 skipped"));
        let counters = "SELECT count(*) FROM users WHERE active_tokens <> (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'active')";
        assert_eq!(app.count(counters).await, 0, "the counters follow");
    }

    /// "Select all" sends the filter: it touches who fits when it is confirmed and nobody who was
    /// unticked; other people than those confirmed are asked about again, be they as many.
    async fn selecting_all_is_the_filter(app) {
        crowd(app, 400).await;
        app.sql("UPDATE users SET deleted_at = 1 WHERE id = 1040").await;
        let browser = app.admin().await;
        let choice = "all=yes&excluded=1010&excluded=1020&back=tokens%3Dsome%26role%3DMember%26page%3D2";
        let active = "SELECT count(*) FROM tokens WHERE state = 'active'";
        let asked = ask(&browser, "revoke", choice).await;
        let text = html::text(&asked.text);
        assert!(text.contains("“Role: Member” and “Active Tokens: at least one”. Affected:"), "{text}");
        assert!(text.contains("Left out (2 unticked): Person 70, Person 140 ."), "{text}");
        assert!(!asked.text.contains("name=\"user\""), "no list of people travels");
        let before = app.count(active).await;
        // As many, but others.
        app.sql("UPDATE users SET active_tokens = 0 WHERE id = 1030").await;
        app.sql("UPDATE users SET active_tokens = 1 WHERE id = 1031").await;
        let refused = confirm(&browser, &asked, "revoke", "").await;
        assert_eq!(refused.status, 409);
        assert!(html::text(&refused.text).contains("others than before"), "{}", html::text(&refused.text));
        app.sql("UPDATE users SET active_tokens = 1 WHERE id = 1030").await;
        let refused = confirm(&browser, &asked, "revoke", "").await;
        assert!(html::text(&refused.text).contains("no longer the same"), "{}", html::text(&refused.text));
        assert_eq!(app.count(active).await, before, "nothing was done");
        // The page that refuses asks about those who fit now.
        let done = confirm(&browser, &shown_again(refused), "revoke", "").await;
        assert!(done.header("location").contains("page=2"), "back to where it was");
        assert_eq!(app.count(active).await, 2 + 1 + 4, "the unticked, the deleted and the auditors keep theirs");
        for kept in [1010, 1020, 1040, 1090] {
            assert_eq!(app.count(format!("{active} AND user_id = {kept}")).await, 1, "{kept}");
        }
    }

    /// Switching many off takes the own password; a wrong one changes nothing and is written down.
    /// Who does it and the last administrator are left out, and that is said before and after.
    async fn disabling_many_takes_the_password_and_spares_who_does_it(app) {
        let (client, own) = (app.ai_client("usage:read").await, app.ai_client_of(ADMIN, "usage:read").await);
        let browser = app.admin().await;
        let asked = ask(&browser, "disable", "all=yes").await;
        let text = html::text(&asked.text);
        assert!(text.contains("Disable MCP access of 3 people?") && text.contains("Your own account is left out"), "{text}");
        assert!(text.contains("1 active token is revoked"), "the own one is not counted: {text}");
        let wrong = confirm(&browser, &asked, "disable", "not it").await;
        assert_eq!(wrong.status, 403, "{}", wrong.text);
        assert!(wrong.text.contains("id=\"password-error\""), "{}", wrong.text);
        assert!(client.call().await.is_ok() && access_of(app, MEMBER).await);
        assert_eq!(app.count("SELECT count(*) FROM audit WHERE action = 'password_reentered' AND outcome = 'denied'").await, 1);
        let done = confirm(&browser, &shown_again(wrong), "disable", PASSWORD).await;
        let text = report(&browser, &done).await;
        assert!(text.contains("Disabled MCP access of 3 people and revoked 1 token. Your own account was left out."), "{text}");
        assert_eq!(client.call().await.status, 401);
        assert!(own.call().await.is_ok() && access_of(app, ADMIN).await);
        // Enabling restores no token.
        let asked = ask(&browser, "enable", "all=yes").await;
        let done = confirm(&browser, &asked, "enable", PASSWORD).await;
        let text = report(&browser, &done).await;
        assert!(text.contains("Enabled MCP access of 3 people. 1 skipped: already enabled."), "{text}");
        assert!(access_of(app, MEMBER).await);
        assert_eq!(client.call().await.status, 401);
    }

    /// Nobody disables their own access, one by one neither, and the last administrator who has it
    /// keeps it, also from two who disable each other at the same time; refusals are in the log.
    async fn own_access_and_that_of_the_last_administrator_stay(app) {
        let administrator = app.count("SELECT id FROM roles WHERE name = 'Administrator'").await;
        app.sql(format!("UPDATE users SET role_id = {administrator} WHERE email = '{}'", OTHER.email)).await;
        let (ada, olga) = (app.admin().await, app.signed_in(OTHER).await);
        let path = |id: i64| format!("/admin/mcp/users/{id}/access");
        let (own, other) = (path(id(app, ADMIN).await), path(id(app, OTHER).await));
        let asked = ada.get(&format!("{own}?enabled=no")).await;
        assert!(asked.text.contains("You cannot disable your own MCP access") && !asked.text.contains("name=\"password\""), "{}", asked.text);
        let token = ada.form_token().await;
        let fields = [("csrf", token.as_str()), ("enabled", "no"), ("password", PASSWORD)];
        assert_eq!(ada.post(&own, &fields).await.status, 409);
        assert!(access_of(app, ADMIN).await);
        let theirs = olga.form_token().await;
        let their_fields = [("csrf", theirs.as_str()), ("enabled", "no"), ("password", PASSWORD)];
        let (one, two) = join(ada.post(&other, &fields), olga.post(&own, &their_fields)).await;
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409]);
        assert_ne!(access_of(app, ADMIN).await, access_of(app, OTHER).await);
        let refused = app.audited("mcp_access_disabled").await;
        assert_eq!(refused.iter().filter(|entry| entry.outcome == "denied").count(), 2);
    }

    /// Somebody else who may do it cannot take access from the last administrator who has it.
    async fn the_last_administrator_keeps_access(app) {
        app.sql("UPDATE roles SET permissions = (SELECT permissions FROM roles WHERE name = 'Administrator') WHERE name = 'Auditor'").await;
        let browser = app.signed_in(AUDITOR).await;
        let choice = format!("user={}&user={}", id(app, ADMIN).await, id(app, MEMBER).await);
        let asked = ask(&browser, "disable", &choice).await;
        let done = confirm(&browser, &asked, "disable", PASSWORD).await;
        let text = report(&browser, &done).await;
        assert!(text.contains("of 1 person") && text.contains("Ada Admin was left out"), "{text}");
        assert!(access_of(app, ADMIN).await && !access_of(app, MEMBER).await);
    }

    /// Acts on the same people at once wait for each other; none stops the other, and the counters
    /// are right afterwards.
    async fn acts_on_the_same_people_wait_for_each_other(app) {
        crowd(app, 600).await;
        let browser = app.admin().await;
        let (off, on) = (ask(&browser, "disable", "all=yes").await, ask(&browser, "enable", "all=yes").await);
        let gone = ask(&browser, "revoke", "all=yes").await;
        let (off, on, gone) = join3(
            confirm(&browser, &off, "disable", PASSWORD),
            confirm(&browser, &on, "enable", PASSWORD),
            confirm(&browser, &gone, "revoke", ""),
        ).await;
        assert_eq!((off.status, on.status, gone.status), (303, 303, 303));
        let actor = app.admin_actor().await;
        revoke::all_of_user(&app.ctx, &actor, app.id_of(MEMBER).await).await.unwrap();
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await, 0);
        assert_eq!(app.count("SELECT sum(active_tokens) FROM users").await, 0);
        assert_eq!(app.count("SELECT sum(ended_tokens) FROM users").await, 120);
    }
}

/// A page that refuses holds the form again.
fn shown_again(page: Page) -> Page {
    Page { status: 200, ..page }
}

on_sqlite! {
    /// More than a thousand people are confirmed with their number typed.
    async fn more_than_a_thousand_are_typed(app) {
        crowd(app, 1_200).await;
        let browser = app.admin().await;
        let asked = ask(&browser, "revoke", "all=yes").await;
        assert!(html::text(&asked.text).contains("Type 1,203 to confirm"));
        let path = format!("{PATH}/act/revoke");
        for typed in ["", "1204", "all"] {
            let refused = browser.send(&asked, &path, &[("typed", typed)]).await;
            assert_eq!(refused.status, 400, "{typed}");
            assert!(refused.text.contains("id=\"typed-error\""), "{}", refused.text);
        }
        let done = browser.send(&asked, &path, &[("typed", "1,203")]).await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await, 0);
    }

    /// A choice that cannot be read chooses nobody: a filter that goes missing would touch more.
    async fn all_can_be_chosen_without_script_from_one_page(app) {
        let browser = app.admin().await;
        let list = browser.get(PATH).await;
        assert!(html::text(&list.text).contains("of 1"), "they fit on one page");
        assert_eq!(html::boxes(&list.text, "all"), [("yes".to_owned(), false)]);
        let asked = ask(&browser, "enable", "all=yes").await;
        assert_eq!(asked.status, 200, "{}", asked.text);
    }

    /// Where there is nothing to do that is said, and there is no button to do it; a person whose
    /// approval alone still stands is something to do.
    async fn nothing_to_do_is_said_and_has_no_button(app) {
        let browser = app.admin().await;
        let (one, more) = (format!("user={}", id(app, AUDITOR).await), "all=yes");
        app.set_access(OTHER, false).await;
        let (off, on) = (format!("user={}", id(app, OTHER).await), format!("user={}", id(app, MEMBER).await));
        for (act, choice, words) in [
            ("revoke", one.as_str(), "There is nothing to revoke The person ticked in the list: Otto Auditor . This person has no active token."),
            ("revoke", more, "None of these people has an active token. Your own account is left out."),
            ("enable", &on, "There is nothing to enable The person ticked in the list: Mia Member . MCP access of this person is enabled already."),
            ("disable", &off, "MCP access of this person is disabled already."),
        ] {
            let asked = browser.get(&format!("{PATH}/act/{act}?{choice}")).await;
            let text = html::text(&asked.text);
            assert!(text.contains(words), "{act} {choice}: {text}");
            assert!(!asked.text.contains(&format!("action=\"{PATH}/act/{act}\"")), "{act} {choice}");
        }
        let text = html::text(&ask(&browser, "disable", &on).await.text);
        assert!(text.contains("This person has access enabled now") && text.contains("There are no active tokens to revoke."), "{text}");
        let own = browser.get(&format!("{PATH}/act/revoke?user={}", id(app, ADMIN).await)).await;
        assert!(html::text(&own.text).contains("use Revoke All in your own row"), "{}", own.text);

        let mine = app.ai_client("usage:read").await;
        let text = html::text(&ask(&browser, "revoke", &on).await.text);
        assert!(text.contains("1 active token is revoked. The very next request with it is refused."), "{text}");
        app.sql("UPDATE tokens SET state = 'expired', ended_at = 1").await;
        app.sql("UPDATE users SET ended_tokens = active_tokens, active_tokens = 0").await;
        assert_eq!(mine.call().await.status, 401);
        let asked = ask(&browser, "revoke", &on).await;
        let text = html::text(&asked.text);
        assert!(text.contains("There are no active tokens to revoke. Approvals end: whoever connects again"), "{text}");
        let done = confirm(&browser, &asked, "revoke", "").await;
        assert!(report(&browser, &done).await.contains("Ended the approvals of 1 person. There were no active tokens."));
        assert_eq!(app.count("SELECT count(*) FROM consents WHERE revoked_at IS NULL").await, 0);
    }

    async fn a_choice_that_cannot_be_read_touches_nobody(app) {
        let browser = app.admin().await;
        for choice in ["all=yes&back=status%3Dmaybe", "user=x", "all=yes&excluded=1%3B"] {
            let asked = browser.get(&format!("{PATH}/act/revoke?{choice}")).await;
            assert_eq!(asked.status, 400, "{choice}");
        }
        let nobody = browser.get(&format!("{PATH}/act/revoke?back=q%3Dmia")).await;
        assert!(html::text(&nobody.text).contains("Nobody is selected"), "{}", nobody.text);
        let own = browser.get(&format!("{PATH}/act/disable?user={}", id(app, ADMIN).await)).await;
        assert!(html::text(&own.text).contains("Only your own account is"), "{}", own.text);
        let unchosen = browser.get(&format!("{PATH}/act?act=&user=1&back=q%3Dmia")).await;
        assert_eq!(unchosen.header("location"), format!("{PATH}?q=mia"));
        assert!(html::text(&browser.get(unchosen.header("location")).await.text).contains("Choose an action first"));
        let unasked = browser.submit(PATH, &format!("{PATH}/act/revoke"), &[("user", "1")]).await;
        assert!(matches!(unasked.status, 400 | 403), "no confirmation, no act: {}", unasked.status);
    }
}
