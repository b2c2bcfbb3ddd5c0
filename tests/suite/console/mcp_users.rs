//! The list of MCP users (contract §9): orders, filters, search, paging, columns, export.

use std::collections::BTreeSet;

use portcullis::clock::Timestamp;
use portcullis::domain::quota::Span;
use portcullis::service::connections;
use portcullis::store::grid::{GridFilter, GridQuery, GridRow, GridSort};

use crate::support::{ADMIN, AUDITOR, MEMBER, TestApp, both_databases, html, on_sqlite};

pub(super) const PATH: &str = "/admin/mcp/users";
/// More than are put in order after they were found, so that both ways are gone.
pub(super) const PEOPLE: i64 = 6_000;
/// The id of the first of them, less one.
pub(super) const FIRST: i64 = 1_000;
const DAY: i64 = 86_400_000;

const SORTS: [GridSort; 8] = [
    GridSort::User,
    GridSort::Access,
    GridSort::Role,
    GridSort::Clients,
    GridSort::Tokens,
    GridSort::Credits,
    GridSort::Added,
    GridSort::LastUsed,
];

pub(super) fn many(count: i64) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    )
}

/// Adds `count` people, an account to five of them: with and without access, uses, credits, tokens.
pub(super) async fn crowd(app: &TestApp, count: i64) {
    let (now, people) = (app.clock.now().0, many(count));
    let month = Span::Month.start(app.clock.now()).0;
    let accounts = many(count / 5 + 1);
    let later = now + 30 * DAY;
    for sql in [
        format!(
            "INSERT INTO accounts (id, name, plan_id, created_at) {accounts} SELECT {FIRST} + i, 'Account ' || i, \
             (SELECT id FROM plans WHERE name = 'Starter'), {now} FROM n"
        ),
        format!(
            "INSERT INTO credit_balances (account_id, period_start, allowance, balance, spent) {accounts} \
             SELECT {FIRST} + i, {month}, 500, 500 - i * 7 % 500, i * 7 % 500 FROM n WHERE i % 3 <> 0"
        ),
        format!(
            "INSERT INTO users (id, subject, account_id, role_id, email, name, status, mcp_enabled, mcp_added_at, last_tool_at, \
             active_tokens, ended_tokens, expired_tokens, created_at) {people} SELECT {FIRST} + i, 'crowd-' || i, {FIRST} + 1 + (i - 1) / 5, \
             (SELECT id FROM roles WHERE name = CASE i % 9 WHEN 0 THEN 'Auditor' ELSE 'Member' END), 'person' || i || '@crowd.example', \
             'Person ' || (i * 7 % 700), 'active', i % 50 <> 0, CASE WHEN i % 4 = 0 THEN NULL ELSE {now} - i * 37 % 400 * {DAY} END, \
             CASE WHEN i % 3 = 0 THEN NULL ELSE {now} - i * 13 % 200 * {DAY} - 1 END, \
             CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END, CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END, 0, {now} FROM n"
        ),
        format!(
            "INSERT INTO tokens (kind, user_id, label, scopes, resource, state, created_at, expires_at, absolute_expires_at) \
             {people} SELECT 'personal', {FIRST} + i, 'Script ' || i, 'usage:read', 'x', 'active', {now}, {later}, {later} FROM n WHERE i % 10 = 0"
        ),
        format!(
            "INSERT INTO tokens (kind, user_id, label, scopes, resource, state, created_at, expires_at, absolute_expires_at) \
             {people} SELECT 'personal', {FIRST} + i, 'Old script', 'usage:read', 'x', 'active', {now}, {now} - 1, {now} FROM n WHERE i % 10 = 0"
        ),
        format!("UPDATE tokens SET state = 'expired', ended_at = {now} WHERE label = 'Old script'"),
    ] {
        app.sql(sql).await;
    }
}

pub(super) fn query(filter: &GridFilter, sort: GridSort, descending: bool) -> GridQuery {
    GridQuery { filter: filter.clone(), sort, descending, page: 1, page_size: 1_700 }
}

