use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::db::schema::{
    accounts, activity, api_keys, audit, clients, consents, contacts, credit_balances, imports,
    reveals, stores, tokens, usage_windows,
};
use crate::domain::quota::Span;
use crate::domain::redirect;
use crate::store::testing::{databases, sqlite};

/// Noon of a day in the middle of a month.
const NOW: Timestamp = Timestamp(1_795_262_400_000);

fn loaded(conn: &mut Conn) -> Summary {
    assert!(!is_loaded(conn).unwrap());
    conn.begin_test_transaction().unwrap();
    load(conn, NOW, "http://127.0.0.1:8080/mcp", "hash of admin", "hash of member").unwrap()
}

#[test]
fn the_sample_is_as_large_as_promised_and_is_there_in_time() {
    for mut base in databases() {
        let conn = &mut base.conn;
        let began = std::time::Instant::now();
        let summary = loaded(conn);
        assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
        assert!(is_loaded(conn).unwrap());
        assert_eq!((summary.accounts, summary.users), (4, 40));
        assert!(summary.stores >= 500 && summary.contacts >= 1_200, "{summary:?}");
        assert!((2_500..4_000).contains(&summary.activity), "{summary:?}");
        let count = |n: i64| usize::try_from(n).unwrap();
        assert_eq!(count(stores::table.count().get_result(conn).unwrap()), summary.stores);
        assert_eq!(count(contacts::table.count().get_result(conn).unwrap()), summary.contacts);
        assert_eq!(count(clients::table.count().get_result(conn).unwrap()), summary.clients);
        assert_eq!(count(tokens::table.count().get_result(conn).unwrap()), summary.tokens);
        assert_eq!(count(audit::table.count().get_result(conn).unwrap()), summary.audit);
    }
}

#[test]
fn the_sample_is_the_same_every_time() {
    let dump = || {
        let mut base = sqlite();
        let conn = &mut base.conn;
        let summary = loaded(conn);
        let stores: Vec<(String, Option<i64>)> =
            stores::table.select((stores::domain, stores::monthly_visits)).load(conn).unwrap();
        let calls: Vec<(i64, String)> =
            activity::table.select((activity::at, activity::operation)).load(conn).unwrap();
        (summary, stores, calls)
    };
    assert_eq!(dump(), dump());
}

#[test]
fn totals_on_user_rows_are_what_the_rows_say() {
    for mut base in databases() {
        let conn = &mut base.conn;
        loaded(conn);
        type Held = (i64, i64, i64, Option<i64>, Option<i64>, bool, String);
        let users: Vec<Held> = users::table
            .select((
                users::id,
                users::active_tokens,
                users::ended_tokens,
                users::mcp_added_at,
                users::last_tool_at,
                users::mcp_enabled,
                users::status,
            ))
            .load(conn)
            .unwrap();
        for (id, active, ended, added, last_tool, enabled, status) in users {
            let states: Vec<(String, i64, i64, Option<i64>)> = tokens::table
                .filter(tokens::user_id.eq(id))
                .select((tokens::state, tokens::created_at, tokens::expires_at, tokens::ended_at))
                .load(conn)
                .unwrap();
            let live = states.iter().filter(|row| row.0 == "active").count();
            assert_eq!(active, i64::try_from(live).unwrap());
            assert_eq!(ended, i64::try_from(states.len() - live).unwrap());
            if !enabled || status == "suspended" {
                assert_eq!(active, 0, "nothing of theirs works");
            }
            for (state, created, expires, ended) in states {
                assert!(added.is_some_and(|added| added <= created));
                assert!(created <= NOW.0 && ended.is_none_or(|at| created <= at && at <= NOW.0));
                assert!(state != "active" || expires > NOW.0);
            }
            let last: Option<i64> = activity::table
                .filter(activity::user_id.eq(id).and(activity::outcome.eq("ok")))
                .select(diesel::dsl::max(activity::at))
                .first(conn)
                .unwrap();
            // Who has not called for three months has no call in the log any more.
            match last_tool.filter(|at| *at < NOW.0 - 90 * DAY) {
                Some(_) => assert_eq!(last, None),
                None => assert_eq!(last_tool, last),
            }
        }
    }
}

