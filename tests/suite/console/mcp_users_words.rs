//! What administrators are told before and after they act on people, and where it leads.

use super::clients::{PATH as CLIENTS, row_of};
use super::mcp_users::{PATH, crowd};
use crate::support::browser::Page;
use crate::support::{
    AUDITOR, Browser, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

/// What the next page says, and where its link to the audit log leads.
async fn told(browser: &Browser, done: &Page) -> (String, Option<String>) {
    assert_eq!(done.status, 303, "{}", done.text);
    let page = browser.get(done.header("location")).await.text;
    let link = page
        .split("<a href=\"")
        .find(|rest| rest.contains("\">See in audit log</a>"))
        .filter(|_| page.contains("See in audit log"))
        .map(|rest| rest.split('"').next().unwrap().to_owned());
    (html::text(&page), link)
}

/// The link shows the entries of its request, of which one is that of the act, and no others.
async fn entered(app: &TestApp, browser: &Browser, link: &str, action: &str) {
    let request = link.rsplit('=').next().unwrap();
    let of_request = format!("SELECT count(*) FROM audit WHERE request_id = '{request}'");
    assert_eq!(app.count(format!("{of_request} AND action = '{action}'")).await, 1, "{action}");
    let all = app.count(of_request).await;
    let text = html::text(&browser.get(link).await.text);
    let found = if all == 1 { "1 entry found".into() } else { format!("{all} entries found") };
    assert!(text.contains(&found), "{action}: not {found}: {text}");
}

/// Where something stands on a page.
fn place(page: &str, what: &str) -> usize {
    assert!(page.contains(what), "{what} is not on the page: {page}");
    page.find(what).unwrap()
}

both_databases! {
    /// Whose tokens are revoked, whose approvals alone end and who has neither are three things, and
    /// are said apart, before and after.
    async fn revoking_tells_tokens_approvals_and_nothing_apart(app) {
        app.ai_client("usage:read").await;
        app.ai_client_of(OTHER, "usage:read").await;
        let (mia, olga, otto) = (app.id_of(MEMBER).await, app.id_of(OTHER).await, app.id_of(AUDITOR).await);
        app.sql(format!("UPDATE tokens SET state = 'expired', ended_at = 1 WHERE user_id = {olga}")).await;
        app.sql(format!("UPDATE users SET ended_tokens = 1, active_tokens = 0 WHERE id = {olga}")).await;
        let browser = app.admin().await;
        let asked = browser.get(&format!("{PATH}/act/revoke?user={mia}&user={olga}&user={otto}")).await;
        let text = html::text(&asked.text);
        for words in [
            "1 of them has tokens to revoke (Mia Member): 1 active token is revoked.",
            "1 of them has no token to revoke, only approvals (Olga Other): these end",
            "1 of them has nothing to revoke (Otto Auditor).",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let done = browser.send(&asked, &format!("{PATH}/act/revoke"), &[]).await;
        let (text, _) = told(&browser, &done).await;
        let words = "Revoked 1 token of 1 person and ended the approvals of 1 more. 1 skipped: nothing to revoke. See in audit log";
        assert!(text.contains(words), "{text}");
        let entry = app.audited("tokens_revoked").await.into_iter().find(|entry| entry.detail()["people"].is_i64()).unwrap();
        let of_all = entry.detail();
        assert_eq!((&of_all["people"], &of_all["people_with_tokens"], &of_all["tokens"]), (&2.into(), &1.into(), &1.into()));
    }

    /// The report of every act on one person, or on a client, leads to what was written down of it;
    /// what changed nothing has nothing to show there.
    async fn the_report_of_a_single_act_leads_to_its_entry(app) {
        let client = app.ai_client("usage:read").await;
        let token = app.newest_token_of(MEMBER).await;
        let (mia, row) = (app.id_of(MEMBER).await, row_of(app, &client.client_id).await);
        let browser = app.admin().await;
        let person = format!("{PATH}/{mia}");
        let one = format!("{person}/tokens/{token}/revoke");
        let (access, revoke) = (format!("{person}/access"), format!("{person}/revoke"));
        let (block, unblock) = (format!("{CLIENTS}/{row}/block"), format!("{CLIENTS}/{row}/unblock"));
        let no = [("enabled", "no"), ("password", PASSWORD)];
        let yes = [("enabled", "yes"), ("password", PASSWORD)];
        let none: &[(&str, &str)] = &[];
        let csrf = browser.form_token().await;
        for (path, fields, action) in [
            (&one, none, "token_revoked"),
            (&access, &no[..], "mcp_access_disabled"),
            (&access, &yes[..], "mcp_access_enabled"),
            (&block, none, "client_blocked"),
            (&unblock, &[("password", PASSWORD)][..], "client_unblocked"),
        ] {
            let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
            let (text, link) = told(&browser, &browser.post(path, &fields).await).await;
            let link = link.unwrap_or_default();
            assert!(link.starts_with("/admin/mcp/audit?request="), "{path} has no such link: {text}");
            entered(app, &browser, &link, action).await;
        }
        app.ai_client("usage:read").await;
        let csrf = [("csrf", csrf.as_str())];
        let (_, link) = told(&browser, &browser.post(&revoke, &csrf).await).await;
        entered(app, &browser, &link.unwrap(), "tokens_revoked").await;
        for nothing in [&one, &revoke, &unblock] {
            let fields = [csrf[0], ("password", PASSWORD)];
            let (text, link) = told(&browser, &browser.post(nothing, &fields).await).await;
            assert_eq!(link, None, "{nothing}: {text}");
        }
    }

    /// A token that was revoked says when and by whom instead of when it would have expired; scopes
    /// are told of somebody else, and the one that spends credits is marked.
    async fn ended_tokens_say_how_they_ended(app) {
        app.ai_client("usage:read contacts:reveal offline_access").await;
        let (mia, token) = (app.id_of(MEMBER).await, app.newest_token_of(MEMBER).await);
        let browser = app.admin().await;
        let details = format!("{PATH}/{mia}/tokens");
        let before = browser.get(&details).await.text;
        let text = html::text(&before);
        assert!(!text.contains("Revoked "), "{text}");
        assert!(text.contains("See how much of the quota and credits is used"), "{text}");
        assert!(!text.contains(" your ") && !text.contains(" you "), "the reader is somebody else: {text}");
        assert!(text.contains("phone numbers of contacts Spends credits"), "{text}");
        assert_eq!(before.matches("Spends credits").count(), 1);
        let revoke = format!("{details}/{token}/revoke");
        assert_eq!(browser.submit(&revoke, &revoke, &[]).await.status, 303);
        let after = browser.get(&details).await.text;
        let after = after.split("data-flash").last().unwrap();
        let cell = after.split("data-label=\"Expires\"").nth(1).unwrap().split("</td>").next().unwrap();
        let words = html::text(&format!("<td{cell}"));
        assert!(words.starts_with("Revoked ") && words.ends_with("By an administrator"), "{words}");
    }

    /// The gate is a button beside its state on every tab, for whom the role allows it; that a
    /// suspended person gets no answer is said beside it.
    async fn the_page_of_a_person_has_the_gate_in_its_head(app) {
        let mia = app.id_of(MEMBER).await;
        let browser = app.admin().await;
        let page = format!("/admin/users/{mia}");
        let head = |text: &str| text.split("<nav class=\"tabs\"").next().unwrap().to_owned();
        let address = |word: &str| format!("{PATH}/{mia}/access?enabled={word}&from=edit");
        for tab in ["info", "mcp", "keys", "activity", "sessions"] {
            let shown = head(&browser.get(&format!("{page}?tab={tab}")).await.text);
            assert!(shown.contains(&format!("href=\"{}\">Disable access…</a>", address("no").replace('&', "&amp;"))), "{tab}: {shown}");
        }
        let asked = browser.get(&address("no")).await;
        assert!(html::text(&asked.text).contains("Disable MCP access of Mia Member?"), "{}", asked.text);
        let wrong = browser.send(&asked, &format!("{PATH}/{mia}/access"), &[("password", "not it")]).await;
        assert!(html::text(&wrong.text).contains("Disable MCP access of Mia Member?"), "what was asked is asked again: {}", wrong.text);
        let done = browser.send(&asked, &format!("{PATH}/{mia}/access"), &[("password", PASSWORD)]).await;
        assert_eq!(done.header("location"), format!("{page}?tab=mcp"));
        let again = browser.get(&address("no")).await.text;
        assert!(html::text(&again).contains("is disabled already") && !again.contains("type=\"password\""), "{again}");
        assert!(html::text(&head(&browser.get(&page).await.text)).contains("Disabled Enable access…"));
        app.set_access(MEMBER, true).await;
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE id = {mia}")).await;
        let words = "Enabled, but suspended: nothing is answered";
        let shown = browser.get(&page).await.text;
        assert!(html::text(&head(&shown)).contains(words), "{shown}");
        let auditor = app.signed_in(AUDITOR).await;
        let shown = auditor.get(&format!("{page}?tab=mcp")).await.text;
        assert_eq!(shown.matches(words).count(), 2, "in the head and in the tab: {shown}");
        assert!(!shown.contains("/access?enabled="), "{shown}");
    }
}

on_sqlite! {
    /// Of whom is left out five are named, and how many more there are.
    async fn whom_a_list_leaves_out_is_named(app) {
        crowd(app, 20).await;
        let browser = app.admin().await;
        let excluded: String = (1_001..=1_007).map(|id| format!("&excluded={id}")).collect();
        let asked = browser.get(&format!("{PATH}/act/disable?all=yes&back=q%3D%40crowd{excluded}")).await;
        let text = html::text(&asked.text);
        let left_out = "Left out (7 unticked): Person 7, Person 14, Person 21, Person 28, Person 35 and 2 more .";
        assert!(text.contains(left_out), "{text}");
        let affected = "Affected: Person 56, Person 63, Person 70, Person 77, Person 84 and 8 more .";
        assert!(text.contains(affected), "{text}");
    }

    /// Whoever types the password and presses Enter has passed the reason before.
    async fn the_reason_stands_above_the_password(app) {
        let mia = app.id_of(MEMBER).await;
        let browser = app.admin().await;
        for form in [
            format!("{PATH}/{mia}/access?enabled=no"),
            format!("{PATH}/act/disable?user={mia}"),
            format!("/admin/users/{mia}?tab=mcp"),
            format!("/admin/users/{mia}/delete"),
        ] {
            let page = browser.get(&form).await.text;
            let (reason, password) = (place(&page, "id=\"reason\""), place(&page, "id=\"password\""));
            assert!(reason < password, "{form}");
        }
    }

    /// Credits are those of the account, and nobody reads them as the person's own.
    async fn credits_of_the_list_are_said_to_be_the_accounts(app) {
        let browser = app.admin().await;
        let page = browser.get(&format!("{PATH}?cols=user%2Ccredits")).await.text;
        assert!(page.contains("title=\"Credits Used of the person’s account, shared by everybody in it\""), "{page}");
        assert!(html::text(&page).contains("Credits Used of the person’s account, shared by everybody in it"), "{page}");
        let meter = |page: &str, label: &str| {
            let tag = page.split("<meter ").skip(1).find(|tag| tag.contains(label)).unwrap();
            tag.split(" value=").next().unwrap().to_owned()
        };
        let accounts = browser.get("/admin/accounts?q=Acme").await.text;
        assert_eq!(meter(&page, "account of Mia Member"), meter(&accounts, "Credits used"), "one colour for one thing");
    }

    /// The view that is shown is marked by more than its weight, and own views stand apart.
    async fn the_menu_of_views_marks_the_current_one(app) {
        let browser = app.admin().await;
        let made = browser.submit(&format!("{PATH}/views?back=status%3Denabled"), &format!("{PATH}/views"), &[("name", "Mine")]).await;
        assert_eq!(made.status, 303, "{}", made.text);
        let page = browser.get(PATH).await.text;
        let menu = page.split("aria-label=\"Saved views\"").nth(1).unwrap().split("</nav>").next().unwrap();
        let entries: Vec<_> = menu.split("<li>").skip(1).collect();
        let is_marked = |entry: &&&str| entry.contains("aria-current=\"true\"") && entry.contains("#i-check");
        assert!(entries.iter().filter(is_marked).count() == 1 && is_marked(&&entries[0]), "{menu}");
        let apart: Vec<_> = entries.iter().filter(|entry| entry.contains("class=\"line\"")).collect();
        assert!(apart.len() == 1 && apart[0].contains("Mine"), "{menu}");
    }

    /// What is selected, how it is undone and the rest of what is about the rows stand in one line.
    async fn the_selection_is_counted_where_it_is_undone(app) {
        crowd(app, 30).await;
        let page = app.admin().await.get(PATH).await.text;
        let line = page.split("<div class=\"toolbar\"").find(|line| line.contains("records found")).unwrap();
        let (found, sizes) = (place(line, "records found"), place(line, "Rows per page"));
        let (count, undo) = (place(line, "data-selected-count"), place(line, ">Deselect<"));
        assert!(found < count && count < undo && undo < sizes, "{line}");
        assert_eq!(page.matches("data-selected-count").count(), 1);
    }

    /// What is needed in some cases only says in which.
    async fn a_new_users_passwords_say_when_they_are_needed(app) {
        let page = app.admin().await.get("/admin/users/new").await.text;
        for label in ["Their password (only if you set it now)", "Your password (only for roles other than Member)"] {
            assert!(page.contains(&format!(">{label}</label>")), "{label}");
        }
    }
}
