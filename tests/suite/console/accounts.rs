//! Accounts: the list, plan and access, credits and ledger; felt at the next call.

use futures_util::future::join_all;
use portcullis::ids::{AccountId, PlanId};
use portcullis::service::accounts;
use portcullis::service::credits::{self, Adjustment};
use portcullis::service::login::Reconfirmed;
use portcullis::store::accounts::AccountTerms;
use portcullis::store::credits::differences;
use serde_json::json;

use super::users::id_of;
use crate::support::steps::{ask, carry_out, confirm};
use crate::support::{
    ADMIN, AUDITOR, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

/// A row's id, as a number.
async fn row(app: &TestApp, table: &str, name: &str) -> i64 {
    id_of(app, table, name).await.parse().unwrap()
}

async fn path(app: &TestApp, name: &str) -> String {
    format!("/admin/accounts/{}", id_of(app, "accounts", name).await)
}

async fn text(app: &TestApp, path: &str) -> String {
    let page = app.admin().await.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", html::text(&page.text));
    html::text(&page.text)
}

/// The names of the accounts that a list shows, in its order.
async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.admin().await.get(&format!("/admin/accounts?{query}")).await;
    assert_eq!(page.status, 200, "{query}");
    let rows = page.text.split("role=\"rowheader\"").skip(1);
    rows.map(|row| html::text(&format!("<x {}", row.split("</th>").next().unwrap()))).collect()
}

/// What the form says to put the account on a plan, or switch its access.
async fn terms(app: &TestApp, plan: &str, access: &'static str) -> Vec<(&'static str, String)> {
    let plan = id_of(app, "plans", plan).await.to_string();
    vec![("name", "Acme".into()), ("plan", plan), ("api_access", access.into())]
}

async fn set(app: &TestApp, plan: &str, access: &'static str) -> String {
    let terms = terms(app, plan, access).await;
    let fields: Vec<_> = terms.iter().map(|(name, value)| (*name, value.as_str())).collect();
    carry_out(&app.admin().await, &path(app, "Acme").await, &fields).await
}

async fn check_books(app: &TestApp) {
    let wrong = app.ctx.db.read(|conn| Ok(differences(conn)?)).await.unwrap();
    assert_eq!(wrong, []);
    assert_eq!(app.count("SELECT count(*) FROM credit_balances WHERE balance < 0").await, 0);
}

/// Many accounts that have used something.
async fn crowd(app: &TestApp) {
    for number in 0..30 {
        app.sql(format!(
            "INSERT INTO accounts (name, plan_id, created_at) VALUES ('Crowd {number:02}', {}, {})",
            1 + number % 4,
            1_000 + number
        ))
        .await;
    }
    let month = "1796083200000";
    for (number, spent) in [(5, 30), (9, 400), (13, 7)] {
        app.sql(format!("INSERT INTO credit_balances (account_id, period_start, allowance, balance, spent) SELECT id, {month}, 500, 500 - {spent}, {spent} FROM accounts WHERE name = 'Crowd {number:02}'")).await;
    }
}

