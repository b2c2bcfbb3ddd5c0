//! System → AI Agent Connector → Settings (contract §9, Settings and Password re-entry): what is
//! changed on the screen acts on the very next request, and nobody opens the gate by mistake.

use portcullis::domain::audit::Actor;
use portcullis::domain::scope::ScopeSet;
use portcullis::domain::settings::Settings;
use portcullis::secrets::random_text;
use portcullis::service::login;
use portcullis::service::personal_tokens::{self, Wanted};
use portcullis::service::settings::{self, Edit};
use serde_json::{Value, json};

use crate::support::ai_client::{Answer, AuthorizationRequest, code, http, register};
use crate::support::browser::Page;
use crate::support::{
    ADMIN, AiClient, Browser, MEMBER, PASSWORD, TestApp, both_databases, html, on_sqlite,
};

pub(super) const PATH: &str = "/admin/mcp/settings";

/// Enters values and presses Save: the page that follows.
pub(super) async fn enter(browser: &Browser, values: &[(&str, &str)]) -> Page {
    browser.submit(PATH, PATH, values).await
}

/// Confirms what the page says, with this password.
pub(super) async fn confirm(browser: &Browser, page: &Page, password: &str) -> Page {
    assert_eq!(page.status, 200, "{}", html::text(&page.text));
    browser.send(page, PATH, &[("password", password)]).await
}

/// Changes settings the way an administrator does. Returns what the banner says.
async fn change(browser: &Browser, values: &[(&str, &str)]) -> String {
    let page = enter(browser, values).await;
    let done = confirm(browser, &page, PASSWORD).await;
    assert_eq!((done.status, done.header("location")), (303, PATH), "{}", html::text(&done.text));
    let shown = browser.get(PATH).await.text;
    let banner = shown.split("role=\"status\"").nth(1).unwrap().split_once('>').unwrap().1;
    let banner = banner.split("</div>").next().unwrap();
    html::text(banner)
}

async fn metadata(app: &TestApp) -> Value {
    let url = app.url("/.well-known/oauth-authorization-server");
    http().get(url).send().await.unwrap().json().await.unwrap()
}

/// A settled setting as the database has it; nothing while it has its default.
pub(super) async fn rows(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM settings").await
}

pub(super) async fn current(app: &TestApp) -> Settings {
    app.ctx.live_now().await.unwrap().settings.clone()
}