/// Everybody whom a filter shows, page by page.
pub(super) async fn all(app: &TestApp, query: GridQuery) -> Vec<GridRow> {
    let mut rows = Vec::new();
    for page in 1.. {
        let shown = connections::grid(&app.ctx, GridQuery { page, ..query.clone() }).await.unwrap();
        rows.extend(shown.rows);
        if page * query.page_size >= shown.total {
            assert_eq!(i64::try_from(rows.len()).unwrap(), shown.total, "{query:?}");
            return rows;
        }
    }
    unreachable!()
}

/// What a row is sorted by; nothing comes last both ways.
fn key(row: &GridRow, sort: GridSort) -> (Option<i64>, String) {
    let number = |number: i64| (Some(number), String::new());
    match sort {
        GridSort::User => (Some(0), row.name.clone()),
        GridSort::Role => (Some(0), row.role.clone()),
        GridSort::Access => number(row.mcp_enabled.into()),
        GridSort::Clients | GridSort::Tokens => number(i64::try_from(row.active_tokens).unwrap()),
        GridSort::Credits => number(row.credits.used),
        GridSort::Added => (row.added_at.map(|at| at.0), String::new()),
        GridSort::LastUsed => (row.last_tool_at.map(|at| at.0), String::new()),
    }
}

pub(super) fn assert_in_order(rows: &[GridRow], sort: GridSort, descending: bool, what: &str) {
    let ids: BTreeSet<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), rows.len(), "{what}: nobody is on two pages");
    for pair in rows.windows(2) {
        let (before, after) = (key(&pair[0], sort), key(&pair[1], sort));
        let is_right = match (before.0, after.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            _ if descending => before >= after,
            _ => before <= after,
        };
        assert!(is_right, "{what}: {before:?} stands before {after:?}");
    }
}

type Fits = fn(&GridRow, Timestamp) -> bool;

/// Filters, and whom they should show.
fn filters(now: Timestamp) -> Vec<(GridFilter, Fits)> {
    let any = GridFilter::default;
    vec![
        (any(), |_, _| true),
        (GridFilter { access: Some(true), ..any() }, |row, _| row.mcp_enabled),
        (GridFilter { access: Some(false), ..any() }, |row, _| !row.mcp_enabled),
        (GridFilter { text: Some("Person".into()), ..any() }, |row, _| {
            row.name.starts_with("Person")
        }),
        (GridFilter { text: Some("ON 69".into()), ..any() }, |row, _| row.name.contains("on 69")),
        (GridFilter { text: Some("@CROWD".into()), access: Some(true), ..any() }, |row, _| {
            row.mcp_enabled && row.email.contains("@crowd")
        }),
        (GridFilter { client: Some("access tok".into()), ..any() }, |row, _| {
            !row.clients.is_empty()
        }),
        (GridFilter { roles: vec!["Auditor".into(), "Member".into()], ..any() }, |row, _| {
            row.role != "Administrator"
        }),
        (
            GridFilter { roles: vec!["Auditor".into()], has_tokens: Some(true), ..any() },
            |row, _| row.role == "Auditor" && row.active_tokens > 0,
        ),
        (GridFilter { has_tokens: Some(false), access: Some(true), ..any() }, |row, _| {
            row.active_tokens == 0 && row.mcp_enabled
        }),
        (GridFilter { has_expired: true, ..any() }, |row, _| {
            row.id.0 % 10 == 0 && row.id.0 > FIRST
        }),
        (GridFilter { over_credits: true, ..any() }, |row, _| row.credits.used > 400),
        (GridFilter { over_credits: true, access: Some(true), ..any() }, |row, _| {
            row.credits.used > 400 && row.mcp_enabled
        }),
        (GridFilter { never_used: true, ..any() }, |row, _| row.last_tool_at.is_none()),
        (
            GridFilter {
                used_until: Some(Timestamp(now.0 - 90 * DAY)),
                access: Some(true),
                ..any()
            },
            |row, now| {
                row.mcp_enabled && row.last_tool_at.is_some_and(|at| at.0 < now.0 - 90 * DAY)
            },
        ),
        (
            GridFilter {
                added_from: Some(Timestamp(now.0 - 200 * DAY)),
                added_until: Some(Timestamp(now.0 - 100 * DAY)),
                ..any()
            },
            |row, now| {
                row.added_at
                    .is_some_and(|at| (now.0 - 200 * DAY..now.0 - 100 * DAY).contains(&at.0))
            },
        ),
    ]
}

