//! Choosing an account for somebody: nobody is put into one by chance, and of very many accounts each
//! can still be chosen.

use super::users::id_of;
use crate::support::{MEMBER, PASSWORD, TestApp, both_databases, html};

const NEW: &str = "/admin/users/new";

/// Makes so many accounts more: "Company 1" and on.
async fn many(app: &TestApp, accounts: i64) {
    app.sql(format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {accounts}) \
         INSERT INTO accounts (name, plan_id, created_at) \
         SELECT 'Company ' || i, (SELECT min(id) FROM plans), 0 FROM n"
    ))
    .await;
}

async fn account(app: &TestApp, name: &str) -> i64 {
    let plan = app.count("SELECT min(id) FROM plans").await;
    app.sql(format!(
        "INSERT INTO accounts (name, plan_id, created_at) VALUES ('{name}', {plan}, 0)"
    ))
    .await;
    app.count(format!("SELECT max(id) FROM accounts WHERE name = '{name}'")).await
}

/// The form for somebody new, with that account.
fn new<'a>(role: &'a str, account: &'a [(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("email", "nia@new.example"),
        ("name", "Nia New"),
        ("role", role),
        ("how", "password"),
        ("new_password", "seven green lanterns swing"),
        ("password", PASSWORD),
    ];
    fields.extend_from_slice(account);
    fields
}

async fn account_of_nia(app: &TestApp) -> String {
    let row = portcullis::service::people::by_address(&app.ctx, "nia@new.example").await.unwrap();
    portcullis::service::directory::account_name(&app.ctx, row.account_id).await.unwrap()
}

