//! The pages of clients: what they show, to whom, and what their forms refuse (contract §9).

use portcullis::service::clients::{self, Overlap};
use portcullis::service::forms::Once;
use portcullis::service::login;
use serde_json::json;

use super::clients::{PATH, act, by_hand, row_of};
use crate::support::ai_client::{Answer, REDIRECT, http, register};
use crate::support::{AUDITOR, MEMBER, PASSWORD, html, on_sqlite};

on_sqlite! {
    /// Rows: D16
    async fn what_a_client_calls_itself_is_text(app) {
        let name = "<img src=x onerror=alert(1)>\"'&";
        let body = json!({ "client_name": name, "redirect_uris": ["https://evil.example/<b>"], "token_endpoint_auth_method": "none" });
        let refused = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
        assert_eq!(refused.status(), 400);
        let body = json!({ "client_name": name, "redirect_uris": ["https://evil.example/cb"], "token_endpoint_auth_method": "none",
            "client_uri": "https://evil.example/\"><script>" });
        let answer = Answer::of(http().post(app.url("/oauth/register")).json(&body).send().await.unwrap()).await;
        let id = row_of(app, answer.json["client_id"].as_str().unwrap()).await;
        let browser = app.admin().await;
        for path in [PATH.to_owned(), format!("{PATH}?q=%3Cimg"), format!("{PATH}/{id}"), format!("{PATH}/{id}/block"),
            format!("{PATH}/{id}/revoke"), format!("{PATH}/{id}/unblock"), format!("{PATH}/{id}/secret")] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.text.contains("<img") && !page.text.contains("<script>"), "{path}");
            assert!(html::text(&page.text).contains("<img src=x"), "{path}");
        }
        let told = act(app, &id.to_string(), "block", "").await;
        assert!(told.contains("Blocked <img"), "{told}");
    }

    /// The page of a client says how much it is used and until when each connection lasts, and leads
    /// to where one of them is ended.
    async fn a_client_tells_its_use_and_leads_to_each_connection(app) {
        let client = app.ai_client("usage:read").await;
        let id = row_of(app, &client.client_id).await;
        let browser = app.admin().await;
        let unused = html::text(&browser.get(&format!("{PATH}/{id}")).await.text);
        assert!(unused.contains("Calls, 30 days 0 answered Last used Never"), "{unused}");
        assert!(client.call().await.is_ok() && client.call().await.is_ok());
        let page = browser.get(&format!("{PATH}/{id}")).await.text;
        let text = html::text(&page);
        assert!(text.contains("Calls, 30 days 2 answered Last used just now"), "{text}");
        let calls = page.split("?client=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let log = html::text(&browser.get(&format!("/admin/mcp/activity?client={calls}")).await.text);
        assert!(log.contains("2 calls found"), "{log}");
        let ends = app.clock.now().plus_seconds(30 * 86_400).to_utc().format("%-d %b %Y").to_string();
        assert!(text.contains(&format!("{ends} Tokens")), "{text}");
        let tokens = format!("/admin/mcp/users/{}/tokens", app.id_of(MEMBER).await);
        assert!(page.contains(&format!("href=\"{tokens}\" data-dialog>Tokens<")), "{page}");
        assert!(html::text(&browser.get(&tokens).await.text).contains("Suite Client"));
        let auditor = app.signed_in(AUDITOR).await.get(&format!("{PATH}/{id}")).await.text;
        assert!(!auditor.contains(&tokens) && html::text(&auditor).contains("Expires"), "nothing to press for those who may not");
        let act = format!("/admin/mcp/users/{}/revoke", app.id_of(MEMBER).await);
        assert_eq!(browser.submit(&act, &act, &[]).await.status, 303);
        let ended = browser.get(&format!("{PATH}/{id}")).await.text;
        assert!(!ended.contains(&tokens) && html::text(&ended).contains("Ended"), "{}", html::text(&ended));
    }

    async fn an_auditor_sees_and_changes_nothing_and_a_member_sees_nothing(app) {
        let client = app.ai_client("usage:read").await;
        let id = row_of(app, &client.client_id).await;
        let auditor = app.signed_in(AUDITOR).await;
        for path in [PATH.to_owned(), format!("{PATH}/{id}")] {
            let page = auditor.get(&path).await;
            assert_eq!(page.status, 200);
            for act in ["/block", "/revoke", "/unblock", "/secret", "/new"] {
                assert!(!page.text.contains(&format!("{act}\"")) && !page.text.contains(&format!("{act}?")), "{path}: {act}");
            }
            assert_eq!(app.member().await.get(&path).await.status, 403);
        }
        let token = auditor.form_token().await;
        for act in ["block", "unblock", "revoke", "secret"] {
            let answer = auditor.post(&format!("{PATH}/{id}/{act}"), &[("csrf", token.as_str())]).await;
            assert_eq!(answer.status, 403, "{act}");
        }
        assert!(client.call().await.is_ok());
    }

    /// A wrong password lets nobody in, makes nothing, and is written down as a denial.
    async fn what_widens_access_asks_for_the_password(app) {
        let client = register(app, &[REDIRECT]).await;
        let id = row_of(app, &client).await;
        act(app, &id.to_string(), "block", "").await;
        let browser = app.admin().await;
        let new = [("name", "Partner"), ("redirect_uris", REDIRECT), ("auth_method", "none"), ("password", "not it at all")];
        for (path, fields) in [(format!("{PATH}/{id}/unblock"), &new[3..]), (format!("{PATH}/new"), &new[..])] {
            let page = browser.submit(&path, &path, fields).await;
            assert_eq!(page.status, 403, "{}", page.text);
            assert!(page.text.contains("id=\"password-error\"") && page.text.contains("Nothing was changed"), "{path}");
        }
        assert_eq!(app.count("SELECT count(*) FROM clients WHERE trust = 'blocked'").await, 1);
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 1);
        let denied = app.audited("password_reentered").await;
        assert!(denied.len() == 2 && denied.iter().all(|entry| entry.outcome == "denied"));
    }

    async fn what_is_wrong_with_a_registration_is_named_and_kept(app) {
        let browser = app.admin().await;
        let page = format!("{PATH}/new");
        for (name, uris, method, field, words) in [
            (" ", REDIRECT, "none", "name", "Name:"),
            ("Partner", "", "none", "redirect_uris", "at least one"),
            ("Partner", "https://a.example/cb\nhttp://b.example/cb", "none", "redirect_uris", "number 2 (“http://b.example/cb”) must be https"),
            ("Partner", REDIRECT, "magic", "auth_method", "choose one"),
        ] {
            let fields = [("name", name), ("redirect_uris", uris), ("auth_method", method), ("password", PASSWORD)];
            let shown = browser.submit(&page, &page, &fields).await;
            assert_eq!(shown.status, 400, "{field}");
            assert!(shown.text.contains(&format!("href=\"#{field}\"")), "{field}");
            assert!(html::text(&shown.text).contains(words), "{words}: {}", html::text(&shown.text));
            assert!(uris.is_empty() || shown.text.contains(uris), "what was typed is kept");
            assert!(!shown.text.contains(PASSWORD));
        }
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 0);
    }

    /// The address is the view: filters, sort and page; what is wrong with it is named.
    async fn the_address_holds_the_view(app) {
        app.ai_client("usage:read").await;
        by_hand(app, "none").await;
        let browser = app.admin().await;
        let names = |page: &str| (page.contains(">Suite Client</a>"), page.contains(">Partner</a>"));
        for (query, both) in [
            ("", (true, true)), ("?q=suite", (true, false)), ("?q=partner.example", (false, true)), ("?status=verified", (false, true)),
            ("?status=unverified", (true, false)), ("?status=blocked", (false, false)), ("?how=manual", (false, true)), ("?how=dynamic", (true, false)),
        ] {
            let page = browser.get(&format!("{PATH}{query}")).await;
            assert_eq!((page.status, names(&page.text)), (200, both), "{query}");
            assert_eq!(page.text.contains("Remove filter"), !query.is_empty(), "{query}");
        }
        for column in ["client", "status", "registered", "users", "tokens", "last_used", "calls"] {
            for sort in [column.to_owned(), format!("-{column}")] {
                for query in [format!("?sort={sort}"), format!("?group=1&sort={sort}")] {
                    assert_eq!(browser.get(&format!("{PATH}{query}")).await.status, 200, "{query}");
                }
            }
        }
        for wrong in ["?page=x", "?sort=weight", "?status=good", "?how=magic", "?page_size=0", "?q=a", "?group=x"] {
            let page = browser.get(&format!("{PATH}{wrong}")).await;
            assert_eq!(page.status, 400, "{wrong}");
            assert!(page.text.contains("data-error-summary"), "{wrong}");
        }
        assert!(html::text(&browser.get(&format!("{PATH}?page=9")).await.text).contains("There is no page 9"));
    }

    async fn a_public_client_has_no_secret_to_replace(app) {
        let id = row_of(app, &register(app, &[REDIRECT]).await).await;
        let actor = app.admin_actor().await;
        let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
        let refused = clients::rotate(&app.ctx, &actor, proof, portcullis::ids::ClientRowId(id), Overlap::None, String::new(), Once::fresh()).await;
        assert_eq!(refused.unwrap_err().code, portcullis::error::ErrorCode::Conflict);
        assert!(app.audited("client_secret_rotated").await.is_empty());
    }
}