both_databases! {
    /// Every order of every filter shows everybody who fits once, in that order, whoever has nothing
    /// last both ways; few people and many, from the start and from the end.
    async fn every_order_of_every_filter_is_right(app) {
        crowd(app, PEOPLE + 2).await;
        // Deleted people are in no list.
        app.sql(format!("UPDATE users SET deleted_at = 1 WHERE id > {FIRST} + {PEOPLE}")).await;
        let now = app.clock.now();
        let everybody = all(app, query(&GridFilter::default(), GridSort::User, false)).await;
        assert_eq!(everybody.len(), usize::try_from(PEOPLE).unwrap() + 4);
        for (place, (filter, fits)) in filters(now).into_iter().enumerate() {
            let right: BTreeSet<_> =
                everybody.iter().filter(|row| fits(row, now)).map(|row| row.id).collect();
            assert!(!right.is_empty(), "{filter:?}");
            // All orders of the first ones, where many are shown; then two in turn.
            let sorts = SORTS.into_iter().enumerate();
            for (_, sort) in sorts.filter(|(turn, _)| place < 4 || turn % 4 == place % 4) {
                for descending in [false, true] {
                    let what = format!("{filter:?} by {sort:?} {descending}");
                    let rows = all(app, query(&filter, sort, descending)).await;
                    assert_in_order(&rows, sort, descending, &what);
                    let shown: BTreeSet<_> = rows.iter().map(|row| row.id).collect();
                    assert_eq!(shown, right, "{what}");
                }
            }
        }
    }

    /// What is typed is text: none of it is a pattern, and letters are found whatever their case.
    async fn a_search_takes_what_is_typed_as_text(app) {
        for (id, name) in [(500, "Ünal O'Brien"), (501, "A*b[c]? 100%_x"), (502, "Back\\slash \"q\"")] {
            let name = name.replace('\'', "''");
            app.sql(format!(
                "INSERT INTO users (id, subject, account_id, role_id, email, name, status, mcp_enabled, created_at) \
                 SELECT {id}, 's{id}', account_id, role_id, 'u{id}@text.example', '{name}', 'active', TRUE, 0 FROM users WHERE email = '{}'",
                MEMBER.email
            ))
            .await;
        }
        for (typed, found) in [
            ("ünal", vec![500]),
            ("ÜN", vec![500]),
            ("o'brien", vec![500]),
            ("O'B", vec![500]),
            ("a*B[C]?", vec![501]),
            ("0%_x", vec![501]),
            ("%_", vec![501]),
            ("**", vec![]),
            ("..", vec![]),
            ("\\SL", vec![502]),
            ("\"q\"", vec![502]),
            ("U501@", vec![501]),
            ("x' OR 1=1 --", vec![]),
        ] {
            let filter = GridFilter { text: Some(typed.into()), ..GridFilter::default() };
            let rows = all(app, query(&filter, GridSort::Added, false)).await;
            let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
            assert_eq!(ids, found, "{typed}");
        }
        // A new name is found, the old one no longer.
        app.sql("UPDATE users SET name = 'Somebody Else' WHERE id = 500").await;
        for (typed, count) in [("ünal", 0), ("somebody e", 1)] {
            let filter = GridFilter { text: Some(typed.into()), ..GridFilter::default() };
            assert_eq!(all(app, query(&filter, GridSort::User, true)).await.len(), count, "{typed}");
        }
    }

    /// Clients and expired tokens are found as tokens come, run out and go.
    async fn what_filters_need_follows_the_tokens(app) {
        let client = app.ai_client("usage:read").await;
        let browser = app.admin().await;
        let found = |query: &str| {
            let (browser, address) = (browser.clone(), format!("{PATH}?{query}"));
            async move { html::text(&browser.get(&address).await.text).contains(MEMBER.email) }
        };
        assert!(found("client=suite+CLIENT").await && !found("client=other+client").await);
        assert!(found("tokens=some").await && !found("expired=yes").await);
        app.sql("UPDATE tokens SET state = 'expired', ended_at = expires_at").await;
        assert!(found("expired=yes").await && found("client=Suite").await);
        app.sql("UPDATE tokens SET state = 'revoked'").await;
        assert!(!found("expired=yes").await);
        app.sql("UPDATE tokens SET state = 'expired'").await;
        app.sql("DELETE FROM tokens").await;
        assert!(!found("expired=yes").await);
        assert!(!client.call().await.is_ok());
    }

    /// The file holds whom the view shows and the columns that it shows, and is written down; a cell
    /// that a spreadsheet would run is text.
    async fn an_export_is_the_view(app) {
        crowd(app, 2_500).await;
        app.sql("UPDATE users SET name = '=HYPERLINK(1)' WHERE id = 1003").await;
        let browser = app.admin().await;
        let file = browser.get(&format!("{PATH}/export?status=enabled&cols=access,credits")).await;
        assert_eq!(file.status, 200);
        assert!(file.header("content-disposition").contains("mcp-users"), "{:?}", file.headers);
        let lines: Vec<_> = file.text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(lines[0], "id,name,email,mcp_access,status,credits_used,credits_limit");
        assert_eq!(lines.len() - 1, 2_500 - 50 + 4, "the list's number of people");
        let line = lines.iter().find(|line| line.starts_with("1003,")).unwrap();
        assert!(line.contains("'=HYPERLINK"), "{line}");
        assert!(lines.iter().skip(1).all(|line| line.contains(",enabled,")));
        let told = app.count("SELECT count(*) FROM audit WHERE action = 'people_exported' AND detail LIKE '%2454%'").await;
        assert_eq!(told, 1);
        let sorted = browser.get(&format!("{PATH}/export?status=enabled&cols=access,credits&sort=-user")).await;
        let names: Vec<_> = sorted.text.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
        assert_eq!(names.len(), lines.len() - 1, "every page of it");
        let mut expected = names.clone();
        expected.sort_by_key(|name| std::cmp::Reverse(name.trim_start_matches('\'').to_lowercase()));
        assert_eq!(names, expected, "in the order of the view");
        let wrong = browser.get(&format!("{PATH}/export?status=maybe")).await;
        assert_eq!(wrong.status, 400, "a filter that cannot be read lets nobody into a file");
        let one = browser.get(&format!("{PATH}/export?q={}", ADMIN.email.replace('@', "%40"))).await;
        assert_eq!(one.text.lines().count(), 2, "{}", one.text);
        assert!(one.text.contains("last_used"), "the usual columns");
    }
}

