//! What a blocked client holds is blocked, not active, on every page and in every figure.

use std::collections::BTreeSet;

use portcullis::service::clients::Whom;
use portcullis::service::{clients, overview};
use portcullis::store::client_grid::{ClientQuery, ClientSort};
use portcullis::store::grid::{GridFilter, GridRow, GridSort};

use super::clients::{act, row_of};
use super::mcp_users::{FIRST, PATH, PEOPLE, all, assert_in_order, crowd, many, query};
use crate::support::ai_client::AuthorizationRequest;
use crate::support::{MEMBER, OTHER, PASSWORD, TestApp, both_databases, html};

/// People, tokens and clients that the overview counts as connected.
async fn figures(app: &TestApp) -> (i64, i64, i64) {
    let overview = overview::read(&app.ctx).await.unwrap();
    (overview.standing.people, overview.standing.tokens, overview.clients)
}

/// What a page says, as somebody reads it.
async fn said(app: &TestApp, path: &str) -> String {
    html::text(&app.admin().await.get(path).await.text)
}

/// Active and blocked tokens of the clients' rows in the order of active tokens, most first.
async fn of_clients(app: &TestApp, group: Option<i64>) -> Vec<(i64, i64)> {
    let query = ClientQuery {
        group: group.map(portcullis::ids::ClientGroupId),
        text: None,
        trust: None,
        registration: None,
        sort: ClientSort::Tokens,
        descending: true,
        page: 1,
        page_size: 50,
    };
    let rows = clients::grid(&app.ctx, query).await.unwrap().rows;
    rows.into_iter().map(|row| (row.figures.tokens, row.blocked_tokens)).collect()
}

/// Everything that says how the only client of the member stands.
async fn assert_shown(app: &TestApp, client_id: &str, is_blocked: bool) {
    let member = app.id_of(MEMBER).await;
    let client = row_of(app, client_id).await;
    let either = |active: &'static str, blocked: &'static str| {
        if is_blocked { (blocked, active) } else { (active, blocked) }
    };
    let pages = [
        (
            format!("{PATH}?q={}", MEMBER.email),
            either("Suite Client , active", "Suite Client , blocked"),
        ),
        (
            format!("{PATH}/{member}/tokens"),
            either("1 active of 1 token", "0 active and 1 blocked of 1 token"),
        ),
        (format!("{PATH}/{member}/tokens"), either("OAuth Active", "OAuth Blocked")),
        (
            format!("{PATH}/{member}/revoke"),
            either("1 active token", "1 token of a blocked client"),
        ),
        (
            format!("{PATH}/{member}/access?enabled=no"),
            either("1 active token is", "1 token of a blocked client is"),
        ),
        (
            format!("{PATH}/act/revoke?user={member}"),
            either("1 active token is revoked", "1 token of a blocked client is revoked"),
        ),
        (
            format!("/admin/users/{member}?tab=mcp"),
            either(
                "Connected Clients 1 Active Tokens 1",
                "Connected Clients 0 Active Tokens 0 Blocked Tokens 1",
            ),
        ),
        (
            format!("/admin/users/{member}/suspend"),
            either("1 active token is", "1 token of a blocked client is"),
        ),
        (
            format!("/admin/mcp/clients/{client}"),
            either("1 person, 1 active token", "1 person, 1 token of a blocked client"),
        ),
        (
            format!("/admin/mcp/clients/{client}/revoke"),
            either("1 active token .", "1 token of a blocked client ."),
        ),
        (
            "/admin/stop/everything".into(),
            either(
                "2 active tokens , 2 approvals and",
                "1 active token , 1 token of blocked clients , 2 approvals and",
            ),
        ),
    ];
    for (path, (is, is_not)) in pages {
        let text = said(app, &path).await;
        assert!(text.contains(is) && !text.contains(is_not), "{path}: {is}: {text}");
    }
    let own = [
        ("/dashboard", either("Active", "Blocked")),
        ("/dashboard", either("Unverified client", "does not work for as long as that lasts")),
        (
            "/dashboard/settings/mcp",
            either("Suite Client connected", "has blocked Suite Client : it does not work now"),
        ),
        (
            "/dashboard/settings/mcp",
            either("Unverified client", "Blocked by an administrator: does not work"),
        ),
    ];
    let browser = app.member().await;
    for (path, (is, is_not)) in own {
        let text = html::text(&browser.get(path).await.text);
        assert!(text.contains(is) && !text.contains(is_not), "{path}: {is}: {text}");
    }
    let export = format!("{PATH}/export?q={}&cols=user&cols=clients&cols=tokens", MEMBER.email);
    let csv = app.admin().await.get(&export).await.text;
    let columns =
        "id,name,email,clients,blocked_clients,ended_clients,active_tokens,blocked_tokens";
    let cells = either(",Suite Client,,,1,0", ",,Suite Client,,0,1").0;
    assert!(csv.contains(columns) && csv.trim_end().ends_with(cells), "{csv}");
    // Filters find what is shown, and an act on many touches whom the filter shows.
    for (filter, is_there) in [("tokens=some", !is_blocked), ("tokens=none", is_blocked)] {
        let found = said(app, &format!("{PATH}?{filter}")).await;
        assert_eq!(found.contains(MEMBER.email), is_there, "{filter}: {found}");
        let act =
            said(app, &format!("{PATH}/act/revoke?all=yes&back={}", filter.replace('=', "%3D")))
                .await;
        assert_eq!(act.contains(MEMBER.name), is_there, "{filter}: {act}");
    }
}

