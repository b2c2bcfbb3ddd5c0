//! What pages say when nothing works, or nothing is there yet, and the way on from errors.

use crate::support::{ADMIN, MEMBER, OTHER, TestApp, html, on_sqlite};

const OFF: &str = "switched off for everybody";

on_sqlite! {
    /// Whoever looks at a page about AI clients or keys learns that all of them are refused; who may switch
    /// the endpoint on is led there.
    async fn pages_about_ai_clients_say_that_the_endpoint_is_off(app) {
        let (admin, member) = (app.admin().await, app.member().await);
        let person = format!("/admin/users/{}?tab=mcp", app.id_of(MEMBER).await);
        let keys = person.replace("mcp", "keys");
        let own = ["/dashboard", "/dashboard/settings/mcp", "/dashboard/settings/api-keys", "/dashboard/settings/api-keys/new"];
        let all = ["/admin/mcp/users", "/admin/mcp/clients", &person, &keys].into_iter().chain(own);
        for page in all.clone() {
            assert!(!admin.get(page).await.text.contains(OFF), "{page}");
        }
        app.set("mcp_enabled", "no").await;
        for page in all {
            let page = admin.get(page).await;
            assert!(page.text.contains(OFF) && page.text.contains("Switch it on"), "{}", page.text);
        }
        for page in own {
            let page = member.get(page).await;
            assert!(page.text.contains(OFF) && !page.text.contains("Switch it on"), "{}", page.text);
        }
    }

    /// A plan without calls is told wherever somebody would try one.
    async fn pages_say_that_the_plan_includes_no_calls(app) {
        let browser = app.member().await;
        let pages = ["", "/settings/mcp", "/stores", "/contacts", "/usage"].map(|page| format!("/dashboard{page}"));
        for page in &pages {
            assert!(!browser.get(page).await.text.contains("has no API access"), "{page}");
        }
        app.sql("UPDATE plans SET api_access = (1 = 0), requests_per_minute = 0, requests_per_day = 0, rows_per_month = 0, credits_per_month = 0").await;
        for page in &pages {
            let text = html::text(&browser.get(page).await.text);
            assert!(text.contains("Your account has no API access."), "{page}: {text}");
        }
        let usage = html::text(&browser.get("/dashboard/usage").await.text);
        assert!(usage.contains("Requests today Not in the plan") && !usage.contains(" of 0"), "{usage}");
    }

    /// Whoever cannot sign in is not shown as if their AI clients worked.
    async fn who_is_suspended_or_invited_is_marked_beside_their_access(app) {
        let browser = app.admin().await;
        let id = app.id_of(MEMBER).await;
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", MEMBER.email)).await;
        app.sql(format!("UPDATE users SET invited_at = 1 WHERE email = '{}'", OTHER.email)).await;
        let grid = html::text(&browser.get("/admin/mcp/users").await.text);
        assert!(grid.contains(&format!("{} Suspended {}", MEMBER.name, MEMBER.email)), "{grid}");
        assert!(grid.contains(&format!("{} Invited {}", OTHER.name, OTHER.email)), "{grid}");
        let page = html::text(&browser.get(&format!("/admin/users/{id}?tab=mcp")).await.text);
        assert!(page.contains("Suspended"), "{page}");
        let file = browser.get("/admin/mcp/users/export").await.text;
        assert!(file.contains("enabled,suspended") && file.contains("enabled,invited"), "{file}");
    }

    /// What is gone is told within the console, with the way back to the list; a stranger sees the
    /// bare page.
    async fn an_error_keeps_who_is_signed_in_within_the_console(app) {
        let page = app.admin().await.get("/admin/users/999").await;
        assert_eq!(page.status, 404);
        let text = html::text(&page.text);
        assert!(text.contains("Back to All Users") && text.contains("removed it in the meantime"), "{text}");
        assert!(page.text.contains("<nav class=\"side\"") && text.contains(ADMIN.name), "{text}");
        let member = app.member().await.get("/admin/users/999").await;
        assert_eq!(member.status, 403);
        assert!(!html::text(&member.text).contains("Back to All Users"), "{}", member.text);
        let stranger = app.anonymous().get("/nothing/here").await;
        assert!(stranger.status == 404 && !stranger.text.contains("<nav class=\"side\""), "{}", stranger.text);
    }

    /// Whoever was signed out while filling in a form signs in and is at the form again; only a page
    /// of this console is led to.
    async fn who_was_signed_out_is_led_back_to_the_form(app) {
        let origin = app.base.as_str();
        for (from, next) in [
            (format!("{origin}/admin/users/new"), "/login?next=%2Fadmin%2Fusers%2Fnew"),
            (format!("{origin}/admin/mcp/users?page=2"), "/login?next=%2Fadmin%2Fmcp%2Fusers%3Fpage%3D2"),
            (format!("{origin}/oauth/authorize"), "/login?next=%2Fdashboard"),
            ("https://evil.example/admin".to_owned(), "/login?next=%2Fdashboard"),
            (String::new(), "/login?next=%2Fdashboard"),
        ] {
            let browser = app.anonymous();
            let shown = browser.get("/login").await;
            let token = shown.hidden("/login").into_iter().find(|(name, _)| name == "csrf").unwrap().1;
            let request = browser.request("POST", "/admin/users/new").header("Referer", &from);
            let answer = request.form(&[("csrf", token)]).send().await.unwrap();
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert_eq!(status, 401, "{text}");
            assert!(text.contains(&format!("href=\"{next}\"")), "{from}: {text}");
        }
        let request = app.admin().await.request("POST", "/admin/users/new").header("Referer", format!("{origin}/admin/users/new"));
        let text = request.form(&[("csrf", "another")]).send().await.unwrap().text().await.unwrap();
        assert!(text.contains("<a class=\"btn primary\" href=\"/admin/users/new\">Open the form again</a>"), "{text}");
    }

    /// The address that a form was sent to, opened in a browser, leads to the form.
    async fn the_address_of_a_form_leads_to_the_form(app) {
        let browser = app.admin().await;
        let open = async |mode: &str| {
            let request = browser.request("GET", "/admin/users/2/place").header("Sec-Fetch-Mode", mode);
            let answer = request.send().await.unwrap();
            let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            (answer.status().as_u16(), to)
        };
        assert_eq!(open("navigate").await, (303, Some("/admin/users/2".into())));
        assert_eq!(open("cors").await, (405, None));
    }

    /// The log names a setting as its page does, with both values.
    async fn a_changed_setting_is_told_in_words(app) {
        let browser = app.admin().await;
        let page = "/admin/stop/endpoint";
        browser.submit(page, page, &[("password", crate::support::PASSWORD)]).await;
        let log = html::text(&browser.get("/admin/mcp/audit").await.text);
        assert!(log.contains("MCP server enabled: Yes → No"), "{log}");
    }
}