both_databases! {
    /// Contract §4: on the next request, on every replica.
    async fn the_master_switch_acts_on_the_next_request_of_every_replica(app) {
        let (admin, replica) = (app.admin().await, app.replica().await);
        let client = app.ai_client("usage:read").await;
        let mut elsewhere = client.clone();
        elsewhere.base.clone_from(&replica.base);
        let host = app.host().to_owned();
        let knock = async || {
            let body = crate::support::rpc::legacy("ping", json!({}));
            let there = elsewhere.post(&body).header("Host", &host).send().await.unwrap();
            [Answer::of(client.post(&body).send().await.unwrap()).await, Answer::of(there).await]
        };
        assert!(knock().await.iter().all(|answer| answer.status == 200));
        let told = change(&admin, &[("mcp_enabled", "no")]).await;
        assert!(told.contains("MCP server enabled: Yes → No"), "{told}");
        assert!(told.contains("Takes effect on the next request"), "{told}");
        for answer in knock().await {
            assert_eq!((answer.status, answer.json["error"]["code"].as_str()), (503, Some("mcp_disabled")));
        }
        change(&admin, &[("mcp_enabled", "yes")]).await;
        assert!(knock().await.iter().all(|answer| answer.status == 200));
        assert_eq!(rows(app).await, 0, "what has its default is not kept");
        replica.stop().await;
    }

    /// Contract §11: settings are audited, with both values.
    async fn a_change_is_audited_with_its_old_and_new_values(app) {
        let admin = app.admin().await;
        change(&admin, &[("access_token_seconds", "1800"), ("allowed_ips", "127.0.0.1\n192.0.2.9/24"), ("code_seconds", "60")]).await;
        let entries = app.audited("settings_changed").await;
        assert_eq!(entries.len(), 1, "{entries:?}");
        let entry = &entries[0];
        assert_eq!((entry.actor.as_str(), entry.outcome.as_str()), (ADMIN.email, "ok"));
        assert_eq!(entry.target.as_deref(), Some("allowed_ips, access_token_seconds"));
        assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
        assert_eq!(entry.detail(), json!({ "changes": {
            "allowed_ips": { "old": "", "new": "127.0.0.1 192.0.2.0/24" },
            "access_token_seconds": { "old": "3600", "new": "1800" },
        } }));
        assert_eq!(rows(app).await, 2, "only what was changed is kept");
    }

    /// Contract §9: a wrong password changes nothing, is audited, and is slowed down.
    async fn a_wrong_password_changes_nothing_is_audited_and_slowed_down(app) {
        let admin = app.admin().await;
        let page = enter(&admin, &[("personal_access_tokens", "yes")]).await;
        assert!(page.text.contains("id=\"password\""), "{}", page.text);
        for (password, status) in [("", 403), ("not it at all", 403)] {
            let again = confirm(&admin, &page, password).await;
            assert_eq!(again.status, status);
            assert!(again.text.contains("data-error-summary") && again.text.contains("id=\"password-error\""));
            assert!(html::text(&again.text).contains("Personal access tokens : No → Yes"), "what was asked stays");
        }
        assert!(!current(app).await.personal_access_tokens);
        let denied = app.audited("password_reentered").await;
        assert_eq!(denied.iter().map(|entry| entry.outcome.as_str()).collect::<Vec<_>>(), ["denied"]);
        for _ in 0..4 {
            confirm(&admin, &page, "not it at all").await;
        }
        let slowed = confirm(&admin, &page, PASSWORD).await;
        assert_eq!(slowed.status, 429);
        assert!(!slowed.header("retry-after").is_empty());
        assert_eq!(rows(app).await, 0);
        assert!(app.audited("settings_changed").await.is_empty());
    }

    /// The service itself lets nothing be widened without the proof, whoever calls it.
    async fn widening_without_a_password_is_refused_and_audited_as_denied(app) {
        let actor = app.admin_actor().await;
        let was = current(app).await;
        let becomes = Settings { code_seconds: 600, new_client_mail: false, ..was.clone() };
        let refused = settings::change(&app.ctx, &actor, None, Edit { was: was.clone(), becomes }).await.unwrap_err();
        assert_eq!(refused.code.as_str(), "wrong_password");
        assert_eq!(current(app).await, was, "none of it");
        let entries = app.audited("settings_changed").await;
        assert_eq!((entries.len(), entries[0].outcome.as_str()), (1, "denied"));
        let becomes = Settings { code_seconds: 30, ..was.clone() };
        settings::change(&app.ctx, &actor, None, Edit { was, becomes }).await.unwrap();
        assert_eq!(current(app).await.code_seconds, 30, "narrowing needs none");
        let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
        let other = Actor { user: Some(app.id_of(MEMBER).await), ..actor };
        let was = current(app).await;
        let edit = Edit { becomes: Settings::default(), was };
        assert!(settings::change(&app.ctx, &other, Some(proof), edit).await.is_err(), "another's proof");
        assert_eq!(current(app).await.code_seconds, 30);
    }

    /// Of two administrators who edit the same page, the second is told what the first did.
    async fn what_a_colleague_changed_meanwhile_is_named_and_not_overwritten(app) {
        let (ada, eve) = (app.admin().await, app.admin().await);
        let open = ada.get(PATH).await;
        change(&eve, &[("code_seconds", "30"), ("allowed_ips", "127.0.0.0/8")]).await;
        let late = ada.send(&open, PATH, &[("refresh_retry_seconds", "0"), ("code_seconds", "60")]).await;
        assert_eq!(late.status, 409);
        let text = html::text(&late.text);
        assert!(text.contains("Authorization code lifetime is now 30 seconds"), "{text}");
        assert!(text.contains("Allowed IP addresses is now 127.0.0.0/8"), "{text}");
        assert!(late.text.contains("name=\"refresh_retry_seconds\" value=\"0\""), "her own input is kept");
        assert!(late.text.contains("name=\"code_seconds\" value=\"30\""), "what she left alone is of today");
        assert_eq!(current(app).await.refresh_retry_seconds, 60);
        let page = ada.send(&late, PATH, &[("refresh_retry_seconds", "0")]).await;
        // And once more between the question and the answer.
        change(&eve, &[("new_client_mail", "no")]).await;
        let late = confirm(&ada, &page, PASSWORD).await;
        assert_eq!(late.status, 409);
        assert!(html::text(&late.text).contains("Mail about new clients is now No"));
        let page = ada.send(&late, PATH, &[("refresh_retry_seconds", "0")]).await;
        assert_eq!(confirm(&ada, &page, PASSWORD).await.status, 303);
        let now = current(app).await;
        assert_eq!((now.refresh_retry_seconds, now.code_seconds, now.new_client_mail), (0, 30, false));
    }

    /// Both at the same moment: one is saved whole, the other is told.
    async fn of_two_changes_at_once_one_is_saved(app) {
        let (ada, eve) = (app.admin().await, app.admin().await);
        let one = enter(&ada, &[("code_seconds", "30"), ("refresh_retry_seconds", "10")]).await;
        let two = enter(&eve, &[("code_seconds", "20"), ("refresh_retry_seconds", "20")]).await;
        let (one, two) = futures_util::future::join(confirm(&ada, &one, ""), confirm(&eve, &two, "")).await;
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409]);
        let now = current(app).await;
        assert!([(30, 10), (20, 20)].contains(&(now.code_seconds, now.refresh_retry_seconds)));
        assert_eq!(app.audited("settings_changed").await.len(), 1);
    }

    /// A new signing key is no change of a setting: it disturbs nobody who edits.
    async fn a_new_signing_key_is_no_conflict(app) {
        let admin = app.admin().await;
        let page = enter(&admin, &[("code_seconds", "30")]).await;
        portcullis::service::keys::rotate(&app.ctx, &Actor::system(), portcullis::service::keys::Old::Verify).await.unwrap();
        assert_eq!(confirm(&admin, &page, "").await.status, 303);
    }

    /// Contract §9: activity 90 days, audit 400 days; both as the settings say, and no day sooner.
    async fn records_are_kept_as_long_as_the_settings_say(app) {
        const DAY: i64 = 86_400;
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        assert!(!app.audited("token_issued").await.is_empty());
        // More than are removed at once.
        app.sql("INSERT INTO audit (at, actor, action, outcome, detail) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4100) SELECT 1000, 'system', 'token_issued', 'ok', '{}' FROM n").await;
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(app.count("SELECT count(*) FROM audit WHERE at = 1000").await, 0, "in portions, but all");
        app.clock.advance(40 * DAY);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(app.calls().await.len(), 1);
        change(&app.admin().await, &[("activity_days", "31")]).await;
        portcullis::jobs::run_all(&app.ctx).await;
        assert!(app.calls().await.is_empty(), "the shorter time counts at once");
        app.clock.advance(359 * DAY);
        portcullis::jobs::run_all(&app.ctx).await;
        assert!(!app.audited("token_issued").await.is_empty(), "399 days");
        app.clock.advance(2 * DAY);
        portcullis::jobs::run_all(&app.ctx).await;
        assert!(app.audited("token_issued").await.is_empty(), "401 days");
        assert!(!app.audited("settings_changed").await.is_empty(), "361 days");
        change(&app.admin().await, &[("audit_days", "31")]).await;
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(app.audited("settings_changed").await.len(), 1);
    }
}

