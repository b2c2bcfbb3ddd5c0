//! Where the two logs lead: to the person, the client and the account that a row speaks of, for
//! whoever may see them, and to nobody who is gone.

use crate::support::{
    ADMIN, AUDITOR, Browser, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html,
};

const ACTIVITY: &str = "/admin/mcp/activity";
const AUDIT: &str = "/admin/mcp/audit";

/// How many rows a log says it found.
fn found(page: &str) -> i64 {
    let text = html::text(page);
    let head = text.split(" found").next().unwrap_or_default();
    head.split_whitespace().nth_back(1).and_then(|count| count.parse().ok()).unwrap()
}

/// The address behind the link with these words.
fn link(page: &str, words: &str) -> String {
    let end = format!(">{words}<");
    assert!(page.contains(&end), "no link {words}: {}", html::text(page));
    let end = page.find(&end).unwrap();
    let start = page[..end].rfind("href=\"").unwrap() + 6;
    page[start..].split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

/// The body of the list.
fn rows(page: &str) -> &str {
    page.split("<tbody").nth(1).and_then(|rest| rest.split("</tbody").next()).unwrap_or_default()
}

/// A role that reads the logs and nothing else, for one person.
async fn reader(app: &TestApp) -> Browser {
    app.sql("INSERT INTO roles (name, permissions, tools, built_in) VALUES ('Reader', '[\"view_records\"]', '[]', FALSE)").await;
    app.sql(format!("UPDATE users SET role_id = (SELECT id FROM roles WHERE name = 'Reader') WHERE email = '{}'", AUDITOR.email)).await;
    app.signed_in(AUDITOR).await
}

both_databases! {
    /// "All activity with filters" of a person shows this person's calls, as many as they have, and
    /// nobody else's; the chip and the field say who it is.
    async fn a_person_leads_to_their_own_calls(app) {
        let client = app.ai_client("usage:read").await;
        let other = app.ai_client_of(OTHER, "usage:read").await;
        for _ in 0..3 {
            assert!(client.call().await.is_ok() && other.call().await.is_ok());
        }
        assert!(client.call().await.is_ok());
        let browser = app.admin().await;
        let id = app.id_of(MEMBER).await;
        let tab = browser.get(&format!("/admin/users/{id}?tab=activity")).await.text;
        let all = browser.get(&link(&tab, "All activity with filters")).await.text;
        assert_eq!(found(&all), 4, "{}", html::text(&all));
        assert!(html::text(&all).contains(&format!("Person: {} ({})", MEMBER.name, MEMBER.email)), "{}", html::text(&all));
        assert!(all.contains(&format!("name=\"person\" placeholder=\"E-mail address\" maxlength=\"200\" autocomplete=\"off\" value=\"{}\"", MEMBER.email)), "the field holds what can be typed");
        assert!(!rows(&all).contains(OTHER.email), "only theirs");
        let client_page = browser.get(&format!("{ACTIVITY}?client=1")).await.text;
        assert!(html::text(&client_page).contains("Client: Suite Client"), "{}", html::text(&client_page));
        let audit = browser.get(&format!("{AUDIT}?person={id}")).await.text;
        assert!(html::text(&audit).contains(&format!("Person, acting or concerned: {} ({})", MEMBER.name, MEMBER.email)), "{}", html::text(&audit));
    }

    /// The tab Activity of a person names client or key as the log does, and each row leads to its call.
    async fn the_tab_of_a_person_names_clients_and_leads_to_calls(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        let id = app.id_of(MEMBER).await;
        app.sql("UPDATE tokens SET label = 'Weekly report'").await;
        app.sql("UPDATE activity SET client_id = NULL").await;
        let browser = app.admin().await;
        let tab = browser.get(&format!("/admin/users/{id}?tab=activity")).await.text;
        let text = html::text(rows(&tab));
        assert!(text.contains("Personal Access Token Weekly report"), "{text}");
        assert!(!text.contains("ago"), "the moment, not how long ago: {text}");
        let call = rows(&tab).split("<a href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_eq!(call, format!("{ACTIVITY}/1"));
        assert_eq!(browser.get(&call).await.status, 200);
    }

    /// Names in both logs, and on the pages of a row, lead to the person and to the client.
    async fn names_lead_to_people_and_clients(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        let id = app.id_of(MEMBER).await;
        let browser = app.admin().await;
        let (person, about) = (format!("/admin/users/{id}?tab=mcp"), "/admin/mcp/clients/1");
        for path in [ACTIVITY.to_owned(), format!("{ACTIVITY}/1")] {
            let page = browser.get(&path).await.text;
            assert_eq!((link(&page, MEMBER.name).as_str(), link(&page, "Suite Client").as_str()), (person.as_str(), about), "{path}");
        }
        assert_eq!((browser.get(&person).await.status, browser.get(about).await.status), (200, 200));
        let details = browser.get(&format!("{ACTIVITY}/1")).await.text;
        assert!(html::text(&details).contains("Account Acme"), "{}", html::text(&details));
        assert_eq!(link(&details, "Acme"), "/admin/accounts/1");
        let act = format!("/admin/mcp/users/{id}/revoke");
        assert_eq!(browser.submit(&act, &act, &[]).await.status, 303);
        let page = browser.get(&format!("{AUDIT}?person={id}")).await.text;
        assert_eq!(link(rows(&page), MEMBER.name), format!("/admin/users/{id}"), "who acted");
        assert_eq!(link(rows(&page), MEMBER.email), person, "whose tokens were revoked");
        assert_eq!(link(rows(&page), "Suite Client"), about);
        let entry = rows(&page).split("<a href=\"").nth(1).unwrap().split('"').next().unwrap();
        let details = browser.get(entry).await.text;
        let details = details.split("entry-heading").nth(2).unwrap();
        assert_eq!((link(details, ADMIN.name), link(details, MEMBER.name)), (format!("/admin/users/{}", app.id_of(ADMIN).await), format!("/admin/users/{id}")));
    }

    /// Nobody is led to what their role does not show, or to what is not there any more.
    async fn nothing_leads_where_nobody_may_or_can_go(app) {
        let client = app.ai_client_of(OTHER, "usage:read").await;
        assert!(client.call().await.is_ok());
        let id = app.id_of(OTHER).await;
        let reader = reader(app).await;
        for path in [ACTIVITY, AUDIT, "/admin/mcp/activity/1", "/admin/mcp/audit/3"] {
            let page = reader.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            for closed in ["/admin/users/", "/admin/mcp/clients/", "/admin/accounts/"] {
                assert!(!page.text.contains(&format!("href=\"{closed}")), "{path}: {closed}");
            }
        }
        let admin = app.admin().await;
        let act = format!("/admin/users/{id}/delete");
        assert_eq!(admin.submit(&act, &act, &[("password", PASSWORD)]).await.status, 303);
        app.sql("UPDATE clients SET deleted_at = 1").await;
        for path in [ACTIVITY, AUDIT, "/admin/mcp/activity/1"] {
            let page = admin.get(path).await.text;
            assert!(page.contains(OTHER.name) || page.contains(&format!("deleted user #{id}")), "{path}");
            for gone in [format!("href=\"/admin/users/{id}"), "href=\"/admin/mcp/clients/".to_owned()] {
                assert!(!page.contains(&gone), "{path}: {gone}");
            }
        }
        let chip = html::text(&admin.get(&format!("{ACTIVITY}?person={id}")).await.text);
        assert!(chip.contains(&format!("Person: {} (deleted user #{id})", OTHER.name)), "{chip}");
    }

    /// What was changed is told by the names that the pages have, and by what it was and is.
    async fn changes_are_told_by_their_labels(app) {
        let now = app.clock.now().0;
        for (kind, detail) in [
            ("settings", r#"{"changes":{"mcp_enabled":{"old":"no","new":"yes"}}}"#),
            ("plan", r#"{"changes":{"api_access":{"old":true,"new":false}}}"#),
        ] {
            app.sql(format!("INSERT INTO audit (at, actor, action, target_kind, target, outcome, detail) VALUES ({now}, 'test', 'settings_changed', '{kind}', 'mcp_enabled', 'ok', '{detail}')")).await;
        }
        let last = app.count("SELECT max(id) FROM audit").await;
        let browser = app.admin().await;
        let settings = html::text(&browser.get(&format!("{AUDIT}/{}", last - 1)).await.text);
        assert!(settings.contains("Changes MCP server enabled: No → Yes"), "{settings}");
        let plan = html::text(&browser.get(&format!("{AUDIT}/{last}")).await.text);
        assert!(plan.contains("Changes Api access: yes → no"), "{plan}");
    }
}