#[test]
fn every_call_is_within_the_life_of_its_token_and_its_thirty_days() {
    let mut base = sqlite();
    let conn = &mut base.conn;
    loaded(conn);
    let calls: Vec<(i64, Option<i64>, String)> = activity::table
        .select((activity::at, activity::token_id, activity::outcome))
        .load(conn)
        .unwrap();
    let lives: BTreeMap<i64, (i64, Option<i64>)> = tokens::table
        .select((tokens::id, tokens::created_at, tokens::ended_at))
        .load::<(i64, i64, Option<i64>)>(conn)
        .unwrap()
        .into_iter()
        .map(|(id, created, ended)| (id, (created, ended)))
        .collect();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let all = calls.len();
    for (at, token, outcome) in calls {
        let (created, ended) = lives[&token.unwrap()];
        assert!(created <= at && at <= ended.unwrap_or(NOW.0) && at >= NOW.0 - 30 * DAY);
        *outcomes.entry(outcome).or_default() += 1;
    }
    let names: Vec<&str> = outcomes.keys().map(String::as_str).collect();
    assert_eq!(names, ["denied", "error", "limited", "ok"]);
    // As on a server that works: some calls in a hundred are not answered.
    let unanswered = all - outcomes["ok"];
    assert!((all * 3 / 100..=all * 5 / 100).contains(&unanswered), "{unanswered} of {all}");
}

#[test]
fn usage_of_the_month_adds_up() {
    let mut base = sqlite();
    let conn = &mut base.conn;
    loaded(conn);
    let windows: Vec<(i64, i64)> = usage_windows::table
        .filter(usage_windows::span.eq("month"))
        .select((usage_windows::account_id, usage_windows::rows_returned))
        .load(conn)
        .unwrap();
    let calls: Vec<(Option<i64>, i64)> = activity::table
        .filter(activity::at.ge(Span::Month.start(NOW).0))
        .select((activity::account_id, activity::rows_returned))
        .load(conn)
        .unwrap();
    assert!(windows.len() >= 3);
    for (account, rows) in windows {
        let sum: i64 = calls.iter().filter(|call| call.0 == Some(account)).map(|call| call.1).sum();
        assert_eq!(rows, sum);
    }
}

/// Every balance is what its ledger sums to, every spent credit a reveal and a call, and one account
/// has used over 80 % of its month, on every day of a month.
#[test]
fn the_ledger_sums_to_the_balances() {
    for mut base in databases() {
        let conn = &mut base.conn;
        loaded(conn);
        assert_eq!(crate::store::credits::differences(conn).unwrap(), []);
        let months: Vec<(i64, i64, i64, i64)> = credit_balances::table
            .select((
                credit_balances::account_id,
                credit_balances::period_start,
                credit_balances::balance,
                credit_balances::spent,
            ))
            .load(conn)
            .unwrap();
        assert!(months.len() >= 5, "{months:?}");
        let credits: Vec<i64> = reveals::table.select(reveals::credits).load(conn).unwrap();
        let calls: Vec<(i64, Option<i64>, i64)> = activity::table
            .select((activity::credits_spent, activity::account_id, activity::at))
            .load(conn)
            .unwrap();
        let spent: i64 = months.iter().map(|month| month.3).sum();
        assert_eq!(spent, credits.iter().sum::<i64>());
        assert_eq!(spent, calls.iter().map(|call| call.0).sum::<i64>());
        let this = Span::Month.start(NOW);
        for (account, period, _, spent) in months.iter().filter(|month| month.1 == this.0) {
            let of_calls =
                calls.iter().filter(|call| call.1 == Some(*account) && call.2 >= *period);
            assert_eq!(*spent, of_calls.map(|call| call.0).sum::<i64>());
        }
        let nearly = crate::store::overview::nearly_spent(conn, this, 10).unwrap();
        assert_eq!(nearly.len(), 1, "{nearly:?} of {months:?}");
    }
}

#[test]
fn the_books_of_the_sample_are_right_on_any_day_of_a_month() {
    // The last of a month, and the first of the next.
    for days in [9, 10] {
        let mut base = sqlite();
        let conn = &mut base.conn;
        conn.begin_test_transaction().unwrap();
        let now = Timestamp(NOW.0 + days * DAY);
        load(conn, now, "http://127.0.0.1:8080/mcp", "hash of admin", "hash of member").unwrap();
        assert_eq!(crate::store::credits::differences(conn).unwrap(), []);
        let late: i64 =
            reveals::table.filter(reveals::at.ge(now.0)).count().get_result(conn).unwrap();
        assert_eq!(late, 0);
    }
}