on_sqlite! {
    /// The address is the view: what it says is shown again as chips and fields, and every link of
    /// the page keeps it.
    async fn the_address_holds_the_view(app) {
        crowd(app, 300).await;
        let browser = app.admin().await;
        let view = "status=enabled&role=Member&unused=never&cols=user%2Crole%2Ctokens&sort=-user&page_size=20";
        let page = browser.get(&format!("{PATH}?{view}&page=2")).await;
        assert_eq!(page.status, 200);
        let text = html::text(&page.text);
        for chip in ["Access Status: Enabled", "Role: Member", "Never used"] {
            assert!(text.contains(chip), "{chip}: {text}");
        }
        for header in ["Role", "Active Tokens"] {
            assert!(page.text.contains(&format!(">{header}<svg")), "{header}");
        }
        assert!(!page.text.contains("data-label=\"Clients\""), "a column that was not chosen");
        assert!(text.contains("2 of 7 visible"), "what the list offers is counted, User is not in it: {text}");
        assert!(page.text.contains("aria-sort=\"descending\""));
        let escaped = view.replace('&', "&#38;");
        assert!(page.text.contains(&format!("href=\"{PATH}?{escaped}&#38;page=3\"")), "next page");
        let gone = browser.get(&format!("{PATH}?page=99&page_size=20")).await;
        assert!(html::text(&gone.text).contains("There is no page 99"), "the last page with a notice");
        let wrong = browser.get(&format!("{PATH}?cols=password_hash&tokens=lots")).await;
        assert_eq!(wrong.status, 400);
        assert!(html::text(&wrong.text).contains("there is no column"), "{}", wrong.text);
    }

    /// Who may only look finds nothing to do on the page; the server refuses in any case.
    async fn who_may_only_look_has_nothing_to_tick(app) {
        let page = app.signed_in(AUDITOR).await.get(PATH).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("data-select-row") && !page.text.contains("id=\"act\""));
        assert!(page.text.contains("/export"), "reading includes the file");
        let page = app.admin().await.get(PATH).await;
        assert_eq!(page.text.matches("data-select-row").count(), 4);
    }
}
