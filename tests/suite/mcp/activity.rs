//! What is written down of calls, and what never is (contract §11; checklist F19, C8, C21).

use serde_json::json;

use crate::support::ai_client::{AuthorizationRequest, code};
use crate::support::database::{Backend, SECRET};
use crate::support::{AiClient, MEMBER, PASSWORD, TestApp, both_databases, rpc};

const SCOPES: &str = "usage:read stores:read";

both_databases! {
    async fn every_call_has_its_row(app) {
        let client = app.ai_client(SCOPES).await;
        let found = client.call_tool("search_stores", json!({ "limit": 4 })).await;
        let missing = client.call_tool("get_store", json!({ "domain": "nowhere.example" })).await;
        client.call().await;
        let calls = app.calls().await;
        let told: Vec<_> = calls.iter()
            .map(|call| (call.operation.as_str(), call.outcome.as_str(), call.error_code.as_deref(), call.rows_returned))
            .collect();
        assert_eq!(told, [
            ("search_stores", "ok", None, 4),
            ("get_store", "error", Some("not_found"), 0),
            ("get_usage", "ok", None, 0),
        ]);
        assert_eq!(calls[0].request_id, found.header("x-request-id"));
        assert_eq!(calls[1].request_id, missing.header("x-request-id"));
        let (user, token) = (app.id_of(MEMBER).await, app.newest_token_of(MEMBER).await);
        for call in &calls {
            assert_eq!((call.user_id, call.token_id), (Some(user.0), Some(token.0)));
            assert!(call.client_id.is_some());
            assert_eq!((call.surface.as_str(), call.address.as_deref(), call.status), ("mcp", Some("127.0.0.1"), 200));
            assert_eq!(call.credits_spent, 0);
        }
    }

    async fn refused_calls_have_rows_too(app) {
        app.sql("UPDATE plans SET requests_per_minute = 1").await;
        let client = app.ai_client(SCOPES).await;
        let get = json!({ "domain": "shop01.example.com" });
        client.call_tool("get_store", get.clone()).await;
        client.call_tool("get_store", get.clone()).await;
        app.sql("UPDATE plans SET api_access = (1 = 0)").await;
        client.call_tool("get_store", get.clone()).await;
        app.set_access(MEMBER, false).await;
        client.call_tool("get_store", get).await;
        let calls = app.calls().await;
        let told: Vec<_> = calls.iter()
            .map(|call| (call.operation.as_str(), call.outcome.as_str(), call.status, call.error_code.as_deref()))
            .collect();
        assert_eq!(told, [
            ("get_store", "ok", 200, None),
            ("get_store", "limited", 200, Some("rate_limit_exceeded")),
            ("get_store", "denied", 200, Some("api_access_disabled")),
            ("gate", "denied", 401, Some("invalid_token")),
        ]);
        let user = app.id_of(MEMBER).await;
        assert_eq!(calls[3].user_id, Some(user.0), "a call with an ended token is somebody's");
    }

    /// "Last used" is the last tool call, not a login, a list or a refresh (contract §9).
    async fn last_used_is_the_last_tool_call(app) {
        let last = || async {
            app.count(format!("SELECT coalesce(last_tool_at, 0) FROM users WHERE email = '{}'", MEMBER.email)).await
        };
        let mut client = app.ai_client(SCOPES).await;
        client.list_tools().await;
        client.refresh().await;
        assert_eq!(last().await, 0);
        app.clock.advance(10);
        client.call().await;
        let called = app.clock.now().0;
        assert_eq!(last().await, called);
        app.clock.advance(10);
        client.refresh().await;
        client.list_tools().await;
        assert_eq!(last().await, called);
        let tokens = app.tokens_of(MEMBER).await;
        assert_eq!(tokens[0].last_used_at.unwrap().0, called);
    }

    /// F19: nothing that opens anything is kept in clear, in tables, logs or files.
    /// Rows: C8, C21, F19
    async fn no_secret_of_the_run_is_kept_in_clear(app) {
        let mut client = app.ai_client(SCOPES).await;
        let first = client.clone();
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client.client_id, SCOPES);
        let code = code(&browser, &request).await;
        let second = AiClient::redeem(app, &client.client_id, &code).await.unwrap();
        client.refresh().await;
        client.present(&first.refresh_token).await;
        client.present("pc_rt_garbage-that-somebody-tried").await;
        let question = "zebra-striped search text";
        client.call_tool("search_stores", json!({ "filters": { "q": question } })).await;
        let url = format!("{}?access_token={}", app.resource(), first.access_token);
        client.http.post(url).json(&rpc::legacy("ping", json!({}))).send().await.unwrap();
        let secrets = [
            code, first.access_token, first.refresh_token, client.access_token, client.refresh_token,
            second.access_token, second.refresh_token, PASSWORD.to_owned(), SECRET.to_owned(),
            question.to_owned(), "garbage-that-somebody-tried".to_owned(),
        ];
        let kept = everything(app).await;
        assert!(kept.contains(MEMBER.email), "the search itself works");
        for secret in secrets {
            // The signature is the part of a JWT that makes it worth something.
            let part = secret.rsplit('.').next().unwrap();
            assert!(!kept.contains(part), "{secret} is kept in clear");
        }
    }
}

/// All that the database holds: the files' bytes, or every row of every table.
async fn everything(app: &TestApp) -> String {
    if app.backend == Backend::Sqlite {
        let files = std::fs::read_dir(app.database.folder()).unwrap();
        return files
            .map(|file| {
                String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned()
            })
            .collect();
    }
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let tables = [
        "users",
        "sessions",
        "throttles",
        "settings",
        "signing_keys",
        "clients",
        "consents",
        "authorization_requests",
        "tokens",
        "authorization_codes",
        "refresh_tokens",
        "usage_windows",
        "activity",
        "audit",
        "one_time_links",
    ];
    let mut all = String::new();
    for table in tables {
        let rows = app
            .ctx
            .db
            .read(move |conn| {
                use diesel::RunQueryDsl;
                let sql = format!("SELECT t::text AS text FROM {table} t");
                Ok(diesel::sql_query(sql).load::<Row>(conn)?)
            })
            .await
            .unwrap();
        all.extend(rows.into_iter().map(|row| row.text));
    }
    all
}