#[test]
fn keys_of_every_state_an_import_and_a_view_are_there() {
    for mut base in databases() {
        let conn = &mut base.conn;
        loaded(conn);
        let admin: i64 = users::table
            .filter(users::email.eq(ADMIN_EMAIL))
            .select(users::id)
            .first(conn)
            .unwrap();
        let admin = crate::ids::UserId(admin);
        let keys = crate::store::api_keys::of_user(conn, admin, 10).unwrap();
        let states: Vec<&str> = keys.iter().map(|key| key.status(NOW).label()).collect();
        assert_eq!(states, ["Expired", "Active", "Revoked"]);
        let hashes: Vec<String> = api_keys::table.select(api_keys::secret_hash).load(conn).unwrap();
        assert!(hashes.iter().all(|hash| hash.len() != 43), "43 is a SHA-256");
        let imported: i64 =
            imports::table.filter(imports::state.eq("finished")).count().get_result(conn).unwrap();
        assert_eq!(imported, 2);
        let views = crate::store::views::of_user(conn, admin, crate::service::views::MCP_USERS);
        assert_eq!(views.unwrap().len(), 1);
    }
}

#[test]
fn people_of_every_state_are_there() {
    let mut base = sqlite();
    let conn = &mut base.conn;
    loaded(conn);
    let count = |conn: &mut Conn, status: &str, enabled: bool| -> i64 {
        users::table
            .filter(users::status.eq(status).and(users::mcp_enabled.eq(enabled)))
            .count()
            .get_result(conn)
            .unwrap()
    };
    assert!(count(conn, "active", true) > 20);
    assert!(count(conn, "active", false) > 2);
    assert!(count(conn, "suspended", true) > 2);
    let unused: i64 =
        users::table.filter(users::last_tool_at.is_null()).count().get_result(conn).unwrap();
    assert!(unused > 2);
    let dormant: i64 = users::table
        .filter(users::last_tool_at.lt(NOW.0 - 90 * DAY))
        .count()
        .get_result(conn)
        .unwrap();
    assert_eq!(dormant, 3, "not used for 90 days");
    let states: BTreeSet<(String, String)> = tokens::table
        .select((tokens::kind, tokens::state))
        .load(conn)
        .unwrap()
        .into_iter()
        .collect();
    for state in ["active", "expired", "revoked"] {
        assert!(states.contains(&("oauth".into(), state.into())));
    }
    assert!(states.contains(&("personal".into(), "active".into())));
    let names: BTreeSet<String> =
        clients::table.select(clients::name).load(conn).unwrap().into_iter().collect();
    let expected = ["ChatGPT", "Claude Code", "Codex", "Cursor", "Gemini CLI", "VS Code"];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
    let of_admin: i64 = consents::table
        .inner_join(users::table)
        .filter(users::email.eq(ADMIN_EMAIL))
        .count()
        .get_result(conn)
        .unwrap();
    assert!(of_admin > 4);
    let plans: BTreeSet<i64> =
        accounts::table.select(accounts::plan_id).load(conn).unwrap().into_iter().collect();
    assert_eq!(plans.len(), 4);
}

#[test]
fn only_reserved_domains_and_no_usable_secret() {
    let mut base = sqlite();
    let conn = &mut base.conn;
    loaded(conn);
    let reserved = |text: &str| text.ends_with(".example") || text.ends_with("example.com");
    let domains: Vec<String> = stores::table.select(stores::domain).load(conn).unwrap();
    let mails: Vec<String> = users::table.select(users::email).load(conn).unwrap();
    let channels: Vec<Option<String>> = contacts::table.select(contacts::email).load(conn).unwrap();
    for text in domains.into_iter().chain(mails).chain(channels.into_iter().flatten()) {
        assert!(reserved(&text), "{text}");
    }
    for uri in clients::table.select(clients::redirect_uris).load::<String>(conn).unwrap() {
        let kind = redirect::check(&uri).unwrap();
        assert!(kind != redirect::Kind::Web || reserved(&redirect::shown_host(&uri)), "{uri}");
    }
    let hashes: Vec<Option<String>> = tokens::table.select(tokens::secret_hash).load(conn).unwrap();
    assert!(hashes.into_iter().flatten().all(|hash| hash.len() != 43), "43 is a SHA-256");
    let passwords: Vec<Option<String>> =
        users::table.order(users::id).select(users::password_hash).load(conn).unwrap();
    assert_eq!(passwords.into_iter().flatten().count(), 2);
}