on_sqlite! {
    async fn the_allow_list_acts_on_the_next_request(app) {
        let admin = app.admin().await;
        let client = app.ai_client("usage:read").await;
        change(&admin, &[("allowed_ips", "192.0.2.0/24")]).await;
        assert_eq!(client.call().await.status, 403);
        assert_eq!(admin.get(PATH).await.status, 200, "it is not for the console");
        change(&admin, &[("allowed_ips", "192.0.2.0/24\r\n127.0.0.1")]).await;
        assert_eq!(client.call().await.status, 200);
        let told = change(&admin, &[("allowed_ips", "")]).await;
        assert!(told.contains("Allowed IP addresses: 192.0.2.0/24, 127.0.0.1 → Empty (all addresses)"), "{told}");
    }

    async fn an_allowed_origin_acts_on_the_next_request(app) {
        let admin = app.admin().await;
        let client = app.ai_client("usage:read").await;
        let knock = async || {
            let body = crate::support::rpc::legacy("ping", json!({}));
            client.post(&body).header("Origin", "https://inspector.example").send().await.unwrap().status().as_u16()
        };
        assert_eq!(knock().await, 403);
        change(&admin, &[("allowed_origins", "HTTPS://Inspector.example/")]).await;
        assert_eq!(knock().await, 200);
        change(&admin, &[("allowed_origins", "")]).await;
        assert_eq!(knock().await, 403);
    }

    async fn personal_access_tokens_work_only_while_they_are_allowed(app) {
        let admin = app.admin().await;
        let actor = Actor { user: Some(app.id_of(MEMBER).await), label: MEMBER.email.into(), address: None, request_id: None, reason: None };
        let make = async |days| {
            let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
            let scopes = ScopeSet::parse_known("usage:read");
            let wanted = Wanted { name: "script".into(), scopes, days: Some(days), form: random_text() };
            personal_tokens::create(&app.ctx, &actor, proof, wanted).await
        };
        assert!(make(30).await.is_err());
        change(&admin, &[("personal_access_tokens", "yes")]).await;
        let token = make(365).await.unwrap();
        let mut client = app.ai_client("usage:read").await;
        client.access_token = token.expose().to_owned();
        assert!(client.call().await.is_ok());
        change(&admin, &[("personal_access_tokens", "no")]).await;
        assert_eq!(client.call().await.status, 401);
        change(&admin, &[("personal_access_tokens", "yes"), ("personal_token_days", "30")]).await;
        assert!(client.call().await.is_ok(), "it was not revoked");
        assert!(make(30).await.is_ok());
        assert_eq!(make(31).await.unwrap_err().param.as_deref(), Some("days"));
    }

    async fn registration_is_refused_and_not_advertised_while_it_is_off(app) {
        let admin = app.admin().await;
        change(&admin, &[("dynamic_registration", "no")]).await;
        assert!(metadata(app).await.get("registration_endpoint").is_none());
        let body = json!({ "client_name": "Late", "redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none" });
        let refused = Answer::of(http().post(app.url("/oauth/register")).json(&body).send().await.unwrap()).await;
        assert!((400..500).contains(&refused.status), "{}", refused.text);
        assert_eq!(refused.oauth_error(), "access_denied");
        change(&admin, &[("dynamic_registration", "yes")]).await;
        assert!(metadata(app).await.get("registration_endpoint").is_some());
        register(app, &["http://127.0.0.1/callback"]).await;
    }

    async fn metadata_documents_are_advertised_unless_they_are_off(app) {
        let admin = app.admin().await;
        for (value, advertised) in [("off", None), ("known", Some(&json!(true))), ("on", Some(&json!(true)))] {
            change(&admin, &[("metadata_documents", value)]).await;
            assert_eq!(metadata(app).await.get("client_id_metadata_document_supported"), advertised, "{value}");
        }
    }

    /// An hour unless changed, a quarter of one at least; refresh ends by idleness and for good.
    /// Rows: F15
    async fn lifetimes_act_on_what_is_issued_next(app) {
        let admin = app.admin().await;
        let mut client = app.ai_client("usage:read").await;
        assert_eq!(client.refresh().await.json["expires_in"], json!(3600));
        assert_eq!(enter(&admin, &[("access_token_seconds", "899")]).await.status, 400);
        change(&admin, &[("access_token_seconds", "900"), ("refresh_retry_seconds", "0"), ("code_seconds", "10")]).await;
        let first = client.refresh_token.clone();
        assert_eq!(client.refresh().await.json["expires_in"], json!(900));
        assert_eq!(client.present(&first).await.oauth_error(), "invalid_grant", "no retry window");

        let person = app.member().await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let in_time = code(&person, &request).await;
        app.clock.advance(9);
        let mut client = AiClient::redeem(app, &client.client_id, &in_time).await.unwrap();
        let late = code(&person, &request).await;
        app.clock.advance(10);
        let refused = AiClient::redeem(app, &client.client_id, &late).await.err().unwrap();
        assert_eq!(refused.oauth_error(), "invalid_grant");

        change(&admin, &[("refresh_token_seconds", "3600"), ("refresh_absolute_seconds", "7200")]).await;
        assert_eq!(client.refresh().await.status, 200, "it goes on with the new idle time");
        app.clock.advance(3600);
        assert_eq!(client.refresh().await.oauth_error(), "invalid_grant");
        let mut short = app.ai_client("usage:read").await;
        for _ in 0..2 {
            app.clock.advance(3500);
            assert_eq!(short.refresh().await.status, 200);
        }
        app.clock.advance(200);
        assert_eq!(short.refresh().await.oauth_error(), "invalid_grant", "two hours are the end");
    }

    async fn mail_about_new_clients_goes_out_unless_it_is_off(app) {
        let admin = app.admin().await;
        let mails = async || app.count("SELECT count(*) FROM outbox").await;
        app.ai_client("usage:read").await;
        assert_eq!(mails().await, 1);
        change(&admin, &[("new_client_mail", "no")]).await;
        app.ai_client("usage:read").await;
        assert_eq!(mails().await, 1);
        change(&admin, &[("new_client_mail", "yes")]).await;
        app.ai_client("usage:read").await;
        assert_eq!(mails().await, 2);
    }
}