both_databases! {
    async fn the_list_is_filtered_sorted_and_turned(app) {
        crowd(app).await;
        assert_eq!(names(app, "q=crowd+0").await.len(), 10, "whatever the case");
        assert_eq!(names(app, &format!("q={}", OTHER.email)).await, ["Other"], "a person's address finds their account");
        assert!(names(app, "q=nobody%40shop.example").await.is_empty());
        assert!(names(app, "q=100%25").await.is_empty(), "a percent sign is one");
        let free = id_of(app, "plans", "Free").await;
        assert_eq!(names(app, &format!("plan={free}")).await.len(), 8);
        assert_eq!(names(app, "access=none").await.len(), 8);
        app.sql("UPDATE accounts SET api_access = FALSE WHERE name IN ('Crowd 01', 'Crowd 00')").await;
        assert_eq!(names(app, "access=off").await, ["Crowd 01"], "on Free there is nothing to switch off");
        assert_eq!(names(app, "access=on").await.len(), 23);
        assert_eq!(names(app, "credits=low").await, ["Crowd 09"]);
        assert_eq!(names(app, "sort=-name&page_size=20").await[..2], ["Other", "Crowd 29"]);
        assert_eq!(names(app, "sort=-created").await[..2], ["Other", "Acme"]);
        assert_eq!(names(app, "sort=plan").await[0], "Crowd 00");
        // From the end as from the beginning, each once.
        let mut all = Vec::new();
        for page in 1..=2 {
            all.extend(names(app, &format!("sort=created&page_size=20&page={page}")).await);
        }
        let mut back: Vec<_> = all.iter().rev().cloned().collect();
        assert_eq!(names(app, "sort=-created").await, back);
        back.sort();
        back.dedup();
        assert_eq!(back.len(), 32);
        // By credits: those who spent any by how much, the rest after them; each once over all pages.
        for (query, first) in [("sort=-credits", ["Crowd 09", "Crowd 05", "Crowd 13"]), ("sort=credits", ["Acme", "Other", "Crowd 00"])] {
            let mut all = names(app, &format!("{query}&page_size=20")).await;
            assert_eq!(all[..3], first, "{query}");
            all.extend(names(app, &format!("{query}&page_size=20&page=2")).await);
            assert_eq!(all.len(), 32, "{query}");
            if query == "sort=credits" {
                assert_eq!(all[29..], ["Crowd 13", "Crowd 05", "Crowd 09"]);
            }
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 32, "{query}");
        }
        let page = text(app, "/admin/accounts?page=99&q=crowd&credits=low").await;
        assert!(page.contains("There is no page 99") && page.contains("Credits: nearly used up"), "{page}");
        let page = text(app, "/admin/accounts?q=none+such").await;
        assert!(page.contains("No accounts match"), "{page}");
    }

    /// Plan and switch act on the next call; what is connected stays connected.
    async fn plan_and_access_count_from_the_next_call(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let get = || json!({ "domain": "shop01.example.com" });
        assert!(client.call_tool("get_store", get()).await.is_ok());
        let admin = app.admin().await;
        let off = terms(app, "Business", "off").await;
        let off: Vec<_> = off.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let asked = html::text(&ask(&admin, &path(app, "Acme").await, &off).await.text);
        assert!(asked.contains("API access : on → switched off") && asked.contains("next call"), "{asked}");
        assert!(client.call_tool("get_store", get()).await.is_ok(), "asking changes nothing");
        set(app, "Business", "off").await;
        assert_eq!(client.call_tool("get_store", get()).await.tool_error(), "api_access_disabled");
        assert_eq!(client.call().await.content()["api_access"], false, "the usage can be read");
        let page = text(app, &path(app, "Acme").await).await;
        assert!(page.contains("API access is switched off for it"), "{page}");
        set(app, "Business", "on").await;
        assert!(client.call_tool("get_store", get()).await.is_ok());
        let told = set(app, "Starter", "on").await;
        assert!(told.contains("500 left"), "{told}");
        let usage = client.call().await;
        assert_eq!((usage.content()["plan"].as_str(), usage.content()["credits"]["limit"].as_i64()), (Some("Starter"), Some(500)));
        set(app, "Free", "on").await;
        assert_eq!(client.call_tool("get_store", get()).await.tool_error(), "api_access_disabled");
        let changes: Vec<_> = app.audited("account_changed").await.iter().map(|entry| entry.detail()["changes"].clone()).collect();
        assert_eq!(changes[0], json!({ "api_access": { "old": true, "new": false } }));
        assert_eq!(changes[2], json!({ "plan": { "old": "Business", "new": "Starter" } }));
        let ledger = text(app, &format!("{}?tab=ledger", path(app, "Acme").await)).await;
        assert!(ledger.contains("Plan changed −500 0 Free"), "{ledger}");
        check_books(app).await;
    }

    /// Contract §10: with a reason, in the ledger, never below zero, from the next call on.
    async fn credits_are_granted_and_withdrawn_with_a_reason(app) {
        let (admin, client) = (app.admin().await, app.ai_client("usage:read").await);
        let own = path(app, "Acme").await;
        let page = format!("{own}/credits");
        let send = async |way: &str, amount: &str, reason: &str, password: &str| {
            let shown = admin.get(&format!("{page}?way={way}")).await;
            let fields = [("amount", amount), ("reason", reason), ("password", password)];
            admin.send(&shown, &page, &fields).await
        };
        for (way, amount, reason, password, field, status) in [
            ("grant", "50", " ", PASSWORD, "reason", 400),
            ("grant", "0", "why", PASSWORD, "amount", 400),
            ("grant", "-5", "why", PASSWORD, "amount", 400),
            ("grant", "1000001", "why", PASSWORD, "amount", 400),
            ("take", "3001", "why", PASSWORD, "amount", 400),
            ("grant", "50", "why", "not it", "password", 403),
        ] {
            let refused = send(way, amount, reason, password).await;
            assert_eq!(refused.status, status, "{way} {amount}");
            assert!(refused.text.contains(&format!("id=\"{field}-error\"")), "{way} {amount}");
        }
        assert_eq!(app.count("SELECT count(*) FROM credit_ledger").await, 0, "nothing was done");
        assert_eq!(send("grant", "1,500", "Autumn fair", PASSWORD).await.status, 303);
        assert_eq!(client.call().await.content()["credits"]["remaining"], 4_500);
        assert_eq!(send("take", "4500", "Fair cancelled", PASSWORD).await.status, 303);
        assert_eq!(client.call().await.content()["credits"]["remaining"], 0);
        assert_eq!(send("take", "1", "One more", PASSWORD).await.status, 400);
        let usage = text(app, &own).await;
        assert!(usage.contains("3,000 of the plan + 1,500 granted − 4,500 withdrawn: Ledger"), "{usage}");
        let ledger = text(app, &format!("{own}?tab=ledger")).await;
        for line in ["Granted +1,500 4,500 Autumn fair ada@acme.example", "Withdrawn −4,500 0 Fair cancelled", "Credits of the plan +3,000 3,000 Business system"] {
            assert!(ledger.contains(line), "{line}: {ledger}");
        }
        let entries = app.audited("credits_adjusted").await;
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].detail()["reason"], "Fair cancelled");
        check_books(app).await;
    }

    /// The same form twice, or two administrators who do not know of each other, grant once.
    async fn a_form_that_is_sent_twice_grants_once(app) {
        let admin = app.admin().await;
        let page = format!("{}/credits", path(app, "Acme").await);
        let shown = admin.get(&page).await;
        let fields = [("amount", "50"), ("reason", "Once"), ("password", PASSWORD)];
        let answers = join_all((0..4).map(|_| admin.send(&shown, &page, &fields))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409, 409, 409]);
        let late = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert!(html::text(&late.text).contains("adjusted the credits by 50: “Once”"));
        assert_eq!(app.count("SELECT count(*) FROM credit_ledger WHERE kind = 'grant'").await, 1);
        let again = admin.send(late, &page, &fields).await;
        assert_eq!(again.status, 303, "whoever means it sends it again");
        check_books(app).await;
    }

    async fn withdrawals_at_the_same_time_never_take_what_is_not_there(app) {
        app.sql("UPDATE plans SET credits_per_month = 10").await;
        let account = AccountId(row(app, "accounts", "Acme").await);
        let (actor, user) = (app.admin_actor().await, app.id_of(ADMIN).await);
        let done = join_all((0..30).map(|_| {
            let wanted = Adjustment { amount: -3, reason: "At once".into(), seen: None };
            credits::adjust(&app.ctx, &actor, Reconfirmed { user }, account, wanted)
        })).await;
        assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 3);
        assert!(done.iter().flat_map(|one| one.as_ref().err()).all(|error| error.param.as_deref() == Some("amount")));
        assert_eq!(accounts::by_id(&app.ctx, account).await.unwrap().used.credits.remaining, 1);
        check_books(app).await;
    }

    /// Of changes that were all decided from the same page one is made; grants go on meanwhile.
    async fn of_changes_at_the_same_time_one_is_made(app) {
        let account = AccountId(row(app, "accounts", "Acme").await);
        let (actor, user) = (app.admin_actor().await, app.id_of(ADMIN).await);
        let was = accounts::by_id(&app.ctx, account).await.unwrap().row.terms();
        let plans = [row(app, "plans", "Starter").await, row(app, "plans", "Enterprise").await];
        let changes = join_all((0..10_usize).map(|number| {
            let becomes = AccountTerms { plan_id: PlanId(plans[number % 2]), ..was.clone() };
            accounts::change(&app.ctx, &actor, Reconfirmed { user }, account, was.clone(), becomes)
        }));
        let grants = join_all((0..10).map(|_| {
            let wanted = Adjustment { amount: 1, reason: "At once".into(), seen: None };
            credits::adjust(&app.ctx, &actor, Reconfirmed { user }, account, wanted)
        }));
        let (changed, granted) = futures_util::future::join(changes, grants).await;
        assert_eq!(changed.iter().filter(|one| one.is_ok()).count(), 1);
        assert!(changed.iter().flat_map(|one| one.as_ref().err()).all(|error| error.code.as_str() == "conflict"));
        assert!(granted.iter().all(Result::is_ok));
        let now = accounts::by_id(&app.ctx, account).await.unwrap();
        assert_eq!(now.used.credits.limit, now.plan.credits_per_month + 10);
        assert_eq!(app.audited("account_changed").await.len(), 1);
        check_books(app).await;
    }

    /// A smaller plan than what was spent: nothing is left, nothing is shown below zero, and a grant
    /// makes up for it first.
    async fn a_smaller_plan_leaves_nothing_below_zero(app) {
        let own = path(app, "Acme").await;
        app.sql(format!("INSERT INTO credit_balances (account_id, period_start, allowance, balance, spent) VALUES ({}, 1796083200000, 3000, 2200, 800)", own.rsplit('/').next().unwrap())).await;
        let told = set(app, "Starter", "on").await;
        assert!(told.contains("800 of 500") && told.contains("300 credits were spent beyond"), "{told}");
        let page = text(app, "/admin/accounts").await;
        assert!(!page.contains('−'), "{page}");
    }

    async fn list_and_ledger_leave_as_files(app) {
        crowd(app).await;
        app.sql("UPDATE accounts SET name = '=HYPERLINK(1)' WHERE name = 'Crowd 00'").await;
        let admin = app.admin().await;
        let file = admin.get("/admin/accounts/export?format=csv").await;
        assert!(file.header("content-disposition").contains("accounts-2026-12-15-32-rows.csv"), "{}", file.header("content-disposition"));
        let lines: Vec<&str> = file.text.lines().collect();
        assert_eq!(lines.len(), 33);
        assert!(lines[0].starts_with("id,name,plan,api_access,switched_off,people,created_at"), "{}", lines[0]);
        assert!(file.text.contains("'=HYPERLINK(1)"), "no formula");
        let some = admin.get("/admin/accounts/export?format=jsonl&credits=low").await;
        let one: serde_json::Value = serde_json::from_str(some.text.trim()).unwrap();
        assert_eq!((one["name"].as_str(), one["credits_used"].as_i64(), one["api_access"].as_bool()), (Some("Crowd 09"), Some(400), Some(true)));
        for wrong in ["", "?format=xml", "?format=csv&plan=x", "?format=csv&q=a"] {
            assert_eq!(admin.get(&format!("/admin/accounts/export{wrong}")).await.status, 400, "{wrong}");
        }
        let own = path(app, "Crowd 09").await;
        app.sql(format!("INSERT INTO credit_balances (account_id, period_start, allowance, balance, spent) VALUES ({}, 1793491200000, 1, 1, 0)", own.rsplit('/').next().unwrap())).await;
        for month in ["1796083200000", "1793491200000"] {
            for number in 0..70 {
                app.sql(format!("INSERT INTO credit_ledger (account_id, period_start, at, kind, amount, balance_after, actor) VALUES ({}, {month}, {month} + {number}, 'reveal', -1, {number}, 'x')", own.rsplit('/').next().unwrap())).await;
            }
        }
        let all = admin.get(&format!("{own}/ledger/export?format=csv")).await;
        assert_eq!(all.text.lines().count(), 141);
        let month = admin.get(&format!("{own}/ledger/export?format=csv&month=2026-11")).await;
        for file in [&all, &month] {
            let name = format!("-{}-rows.csv", file.text.lines().count() - 1);
            assert!(file.header("content-disposition").contains(&name), "{}", file.header("content-disposition"));
        }
        assert_eq!(month.text.lines().count(), 71);
        assert!(month.text.lines().skip(1).all(|line| line.contains(",2026-11,")));
        assert_eq!(admin.get(&format!("{own}/ledger/export?format=csv&month=2026-13")).await.status, 400);
        assert_eq!(app.audited("records_exported").await.len(), 4);
        let first = admin.get(&format!("{own}?tab=ledger&month=2026-11")).await;
        assert!(html::text(&first.text).contains("70 entries in November 2026"));
        assert_eq!(first.text.matches("Contacts revealed").count(), 50);
        let older = first.text.split("Older").next().unwrap().rsplit("href=\"").next().unwrap().split('"').next().unwrap().replace("&#38;", "&");
        let second = admin.get(&older).await;
        assert_eq!(second.text.matches("Contacts revealed").count(), 20);
        assert!(second.text.contains("Newer") && !second.text.contains("Older"));
    }
}