both_databases! {
    /// Whoever forgets the field puts nobody on a stranger's credits.
    async fn no_account_is_chosen_by_chance(app) {
        let (admin, member) = (app.admin().await, id_of(app, "roles", "Member").await);
        let page = admin.get(NEW).await;
        assert!(page.text.contains("<option value=\"\">Choose an account</option>"));
        let chosen: Vec<_> = page.text.split("<option").filter(|option| option.contains(" selected")).collect();
        assert!(matches!(chosen.as_slice(), [role] if role.contains(">Member<")), "{chosen:?}");
        let refused = admin.submit(NEW, NEW, &new(&member, &[("account", "")])).await;
        assert_eq!(refused.status, 400);
        html::assert_complaints(&refused.text, &["account"]);
        assert!(refused.text.contains("value=\"nia@new.example\""), "what was typed is kept");
        assert_eq!(app.count("SELECT count(*) FROM users").await, 4);
        let role_left = admin.submit(NEW, NEW, &new("", &[("account", "1")])).await;
        html::assert_complaints(&role_left.text, &["role"]);
        assert!(role_left.text.contains("<option value=\"\">Choose a role</option>"), "no role is chosen by chance either");
    }

    /// Where there is but one account there is nothing to choose.
    async fn the_only_account_is_chosen(app) {
        let acme = id_of(app, "accounts", "Acme").await;
        app.sql(format!("UPDATE users SET account_id = {acme}")).await;
        app.sql(format!("DELETE FROM accounts WHERE id <> {acme}")).await;
        let page = app.admin().await.get(NEW).await;
        assert!(page.text.contains(&format!("<option value=\"{acme}\" selected>Acme</option>")));
    }

    /// The list stands by name as people read it, and tells namesakes apart.
    async fn a_list_of_accounts_is_in_order_and_tells_namesakes_apart(app) {
        let other = id_of(app, "accounts", "Other").await;
        let (small, twin) = (account(app, "anna & co").await, account(app, "Other").await);
        let page = app.admin().await.get(NEW).await;
        let options = page.text.split("name=\"account\"").nth(1).and_then(|rest| rest.split("</select>").next()).unwrap();
        let place = |text: &str| options.find(text).unwrap();
        assert!(place("Acme") < place(&format!("value=\"{small}\"")) && place(&format!("value=\"{small}\"")) < place("Other"));
        assert!(options.contains(&format!(">Other #{other}<")) && options.contains(&format!(">Other #{twin}<")));
    }

    /// The page of an account leads to the form with it chosen.
    async fn the_people_of_an_account_are_added_from_its_page(app) {
        let (admin, other) = (app.admin().await, id_of(app, "accounts", "Other").await);
        let people = admin.get(&format!("/admin/accounts/{other}?tab=people")).await;
        let link = format!("{NEW}?account={other}");
        assert!(people.text.contains(&format!("href=\"{link}\"")));
        let chosen = format!("<option value=\"{other}\" selected>Other</option>");
        assert!(admin.get(&link).await.text.contains(&chosen));
        for nothing in ["x", "0", "99999999999999999999", "4242"] {
            let page = admin.get(&format!("{NEW}?account={nothing}")).await;
            assert!(page.status == 200 && page.text.contains(">Choose an account<"), "{nothing}");
        }
        let auditor = app.signed_in(crate::support::AUDITOR).await;
        assert!(!auditor.get(&format!("/admin/accounts/{other}?tab=people")).await.text.contains(&link));
    }

    /// More accounts than a list can hold: each can be added to, moved to and filtered by.
    async fn of_five_thousand_accounts_each_can_be_chosen(app) {
        many(app, 5000).await;
        let (admin, member) = (app.admin().await, id_of(app, "roles", "Member").await);
        let page = admin.get(NEW).await;
        assert!(page.text.contains("name=\"account_name\" value=\"\"") && !page.text.contains("name=\"account\""));
        for (typed, words) in [
            ("", "Account: say which one"),
            ("Company 50001", "there is none called “Company 50001”"),
            ("company 499", "Enter"),
            ("\u{202e}evil", "no account can be called that"),
            ("Acme #4242424", "there is none called"),
        ] {
            let refused = admin.submit(NEW, NEW, &new(&member, &[("account_name", typed)])).await;
            let is_there = typed == "company 499";
            assert_eq!(refused.status, if is_there { 303 } else { 400 }, "{typed}");
            if is_there {
                assert_eq!(account_of_nia(app).await, "Company 499");
                app.sql("DELETE FROM users WHERE email = 'nia@new.example'").await;
                continue;
            }
            html::assert_complaints(&refused.text, &["account"]);
            assert!(html::text(&refused.text).contains(words), "{typed}: {}", html::text(&refused.text));
            assert!(refused.text.contains("value=\"nia@new.example\"") && (typed.is_empty() || refused.text.contains(&format!("value=\"{typed}\""))), "{typed}: kept");
        }
        let close = admin.submit(NEW, NEW, &new(&member, &[("account_name", "any 4986")])).await;
        assert!(html::text(&close.text).contains("“Company 4986”"), "the mend names what was meant");
        assert_eq!(admin.submit(NEW, NEW, &new(&member, &[("account_name", " COMPANY 4986 ")])).await.status, 303);
        assert_eq!(account_of_nia(app).await, "Company 4986");

        let last = id_of(app, "accounts", "Company 5000").await;
        let own = format!("/admin/users/{}", app.id_of(MEMBER).await);
        assert!(admin.get(&own).await.text.contains("name=\"account_name\" value=\"Acme\""), "the present one stands there");
        let moved = [("role", member.as_str()), ("account_name", "Company 5000"), ("password", PASSWORD)];
        assert_eq!(admin.submit(&own, &format!("{own}/place"), &moved).await.status, 303);
        let wrong = [("role", member.as_str()), ("account_name", "Nowhere"), ("password", PASSWORD)];
        let refused = admin.submit(&own, &format!("{own}/place"), &wrong).await;
        html::assert_complaints(&refused.text, &["account"]);
        assert!(refused.text.contains("value=\"Nowhere\""));

        for query in [format!("account={last}"), "account_name=company+5000".into()] {
            let found = admin.get(&format!("/admin/users?{query}")).await;
            let text = html::text(&found.text);
            assert!(text.contains("1 record found") && text.contains(MEMBER.name), "{query}: {text}");
            assert!(text.contains("Account: Company 5000"), "the chip names it");
            assert!(found.text.contains(&format!("/admin/users?account={last}&amp;sort=-user")) || found.text.contains(&format!("account={last}&#38;sort=-user")), "one spelling of the address");
            assert!(found.text.contains("value=\"Company 5000\"") || query.contains("company"), "{query}");
        }
        let unknown = admin.get("/admin/users?account_name=Nowhere").await;
        assert_eq!(unknown.status, 400);
        html::assert_complaints(&unknown.text, &["account"]);
    }

    /// Letters have no case here in any script, and namesakes have their number.
    async fn an_account_is_entered_by_name_whatever_its_case(app) {
        many(app, 200).await;
        let (admin, member) = (app.admin().await, id_of(app, "roles", "Member").await);
        let (first, second) = (account(app, "Élan Łódź").await, account(app, "Жанна").await);
        let twins = [account(app, "Twin").await, account(app, "TWIN").await, account(app, "Twin").await];
        account(app, "Odd #7 [a-z]*").await;
        for (typed, name) in [
            ("éLAN łÓDŹ", "Élan Łódź"), ("жАННА", "Жанна"), ("e\u{301}lan łódź", "Élan Łódź"), ("TWIN", "TWIN"),
            ("odd #7 [A-Z]*", "Odd #7 [a-z]*"),
        ] {
            let made = admin.submit(NEW, NEW, &new(&member, &[("account_name", typed)])).await;
            assert_eq!(made.status, 303, "{typed}: {}", html::text(&made.text));
            assert_eq!(account_of_nia(app).await, name, "{typed}");
            app.sql("DELETE FROM users WHERE email = 'nia@new.example'").await;
        }
        for typed in ["twin", "Twin", "[a-z]*", "odd #7 [a-y]*"] {
            let refused = admin.submit(NEW, NEW, &new(&member, &[("account_name", typed)])).await;
            html::assert_complaints(&refused.text, &["account"]);
            let text = html::text(&refused.text);
            assert!(!typed.to_lowercase().starts_with('t') || text.contains(&format!("“Twin #{}”", twins[2])), "{text}");
        }
        let typed = format!("twin #{}", twins[2]);
        assert_eq!(admin.submit(NEW, NEW, &new(&member, &[("account_name", &typed)])).await.status, 303);
        assert_eq!(app.count("SELECT account_id FROM users WHERE email = 'nia@new.example'").await, twins[2]);
        let page = admin.get(&format!("/admin/users?account={}", twins[2])).await;
        assert!(html::text(&page.text).contains(&format!("Account: Twin #{}", twins[2])));
        let page = admin.get(&format!("{NEW}?account={first}")).await;
        assert!(page.text.contains("value=\"Élan Łódź\""));
        // A form that was shown as a list, or a script, may still say the number.
        app.sql("DELETE FROM users WHERE email = 'nia@new.example'").await;
        assert_eq!(admin.submit(NEW, NEW, &new(&member, &[("account", &second.to_string())])).await.status, 303);
        assert_eq!(account_of_nia(app).await, "Жанна");
    }
}
