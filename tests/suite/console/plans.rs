//! Plans: made, changed and deleted in two steps, and felt at the next call.

use serde_json::json;

use super::users::id_of;
use crate::support::steps::{ask, carry_out, confirm};
use crate::support::{AUDITOR, PASSWORD, TestApp, both_databases, html, on_sqlite};

/// The fields of the form.
fn fields<'a>(name: &'a str, access: &'a str, limits: [&'a str; 4]) -> Vec<(&'a str, &'a str)> {
    let [minute, day, rows, credits] = limits;
    vec![
        ("name", name),
        ("api_access", access),
        ("requests_per_minute", minute),
        ("requests_per_day", day),
        ("rows_per_month", rows),
        ("credits_per_month", credits),
    ]
}

async fn path(app: &TestApp, name: &str) -> String {
    format!("/admin/plans/{}", id_of(app, "plans", name).await)
}

both_databases! {
    async fn a_plan_is_made_changed_and_deleted(app) {
        let admin = app.admin().await;
        let team = fields("Team", "yes", ["10", "1,000", "5 000", "250"]);
        let asked = ask(&admin, "/admin/plans/new", &team).await;
        let text = html::text(&asked.text);
        assert!(text.contains("No account is on it") && text.contains("Search rows a month : 5,000"), "{text}");
        assert_eq!(app.count("SELECT count(*) FROM plans").await, 4, "asking makes nothing");
        assert!(text.contains("System Accounts Plans Make the plan Team Make the plan Team?"), "the way here names the step: {text}");
        let line = asked.text.split("class=\"btns end\">").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(html::text(line).contains("Change entries Cancel Make the plan"), "one line of ways on: {line}");
        let editing = admin.send(&asked, "/admin/plans/new", &[("step", "edit")]).await;
        assert!(editing.text.contains("value=\"Team\""), "the entries are kept: {}", editing.text);
        let told = carry_out(&admin, "/admin/plans/new", &team).await;
        assert!(told.contains("Made the plan Team") && told.contains("5,000"), "{told}");
        let own = path(app, "Team").await;
        app.sql("UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE name = 'Team') WHERE name = 'Other'").await;
        let smaller = fields("Team of two", "yes", ["10", "1000", "5000", "100"]);
        let asked = html::text(&ask(&admin, &own, &smaller).await.text);
        assert!(asked.contains("Applies to 1 account at the next call"), "{asked}");
        assert!(asked.contains("Credits a month : 250 → 100") && !asked.contains("Requests a day"), "{asked}");
        carry_out(&admin, &own, &smaller).await;
        let changed = app.audited("plan_changed").await.pop().unwrap();
        assert_eq!(changed.detail(), json!({ "accounts": 1, "changes": {
            "name": { "old": "Team", "new": "Team of two" },
            "credits_per_month": { "old": 250, "new": 100 },
        } }));
        let delete = format!("{own}/delete");
        let refused = admin.get(&delete).await;
        assert_eq!(refused.status, 409);
        assert!(html::text(&refused.text).contains("Put them on another plan first"), "{}", refused.text);
        app.sql("UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE name = 'Free')").await;
        let shown = admin.get(&delete).await;
        app.sql("UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE name = 'Team of two') WHERE name = 'Other'").await;
        let meanwhile = admin.send(&shown, &delete, &[("password", PASSWORD)]).await;
        assert_eq!(meanwhile.status, 409, "an account came onto it meanwhile");
        app.sql("UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE name = 'Free')").await;
        let gone = admin.submit(&delete, &delete, &[("password", PASSWORD)]).await;
        assert_eq!(gone.status, 303);
        assert_eq!(app.count("SELECT count(*) FROM plans").await, 4);
        for (action, count) in [("plan_created", 1), ("plan_changed", 1), ("plan_deleted", 1)] {
            let entries = app.audited(action).await;
            assert_eq!(entries.len(), count, "{action}");
            assert!(entries.iter().all(|entry| entry.outcome == "ok" && entry.request_id.is_some()));
        }
    }

    async fn a_change_counts_from_the_next_call(app) {
        let (admin, client) = (app.admin().await, app.ai_client("usage:read stores:read").await);
        let (own, get) = (path(app, "Business").await, json!({ "domain": "shop01.example.com" }));
        assert!(client.call_tool("get_store", get.clone()).await.is_ok());
        carry_out(&admin, &own, &fields("", "yes", ["1", "5000", "25000", "3000"])).await;
        assert_eq!(client.call_tool("get_store", get.clone()).await.tool_error(), "rate_limit_exceeded");
        carry_out(&admin, &own, &fields("", "yes", ["60", "5000", "3", "70"])).await;
        assert!(client.call_tool("get_store", get.clone()).await.is_ok());
        let rows = client.call_tool("search_stores", json!({ "limit": 10 })).await;
        assert_eq!(rows.tool_error(), "row_quota_exceeded");
        assert_eq!(client.call().await.content()["credits"]["remaining"], 70);
        carry_out(&admin, &own, &fields("", "no", ["60", "5000", "3", "70"])).await;
        assert_eq!(client.call_tool("get_store", get.clone()).await.tool_error(), "api_access_disabled");
        assert_eq!(client.call().await.content()["api_access"], false);
        carry_out(&admin, &own, &fields("", "yes", ["60", "5000", "3", "70"])).await;
        assert!(client.call_tool("get_store", get).await.is_ok(), "what is connected stayed connected");
    }
}

