//! Check 8: plan and quotas, counted exactly whatever calls at the same time (contract §7, §10;
//! checklist B21).

use futures_util::future::{join, join_all};
use portcullis::service::free_calls::FreeCalls;
use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::database::{Backend, Database};
use crate::support::{AiClient, OTHER, TestApp, both_databases, rpc};

const SCOPES: &str = "usage:read stores:read";

async fn plan(app: &TestApp, column: &str, most: i64) {
    app.sql(format!("UPDATE plans SET {column} = {most}")).await;
}

async fn get(client: &AiClient) -> Answer {
    client.call_tool("get_store", json!({ "domain": "shop01.example.com" })).await
}

async fn search(client: &AiClient, limit: i64) -> Answer {
    client.call_tool("search_stores", json!({ "limit": limit })).await
}

async fn used(client: &AiClient, what: &str) -> i64 {
    client.call().await.content()[what]["used"].as_i64().unwrap()
}

fn retry_after(answer: &Answer) -> i64 {
    answer.json["result"]["structuredContent"]["error"]["retry_after"].as_i64().unwrap()
}

/// Thirty calls at once, half of them at another replica.
async fn on_two_replicas(app: &TestApp, tool: &str, arguments: Value) -> Vec<Answer> {
    let replica = app.replica().await;
    let client = app.ai_client(SCOPES).await;
    let elsewhere = AiClient { base: replica.base.clone(), ..client.clone() };
    let there = |_| {
        let body = rpc::legacy("tools/call", rpc::call(tool, arguments.clone()));
        let request = elsewhere.post(&body).header("Host", app.host());
        async move { Answer::of(request.send().await.unwrap()).await }
    };
    let here = |_| client.call_tool(tool, arguments.clone());
    let (mut answers, others) =
        join(join_all((0..15).map(here)), join_all((0..15).map(there))).await;
    answers.extend(others);
    assert!(answers.iter().all(|answer| answer.status == 200));
    replica.stop().await;
    answers
}

