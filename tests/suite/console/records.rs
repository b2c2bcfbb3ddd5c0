//! Activity and Audit (contract §11): filters, paging, details, exports.

use portcullis::domain::records::{Cursor, LOOKED_AT};
use portcullis::service::records::activity;
use portcullis::store::activity_grid::ActivityQuery;
use serde_json::json;

use crate::support::{ADMIN, AUDITOR, MEMBER, TestApp, both_databases, html};

const ACTIVITY: &str = "/admin/mcp/activity";
const AUDIT: &str = "/admin/mcp/audit";

/// Writes `count` calls down, a second apart, the last at `at`.
async fn calls(app: &TestApp, count: i64, at: i64, set: &str) {
    let numbers = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    );
    let columns = "request_id, at, user_id, address, surface, operation, outcome, status, error_code, rows_returned, credits_spent, latency_us";
    app.sql(format!(
        "INSERT INTO activity ({columns}) {numbers} SELECT 'request-' || i, {at} - ({count} - i) * 1000, {set} FROM n"
    ))
    .await;
}

const OK: &str = "1, '192.0.2.1', 'mcp', 'get_store', 'ok', 200, NULL, 1, 0, 1500";
const DENIED: &str = "1, '192.0.2.2', 'mcp', 'gate', 'denied', 401, 'invalid_token', 0, 0, 90";

/// The ids of the rows of a page, as the links to them say.
fn ids(page: &str, path: &str) -> Vec<i64> {
    page.split(&format!("href=\"{path}/"))
        .skip(1)
        .filter_map(|part| part.split('"').next()?.parse().ok())
        .collect()
}

/// The address behind the last link with those words.
fn link(page: &str, words: &str) -> Option<String> {
    let end = page.find(&format!(">{words}<")).or_else(|| page.find(&format!("</svg>{words}<")))?;
    let start = page[..end].rfind("href=\"")? + 6;
    Some(page[start..].split('"').next()?.replace("&#38;", "&").replace("&amp;", "&"))
}

/// How many rows a log says it found.
async fn browser_count(browser: &crate::support::Browser, path: &str) -> i64 {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{path}");
    let text = html::text(&page.text);
    let head = text.split(" found").next().unwrap_or_default();
    head.split_whitespace().nth_back(1).and_then(|count| count.parse().ok()).unwrap()
}