on_sqlite! {
    async fn what_is_wrong_is_named_and_the_form_kept(app) {
        let admin = app.admin().await;
        for (wrong, field) in [
            (fields("", "yes", ["1", "1", "1", "1"]), "name"),
            (fields("business", "yes", ["1", "1", "1", "1"]), "name"),
            (fields("Team", "maybe", ["1", "1", "1", "1"]), "api_access"),
            (fields("Team", "yes", ["-1", "1", "1", "1"]), "requests_per_minute"),
            (fields("Team", "yes", ["1", "1.5", "1", "1"]), "requests_per_day"),
            (fields("Team", "yes", ["1", "1", "9999999999", "1"]), "rows_per_month"),
            (fields("Team", "yes", ["1", "1", "1", ""]), "credits_per_month"),
            (fields("Team", "yes", ["0", "1", "1", "1"]), "requests_per_minute"),
        ] {
            let mut answer = ask(&admin, "/admin/plans/new", &wrong).await;
            if answer.status == 200 {
                answer = admin.send(&answer, "/admin/plans/new", &[("password", PASSWORD)]).await;
            }
            assert!([400, 409].contains(&answer.status), "{wrong:?}");
            assert!(answer.text.contains(&format!("href=\"#{field}\"")), "{wrong:?}");
            assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{wrong:?}");
        }
        assert_eq!(app.count("SELECT count(*) FROM plans").await, 4);
    }

    async fn a_wrong_password_and_another_s_change_change_nothing(app) {
        let admin = app.admin().await;
        let own = path(app, "Starter").await;
        let more = fields("", "yes", ["60", "5000", "25000", "900"]);
        let refused = confirm(&admin, &own, &more, "not it").await;
        assert_eq!(refused.status, 403);
        assert!(refused.text.contains("id=\"password-error\""));
        let again = admin.send(&refused, &own, &[("password", PASSWORD)]).await;
        assert_eq!(again.status, 303, "the page lost nothing");
        assert_eq!(app.count("SELECT credits_per_month FROM plans WHERE name = 'Starter'").await, 900);
        let asked = ask(&admin, &own, &fields("", "yes", ["60", "5000", "25000", "700"])).await;
        app.sql("UPDATE plans SET rows_per_month = 1 WHERE name = 'Starter'").await;
        let late = admin.send(&asked, &own, &[("password", PASSWORD)]).await;
        assert_eq!(late.status, 409);
        assert!(html::text(&late.text).contains("Somebody else changed this plan"));
        assert_eq!(app.count("SELECT credits_per_month FROM plans WHERE name = 'Starter'").await, 900);
    }

    async fn a_built_in_plan_keeps_its_name_and_stays(app) {
        let admin = app.admin().await;
        let own = path(app, "Free").await;
        carry_out(&admin, &own, &fields("Gratis", "no", ["1", "1", "1", "1"])).await;
        assert_eq!(app.count("SELECT requests_per_day FROM plans WHERE name = 'Free'").await, 1);
        let delete = format!("{own}/delete");
        assert_eq!(admin.get(&delete).await.status, 409);
        let token = admin.form_token().await;
        let forced = admin.post(&delete, &[("csrf", token.as_str()), ("password", PASSWORD)]).await;
        assert_eq!(forced.status, 409);
        assert_eq!(app.count("SELECT count(*) FROM plans WHERE name = 'Free'").await, 1);
    }

    async fn whoever_may_only_look_has_nothing_to_press(app) {
        let auditor = app.signed_in(AUDITOR).await;
        for path in ["/admin/plans", "/admin/plans/3"] {
            let page = auditor.get(path).await;
            assert_eq!(page.status, 200);
            let main = page.text.split("<main").nth(1).unwrap();
            assert!(!main.contains("<form") && !main.contains("class=\"btn"), "{path}");
            assert!(main.contains("Business"));
        }
    }
}
