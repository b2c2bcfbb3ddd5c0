//! The clients grid and its acts (contract §9 "OAuth clients").

use futures_util::future::{join, join_all};
use portcullis::jobs;
use portcullis::service::clients::{self, Whom};
use portcullis::service::login;
use portcullis::store::client_grid::{ClientQuery, ClientRowOfGrid, ClientSort};
use serde_json::json;

use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, VERIFIER, code, http, register,
};
use crate::support::{
    ADMIN, AUDITOR, AiClient, MEMBER, OTHER, PASSWORD, TestApp, both_databases, html,
};

pub(super) const PATH: &str = "/admin/mcp/clients";

/// The row id of a client.
pub(super) async fn row_of(app: &TestApp, client_id: &str) -> i64 {
    app.count(format!("SELECT id FROM clients WHERE client_id = '{client_id}'")).await
}

async fn group_of(app: &TestApp, client_id: &str) -> i64 {
    app.count(format!("SELECT group_id FROM clients WHERE client_id = '{client_id}'")).await
}

/// The only row of the grid's first page, or of a group's members.
async fn rows(app: &TestApp, group: Option<i64>) -> Vec<ClientRowOfGrid> {
    let query = ClientQuery {
        group: group.map(portcullis::ids::ClientGroupId),
        text: None,
        trust: None,
        registration: None,
        sort: ClientSort::Registered,
        descending: false,
        page: 1,
        page_size: 50,
    };
    clients::grid(&app.ctx, query).await.unwrap().rows
}

/// Sends the form of an act's confirmation as the administrator.
pub(super) async fn act(app: &TestApp, whom: &str, act: &str, password: &str) -> String {
    let browser = app.admin().await;
    let page = format!("{PATH}/{whom}/{act}");
    let fields = if password.is_empty() { vec![] } else { vec![("password", password)] };
    let done = browser.submit(&page, &page, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text);
    html::text(&browser.get(done.header("location")).await.text)
}

/// Stored figures and those counted anew, of clients and of groups, must be the same.
pub(super) async fn assert_counted(app: &TestApp) {
    for (what, wrong) in [
        (
            "tokens of clients",
            "SELECT count(*) FROM clients c WHERE c.active_tokens <> (SELECT count(*) FROM tokens t WHERE t.client_id = c.id AND t.state = 'active')",
        ),
        (
            "users of clients",
            "SELECT count(*) FROM clients c WHERE c.users <> (SELECT count(*) FROM consents a WHERE a.client_id = c.id AND a.revoked_at IS NULL)",
        ),
        (
            "tokens of groups",
            "SELECT count(*) FROM client_groups g WHERE g.active_tokens <> (SELECT count(*) FROM tokens t JOIN clients c ON c.id = t.client_id WHERE c.group_id = g.id AND t.state = 'active')",
        ),
        (
            "users of groups",
            "SELECT count(*) FROM client_groups g WHERE g.users <> (SELECT count(DISTINCT a.user_id) FROM consents a JOIN clients c ON c.id = a.client_id WHERE c.group_id = g.id AND a.revoked_at IS NULL)",
        ),
        (
            "members of groups",
            "SELECT count(*) FROM client_groups g WHERE g.clients <> (SELECT count(*) FROM clients c WHERE c.group_id = g.id) OR g.blocked <> (SELECT count(*) FROM clients c WHERE c.group_id = g.id AND c.trust = 'blocked') OR g.verified <> (SELECT count(*) FROM clients c WHERE c.group_id = g.id AND c.trust = 'verified')",
        ),
        (
            "tokens of users",
            "SELECT count(*) FROM users u WHERE u.active_tokens <> (SELECT count(*) FROM tokens t WHERE t.user_id = u.id AND t.state = 'active')",
        ),
        ("differences left", "SELECT count(*) FROM client_deltas"),
    ] {
        assert_eq!(app.count(wrong).await, 0, "{what}");
    }
}