both_databases! {
    /// Rows: B21
    async fn the_minute_is_counted_and_starts_again(app) {
        plan(app, "requests_per_minute", 3).await;
        let client = app.ai_client(SCOPES).await;
        for number in 1..=3 {
            assert!(get(&client).await.is_ok());
            assert_eq!(used(&client, "requests_per_minute").await, number, "looking costs nothing");
        }
        let refused = get(&client).await;
        assert_eq!((refused.status, refused.tool_error()), (200, "rate_limit_exceeded"));
        // Tests begin in the middle of a minute.
        assert!((30..=31).contains(&retry_after(&refused)), "{}", refused.text);
        assert_eq!(used(&client, "requests_per_minute").await, 3, "a refused call is not counted");
        app.clock.advance(30);
        assert!(get(&client).await.is_ok());
        assert_eq!(used(&client, "requests_per_minute").await, 1);
        assert_eq!(used(&client, "requests_per_day").await, 4);
    }

    async fn the_day_is_counted_and_starts_again(app) {
        plan(app, "requests_per_day", 2).await;
        let client = app.ai_client(SCOPES).await;
        assert!(get(&client).await.is_ok() && search(&client, 1).await.is_ok());
        let refused = get(&client).await;
        assert_eq!(refused.tool_error(), "daily_limit_exceeded");
        assert!((43_169..=43_171).contains(&retry_after(&refused)), "{}", refused.text);
        assert_eq!(used(&client, "requests_per_minute").await, 2, "counted in no window or in all");
        app.clock.advance(43_170);
        let mut client = client;
        client.refresh().await;
        assert!(get(&client).await.is_ok());
    }

    async fn a_page_larger_than_the_rows_left_is_refused_before_it_runs(app) {
        plan(app, "rows_per_month", 30).await;
        let client = app.ai_client(SCOPES).await;
        assert!(search(&client, 25).await.is_ok());
        let refused = search(&client, 6).await;
        assert_eq!(refused.tool_error(), "row_quota_exceeded");
        assert_eq!(used(&client, "search_rows").await, 25);
        assert_eq!(used(&client, "requests_per_day").await, 1, "what did not run costs no request");
        assert!(search(&client, 5).await.is_ok());
        assert_eq!(search(&client, 1).await.tool_error(), "row_quota_exceeded");
        assert!(get(&client).await.is_ok(), "a profile costs no row");
        app.clock.advance(17 * 86_400);
        let mut client = client;
        client.refresh().await;
        assert!(search(&client, 30).await.is_ok(), "the next month");
    }

    /// Rows are for stores that can be found: one domain in three spellings is one, and what is no
    /// domain is none.
    async fn as_many_domains_as_rows_are_left_are_looked_up(app) {
        plan(app, "rows_per_month", 2).await;
        let client = app.ai_client(SCOPES).await;
        let domains = json!(["shop01.example.com", "SHOP01.example.com", "https://shop01.example.com/", "no domain", "shop02.example.com"]);
        let told = client.call_tool("enrich_domains", json!({ "domains": domains })).await;
        assert_eq!(told.content()["data"].as_array().unwrap().len(), 3, "{}", told.text);
        assert_eq!(used(&client, "search_rows").await, 2);
        let none = client.call_tool("enrich_domains", json!({ "domains": ["no domain", "nor this one"] })).await;
        assert_eq!(none.content()["data"][0]["status"], "invalid_domain", "{}", none.text);
        let refused = client.call_tool("enrich_domains", json!({ "domains": ["shop03.example.com"] })).await;
        assert_eq!(refused.tool_error(), "row_quota_exceeded");
    }

    async fn only_rows_returned_are_counted(app) {
        let client = app.ai_client(SCOPES).await;
        let few = json!({ "limit": 100, "filters": { "country": ["DE"] } });
        let answer = client.call_tool("search_stores", few).await;
        assert_eq!(answer.content()["data"].as_array().unwrap().len(), 20);
        assert_eq!(used(&client, "search_rows").await, 20);
    }

    async fn a_search_that_finds_nothing_costs_a_request_and_no_rows(app) {
        let client = app.ai_client(SCOPES).await;
        let missing = client.call_tool("get_store", json!({ "domain": "nowhere.example" })).await;
        assert_eq!(missing.tool_error(), "not_found");
        assert_eq!(used(&client, "requests_per_day").await, 1);
        let broken = client.call_tool("get_store", json!({ "domain": "" })).await;
        assert_eq!(broken.tool_error(), "invalid_domain");
        assert_eq!(used(&client, "requests_per_day").await, 1, "what could not be looked for is free");
        assert_eq!(used(&client, "search_rows").await, 0);
    }

    async fn quotas_are_the_accounts_and_no_other_accounts(app) {
        plan(app, "requests_per_minute", 1).await;
        let first = app.ai_client(SCOPES).await;
        let second = app.ai_client_of(crate::support::AUDITOR, SCOPES).await;
        let other = app.ai_client_of(OTHER, SCOPES).await;
        assert!(get(&first).await.is_ok());
        assert_eq!(get(&second).await.tool_error(), "rate_limit_exceeded", "one pool per account");
        assert!(get(&other).await.is_ok());
    }

    async fn a_changed_plan_acts_on_the_next_call(app) {
        let client = app.ai_client(SCOPES).await;
        assert!(get(&client).await.is_ok());
        app.sql("UPDATE plans SET api_access = (1 = 0)").await;
        assert_eq!(get(&client).await.tool_error(), "api_access_disabled");
        app.sql("UPDATE plans SET api_access = (1 = 1)").await;
        assert!(get(&client).await.is_ok());
    }

    async fn parallel_calls_are_counted_exactly_up_to_the_limit(app) {
        const LIMIT: i64 = 17;
        plan(app, "requests_per_minute", LIMIT).await;
        let client = app.ai_client(SCOPES).await;
        let answers = join_all((0..40).map(|_| get(&client))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", answers.iter().find(|a| a.status != 200));
        let ok = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(ok as i64, LIMIT);
        assert!(answers.iter().filter(|answer| !answer.is_ok())
            .all(|answer| answer.tool_error() == "rate_limit_exceeded"));
        assert_eq!(used(&client, "requests_per_minute").await, LIMIT);
        assert_eq!(used(&client, "requests_per_day").await, LIMIT);
        let ok = app.count("SELECT count(*) FROM activity WHERE operation = 'get_store' AND outcome = 'ok'").await;
        assert_eq!(ok, LIMIT);
    }

    async fn parallel_searches_never_exceed_the_rows(app) {
        plan(app, "rows_per_month", 50).await;
        let client = app.ai_client(SCOPES).await;
        let answers = join_all((0..20).map(|_| search(&client, 10))).await;
        let ok = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(ok, 5, "{:?}", answers.iter().map(Answer::tool_error).collect::<Vec<_>>());
        assert_eq!(used(&client, "search_rows").await, 50);
        let counted = app.count("SELECT sum(rows_returned) FROM activity WHERE outcome = 'ok'").await;
        assert_eq!(counted, 50);
    }

    async fn two_replicas_share_one_count(app) {
        plan(app, "requests_per_minute", 10).await;
        let answers = on_two_replicas(app, "get_store", json!({ "domain": "shop01.example.com" })).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
    }

    async fn two_replicas_share_the_rows_and_the_day(app) {
        plan(app, "rows_per_month", 50).await;
        let answers = on_two_replicas(app, "search_stores", json!({ "limit": 10 })).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
        assert_eq!(app.count("SELECT rows_returned FROM usage_windows WHERE span = 'month'").await, 50);
        plan(app, "requests_per_day", 12).await;
        let answers = on_two_replicas(app, "get_store", json!({ "domain": "shop01.example.com" })).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 7);
        assert_eq!(app.count("SELECT requests FROM usage_windows WHERE span = 'day'").await, 12);
    }

    /// Contract §7: a senseless limit is told as such and never as a lack of rows.
    async fn a_limit_out_of_bounds_is_the_callers_mistake(app) {
        let client = app.ai_client(SCOPES).await;
        for limit in [json!(0), json!(-1), json!(101), json!(i64::MAX), json!(1.5), json!("ten"), Value::Null] {
            let answer = client.call_tool("search_stores", json!({ "limit": limit })).await;
            assert_eq!((answer.status, answer.tool_error()), (200, "invalid_request"), "{limit}");
        }
        assert_eq!(used(&client, "requests_per_day").await, 0);
    }
}

