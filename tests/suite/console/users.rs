//! All Users: the list, and letting somebody in.

use crate::support::{
    ADMIN, AUDITOR, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

/// The ids of a role and an account by name.
pub async fn id_of(app: &TestApp, table: &str, name: &str) -> String {
    app.count(format!("SELECT id FROM {table} WHERE name = '{name}'")).await.to_string()
}

/// The names in the rows of the list, in order.
fn listed(page: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &'static str)> = [ADMIN, AUDITOR, MEMBER, OTHER]
        .iter()
        .filter_map(|person| {
            Some((page.find(&format!(">{}</a><span class=\"hint\">", person.name))?, person.name))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

both_databases! {
    async fn the_list_is_filtered_by_everything_it_shows(app) {
        let admin = app.admin().await;
        let (auditor, other) = (id_of(app, "roles", "Auditor").await, id_of(app, "accounts", "Other").await);
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", OTHER.email)).await;
        app.set_access(MEMBER, false).await;
        for (query, names) in [
            (String::new(), vec![ADMIN.name, MEMBER.name, OTHER.name, AUDITOR.name]),
            ("q=MIA".into(), vec![MEMBER.name]),
            ("q=other.example".into(), vec![OTHER.name]),
            (format!("role={auditor}"), vec![AUDITOR.name]),
            (format!("account={other}"), vec![OTHER.name]),
            ("status=suspended".into(), vec![OTHER.name]),
            ("status=active&access=disabled".into(), vec![MEMBER.name]),
            ("status=invited".into(), vec![]),
            ("q=%25%25".into(), vec![]),
            ("sort=-user".into(), vec![AUDITOR.name, OTHER.name, MEMBER.name, ADMIN.name]),
            ("sort=role".into(), vec![ADMIN.name, AUDITOR.name, MEMBER.name, OTHER.name]),
            ("sort=-account".into(), vec![OTHER.name, MEMBER.name, AUDITOR.name, ADMIN.name]),
            ("sort=status".into(), vec![ADMIN.name, AUDITOR.name, MEMBER.name, OTHER.name]),
            ("sort=access".into(), vec![MEMBER.name, ADMIN.name, AUDITOR.name, OTHER.name]),
            ("sort=created".into(), vec![ADMIN.name, AUDITOR.name, MEMBER.name, OTHER.name]),
        ] {
            let page = admin.get(&format!("/admin/users?{query}")).await;
            assert_eq!(page.status, 200, "{query}");
            assert_eq!(listed(&page.text), names, "{query}");
        }
    }

    /// Whoever looks for a name looks where its letter stands, be it small or large.
    async fn names_are_listed_by_their_letters(app) {
        let admin = app.admin().await;
        for (person, name) in [(ADMIN, "Zeno"), (AUDITOR, "anna"), (MEMBER, "Bert"), (OTHER, "carl")] {
            app.sql(format!("UPDATE users SET name = '{name}' WHERE email = '{}'", person.email)).await;
        }
        for (path, first) in [("/admin/users?sort=user", "anna"), ("/admin/mcp/users?sort=user", "anna"), ("/admin/mcp/users?sort=-user", "Zeno")] {
            let page = admin.get(path).await.text;
            let mut places: Vec<_> = ["anna", "Bert", "carl", "Zeno"].map(|name| (page.find(&format!(">{name}</a>")).unwrap(), name)).into();
            places.sort_unstable();
            let mut names: Vec<_> = places.into_iter().map(|(_, name)| name).collect();
            if first == "Zeno" { names.reverse(); }
            assert_eq!(names, ["anna", "Bert", "carl", "Zeno"], "{path}");
        }
        app.sql("UPDATE accounts SET name = 'acme' WHERE name = 'Acme'").await;
        app.sql("UPDATE accounts SET name = 'Beta' WHERE name = 'Other'").await;
        let page = admin.get("/admin/accounts?sort=name").await.text;
        assert!(page.find(">acme</a>").unwrap() < page.find(">Beta</a>").unwrap(), "accounts too");
    }

    /// The list of everybody says how many there are without counting them, whatever made them come or
    /// go.
    async fn the_number_of_people_is_that_of_the_rows(app) {
        let settled = async || {
            let rows = app.count("SELECT count(*) FROM users WHERE deleted_at IS NULL").await;
            assert_eq!(app.count("SELECT people FROM people_count").await, rows);
            rows
        };
        let first = settled().await;
        assert!(first > 3);
        let copy = "INSERT INTO users (subject, account_id, role_id, email, name, status, mcp_enabled, created_at, deleted_at) \
                    SELECT subject || 'x', account_id, role_id, email || 'x', name, status, mcp_enabled, created_at, ";
        app.sql(format!("{copy} NULL FROM users")).await;
        assert_eq!(settled().await, 2 * first, "all of one statement");
        app.sql(format!("{copy} 1 FROM users WHERE email LIKE '%x'")).await;
        assert_eq!(settled().await, 2 * first, "nobody of those who are gone already");
        app.sql("UPDATE users SET deleted_at = 5 WHERE email LIKE '%x' AND email NOT LIKE '%xx'").await;
        assert_eq!(settled().await, first);
        app.sql("UPDATE users SET deleted_at = 6, name = 'Gone' WHERE deleted_at = 5").await;
        assert_eq!(settled().await, first);
        app.sql("UPDATE users SET deleted_at = NULL WHERE deleted_at = 6").await;
        assert_eq!(settled().await, 2 * first);
        app.sql("DELETE FROM users WHERE email LIKE '%x'").await;
        assert_eq!(settled().await, first);
        let shown = app.admin().await.get("/admin/mcp/users").await.text;
        assert!(html::text(&shown).contains(&format!("Select all {first} matching")), "{shown}");
    }

    /// A member is let in with a password that is told to them, by whoever may manage users.
    async fn a_user_with_a_password_can_sign_in_at_once(app) {
        let admin = app.admin().await;
        let (member, acme) = (id_of(app, "roles", "Member").await, id_of(app, "accounts", "Acme").await);
        let fields = [
            ("email", "Nia@New.example"), ("name", "Nia New"), ("role", &member), ("account", &acme),
            ("how", "password"), ("new_password", PASSWORD), ("mcp", "yes"),
        ];
        let made = admin.submit("/admin/users/new", "/admin/users/new", &fields).await;
        assert_eq!(made.status, 303, "{}", html::text(&made.text));
        app.anonymous().sign_in("nia@new.example", PASSWORD).await;
        let entry = app.audited("user_created").await.pop().unwrap();
        assert_eq!((entry.actor.as_str(), entry.target.as_deref()), (ADMIN.email, Some("nia@new.example")));
        let again = admin.submit("/admin/users/new", "/admin/users/new", &fields).await;
        assert_eq!(again.status, 409);
        assert!(again.text.contains("href=\"#email\""), "the field is named");
    }

    /// Contract §9: giving a role asks for the password; being a plain Member does not.
    async fn any_other_role_asks_for_the_password(app) {
        let admin = app.admin().await;
        let (role, acme) = (id_of(app, "roles", "Administrator").await, id_of(app, "accounts", "Acme").await);
        let fields = |password: &'static str| {
            vec![("email", "nia@new.example"), ("name", "Nia"), ("role", role.as_str()), ("account", acme.as_str()), ("how", "invite"), ("password", password)]
        };
        for wrong in ["", "not it at all"] {
            let refused = admin.submit("/admin/users/new", "/admin/users/new", &fields(wrong)).await;
            assert_eq!(refused.status, 403, "{}", html::text(&refused.text));
            assert!(refused.text.contains("href=\"#password\""));
            assert_eq!(app.count("SELECT count(*) FROM users").await, 4);
        }
        assert_eq!(admin.submit("/admin/users/new", "/admin/users/new", &fields(PASSWORD)).await.status, 200);
        assert_eq!(app.count("SELECT count(*) FROM users").await, 5);
    }
}

on_sqlite! {
    async fn what_is_wrong_with_a_new_user_is_named_and_the_rest_kept(app) {
        let admin = app.admin().await;
        let (member, acme) = (id_of(app, "roles", "Member").await, id_of(app, "accounts", "Acme").await);
        let right = [("email", "nia@new.example"), ("name", "Nia New"), ("role", member.as_str()), ("account", acme.as_str()), ("how", "password"), ("new_password", PASSWORD)];
        for (name, value) in [
            ("email", "no address"), ("name", " "), ("role", "999"), ("role", "x"), ("account", "0"), ("how", "magic"),
            ("new_password", "short"), ("new_password", "password1234"), ("new_password", "nia new 1"),
        ] {
            let fields: Vec<_> = right.iter().map(|pair| if pair.0 == name { (name, value) } else { *pair }).collect();
            let page = admin.submit("/admin/users/new", "/admin/users/new", &fields).await;
            assert!(page.status == 400 || name == "role" && page.status == 403, "{name}={value}: {}", page.status);
            assert!(page.text.contains(&format!("href=\"#{}\"", if value == "999" { "password" } else { name })), "{name}={value}");
            assert!(name == "email" || page.text.contains("value=\"nia@new.example\""), "{name}: what was typed is kept");
            assert!(!page.text.contains(PASSWORD), "a password never comes back");
        }
        assert_eq!(app.count("SELECT count(*) FROM users").await, 4);
    }

    /// Who may manage users and not roles makes Members, whatever the form says.
    async fn without_the_permission_for_roles_everybody_new_is_a_member(app) {
        app.sql("INSERT INTO roles (name, permissions, tools, built_in) VALUES ('Helpdesk', '[\"view_users\",\"manage_users\"]', '[]', FALSE)").await;
        let (helpdesk, administrator, acme) = (id_of(app, "roles", "Helpdesk").await, id_of(app, "roles", "Administrator").await, id_of(app, "accounts", "Acme").await);
        app.sql(format!("UPDATE users SET role_id = {helpdesk} WHERE email = '{}'", AUDITOR.email)).await;
        let browser = app.signed_in(AUDITOR).await;
        let page = browser.get("/admin/users/new").await;
        assert!(!page.text.contains("name=\"role\"") && !page.text.contains("name=\"mcp\""));
        let fields = [("email", "nia@new.example"), ("name", "Nia"), ("role", administrator.as_str()), ("account", acme.as_str()), ("how", "password"), ("new_password", PASSWORD), ("mcp", "yes"), ("password", PASSWORD)];
        assert_eq!(browser.send(&page, "/admin/users/new", &fields).await.status, 303);
        let made = portcullis::service::people::by_address(&app.ctx, "nia@new.example").await.unwrap();
        assert_eq!((made.role.as_str(), made.mcp_enabled), ("Member", false));
    }
}