both_databases! {
    /// A blocked client is refused everywhere at once, for everybody; another works on. Letting it
    /// in again makes its token, which has not ended, work again and it is what it was before.
    /// Rows: C10, C20
    async fn a_blocked_client_is_refused_from_its_next_request_on(app) {
        let client = app.ai_client("usage:read").await;
        let neighbour = app.ai_client_of(OTHER, "usage:read").await;
        assert!(client.call().await.is_ok());
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let open = browser.get(&request.path()).await;
        let waiting = code(&browser, &request).await;
        let id = row_of(app, &client.client_id).await.to_string();
        let told = act(app, &id, "block", "").await;
        assert!(told.contains("Blocked Suite Client for everyone"), "{told}");
        assert_eq!(client.call().await.status, 401);
        let refused = client.present(&client.refresh_token).await;
        assert_eq!((refused.status, refused.oauth_error()), (401, "invalid_client"));
        let refused = AiClient::redeem(app, &client.client_id, &waiting).await.err().unwrap();
        assert_eq!((refused.status, refused.oauth_error()), (401, "invalid_client"));
        let page = browser.get(&request.path()).await;
        assert_eq!((page.status, page.header("location")), (400, ""));
        let late = browser.send(&open, "/oauth/authorize", &[("decision", "authorize"), ("scope", "usage:read")]).await;
        assert!(late.header("location").contains("error=access_denied"), "a page that was open already: {}", late.text);
        assert!(neighbour.call().await.is_ok());
        let told = act(app, &id, "unblock", PASSWORD).await;
        assert!(told.contains("Unblocked Suite Client"), "{told}");
        assert!(client.call().await.is_ok());
        assert_eq!(app.count(format!("SELECT count(*) FROM clients WHERE id = {id} AND trust = 'unverified'")).await, 1);
        for action in ["client_blocked", "client_unblocked"] {
            let entries = app.audited(action).await;
            assert_eq!((entries.len(), entries[0].actor.as_str(), entries[0].outcome.as_str()), (1, ADMIN.email, "ok"));
            assert_eq!(entries[0].target.as_deref(), Some("Suite Client"));
        }
        jobs::run_all(&app.ctx).await;
        assert_counted(app).await;
    }

    /// A verified client comes back verified; blocking twice keeps what it was.
    async fn unblocking_gives_back_what_it_was(app) {
        let client = register(app, &[REDIRECT]).await;
        app.sql("UPDATE clients SET trust = 'verified'").await;
        let (actor, whom) = (app.admin_actor().await, Whom::Client(portcullis::ids::ClientRowId(row_of(app, &client).await)));
        assert_eq!(clients::block(&app.ctx, &actor, whom).await.unwrap(), 1);
        assert_eq!(clients::block(&app.ctx, &actor, whom).await.unwrap(), 0);
        let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
        assert_eq!(clients::unblock(&app.ctx, &actor, proof, whom).await.unwrap(), 1);
        assert_eq!(app.count("SELECT count(*) FROM clients WHERE trust = 'verified' AND trust_before_block IS NULL").await, 1);
        jobs::run_all(&app.ctx).await;
        assert_counted(app).await;
    }

    /// Every connection of one client ends, its waiting codes too; other clients of the same people
    /// live on, and every counter says so.
    /// Rows: C10, C20
    async fn revoking_all_connections_ends_those_of_that_client_only(app) {
        let client = app.ai_client("usage:read").await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let second = AiClient::redeem(app, &client.client_id, &code(&app.signed_in(OTHER).await, &request).await).await.unwrap();
        let waiting = code(&app.member().await, &request).await;
        let neighbour = app.ai_client("usage:read").await;
        let id = row_of(app, &client.client_id).await;
        let page = app.admin().await.get(&format!("{PATH}/{id}/revoke")).await;
        let asked = html::text(&page.text);
        assert!(asked.contains("2 people") && asked.contains("2 active tokens"), "{asked}");
        assert!(asked.contains("The next request from it is refused"), "{asked}");
        assert!(!page.text.contains("type=\"password\""), "dropping the gate asks for no password");
        let told = act(app, &id.to_string(), "revoke", "").await;
        assert!(told.contains("Revoked 2 connections and 2 tokens of Suite Client"), "{told}");
        for ended in [&client, &second] {
            assert_eq!(ended.call().await.status, 401);
            assert_eq!(ended.present(&ended.refresh_token).await.oauth_error(), "invalid_grant");
        }
        let refused = AiClient::redeem(app, &client.client_id, &waiting).await.err().unwrap();
        assert_eq!(refused.oauth_error(), "invalid_grant");
        assert!(neighbour.call().await.is_ok());
        let entry = app.audited("client_connections_revoked").await.remove(0);
        assert_eq!((entry.detail()["tokens"].clone(), entry.detail()["connections"].clone()), (json!(2), json!(2)));
        assert_eq!(app.count("SELECT sum(active_tokens) * 100 + sum(ended_tokens) FROM users").await, 102);
        jobs::run_all(&app.ctx).await;
        assert_counted(app).await;
        // Revoked is not blocked.
        assert!(AiClient::redeem(app, &client.client_id, &code(&app.member().await, &request).await).await.unwrap().call().await.is_ok());
    }

    /// Look-alikes are one row with figures of all, in which a person counts once; acts on the row
    /// are for all of them.
    async fn look_alikes_are_one_row_and_one_act(app) {
        let first = app.ai_client("usage:read").await;
        let second = app.ai_client("usage:read").await;
        let other = app.ai_client_of(OTHER, "usage:read").await;
        let stranger = register(app, &["https://elsewhere.example/cb"]).await;
        let group = group_of(app, &first.client_id).await;
        assert_ne!(group, group_of(app, &stranger).await, "the same name, led elsewhere");
        assert!(first.call().await.is_ok() && other.call().await.is_ok());
        for folded in [false, true] {
            let grid = rows(app, None).await;
            assert_eq!(grid.len(), 2);
            assert_eq!((grid[0].clients, grid[1].clients), (3, 1));
            assert!(grid[0].client.is_none() && grid[1].client.is_some());
            let figures = grid[0].figures;
            assert_eq!((figures.users, figures.tokens, figures.calls), (2, 3, 2), "folded: {folded}");
            assert!(figures.last_used_at.is_some());
            let members = rows(app, Some(group)).await;
            let of: Vec<_> = members.iter().map(|row| (row.figures.users, row.figures.tokens, row.figures.calls)).collect();
            assert_eq!(of, [(1, 1, 1), (1, 1, 0), (1, 1, 1)], "folded: {folded}");
            app.clock.advance(120);
            jobs::run_all(&app.ctx).await;
        }
        assert_counted(app).await;
        act(app, &format!("group-{group}"), "block", "").await;
        for client in [&first, &second, &other] {
            assert_eq!(client.call().await.status, 401);
        }
        act(app, &format!("group-{group}"), "unblock", PASSWORD).await;
        assert!(second.call().await.is_ok());
        act(app, &format!("group-{group}"), "revoke", "").await;
        for client in [&first, &second, &other] {
            assert_eq!(client.call().await.status, 401);
        }
        let grid = rows(app, None).await;
        assert_eq!((grid[0].figures.users, grid[0].figures.tokens), (0, 0), "at once");
        jobs::run_all(&app.ctx).await;
        assert_counted(app).await;
    }

    /// What is shown as active is so by the clock, before any job has noticed and after.
    async fn active_tokens_are_counted_against_the_clock(app) {
        let client = app.ai_client("usage:read").await;
        let group = group_of(app, &client.client_id).await;
        jobs::run_all(&app.ctx).await;
        assert_eq!(rows(app, None).await[0].figures.tokens, 1);
        app.clock.advance(31 * 86_400);
        assert_eq!(rows(app, None).await[0].figures.tokens, 0, "of the group");
        assert_eq!(rows(app, Some(group)).await[0].figures.tokens, 0, "of the client");
        jobs::run_all(&app.ctx).await;
        assert_eq!(rows(app, None).await[0].figures.tokens, 0);
        assert_counted(app).await;
    }

    /// Calls leave the figure after thirty days; the last use stays.
    async fn calls_are_those_of_thirty_days(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        app.clock.advance(120);
        jobs::run_all(&app.ctx).await;
        assert_eq!(app.count("SELECT sum(calls) FROM client_groups").await, 1);
        assert_eq!(rows(app, None).await[0].figures.calls, 1);
        app.clock.advance(30 * 86_400);
        jobs::run_all(&app.ctx).await;
        let figures = rows(app, None).await[0].figures;
        assert_eq!(figures.calls, 0);
        assert!(figures.last_used_at.is_some());
        assert_eq!(app.count("SELECT count(*) FROM client_days").await, 0);
    }

    /// Whoever wins: once revoking all has answered, no refresh has left a token that works.
    /// Rows: C10
    async fn revoking_all_against_refreshes_leaves_no_live_token(app) {
        let mut connected = Vec::new();
        for person in [MEMBER, OTHER, ADMIN, AUDITOR] {
            connected.push(app.ai_client_of(person, "usage:read").await);
        }
        let whom = Whom::Group(portcullis::ids::ClientGroupId(group_of(app, &connected[0].client_id).await));
        let actor = app.admin_actor().await;
        let refreshers = join_all(connected.iter().flat_map(|client| (0..8).map(move |_| client.present(&client.refresh_token))));
        let (answers, ended) = join(refreshers, clients::revoke(&app.ctx, &actor, whom)).await;
        assert_eq!(ended.unwrap().tokens, 4);
        for answer in &answers {
            assert!(answer.status == 200 || answer.oauth_error() == "invalid_grant", "{}", answer.text);
            if let Some(token) = answer.json["access_token"].as_str() {
                let mut client = connected[0].clone();
                client.access_token = token.to_owned();
                assert_eq!(client.call().await.status, 401);
            }
        }
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await, 0);
        jobs::run_all(&app.ctx).await;
        assert_counted(app).await;
    }

    /// Contract §9: a registration that nobody ever approved goes after thirty days, whatever else
    /// happened to it; those that were approved stay, and those made by hand always do.
    async fn only_dynamic_registrations_without_any_consent_are_removed(app) {
        let used = app.ai_client("usage:read").await;
        let unused = register(app, &["https://unused.example/cb"]).await;
        let actor = app.admin_actor().await;
        let manual = by_hand(app, "none").await;
        let whom = Whom::Client(portcullis::ids::ClientRowId(row_of(app, &used.client_id).await));
        clients::revoke(&app.ctx, &actor, whom).await.unwrap();
        app.clock.advance(30 * 86_400 - 60);
        jobs::run_all(&app.ctx).await;
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 3);
        app.clock.advance(120);
        jobs::run_all(&app.ctx).await;
        let left = |id: &str| format!("SELECT count(*) FROM clients WHERE client_id = '{id}'");
        assert_eq!(app.count(left(&unused)).await, 0);
        assert_eq!(app.count(left(&used.client_id)).await, 1);
        assert_eq!(app.count(left(&manual.0)).await, 1);
        assert_eq!(app.count("SELECT count(*) FROM client_groups").await, 2, "its group goes with it");
        assert_counted(app).await;
    }

    /// A client registered by hand goes the whole way with its secret, by either method; a new
    /// secret replaces it at once, or after the overlap.
    /// Rows: F8
    async fn a_client_made_by_hand_works_and_its_secret_can_be_replaced(app) {
        for method in ["client_secret_basic", "client_secret_post"] {
            let (id, secret) = by_hand(app, method).await;
            assert!(secret.starts_with("pc_cs_"), "{secret}");
            let (status, refresh) = redeem(app, method, &id, &secret).await;
            assert_eq!(status, 200);
            let row = row_of(app, &id).await;
            let now = replaced(app, row, "now").await;
            assert_eq!(refreshed(app, method, &id, &secret, &refresh).await.oauth_error(), "invalid_client");
            let answer = refreshed(app, method, &id, &now, &refresh).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let refresh = answer.json["refresh_token"].as_str().unwrap().to_owned();
            let later = replaced(app, row, "hour").await;
            app.clock.advance(3_599);
            let answer = refreshed(app, method, &id, &now, &refresh).await;
            assert_eq!(answer.status, 200, "within the overlap");
            let refresh = answer.json["refresh_token"].as_str().unwrap().to_owned();
            app.clock.advance(1);
            assert_eq!(refreshed(app, method, &id, &now, &refresh).await.oauth_error(), "invalid_client");
            assert_eq!(refreshed(app, method, &id, &later, &refresh).await.status, 200);
            assert_eq!(app.count(format!("SELECT count(*) FROM clients WHERE id = {row} AND trust = 'verified' AND registration = 'manual'")).await, 1);
        }
        assert_eq!(app.audited("client_secret_rotated").await.len(), 4);
        let entries = app.audited("client_registered").await;
        assert_eq!((entries[0].actor.as_str(), entries[0].detail()["registration"].clone()), (ADMIN.email, json!("manual")));
    }
}

