//! The overview and the emergency stop.

use futures_util::future::join;
use portcullis::jobs;
use portcullis::service::overview;

use crate::support::ai_client::{AuthorizationRequest, code};
use crate::support::{
    ADMIN, AUDITOR, AiClient, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html,
};

const DAY: i64 = 86_400_000;

/// Writes calls down: `count` of a tool with an outcome, at a moment.
async fn call(app: &TestApp, count: usize, at: i64, tool: &str, outcome: &str, credits: i64) {
    for _ in 0..count {
        app.sql(format!(
            "INSERT INTO activity (request_id, at, surface, operation, outcome, status, rows_returned, credits_spent, latency_us) VALUES ('r', {at}, 'mcp', '{tool}', '{outcome}', 200, 2, {credits}, 1000)"
        ))
        .await;
    }
}

/// Answered, refused in all three ways, rows and credits of thirty days.
async fn figures(app: &TestApp) -> (i64, i64, i64, i64) {
    let total = overview::read(&app.ctx).await.unwrap().figures.total;
    (total.ok, total.refused(), total.rows, total.credits)
}

/// Sends the form of a confirmation and tells what the next page says.
async fn stop(app: &TestApp, what: &str, password: &str) -> (u16, String) {
    let browser = app.admin().await;
    let page = format!("/admin/stop/{what}");
    let done = browser.submit(&page, &page, &[("password", password)]).await;
    if done.status != 303 {
        return (done.status, html::text(&done.text));
    }
    (303, html::text(&browser.get(done.header("location")).await.text))
}