both_databases! {
    /// What a client did is found under its person, its client, its request and its outcome; a
    /// refused call is a row too, and has a page of its own.
    async fn a_call_is_found_by_everything_that_it_has(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        app.set_access(MEMBER, false).await;
        assert_eq!(client.call().await.status, 401);
        let browser = app.admin().await;
        let page = browser.get(ACTIVITY).await;
        assert_eq!(ids(&page.text, ACTIVITY), [2, 1], "newest first");
        let text = html::text(&page.text);
        assert!(text.contains("2 calls found") && text.contains("Suite Client"), "{text}");
        assert!(text.contains("Kept for 90 days"), "{text}");
        for (query, found) in [
            (format!("person={}", MEMBER.email), vec![2, 1]),
            ("client=Suite+Client&outcome=ok".to_owned(), vec![1]),
            (format!("client={}", client.client_id), vec![2, 1]),
            ("outcome=denied&from=today".into(), vec![2]),
            ("code=invalid_token".into(), vec![2]),
            ("tool=get_usage".into(), vec![1]),
            ("address=127.0.0.1&surface=mcp".into(), vec![2, 1]),
            (format!("person={}", ADMIN.email), vec![]),
            ("surface=rest".into(), vec![]),
            ("to=2020-01-01".into(), vec![]),
            ("from=2099-01-01".into(), vec![]),
        ] {
            let page = browser.get(&format!("{ACTIVITY}?{query}")).await;
            assert_eq!((page.status, ids(&page.text, ACTIVITY)), (200, found), "{query}");
        }
        let details = html::text(&browser.get(&format!("{ACTIVITY}/2")).await.text);
        for told in [MEMBER.email, "Suite Client", "HTTP 401", "invalid_token", "127.0.0.1"] {
            assert!(details.contains(told), "{told}: {details}");
        }
        let request = app.calls().await.remove(1).request_id;
        let page = browser.get(&format!("{ACTIVITY}?request={request}")).await;
        assert_eq!(ids(&page.text, ACTIVITY), [2]);
    }

    /// A client and a person are found whatever the case of the letters, in both logs; a name that
    /// there is none of is said to be one, and never looks like "nothing happened".
    async fn names_are_found_whatever_their_case(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        app.sql("UPDATE client_groups SET name = 'Éclair Client'").await;
        app.sql("UPDATE clients SET name = 'Éclair Client'").await;
        app.sql("UPDATE audit SET target = 'Éclair Client' WHERE target = 'Suite Client'").await;
        let now = app.clock.now().0;
        for (kind, name) in [("client", "Gone Client"), ("connection", "ÉCLAIR CLIENT"), ("role", "Clerk")] {
            app.sql(format!("INSERT INTO audit (at, actor, action, target_kind, target_id, target, outcome, detail) VALUES ({now}, 'test', 'connection_revoked', '{kind}', 99, '{name}', 'ok', '{{}}')")).await;
        }
        let browser = app.admin().await;
        let found = |text: String| text.split(" found").next().and_then(|head| head.split_whitespace().nth_back(1).map(str::to_owned)).unwrap();
        for path in [ACTIVITY, AUDIT] {
            let mut counts = Vec::new();
            for name in ["Éclair Client", "éclair client", "e\u{301}CLAIR cLIENT", client.client_id.as_str()] {
                let page = browser.get(&format!("{path}?client={}", name.replace(' ', "+"))).await;
                assert_eq!(page.status, 200, "{path} {name}: {}", html::text(&page.text));
                counts.push(found(html::text(&page.text)));
            }
            assert!(counts[0] != "0" && counts.iter().all(|count| *count == counts[0]), "{path}: {counts:?}");
            for name in ["clair client", "Clerk", "gone client"] {
                let page = browser.get(&format!("{path}?client={}", name.replace(' ', "+"))).await;
                assert_eq!(page.status, 400, "{path} {name}");
                html::assert_complaints(&page.text, &["client"]);
            }
            let person = browser.get(&format!("{path}?person={}", MEMBER.email.to_uppercase())).await;
            assert!(person.status == 200 && found(html::text(&person.text)) != "0", "{path}");
        }
        let gone = browser.get(&format!("{AUDIT}?client=Gone+Client")).await;
        assert_eq!(found(html::text(&gone.text)), "1", "a client that is gone is known by its spelling");
        let export = browser.get(&format!("{AUDIT}/export?format=jsonl&client=gone+client")).await;
        assert_eq!(export.status, 400, "no file of nothing");
        let own = app.member().await;
        for path in ["/dashboard/activity", "/dashboard/audit"] {
            let page = browser_count(&own, &format!("{path}?client=%C3%A9clair+client")).await;
            assert!(page > 0, "{path}");
        }
        assert_eq!(browser_count(&own, "/dashboard/audit?client=Gone+Client").await, 0, "others' clients are not found out");
    }

    /// Pages go by rows, not by numbers: what is written down meanwhile moves nothing, and Newer
    /// leads back over the same rows.
    async fn pages_keep_their_rows_while_the_log_grows(app) {
        calls(app, 45, app.clock.now().0, OK).await;
        let browser = app.admin().await;
        let first = browser.get(&format!("{ACTIVITY}?page_size=20")).await.text;
        assert_eq!(ids(&first, ACTIVITY), (26..=45).rev().collect::<Vec<_>>());
        assert!(link(&first, "Newest").is_none() && link(&first, "Newer").is_none());
        calls(app, 5, app.clock.now().0, OK).await;
        let second = browser.get(&link(&first, "Older").unwrap_or_else(|| format!("{ACTIVITY}?page_size=20&before=26"))).await.text;
        assert_eq!(ids(&second, ACTIVITY), (6..=25).rev().collect::<Vec<_>>());
        let third = browser.get(&format!("{ACTIVITY}?page_size=20&before=6")).await.text;
        assert_eq!(ids(&third, ACTIVITY), (1..=5).rev().collect::<Vec<_>>());
        assert!(!third.contains(">Older"), "the end is the end");
        let back = browser.get(&format!("{ACTIVITY}?page_size=20&after=5")).await.text;
        assert_eq!(ids(&back, ACTIVITY), (6..=25).rev().collect::<Vec<_>>());
        let top = browser.get(&format!("{ACTIVITY}?page_size=20&after=45")).await.text;
        assert_eq!(ids(&top, ACTIVITY), (31..=50).rev().collect::<Vec<_>>(), "the newest page is always full");
    }

    /// What is printed says of itself what it is: when it was read, by whom, where, which rows of how
    /// many, and by which filters, in words that are still true tomorrow.
    async fn a_printed_log_says_what_it_is(app) {
        calls(app, 120, app.clock.now().0, OK).await;
        let browser = app.admin().await;
        let paper = |page: &str| {
            let text = html::text(page);
            let paper = text.split(" Read ").nth(1).unwrap().split(" Show ").next().unwrap();
            format!("Read {paper}")
        };
        let now = app.clock.now().to_utc();
        let first = browser.get("/admin/mcp/activity?from=today&outcome=ok").await;
        let said = paper(&first.text);
        let read = format!("Read {} by Ada Admin, ada@acme.example, from {}. Rows 1–50 of 120 calls, newest first.", now.format("%-d %b %Y, %H:%M:%S UTC"), app.ctx.config.public_url);
        assert!(said.contains(&read), "{said}\n{read}");
        assert!(said.contains(&format!("Filters: From: {} (UTC); Outcome: OK.", now.format("%-d %b %Y"))), "{said}");
        let second = browser.get(&link(&first.text, "Older").unwrap()).await;
        assert!(paper(&second.text).contains("Rows 51–100 of 120 calls"), "{}", paper(&second.text));
        let newest = ids(&second.text, ACTIVITY)[0];
        let back = browser.get(&format!("{ACTIVITY}?from=today&outcome=ok&after={newest}")).await;
        assert!(paper(&back.text).contains("Rows 1–50 of 120"), "{}", paper(&back.text));
        let audit = browser.get("/admin/mcp/audit").await;
        assert!(paper(&audit.text).contains("No filter: all that is kept."), "{}", paper(&audit.text));
    }

    /// A filter without an index looks through so many rows and says so; following it finds what
    /// is there, and nothing is counted without end.
    async fn looking_stops_and_says_where(app) {
        let now = app.clock.now().0;
        calls(app, 3, now - 90_000_000, &OK.replace("'mcp'", "'rest'")).await;
        calls(app, LOOKED_AT + 10, now, OK).await;
        let query = ActivityQuery { surface: Some("rest".into()), ..ActivityQuery::default() };
        let asked = activity::Asked { query, ..activity::Asked::default() };
        let page = activity::page(&app.ctx, asked.clone(), Cursor::Newest, 50).await.unwrap();
        assert!(page.rows.is_empty() && page.looked_back_to.is_some() && !page.total.is_exact);
        let older = page.older.unwrap();
        let page = activity::page(&app.ctx, asked, older, 50).await.unwrap();
        assert_eq!(page.rows.iter().map(|call| call.row.id).collect::<Vec<_>>(), [3, 2, 1]);
        assert!(page.older.is_none() && page.looked_back_to.is_none());
        let browser = app.admin().await;
        let page = browser.get(&format!("{ACTIVITY}?surface=rest")).await;
        let text = html::text(&page.text);
        assert!(text.contains("looked through 20,000 calls") && text.contains("Look further back"), "{text}");
        assert!(text.contains("0+ calls found"), "{text}");
        let all = html::text(&browser.get(ACTIVITY).await.text);
        assert!(all.contains("10,000+ calls found"), "{all}");
        // A leading filter has an index and needs no looking.
        let page = browser.get(&format!("{ACTIVITY}?person=1")).await;
        assert!(!page.text.contains("looked through"));
    }

    /// A wrong filter is named and left out; no address makes a 500.
    async fn what_the_address_says_wrongly_is_named(app) {
        let browser = app.admin().await;
        for (path, query, told) in [
            (ACTIVITY, "person=nobody%40shop.example", "nobody has or had that e-mail address"),
            (ACTIVITY, "client=Nobody+Knows+It", "there is none of that name"),
            (ACTIVITY, "outcome=great", "choose one of the list"),
            (ACTIVITY, "from=yesterday", "enter a day"),
            (ACTIVITY, "from=2026-02-02&to=2026-02-01", "before the one in"),
            (ACTIVITY, "before=x", "does not name a page"),
            (ACTIVITY, "page_size=0", "20, 50, 100 or 200"),
            (AUDIT, "person=Ann", "enter the whole e-mail address"),
            (AUDIT, "client=Nobody+Knows+It", "Client: there is none of that name"),
            (AUDIT, "address=localhost", "enter an IP address"),
            (AUDIT, "action=magic", "choose one of the list"),
        ] {
            let page = browser.get(&format!("{path}?{query}")).await;
            assert_eq!(page.status, 400, "{path}?{query}");
            assert!(html::text(&page.text).contains(told), "{query}: {}", html::text(&page.text));
        }
        for path in [format!("{ACTIVITY}/999"), format!("{ACTIVITY}/x"), format!("{AUDIT}/99999"), format!("{AUDIT}/-")] {
            assert_eq!(browser.get(&path).await.status, 404, "{path}");
        }
    }

    /// Who did what to whom is found from both sides, and by the request that did it.
    async fn an_entry_is_found_by_actor_and_by_whom_it_is_about(app) {
        let client = app.ai_client("usage:read").await;
        let browser = app.admin().await;
        let page = format!("/admin/mcp/users/{}/revoke", app.id_of(MEMBER).await);
        assert_eq!(browser.submit(&page, &page, &[]).await.status, 303);
        assert_eq!(client.call().await.status, 401);
        for person in [ADMIN, MEMBER] {
            let page = browser.get(&format!("{AUDIT}?person={}&action=changes", person.email)).await;
            let text = html::text(&page.text);
            assert!(text.contains("Revoked all tokens"), "{}: {text}", person.email);
        }
        let entry = app.audited("tokens_revoked").await.remove(0);
        let request = entry.request_id.clone().unwrap();
        let page = browser.get(&format!("{AUDIT}?request={request}")).await;
        assert_eq!(ids(&page.text, AUDIT).len(), 1);
        let id = ids(&page.text, AUDIT)[0];
        let details = html::text(&browser.get(&format!("{AUDIT}/{id}")).await.text);
        for told in ["Revoked all tokens", ADMIN.email, MEMBER.email, "Tokens 1", &request] {
            assert!(details.contains(told), "{told}: {details}");
        }
        assert_eq!(entry.detail()["tokens"], json!(1));
        let approved = browser.get(&format!("{AUDIT}?client=Suite+Client")).await;
        let text = html::text(&approved.text);
        assert!(text.contains("Approved a client") && text.contains("Connected a client"), "{text}");
        let denied = browser.get(&format!("{AUDIT}?outcome=denied&from=today")).await;
        assert!(html::text(&denied.text).contains("No entries match these filters"));
    }

    /// Accounts, plans, roles and clients lead to what was done to them; the filter goes with others.
    async fn an_entry_is_found_by_what_it_was_done_to(app) {
        let now = app.clock.now().0;
        for (action, kind, id, outcome) in [
            ("account_changed", "account", 1, "ok"),
            ("credits_adjusted", "account", 1, "denied"),
            ("account_created", "account", 2, "ok"),
            ("plan_changed", "plan", 1, "ok"),
            ("role_edited", "role", 1, "ok"),
        ] {
            app.sql(format!("INSERT INTO audit (at, actor, action, target_kind, target_id, target, outcome, detail) VALUES ({now}, 'test', '{action}', '{kind}', {id}, 'name of {kind} {id}', '{outcome}', '{{}}')")).await;
        }
        let browser = app.admin().await;
        for (query, found) in [
            ("thing=account+1", vec!["Changed an account", "Was refused granting or taking credits"]),
            ("thing=account+2", vec!["Made an account"]),
            ("thing=plan+1", vec!["Changed a plan"]),
            ("thing=role+1", vec!["Changed what a role allows"]),
            ("thing=role+9", vec![]),
            ("thing=account+acme", vec!["Changed an account", "Was refused granting or taking credits"]),
            ("thing=Plan+Free", vec!["Changed a plan"]),
            ("thing=role+Administrator", vec!["Changed what a role allows"]),
            ("thing=account+1&outcome=denied", vec!["Was refused granting or taking credits"]),
            ("thing=account+1&outcome=ok&action=credits", vec!["Changed an account"]),
            (&format!("thing=account+1&person={}", ADMIN.email.replace('@', "%40")), vec![]),
        ] {
            let page = browser.get(&format!("/admin/mcp/audit?{query}")).await;
            let rows = page.text.split("<tbody").nth(1).map(html::text).unwrap_or_default();
            assert_eq!((page.status, rows.matches("“name of").count()), (200, found.len()), "{query}: {rows}");
            for words in found {
                assert!(rows.contains(words), "{query}: {words}: {rows}");
            }
        }
        let page = browser.get("/admin/mcp/audit?thing=everything").await;
        assert!(page.status == 400 && page.text.contains("such as plan Starter or account 7"), "{}", page.text);
        let page = browser.get("/admin/mcp/audit?thing=plan+Nobody+Knows").await;
        assert!(page.status == 400 && html::text(&page.text).contains("no plan is found by that name"), "{}", page.text);
        for (page, link) in [("/admin/accounts/1", "account+1"), ("/admin/plans/1", "plan+1"), ("/admin/roles/1", "role+1")] {
            assert!(browser.get(page).await.text.contains(&format!("/admin/mcp/audit?thing={link}\"")), "{page}");
        }
    }

    /// An export is the view, whole, in either format; it is written down, an auditor may take it and
    /// a member may not. A wrong filter gives no file.
    async fn an_export_is_the_view_and_is_written_down(app) {
        calls(app, 2_500, app.clock.now().0, OK).await;
        calls(app, 7, app.clock.now().0, DENIED).await;
        let browser = app.signed_in(AUDITOR).await;
        let page = browser.get(&format!("{ACTIVITY}/export?format=csv")).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-disposition").contains("attachment; filename=\"activity-"));
        let lines: Vec<_> = page.text.lines().collect();
        assert_eq!(lines.len(), 1 + 2_507);
        assert!(lines[0].starts_with("id,time,request_id,"), "{}", lines[0]);
        assert!(lines[1].starts_with("2507,") && lines[2_507].starts_with("1,"), "newest first, all of them");
        let page = browser.get(&format!("{ACTIVITY}/export?format=jsonl&outcome=denied")).await;
        let first: serde_json::Value = serde_json::from_str(page.text.lines().next().unwrap()).unwrap();
        assert_eq!(page.text.lines().count(), 7);
        assert_eq!((first["error_code"].clone(), first["status"].clone()), (json!("invalid_token"), json!(401)));
        let entries = app.audited("records_exported").await;
        assert_eq!((entries.len(), entries[0].actor.as_str()), (2, AUDITOR.email));
        assert_eq!(entries[1].detail(), json!({ "format": "jsonl", "filters": { "outcome": "denied" } }));
        let page = browser.get(&format!("{AUDIT}/export?format=jsonl&action=data")).await;
        assert!(page.text.lines().next().unwrap().contains("records_exported"), "{}", page.text);
        assert_eq!(page.text.lines().count(), 4, "two exports before, and the beginning and end of the sample's import");
        assert!(page.header("content-disposition").contains("-4-rows"), "as many as the name says: {}", page.header("content-disposition"));
        for query in ["", "format=xlsx", "format=csv&outcome=great", "format=csv&person=nobody%40shop.example"] {
            let page = browser.get(&format!("{ACTIVITY}/export?{query}")).await;
            assert_eq!((page.status, page.header("content-disposition")), (400, ""), "{query}");
        }
        assert_eq!(app.audited("records_exported").await.len(), 3);
    }
}
