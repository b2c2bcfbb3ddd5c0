//! Many at once, on both databases (checklist F4, F12, F23; SECURITY-CHECKLIST §1, 6).

use futures_util::future::{join, join_all};
use portcullis::service::revoke;

use crate::support::ai_client::{Answer, AuthorizationRequest, REDIRECT, code, register};
use crate::support::{AiClient, MEMBER, TestApp, both_databases};

async fn live_refresh_tokens(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM refresh_tokens WHERE retired_at IS NULL").await
}

both_databases! {
    /// F4: fifty at once. The others are replays, so what the winner got is ended.
    /// Rows: F4
    async fn of_fifty_parallel_redemptions_exactly_one_succeeds(app) {
        let client = register(app, &[REDIRECT]).await;
        let request = AuthorizationRequest::new(app, &client, "usage:read");
        let code = code(&app.member().await, &request).await;
        let answers = join_all((0..50).map(|_| AiClient::redeem(app, &client, &code))).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(good.len(), 1);
        for refused in bad.into_iter().filter_map(Result::err) {
            assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"), "{}", refused.text);
        }
        assert_eq!(app.count("SELECT count(*) FROM tokens").await, 1);
        assert_eq!(good.into_iter().flatten().next().unwrap().call().await.status, 401);
    }

    /// F12: twenty at once leave one family, one live refresh token, and a working client.
    /// Rows: F12
    async fn twenty_parallel_refreshes_leave_one_live_refresh_token(app) {
        let mut client = app.ai_client("usage:read").await;
        let answers = join_all((0..20).map(|_| client.present(&client.refresh_token))).await;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text);
            let mut with_it = client.clone();
            with_it.access_token = answer.json["access_token"].as_str().unwrap().to_owned();
            assert!(with_it.call().await.is_ok());
        }
        let successors: Vec<_> = answers.iter().filter_map(|answer| answer.json["refresh_token"].as_str()).collect();
        assert_eq!(successors.len(), 1);
        assert_eq!(live_refresh_tokens(app).await, 1);
        client.refresh_token = successors[0].to_owned();
        assert_eq!(client.refresh().await.status, 200);
        assert!(app.audited("reuse_alarm").await.is_empty());
    }

    /// The same over two replicas, which share nothing but the database.
    /// Rows: F12, F23
    async fn parallel_refreshes_on_two_replicas_do_not_fork_the_family(app) {
        let replica = app.replica().await;
        let client = app.ai_client("usage:read").await;
        let mut elsewhere = client.clone();
        elsewhere.base = replica.base.clone();
        let (here, there) = join(
            join_all((0..10).map(|_| client.present(&client.refresh_token))),
            join_all((0..10).map(|_| elsewhere.present(&client.refresh_token))),
        ).await;
        let answers: Vec<Answer> = here.into_iter().chain(there).collect();
        assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", answers.iter().find(|a| a.status != 200));
        assert_eq!(answers.iter().filter(|answer| answer.json.get("refresh_token").is_some()).count(), 1);
        assert_eq!(live_refresh_tokens(app).await, 1);
        replica.stop().await;
    }

    /// DESIGN §6: 32 refreshers and a revoker. After the revocation has answered, nothing works.
    async fn refreshers_and_a_revoker(app) {
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(app.ai_client("usage:read").await);
        }
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let refreshers = join_all(clients.iter().flat_map(|client| {
            (0..8).map(move |_| client.present(&client.refresh_token))
        }));
        let (answers, revoked) = join(refreshers, revoke::all_of_user(&app.ctx, &actor, owner)).await;
        assert_eq!(revoked.unwrap(), 4);
        for answer in &answers {
            assert!(answer.status == 200 || answer.oauth_error() == "invalid_grant", "{}", answer.text);
            if let Some(token) = answer.json["access_token"].as_str() {
                let mut client = clients[0].clone();
                client.access_token = token.to_owned();
                assert_eq!(client.call().await.status, 401);
            }
        }
        let counters = app.count(format!("SELECT active_tokens * 100 + ended_tokens FROM users WHERE id = {}", owner.0)).await;
        assert_eq!(counters, 4);
    }

    /// Dropping the gate while codes are being redeemed: whoever wins, nothing works afterwards,
    /// and switching on again brings nothing back.
    async fn redemptions_and_a_switch_off(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        for round in 0..4 {
            let mut codes = Vec::new();
            for _ in 0..6 {
                codes.push(code(&browser, &AuthorizationRequest::new(app, &client, "usage:read")).await);
            }
            let redeemers = join_all(codes.iter().map(|code| AiClient::redeem(app, &client, code)));
            let (answers, ()) = join(redeemers, app.set_access(MEMBER, false)).await;
            app.set_access(MEMBER, true).await;
            for answer in answers {
                match answer {
                    Ok(connected) => assert_eq!(connected.call().await.status, 401, "round {round}"),
                    Err(refused) => assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"), "{}", refused.text),
                }
            }
        }
        assert_eq!(app.count("SELECT sum(active_tokens) FROM users").await, 0);
        assert_eq!(app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await, 0);
    }

    /// Thirty-two writers of every kind: none is told that the database is locked.
    async fn no_writer_is_told_that_the_database_is_locked(app) {
        let clients = join_all((0..4).map(|_| app.ai_client("usage:read stores:read"))).await;
        let calls = join_all(clients.iter().flat_map(|client| {
            (0..4).map(move |_| client.call_tool("get_store", serde_json::json!({ "domain": "shop01.example.com" })))
        }));
        let refreshes = join_all(clients.iter().flat_map(|client| (0..4).map(move |_| client.present(&client.refresh_token))));
        let (calls, refreshes) = join(calls, refreshes).await;
        assert!(calls.iter().all(Answer::is_ok), "{:?}", calls.iter().find(|answer| !answer.is_ok()));
        assert!(refreshes.iter().all(|answer| answer.status == 200));
        assert_eq!(app.count("SELECT count(*) FROM activity WHERE outcome = 'ok'").await, 16);
    }
}