/// A server that nobody has set up says so, with where the link is; afterwards nobody learns anything.
#[actix_web::test]
async fn an_empty_server_says_that_it_is_empty() {
    let app = TestApp::empty().await;
    let url = portcullis::service::bootstrap::setup_link(&app.ctx).await.unwrap().unwrap();
    let stranger = app.anonymous();
    let login = html::text(&stranger.get("/login").await.text);
    assert!(login.contains("This server has not been set up yet."), "{login}");
    let wrong = stranger.get("/setup").await;
    assert_eq!(wrong.status, 404);
    assert!(wrong.text.contains("has not been set up yet"), "{}", wrong.text);
    let browser = app.anonymous();
    let fields = [
        ("account", "First Ltd"),
        ("name", "Fay First"),
        ("email", "fay@first.example"),
        ("password", crate::support::PASSWORD),
    ];
    let link = url.strip_prefix(&app.base).unwrap();
    let done = browser.submit(link, "/setup", &fields).await;
    let next = html::text(&browser.get(done.header("location")).await.text);
    assert!(next.contains("The index is still empty") && next.contains("Import a file"), "{next}");
    let overview = html::text(&browser.get("/admin").await.text);
    assert!(overview.contains("The index is empty"), "{overview}");
    for page in ["/dashboard/stores", "/dashboard/contacts"] {
        let text = html::text(&browser.get(page).await.text);
        assert!(text.contains("The index is empty.") && text.contains("Import a file"), "{text}");
    }
    let entry = app.audited("user_created").await.remove(0);
    assert_eq!(entry.actor, "the setup link");
    for page in ["/login", "/setup"] {
        let text = stranger.get(page).await.text;
        assert!(!text.contains("has not been set up"), "{text}");
    }
    app.stop().await;
}