/// A server that gives each token 60 calls a minute that cost nothing.
async fn sparing() -> TestApp {
    let backend = Backend::Sqlite;
    let free_calls = FreeCalls::at_least(60);
    TestApp::with(Database::filled(backend).await, backend, &[], |ctx| {
        ctx.with_free_calls(free_calls)
    })
    .await
}

/// What costs nothing, and what does not work, is limited too, for each token, so that no client can
/// keep a server busy for nothing. Others of the same person go on.
/// Rows: B21
#[actix_web::test]
async fn what_costs_nothing_has_a_limit_of_each_token() {
    let app = sparing().await;
    plan(&app, "requests_per_minute", 6).await;
    let client = app.ai_client(SCOPES).await;
    let other = app.ai_client(SCOPES).await;
    let free = async |number: usize| match number % 6 {
        0 => client.legacy("ping", json!({})).await,
        1 => client.modern("tools/list", json!({})).await,
        2 => client.legacy("no/method", json!({})).await,
        3 => client.call_tool("search_stores", json!({ "limit": 0 })).await,
        4 => client.call_tool("no_tool", json!({})).await,
        _ => client.call().await,
    };
    for number in 0..59 {
        let answer = free(number).await;
        assert_ne!(answer.status, 429, "{number}: {}", answer.text);
    }
    // What the plan counts takes nothing of it, found or not.
    for domain in ["shop01.example.com", "nowhere.example"] {
        for _ in 0..2 {
            client.call_tool("get_store", json!({ "domain": domain })).await;
        }
    }
    assert_eq!(free(0).await.status, 200, "the last one");
    let calls = "SELECT COUNT(*) FROM activity";
    let before = app.count(calls).await;
    for number in 0..12 {
        let refused = free(number).await;
        assert_eq!(refused.status, 429, "{number}: {}", refused.text);
        assert_eq!(refused.json["error"]["code"], "rate_limit_exceeded");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!((30..=31).contains(&wait), "{wait}");
    }
    assert_eq!(get(&client).await.status, 429, "what it would cost is not known before");
    let limited = "SELECT COUNT(*) FROM activity WHERE outcome = 'limited' AND status = 429 AND error_code = 'rate_limit_exceeded'";
    assert_eq!(
        (app.count(calls).await - before, app.count(limited).await),
        (1, 1),
        "written down once"
    );
    assert!(
        other.call().await.is_ok() && get(&other).await.is_ok(),
        "another token is not concerned"
    );
    app.clock.advance(31);
    assert!(client.call().await.is_ok(), "the next minute");
    app.stop().await;
}

/// A plan that gives many requests lets its clients make mistakes in proportion.
#[actix_web::test]
async fn the_limit_grows_with_the_plan() {
    let app = sparing().await;
    plan(&app, "requests_per_minute", 9).await;
    let client = app.ai_client(SCOPES).await;
    for _ in 0..90 {
        assert_eq!(client.legacy("ping", json!({})).await.status, 200);
    }
    assert_eq!(client.legacy("ping", json!({})).await.status, 429);
    app.stop().await;
}