both_databases! {
    /// Blocking one of two look-alikes takes what it holds out of every count and shows it as
    /// blocked; unblocking gives it back, and nothing was rewritten for either.
    async fn a_blocked_client_is_active_nowhere(app) {
        let (mine, other) = (app.ai_client("usage:read").await, app.ai_client_of(OTHER, "usage:read").await);
        let group = app.count("SELECT max(group_id) FROM clients").await;
        assert_shown(app, &mine.client_id, false).await;
        assert_eq!(figures(app).await, (2, 2, 1));
        assert_eq!(of_clients(app, None).await, [(2, 0)]);

        let row = row_of(app, &mine.client_id).await.to_string();
        act(app, &row, "block", "").await;
        assert_eq!(mine.call().await.status, 401);
        for folds in [false, true] {
            assert_shown(app, &mine.client_id, true).await;
            assert_eq!(figures(app).await, (1, 1, 1), "the other look-alike works, folded {folds}");
            assert_eq!(of_clients(app, None).await, [(1, 1)]);
            assert_eq!(of_clients(app, Some(group)).await, [(1, 0), (0, 1)]);
            clients::fold(&app.ctx).await.unwrap();
        }
        act(app, &format!("group-{group}"), "block", "").await;
        assert_eq!(figures(app).await, (0, 0, 0));
        assert_eq!(of_clients(app, None).await, [(0, 2)]);
        let text = said(app, "/admin/mcp/clients").await;
        assert!(text.contains("0 2 blocked"), "{text}");

        act(app, &format!("group-{group}"), "unblock", PASSWORD).await;
        assert_shown(app, &mine.client_id, false).await;
        assert_eq!(figures(app).await, (2, 2, 1));
        assert_eq!(of_clients(app, Some(group)).await, [(1, 0), (1, 0)]);
        assert!(mine.call().await.is_ok() && other.call().await.is_ok());
    }

    /// What is blocked can be ended for good, by administrators and by who owns it, and what time
    /// ends is ended though it is blocked.
    async fn what_is_blocked_can_be_revoked(app) {
        let mine = app.ai_client("usage:read").await;
        let member = app.id_of(MEMBER).await;
        let row = row_of(app, &mine.client_id).await;
        clients::block(&app.ctx, &app.admin_actor().await, Whom::Client(portcullis::ids::ClientRowId(row))).await.unwrap();
        let text = said(app, PATH).await;
        assert!(text.contains(&format!("Revoke All tokens of {}", MEMBER.name)), "{text}");
        let connection = app.count("SELECT max(id) FROM consents").await;
        let page = format!("/dashboard/settings/mcp/connections/{connection}/revoke");
        let done = app.member().await.submit(&page, &page, &[]).await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'revoked'").await, 1);
        let text = said(app, &format!("{PATH}/{member}/tokens")).await;
        assert!(text.contains("0 active of 1 token") && text.contains("OAuth Revoked"), "{text}");
        let text = said(app, PATH).await;
        assert!(!text.contains("Suite Client , blocked"), "{text}");
    }

    /// A blocked program that asks to be connected is told that it is blocked, under a heading that
    /// says so.
    async fn a_blocked_program_is_told_so_where_it_asks(app) {
        let mine = app.ai_client("usage:read").await;
        app.sql("UPDATE clients SET trust = 'blocked'").await;
        let asked = AuthorizationRequest::new(app, &mine.client_id, "usage:read").path();
        let page = app.member().await.get(&asked).await;
        assert_eq!(page.status, 400, "{}", page.text);
        assert!(page.text.contains("<h1>This program is blocked</h1>"), "{}", page.text);
        assert!(page.text.contains("/docs/troubleshooting#client_blocked"), "{}", page.text);
    }

    /// Orders and filters by active tokens agree with what is shown while a client is blocked that
    /// many have, some beside others and some alone; few people and many, from both ends.
    async fn orders_and_filters_agree_while_a_client_is_blocked(app) {
        crowd(app, PEOPLE).await;
        let mine = app.ai_client("usage:read").await;
        let client = row_of(app, &mine.client_id).await;
        let later = app.clock.now().0 + 30 * 86_400_000;
        for each in [7, 20, 21] {
            app.sql(format!(
                "INSERT INTO tokens (kind, user_id, client_id, label, scopes, resource, state, created_at, expires_at, absolute_expires_at) \
                 {} SELECT 'oauth', {FIRST} + i, {client}, 'Suite Client', 'usage:read', 'x', 'active', 0, {later}, {later} FROM n WHERE i % {each} = 0",
                many(PEOPLE)
            ))
            .await;
            app.sql(format!("UPDATE users SET active_tokens = active_tokens + 1 WHERE id > {FIRST} AND (id - {FIRST}) % {each} = 0")).await;
        }
        clients::block(&app.ctx, &app.admin_actor().await, Whom::Client(portcullis::ids::ClientRowId(client))).await.unwrap();
        let any = GridFilter::default;
        let everybody = all(app, query(&any(), GridSort::User, false)).await;
        assert!(everybody.iter().any(|row| row.blocked_tokens > 1 && row.active_tokens == 1));
        type Fits = fn(&GridRow) -> bool;
        let filters: [(GridFilter, Fits); 5] = [
            (any(), |_| true),
            (GridFilter { has_tokens: Some(true), ..any() }, |row| row.active_tokens > 0),
            (GridFilter { has_tokens: Some(false), ..any() }, |row| row.active_tokens == 0),
            (GridFilter { roles: vec!["Auditor".into()], ..any() }, |row| row.role == "Auditor"),
            (GridFilter { has_tokens: Some(false), access: Some(true), ..any() }, |row| {
                row.active_tokens == 0 && row.mcp_enabled
            }),
        ];
        for (filter, fits) in filters {
            let right: BTreeSet<_> =
                everybody.iter().filter(|row| fits(row)).map(|row| row.id).collect();
            for (sort, descending) in [(GridSort::Tokens, false), (GridSort::Clients, true), (GridSort::Role, false)] {
                let what = format!("{filter:?} by {sort:?} {descending}");
                let rows = all(app, query(&filter, sort, descending)).await;
                assert_in_order(&rows, sort, descending, &what);
                assert_eq!(rows.iter().map(|row| row.id).collect::<BTreeSet<_>>(), right, "{what}");
            }
        }
        let works = everybody.iter().filter(|row| row.active_tokens > 0).count();
        assert_eq!(figures(app).await.0, i64::try_from(works).unwrap());
    }
}
