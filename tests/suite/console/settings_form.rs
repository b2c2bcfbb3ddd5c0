//! The form of Settings: what it shows, what it refuses, who may see it, and the manual beside it.

use portcullis::domain::settings::{SETTINGS, Settings};

use super::settings::{PATH, confirm, current, enter, rows};
use crate::support::{AUDITOR, PASSWORD, html, on_sqlite};

on_sqlite! {
    /// What lets in less is confirmed without a password, and says what it does.
    async fn narrowing_asks_for_no_password_but_says_what_it_does(app) {
        let admin = app.admin().await;
        let page = enter(&admin, &[("mcp_enabled", "no")]).await;
        assert!(!page.text.contains("id=\"password\""));
        let text = html::text(&page.text);
        assert!(text.contains("The very next request of every AI client of every person is refused"), "{text}");
        assert!(current(app).await.mcp_enabled, "asking changes nothing");
        assert_eq!(confirm(&admin, &page, "").await.status, 303);
        let both = enter(&admin, &[("mcp_enabled", "yes"), ("new_client_mail", "no")]).await;
        assert!(both.text.contains("id=\"password\""), "one that widens is enough");
        for name in ["activity_days", "audit_days"] {
            let shorter = enter(&admin, &[(name, "31")]).await;
            assert!(html::text(&shorter.text).contains("This cannot be undone"));
            assert!(shorter.text.contains("id=\"password\""), "nobody covers their tracks from an unlocked screen");
            let longer = enter(&admin, &[(name, "900")]).await;
            assert!(!longer.text.contains("id=\"password\""));
        }
    }

    /// Whoever looks at what was changed finds it without reading every line.
    async fn what_is_not_as_on_a_new_server_is_marked(app) {
        let admin = app.admin().await;
        let marked = async || {
            let page = admin.get(PATH).await.text;
            let settings = page.split("class=\"setting\" id=\"setting-").skip(1);
            let marked = settings.filter(|setting| setting.contains("Not the default"));
            marked.map(|setting| setting.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marked().await, [""; 0]);
        for (value, expected) in [("45", vec!["code_seconds"]), ("60", vec![])] {
            let page = enter(&admin, &[("code_seconds", value)]).await;
            assert_eq!(confirm(&admin, &page, PASSWORD).await.status, 303);
            assert_eq!(marked().await, expected);
        }
    }

    async fn the_way_back_from_the_confirmation_keeps_what_was_entered(app) {
        let admin = app.admin().await;
        let page = enter(&admin, &[("code_seconds", "45")]).await;
        let mut fields = page.hidden(PATH);
        for field in &mut fields {
            if field.0 == "step" {
                "edit".clone_into(&mut field.1);
            }
        }
        let form = admin.post(PATH, &fields).await;
        assert_eq!(form.status, 200);
        assert!(form.text.contains("name=\"code_seconds\" value=\"45\""));
        assert_eq!(rows(app).await, 0);
        let same = enter(&admin, &[("code_seconds", "60")]).await;
        assert_eq!((same.status, same.header("location")), (303, PATH), "nothing to confirm");
        assert!(html::text(&admin.get(PATH).await.text).contains("Nothing was changed"));
    }

    /// Every wrong value is named beside its field, and all that was entered is kept.
    async fn wrong_values_are_named_and_kept(app) {
        let admin = app.admin().await;
        let wrong = [
            ("mcp_enabled", "maybe"),
            ("allowed_ips", "192.0.2.0/99"),
            ("allowed_origins", "http://inspector.example"),
            ("dynamic_registration", ""),
            ("metadata_documents", "all"),
            ("access_token_seconds", "899"),
            ("refresh_token_seconds", "0"),
            ("refresh_absolute_seconds", "-1"),
            ("refresh_retry_seconds", "301"),
            ("code_seconds", "601"),
            ("require_consent", "YES"),
            ("personal_access_tokens", "1"),
            ("personal_token_days", "366"),
            ("activity_days", "9999"),
            ("audit_days", "thirty"),
            ("new_client_mail", "\u{0}"),
        ];
        assert_eq!(wrong.map(|(name, _)| name).as_slice(), SETTINGS.iter().map(|row| row.name).collect::<Vec<_>>());
        let page = enter(&admin, &wrong).await;
        assert_eq!(page.status, 400);
        assert!(page.text.contains("<title>Error:"));
        for (name, value) in wrong {
            assert!(page.text.contains(&format!("<a href=\"#{name}\">")), "{name} in the summary");
            assert!(page.text.contains(&format!("id=\"{name}-error\"")), "{name} at its field");
            let typed = SETTINGS.iter().find(|row| row.name == name).unwrap().choices().is_empty();
            assert!(!typed || page.text.contains(value), "{name} keeps {value}");
        }
        for (values, named) in [
            ([("refresh_token_seconds", "7200"), ("refresh_absolute_seconds", "3600")], "refresh_token_seconds"),
            ([("refresh_token_seconds", "3600"), ("access_token_seconds", "7200")], "access_token_seconds"),
        ] {
            let page = enter(&admin, &values).await;
            assert_eq!(page.status, 400);
            assert!(page.text.contains(&format!("<a href=\"#{named}\">")), "{named}");
        }
        assert_eq!(rows(app).await, 0);
    }

    /// Forms that no page of ours makes: refused without a crash, and nothing is repeated raw.
    async fn hostile_forms_change_nothing(app) {
        let admin = app.admin().await;
        let open = admin.get(PATH).await;
        let fields = open.hidden(PATH);
        let csrf = fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
        let was = fields.iter().find(|(name, _)| name == "was").unwrap().1.clone();
        for extra in [
            vec![("was", was.as_str()), ("step", "confirm"), ("no_such_setting", "yes")],
            vec![("was", was.as_str()), ("step", "now"), ("code_seconds", "30")],
            vec![("code_seconds", "30")],
            vec![("was", "{"), ("code_seconds", "30")],
            vec![("was", "[]"), ("code_seconds", "30")],
            vec![("was", "{\"code_seconds\":\"9999\"}"), ("code_seconds", "30")],
            vec![("was", "{\"no_such_setting\":\"1\"}"), ("code_seconds", "30")],
        ] {
            let mut form = vec![("csrf", csrf.as_str())];
            form.extend(extra.iter().copied());
            let page = admin.post(PATH, &form).await;
            assert_eq!(page.status, 400, "{extra:?}");
        }
        // Whoever claims that it was open already does not get around the password.
        let claimed = was.replace("\"personal_access_tokens\":\"no\"", "\"personal_access_tokens\":\"yes\"");
        let form = [("csrf", csrf.as_str()), ("was", claimed.as_str()), ("step", "confirm"), ("personal_access_tokens", "yes"), ("code_seconds", "30")];
        assert_eq!(admin.post(PATH, &form).await.status, 409);
        let script = "</textarea><script>alert(1)</script>";
        for name in ["allowed_ips", "allowed_origins", "code_seconds"] {
            let page = enter(&admin, &[(name, script)]).await;
            assert_eq!(page.status, 400);
            assert!(!page.text.contains("<script>alert"), "{name}");
        }
        let long = "192.0.2.1 ".repeat(3000);
        assert_eq!(enter(&admin, &[("allowed_ips", &long)]).await.status, 400);
        assert_eq!(rows(app).await, 0);
    }

    /// An auditor reads every value and has nothing to press; a member is not let in.
    async fn an_auditor_reads_and_a_member_does_not(app) {
        app.set("access_token_seconds", "7200").await;
        let auditor = app.signed_in(AUDITOR).await;
        let page = auditor.get(PATH).await;
        assert_eq!(page.status, 200);
        let main = page.text.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
        assert!(!main.contains("<form") && !main.contains("<input") && !main.contains("<button"));
        assert!(html::text(main).contains("7200 seconds (2 hours)"));
        let form = [("csrf", auditor.form_token().await), ("code_seconds", "30".to_owned())];
        assert_eq!(auditor.post(PATH, &form).await.status, 403);
        let member = app.member().await;
        assert_eq!(member.get(PATH).await.status, 403);
        assert!(!member.get("/dashboard").await.text.contains(PATH), "nor shown the way");
        for browser in [auditor, app.admin().await] {
            assert!(browser.get("/dashboard").await.text.contains(PATH));
        }
    }

    /// The screen shows the whole table, with each default and bound.
    async fn every_setting_is_on_the_page_with_its_default(app) {
        let usual = Settings::default();
        assert_eq!(current(app).await, usual);
        let page = app.admin().await.get(PATH).await.text;
        for row in &SETTINGS {
            let part = page.split(&format!("id=\"setting-{}\"", row.name)).nth(1).unwrap_or_else(|| panic!("{} is not shown", row.name));
            let part = part.split("class=\"setting\"").next().unwrap();
            let text = html::text(part);
            for words in [row.title, row.about, row.when, &format!("Default: {}", row.default_in_words())] {
                assert!(text.contains(words), "{}: {words}: {text}", row.name);
            }
            let value = row.stored(&usual);
            let shows = if row.choices().is_empty() { format!("value=\"{value}\"") } else { format!("value=\"{value}\" selected") };
            assert!(part.contains(&shows) || (value.is_empty() && part.contains("<textarea")), "{}", row.name);
        }
        assert!(html::text(&page).contains("seconds (1 hour)"));
    }
}

/// The manual has every row as the screen has it.
#[test]
fn the_manual_tells_the_same_as_the_table() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let manual = std::fs::read_to_string(folder.join("settings.md")).unwrap();
    for row in &SETTINGS {
        let bounds = match row.choices() {
            [] => row.bounds().unwrap_or_default(),
            choices => choices.iter().map(|(_, label)| *label).collect::<Vec<_>>().join(", "),
        };
        let line = format!(
            "| {} | {} | {bounds} | {} {} |",
            row.title,
            row.default_in_words(),
            row.about,
            row.when
        );
        assert!(manual.lines().any(|known| known == line), "docs/settings.md lacks:\n{line}");
    }
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(index.contains("(settings.md)"));
}