both_databases! {
    /// Every call is counted once: before the job, after it, after it ran on two servers at the same
    /// time, and when more are written down. Days before the thirtieth leave the figures.
    async fn every_call_is_counted_once(app) {
        let now = app.clock.now().0;
        call(app, 3, now - 1_000, "get_store", "ok", 0).await;
        call(app, 2, now - 2 * DAY, "reveal_contacts", "ok", 5).await;
        call(app, 1, now - 2 * DAY, "get_store", "limited", 0).await;
        call(app, 1, now - 29 * DAY, "gate", "denied", 0).await;
        call(app, 4, now - 31 * DAY, "get_store", "ok", 9).await;
        let expected = (5, 2, 14, 10);
        assert_eq!(figures(app).await, expected, "not counted yet");
        join(overview::fold(&app.ctx), overview::fold(&app.ctx)).await.0.unwrap();
        assert_eq!(figures(app).await, expected, "counted, but for the last minute");
        app.clock.advance(120);
        jobs::run_all(&app.ctx).await;
        jobs::run_all(&app.ctx).await;
        assert_eq!(figures(app).await, expected, "all counted");
        assert_eq!(app.count("SELECT CAST(sum(calls) AS BIGINT) FROM activity_days").await, 7);
        call(app, 1, app.clock.now().0, "get_store", "error", 0).await;
        assert_eq!(figures(app).await, (5, 3, 16, 10));
        app.clock.advance(28 * 86_400);
        jobs::run_all(&app.ctx).await;
        assert_eq!(figures(app).await, (3, 1, 8, 0), "only the last days are left");
        app.clock.advance(30 * 86_400);
        jobs::run_all(&app.ctx).await;
        assert_eq!(app.count("SELECT count(*) FROM activity_days").await, 0);
    }

    /// The page says what it counts, names what needs somebody, and has nothing to press for those
    /// who may not.
    async fn the_overview_tells_what_there_is(app) {
        let browser = app.admin().await;
        let empty = html::text(&browser.get("/admin").await.text);
        assert!(empty.contains("Nothing has been called in the last 30 days"), "{empty}");
        let mut client = app.ai_client("usage:read").await;
        let first = client.refresh_token.clone();
        assert!(client.call().await.is_ok());
        let page = browser.get("/admin").await;
        let text = html::text(&page.text);
        assert!(text.contains("People connected 1") && text.contains("Suite Client"), "{text}");
        assert!(page.text.contains("<title>") && page.text.contains("1 answered, 0 not answered"), "{text}");
        assert!(!page.text.contains("style="), "no inline style");
        client.refresh().await;
        app.clock.advance(600);
        client.present(&first).await;
        app.sql("UPDATE clients SET trust = 'blocked'").await;
        app.sql("UPDATE outbox SET attempts = 3, sent_at = NULL").await;
        let text = html::text(&browser.get("/admin").await.text);
        assert!(text.contains("1 reuse alarm in the last 7 days"), "{text}");
        assert!(text.contains("1 client is blocked for everyone"), "{text}");
        assert!(text.contains("could not be delivered"), "{text}");
        let text = html::text(&app.signed_in(AUDITOR).await.get("/admin").await.text);
        assert!(text.contains("reuse alarm") && !text.contains("Revoke everything"), "{text}");
    }

    /// The tiles lead to as many as they count: people whose tokens work, and nobody whose only client
    /// is blocked or who has none.
    async fn the_tiles_lead_to_whom_they_count(app) {
        app.ai_client("usage:read").await;
        app.ai_client_of(OTHER, "usage:read").await;
        app.ai_client_of(ADMIN, "usage:read").await;
        app.sql("UPDATE clients SET trust = 'blocked' WHERE id = 2").await;
        let browser = app.admin().await;
        let page = browser.get("/admin").await.text;
        let text = html::text(&page);
        assert!(text.contains("People connected 2 Active tokens 2") && text.contains("Credits spent, 30 days 0"), "{text}");
        for href in ["/admin/mcp/users?tokens=some", "/admin/mcp/users?tokens=some&amp;sort=-tokens"] {
            assert!(page.contains(&format!("<a href=\"{href}\">2</a>")), "{href}: {page}");
            let users = browser.get(&href.replace("&amp;", "&")).await;
            assert!(html::text(&users.text).contains("2 records found"), "{href}: {}", html::text(&users.text));
        }
    }

    /// What switching the endpoint off closes is said before and after, the REST API too; while it is
    /// off, the overview has the way to switch it on where the way to switch it off was.
    async fn what_switching_off_closes_is_said_everywhere(app) {
        crate::support::api_client::key_of(app, MEMBER, "usage:read").await;
        let browser = app.admin().await;
        let on = browser.get("/admin").await.text;
        assert!(on.contains("Switch the endpoint off") && !on.contains("Switch the endpoint on"));
        let asked = html::text(&browser.get("/admin/stop/endpoint").await.text);
        assert!(asked.contains("The REST API refuses every call too ( 1 API key now)"), "{asked}");
        let (_, told) = stop(app, "endpoint", PASSWORD).await;
        assert!(told.contains("1 API key worked until now") && told.contains("every call of the REST API"), "{told}");
        let off = browser.get("/admin").await.text;
        let matter = html::text(off.split("id=\"attention\"").nth(1).unwrap());
        assert!(matter.contains("and every call of the REST API"), "{matter}");
        let way = off.split(">Switch the endpoint on<").next().unwrap().rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        let settings = browser.get(way.split('#').next().unwrap()).await;
        assert!(settings.status == 200 && settings.text.contains("id=\"setting-mcp_enabled\""), "{way}");
        assert!(!off.contains("Switch the endpoint off"), "it is off");
        let auditor = app.signed_in(AUDITOR).await.get("/admin").await.text;
        assert!(!auditor.contains("Switch the endpoint"), "who may not is not offered it");
    }

    /// Switched off, the next request is refused on every server; the tokens live, and work again
    /// when it is switched on.
    /// Rows: C20
    async fn switching_the_endpoint_off_refuses_the_next_request_everywhere(app) {
        let client = app.ai_client("usage:read").await;
        let replica = app.replica().await;
        let (status, text) = stop(app, "endpoint", "not it").await;
        assert_eq!(status, 403, "{text}");
        assert!(client.call().await.is_ok(), "a wrong password changes nothing");
        let (status, text) = stop(app, "endpoint", PASSWORD).await;
        assert!(status == 303 && text.contains("1 token and 0 API keys worked until now"), "{text}");
        assert!(text.contains("every call of the REST API. Switch it on again"), "{text}");
        assert!(text.contains("every call of every AI client is refused"), "it stands under Needs attention: {text}");
        assert_eq!(client.call().await.status, 503);
        let url = format!("{}/mcp", replica.base);
        let body = crate::support::rpc::legacy("ping", serde_json::json!({}));
        let answer = client.http.post(url).bearer_auth(&client.access_token).json(&body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 503, "on the other server too");
        let entry = app.audited("settings_changed").await.remove(0);
        assert_eq!((entry.actor.as_str(), entry.target.as_deref()), (ADMIN.email, Some("mcp_enabled")));
        let asked = app.admin().await.get("/admin/stop/endpoint").await.text;
        assert!(html::text(&asked).contains("switched off already") && !asked.contains("type=\"password\""), "{asked}");
        app.set("mcp_enabled", "yes").await;
        assert!(client.call().await.is_ok());
        replica.stop().await;
    }

    /// Revoked, nothing of anybody works: access tokens, refresh tokens, waiting codes, approvals;
    /// every counter says so, and reconnecting asks again.
    /// Rows: C10, C20
    async fn revoking_everything_ends_everything_of_everybody(app) {
        let client = app.ai_client("usage:read").await;
        let other = app.ai_client_of(OTHER, "usage:read").await;
        let expired = app.ai_client_of(OTHER, "usage:read").await;
        app.sql(format!("UPDATE tokens SET expires_at = {} WHERE id = 3", app.clock.now().0 - 1)).await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let waiting = code(&app.member().await, &request).await;
        let page = app.admin().await.get("/admin/stop/everything").await;
        let text = html::text(&page.text);
        assert!(text.contains("2 people with 2 active tokens , 3 approvals and 0 API keys"), "{text}");
        assert!(text.contains("This cannot be undone"), "{text}");
        for wrong in ["", "not it"] {
            let (status, text) = stop(app, "everything", wrong).await;
            assert_eq!(status, 403, "{text}");
        }
        assert!(client.call().await.is_ok() && other.call().await.is_ok());
        assert_eq!(app.audited("everything_revoked").await.len(), 0);
        let (status, text) = stop(app, "everything", PASSWORD).await;
        assert_eq!(status, 303);
        assert!(text.contains("Revoked 2 tokens and 3 approvals. Now 0 tokens and 0 approvals are left"), "{text}");
        for ended in [&client, &other, &expired] {
            assert_eq!(ended.call().await.status, 401);
            assert_eq!(ended.present(&ended.refresh_token).await.oauth_error(), "invalid_grant");
        }
        let refused = AiClient::redeem(app, &client.client_id, &waiting).await.err().unwrap();
        assert_eq!(refused.oauth_error(), "invalid_grant");
        let entry = app.audited("everything_revoked").await.remove(0);
        assert_eq!((entry.actor.as_str(), entry.detail()["tokens"].as_i64()), (ADMIN.email, Some(2)));
        jobs::run_all(&app.ctx).await;
        for (what, wrong) in [
            ("users", "SELECT count(*) FROM users u WHERE u.active_tokens <> 0 OR u.ended_tokens <> (SELECT count(*) FROM tokens t WHERE t.user_id = u.id)"),
            ("clients", "SELECT count(*) FROM clients WHERE active_tokens <> 0 OR users <> 0"),
            ("groups", "SELECT count(*) FROM client_groups WHERE active_tokens <> 0 OR users <> 0"),
            ("differences", "SELECT count(*) FROM client_deltas"),
        ] {
            assert_eq!(app.count(wrong).await, 0, "{what}");
        }
        let page = app.member().await.get(&request.path()).await;
        assert_eq!(page.status, 200, "reconnecting asks again: {}", page.text);
        let again = AiClient::redeem(app, &client.client_id, &code(&app.member().await, &request).await).await.unwrap();
        assert!(again.call().await.is_ok());
        let (_, text) = stop(app, "everything", PASSWORD).await;
        assert!(text.contains("Revoked 1 token and 1 approval"), "{text}");
        let asked = app.admin().await.get("/admin/stop/everything").await.text;
        assert!(html::text(&asked).contains("There is nothing to revoke") && !asked.contains("type=\"password\""), "{asked}");
    }

    /// While everything is revoked others connect and refresh: whoever is not ended has approved
    /// after it, nothing deadlocks, and the counters fit.
    async fn revoking_everything_while_others_connect_leaves_no_token_from_before(app) {
        let mut clients = Vec::new();
        for person in [MEMBER, OTHER, MEMBER, OTHER] {
            clients.push(app.ai_client_of(person, "usage:read").await);
        }
        let actor = app.admin_actor().await;
        let proof = portcullis::service::login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
        let busy = futures_util::future::join_all(clients.iter_mut().map(AiClient::refresh));
        let (ended, _) = join(portcullis::service::stop::revoke_everything(&app.ctx, &actor, proof), busy).await;
        assert_eq!(ended.unwrap().left.tokens, 0);
        for client in &clients {
            assert_eq!(client.call().await.status, 401);
        }
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await, 0);
        assert_eq!(app.count("SELECT CAST(sum(active_tokens) * 100 + sum(ended_tokens) AS BIGINT) FROM users").await, 4);
    }
}