/// Registers a client through the page; its `client_id` and secret as shown.
pub(super) async fn by_hand(app: &TestApp, method: &str) -> (String, String) {
    let browser = app.admin().await;
    let page = format!("{PATH}/new");
    let uris = format!(" {REDIRECT} \r\n\r\nhttps://partner.example/cb");
    let fields = [
        ("name", "Partner"),
        ("redirect_uris", uris.as_str()),
        ("auth_method", method),
        ("password", PASSWORD),
    ];
    let done = browser.submit(&page, &page, &fields).await;
    assert_eq!((done.status, done.header("cache-control")), (200, "no-store"), "{}", done.text);
    (shown(&done.text, "client-id"), shown(&done.text, "client-secret"))
}

pub(super) fn shown(page: &str, id: &str) -> String {
    page.split(&format!("<code id=\"{id}\">"))
        .nth(1)
        .map_or("", |rest| rest.split('<').next().unwrap())
        .to_owned()
}

pub(super) async fn replaced(app: &TestApp, row: i64, overlap: &str) -> String {
    let browser = app.admin().await;
    let page = format!("{PATH}/{row}/secret");
    let done = browser.submit(&page, &page, &[("overlap", overlap), ("password", PASSWORD)]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    shown(&done.text, "client-secret")
}

async fn token(
    app: &TestApp,
    method: &str,
    id: &str,
    secret: &str,
    form: &[(&str, &str)],
) -> Answer {
    let mut form = form.to_vec();
    let mut request = http().post(app.url("/oauth/token"));
    if method == "client_secret_post" {
        form.extend([("client_id", id), ("client_secret", secret)]);
    } else {
        request = request.basic_auth(id, Some(secret));
    }
    Answer::of(request.form(&form).send().await.unwrap()).await
}

pub(super) async fn redeem(app: &TestApp, method: &str, id: &str, secret: &str) -> (u16, String) {
    let code = code(&app.member().await, &AuthorizationRequest::new(app, id, "usage:read")).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let answer = token(app, method, id, secret, &form).await;
    (answer.status, answer.json["refresh_token"].as_str().unwrap_or_default().to_owned())
}

pub(super) async fn refreshed(
    app: &TestApp,
    method: &str,
    id: &str,
    secret: &str,
    refresh: &str,
) -> Answer {
    token(app, method, id, secret, &[("grant_type", "refresh_token"), ("refresh_token", refresh)])
        .await
}
