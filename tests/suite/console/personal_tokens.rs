//! Personal access tokens as their owner makes and ends them, and as administrators see them
//! (contract §6, §9; checklist C22).

use crate::support::personal::{FORM, ask, client, secret, token_of};
use crate::support::{ADMIN, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite};

const PAGE: &str = "/dashboard/settings/mcp";

async fn tokens(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM tokens").await
}

async fn allow(app: &TestApp) {
    app.set("personal_access_tokens", "yes").await;
}

both_databases! {
    /// On the answer and nowhere after it; the log of what was done names no secret.
    async fn a_token_is_shown_once(app) {
        allow(app).await;
        let browser = app.member().await;
        let page = ask(&browser, "Weekly report", "usage:read stores:read", "30", PASSWORD).await;
        assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
        let secret = secret(&page).unwrap();
        assert!(secret.len() >= "pc_pat_".len() + 43);
        let text = html::text(&page.text);
        let claude = format!("claude mcp add --transport http portcullis {} --header \"Authorization: Bearer {secret}\"", app.resource());
        for words in [claude.as_str(), "bearer_token_env_var = \"PORTCULLIS_TOKEN\"", "it is not shown again"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(client(app, &secret).call().await.is_ok());
        for path in [PAGE, FORM, "/dashboard"] {
            assert!(!browser.get(path).await.text.contains("pc_pat_"), "{path}");
        }
        let listed = html::text(&browser.get(PAGE).await.text);
        for words in ["Weekly report", "Active", "Search stores and read their profiles"] {
            assert!(listed.contains(words), "{words}: {listed}");
        }
        let entries = app.audited("personal_token_created").await;
        assert_eq!((entries[0].actor.as_str(), entries[0].target.as_deref()), (MEMBER.email, Some("Weekly report")));
        assert!(!entries[0].detail().to_string().contains("pc_pat_"));
        assert_eq!(app.count("SELECT active_tokens FROM users WHERE email = 'mia@acme.example'").await, 1);
    }

    /// A reload of the answer, or a second press of the button.
    async fn one_form_makes_one_token(app) {
        allow(app).await;
        let browser = app.member().await;
        let form = browser.get(FORM).await;
        let fields = [("name", "Job"), ("scope", "usage:read"), ("expiry", "30"), ("password", PASSWORD)];
        let send = || browser.send(&form, FORM, &fields);
        let (first, second) = futures_util::future::join(send(), send()).await;
        let mut seen = [first.status, second.status];
        seen.sort_unstable();
        assert_eq!(seen, [200, 409]);
        let again = send().await;
        assert_eq!((again.status, secret(&again)), (409, None));
        assert!(html::text(&again.text).contains("This form was sent before"), "{}", again.text);
        assert_eq!(tokens(app).await, 1);
        assert_eq!(ask(&browser, "Job", "usage:read", "30", PASSWORD).await.status, 200, "a new form makes another");
    }

    async fn a_wrong_password_makes_nothing_is_written_down_and_slows_down(app) {
        allow(app).await;
        let browser = app.member().await;
        for _ in 0..5 {
            let page = ask(&browser, "Kept name", "stores:read", "30", "not the password").await;
            assert_eq!((page.status, secret(&page)), (403, None));
            assert!(page.text.contains("That is not your password") && page.text.contains("href=\"#password\""));
            assert!(page.text.contains("value=\"Kept name\"") && !page.text.contains("not the password"));
            assert!(html::boxes(&page.text, "scope").contains(&("stores:read".into(), true)));
        }
        let page = ask(&browser, "Job", "usage:read", "30", PASSWORD).await;
        assert_eq!(page.status, 429, "not even the right one");
        assert!(page.header("retry-after").parse::<i64>().unwrap() > 0);
        assert_eq!(tokens(app).await, 0);
        let entries = app.audited("password_reentered").await;
        assert_eq!(entries.len(), 6, "that there were too many is written down once");
        assert!(entries.iter().all(|entry| entry.outcome == "denied" && entry.actor == MEMBER.email));
        app.clock.advance(900);
        assert_eq!(ask(&browser, "Job", "usage:read", "30", PASSWORD).await.status, 200);
    }

    async fn nobody_has_more_than_twenty(app) {
        allow(app).await;
        let browser = app.member().await;
        for number in 0..20 {
            assert_eq!(ask(&browser, &format!("Job {number}"), "usage:read", "30", PASSWORD).await.status, 200);
        }
        let page = ask(&browser, "Job 20", "usage:read", "30", PASSWORD).await;
        assert_eq!((page.status, secret(&page)), (409, None));
        assert!(html::text(&page.text).contains("Revoke one first"));
        let entries = app.audited("personal_token_created").await;
        assert_eq!(entries.last().unwrap().outcome, "denied");
        // Those that have ended do not count.
        app.clock.advance(30 * 86_400);
        let browser = app.member().await;
        assert_eq!(ask(&browser, "Job 21", "usage:read", "30", PASSWORD).await.status, 200);
    }

    /// Confirmed without a password; nobody else's, and no client's.
    async fn a_token_is_revoked_by_its_owner_alone(app) {
        allow(app).await;
        let mine = token_of(app, MEMBER, "Mine", "usage:read").await;
        let path = format!("{PAGE}/tokens/{}/revoke", app.newest_token_of(MEMBER).await);
        for person in [OTHER, ADMIN] {
            let browser = app.signed_in(person).await;
            let token = browser.form_token().await;
            assert_eq!(browser.get(&path).await.status, 404);
            assert_eq!(browser.post(&path, &[("csrf", token.as_str())]).await.status, 404);
        }
        let browser = app.member().await;
        assert_eq!(browser.post(&path, &[("csrf", "")]).await.status, 403);
        app.ai_client("usage:read").await;
        let oauth = app.count("SELECT id FROM tokens WHERE kind = 'oauth'").await;
        assert_eq!(browser.get(&format!("{PAGE}/tokens/{oauth}/revoke")).await.status, 404, "a client's");
        assert!(mine.call().await.is_ok());
        let confirmation = browser.get(&path).await;
        assert!(html::text(&confirmation.text).contains("The very next request with it is refused"));
        assert_eq!(browser.send(&confirmation, &path, &[]).await.status, 303);
        assert_eq!(mine.call().await.status, 401);
        assert_eq!(app.audited("token_revoked").await[0].actor, MEMBER.email);
        let text = html::text(&browser.get(PAGE).await.text);
        assert!(text.contains("Revoked the token “Mine”"), "{text}");
        assert!(html::text(&browser.get(&path).await.text).contains("There is nothing to revoke"));
    }

    /// Contract §9, MCP Users: the grid, the details, and what its actions end.
    async fn an_administrator_sees_and_ends_them(app) {
        allow(app).await;
        let token = token_of(app, MEMBER, "Weekly report", "usage:read").await;
        let admin = app.admin().await;
        let grid = admin.get("/admin/mcp/users?q=mia").await;
        let cell = html::text(&grid.text);
        assert!(cell.contains("Personal Access Token") && !cell.contains("Weekly report"), "{cell}");
        let user = app.id_of(MEMBER).await;
        let details = html::text(&admin.get(&format!("/admin/mcp/users/{user}/tokens")).await.text);
        assert!(details.contains("Weekly report Personal access token Active"), "{details}");

        let page = format!("/admin/mcp/users/{user}/tokens");
        let action = format!("{page}/{}/revoke", app.newest_token_of(MEMBER).await);
        let asked = html::text(&admin.get(&action).await.text);
        assert!(asked.contains("Revoke the token of Weekly report?"), "{asked}");
        assert!(token.call().await.is_ok(), "asking changes nothing");
        let done = admin.submit(&action, &action, &[]).await;
        assert_eq!((done.status, done.header("location")), (303, page.as_str()), "back to the details");
        assert_eq!(token.call().await.status, 401, "revoked in the details");

        let token = token_of(app, MEMBER, "Weekly report", "usage:read").await;
        let all = format!("/admin/mcp/users/{user}/revoke");
        assert_eq!(admin.submit(&all, &all, &[]).await.status, 303);
        assert_eq!(token.call().await.status, 401, "Revoke All");

        let token = token_of(app, MEMBER, "Weekly report", "usage:read").await;
        app.set_access(MEMBER, false).await;
        assert_eq!(token.call().await.status, 401, "Disable");
        app.set_access(MEMBER, true).await;
        assert_eq!(token.call().await.status, 401, "Enable restores none");
    }

    async fn who_may_not_make_one_is_refused_and_that_is_written_down(app) {
        allow(app).await;
        let browser = app.member().await;
        let form = browser.get(FORM).await;
        let fields = [("name", "Job"), ("scope", "usage:read"), ("expiry", "30"), ("password", PASSWORD)];
        app.set("personal_access_tokens", "no").await;
        let page = browser.send(&form, FORM, &fields).await;
        assert_eq!((page.status, secret(&page)), (403, None));
        assert!(html::text(&page.text).contains("turned off on this server"));
        allow(app).await;
        app.set_access(MEMBER, false).await;
        let page = browser.send(&form, FORM, &fields).await;
        assert_eq!((page.status, secret(&page)), (403, None));
        assert!(html::text(&page.text).contains("Your MCP access is disabled"));
        assert_eq!(tokens(app).await, 0);
        let entries = app.audited("personal_token_created").await;
        assert_eq!(entries.iter().map(|entry| entry.outcome.as_str()).collect::<Vec<_>>(), ["denied", "denied"]);
        assert!(!html::text(&browser.get(PAGE).await.text).contains("New token"));
    }
}

on_sqlite! {
    /// The whole database, as bytes, holds the hash alone.
    async fn the_database_knows_no_secret(app) {
        allow(app).await;
        let page = ask(&app.member().await, "Name in clear", "usage:read", "30", PASSWORD).await;
        let secret = secret(&page).unwrap();
        client(app, &secret).call().await;
        let path = app.database.url.strip_prefix("sqlite://").unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("Name in clear"), "what is there is found");
        assert!(!holds(&secret) && !holds(secret.strip_prefix("pc_pat_").unwrap()));
    }

    /// Every field is named, and the form stays filled.
    async fn what_is_wrong_is_said_at_its_field(app) {
        allow(app).await;
        let browser = app.member().await;
        let long = "x".repeat(61);
        for (name, scopes, days, field) in [
            ("  ", "usage:read", "30", "name"),
            (long.as_str(), "usage:read", "30", "name"),
            ("Job", "", "30", "scope"),
            ("Job", "openid offline_access own:moon", "30", "scope"),
            ("Job", "usage:read", "0", "days"),
            ("Job", "usage:read", "366", "days"),
            ("Job", "usage:read", "-5", "days"),
            ("Job", "usage:read", "soon", "days"),
            ("Job", "usage:read", "9223372036854775807", "days"),
            ("Job", "usage:read", "", "days"),
        ] {
            let page = ask(&browser, name, scopes, days, PASSWORD).await;
            assert_eq!((page.status, secret(&page)), (400, None), "{name} {scopes} {days}");
            assert!(page.text.contains(&format!("<a href=\"#{field}\">")), "{field}: {}", page.text);
            assert!(page.text.contains(&format!("id=\"{field}\"")) && page.text.contains(&format!("id=\"{field}-error\"")), "{field}");
            assert!(page.text.contains(&format!("value=\"{days}\"")) && !page.text.contains(PASSWORD));
            assert!(page.text.contains("<title>Error:"));
        }
        let page = ask(&browser, "", "", "", "").await;
        assert_eq!(page.text.matches("<li><a href=\"#").count(), 4, "all at once: {}", page.text);
        assert_eq!(tokens(app).await, 0);
        assert!(app.audited("password_reentered").await.is_empty(), "the password is not asked of a form that is wrong");
        let page = ask(&browser, "Job", "usage:read", "30", "").await;
        assert_eq!((page.status, page.text.contains("Enter your password")), (403, true));
        let token = browser.form_token().await;
        let page = browser.post(FORM, &[("csrf", token.as_str()), ("name", "Job"), ("scope", "usage:read"), ("expiry", "30"), ("password", PASSWORD)]).await;
        assert_eq!(page.status, 400, "without its own mark");
    }

    /// The setting's longest life bounds what is offered and what is taken.
    async fn the_longest_life_is_the_settings(app) {
        allow(app).await;
        app.set("personal_token_days", "45").await;
        let browser = app.member().await;
        let form = browser.get(FORM).await;
        assert!(form.text.contains("<option value=\"45\"") && !form.text.contains("<option value=\"90\""));
        assert_eq!(ask(&browser, "Job", "usage:read", "46", PASSWORD).await.status, 400);
        assert_eq!(ask(&browser, "Job", "usage:read", "45", PASSWORD).await.status, 200);
        let ticked: Vec<_> = html::boxes(&form.text, "scope").into_iter().filter(|(_, on)| *on).collect();
        assert_eq!(ticked, [("usage:read".to_owned(), true)], "nothing that spends");
    }

    /// Off: those that are there are listed with the reason, and the form is closed.
    async fn while_they_are_off_the_page_says_so(app) {
        let closed = app.member().await.get(FORM).await;
        assert_eq!((closed.status, closed.hidden(FORM).len()), (200, 0));
        assert!(html::text(&closed.text).contains("turned off on this server") && closed.text.contains(ADMIN.name));
        allow(app).await;
        token_of(app, MEMBER, "Weekly report", "usage:read").await;
        app.set("personal_access_tokens", "no").await;
        let text = html::text(&app.member().await.get(PAGE).await.text);
        assert!(text.contains("These tokens do not work") && text.contains("Weekly report Not working"), "{text}");
        assert!(!text.contains("New token"));
        let details = format!("/admin/mcp/users/{}/tokens", app.id_of(MEMBER).await);
        let seen = html::text(&app.admin().await.get(&details).await.text);
        assert!(seen.contains("Personal access tokens are turned off on this server"), "{seen}");
        let other = html::text(&app.signed_in(OTHER).await.get(PAGE).await.text);
        assert!(!other.contains("Personal access tokens"));
    }
}