on_sqlite! {
    async fn an_account_is_made_and_renamed(app) {
        let admin = app.admin().await;
        let starter = id_of(app, "plans", "Starter").await.to_string();
        let fields = |name: &'static str, plan: &'static str, password: &'static str| [("name", name), ("plan", plan), ("password", password)];
        for (wrong, field) in [
            (fields("", "1", PASSWORD), "name"), (fields("Acme", "1", PASSWORD), "name"),
            (fields("New", "", PASSWORD), "plan"), (fields("New", "99", PASSWORD), "plan"),
            (fields("New", "1", "not it"), "password"),
        ] {
            let refused = admin.submit("/admin/accounts/new", "/admin/accounts/new", &wrong).await;
            assert!(refused.status >= 400 && refused.text.contains(&format!("id=\"{field}-error\"")), "{wrong:?}");
        }
        let made = [("name", "New"), ("plan", starter.as_str()), ("password", PASSWORD)];
        let made = admin.submit("/admin/accounts/new", "/admin/accounts/new", &made).await;
        assert_eq!(made.status, 303);
        let own = path(app, "New").await;
        assert_eq!(made.header("location"), own);
        let told = carry_out(&admin, &own, &[("name", "Newer"), ("plan", &starter), ("api_access", "on")]).await;
        assert!(told.contains("Changed Newer"), "{told}");
        let taken = confirm(&admin, &own, &[("name", "Acme"), ("plan", &starter), ("api_access", "on")], PASSWORD).await;
        assert_eq!(taken.status, 409);
        assert_eq!(app.audited("account_created").await[0].detail()["plan"], "Starter");
        assert_eq!(app.audited("account_changed").await.len(), 1);
    }

    async fn the_page_shows_people_and_windows(app) {
        let client = app.ai_client("usage:read stores:read").await;
        client.call_tool("search_stores", json!({ "limit": 7 })).await.content();
        let own = path(app, "Acme").await;
        let page = text(app, &own).await;
        for part in ["Requests this minute 1 of 60", "Requests today 1 of 5,000", "Search rows this month 7 of 25,000", "Credits this month 0 of 3,000", "Starts again on 1 Jan 2027"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let people = text(app, &format!("{own}?tab=people")).await;
        assert!(people.contains(MEMBER.email) && people.contains(AUDITOR.email) && !people.contains(OTHER.email), "{people}");
        for odd in ["?tab=ledger&month=1999-01&before=x", "?tab=ledger&before=0", "?tab=ledger&after=999999", "?tab=people&page=-4", "?tab=nonsense"] {
            assert_eq!(app.admin().await.get(&format!("{own}{odd}")).await.status, 200, "{odd}");
        }
        assert_eq!(app.admin().await.get("/admin/accounts/9999").await.status, 404);
    }

    /// Seeing accounts is not seeing people.
    async fn people_are_for_those_who_may_see_users(app) {
        app.sql("UPDATE roles SET permissions = '[\"view_accounts\"]' WHERE name = 'Member'").await;
        let member = app.member().await;
        let list = member.get("/admin/accounts").await;
        assert!(list.status == 200 && !list.text.contains("tab=people"));
        let page = member.get(&format!("{}?tab=people", path(app, "Acme").await)).await;
        assert!(page.status == 200 && !page.text.contains(ADMIN.email), "the other tab is shown");
        let found = member.get(&format!("/admin/accounts?q={}", OTHER.email)).await;
        assert!(html::text(&found.text).contains("No accounts match"), "nor found by them");
    }

    async fn whoever_may_only_look_has_nothing_to_press(app) {
        let auditor = app.signed_in(AUDITOR).await;
        let page = auditor.get(&path(app, "Acme").await).await;
        let main = page.text.split("<main").nth(1).unwrap();
        assert!(page.status == 200 && !main.contains("<form") && !main.contains("credits?way="), "{main}");
    }
}
