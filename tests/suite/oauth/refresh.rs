//! Rotation, its retry window, and theft (checklist F10 to F13, E18; contract §6).

use crate::support::ai_client::Answer;
use crate::support::{MEMBER, both_databases};

both_databases! {
    /// F10, F11: each token is good for one successor, and a copy used later ends the family.
    /// Rows: F10, F11
    async fn replay_after_the_window_revokes_the_family_and_is_audited(app) {
        let mut client = app.ai_client("usage:read").await;
        let stolen = client.refresh_token.clone();
        assert_eq!(client.refresh().await.status, 200);
        assert_ne!(client.refresh_token, stolen);
        app.clock.advance(60);
        let replay = client.present(&stolen).await;
        assert_eq!((replay.status, replay.oauth_error()), (400, "invalid_grant"));
        assert_eq!(client.call().await.status, 401, "access tokens included");
        assert_eq!(client.refresh().await.oauth_error(), "invalid_grant");
        let alarms = app.audited("reuse_alarm").await;
        assert_eq!((alarms.len(), alarms[0].outcome.as_str()), (1, "denied"));
        assert_eq!(alarms[0].detail()["reason"], "refresh_token_replayed");
        assert_eq!(alarms[0].detail()["user_id"], app.id_of(MEMBER).await.0);
        assert_eq!(alarms[0].address.as_deref(), Some("127.0.0.1"));
    }

    /// F10: whoever asks with it for what is refused anyway sets off the alarm like everybody else.
    /// Rows: F10
    async fn a_stolen_token_cannot_be_tried_without_an_alarm(app) {
        for probe in [("scope", "openid"), ("resource", "https://evil.example/mcp")] {
            let mut client = app.ai_client("usage:read").await;
            let stolen = client.refresh_token.clone();
            assert_eq!(client.refresh().await.status, 200);
            app.clock.advance(60);
            let refused = client.token(&[("grant_type", "refresh_token"), ("refresh_token", &stolen), probe]).await;
            assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"), "{probe:?}");
            assert_eq!(client.call().await.status, 401, "{probe:?}");
        }
        assert_eq!(app.audited("reuse_alarm").await.len(), 2);
    }

    /// A lost answer costs nothing, and the family never forks.
    /// Rows: F12
    async fn a_retry_inside_the_window_yields_an_access_token_and_no_second_refresh_token(app) {
        let mut client = app.ai_client("usage:read").await;
        let first = client.refresh_token.clone();
        assert_eq!(client.refresh().await.status, 200);
        for second in [0, 30, 29] {
            app.clock.advance(second);
            let retry = client.present(&first).await;
            assert_eq!(retry.status, 200, "{}", retry.text);
            assert!(retry.json.get("refresh_token").is_none());
            let mut with_it = client.clone();
            with_it.access_token = retry.json["access_token"].as_str().unwrap().to_owned();
            assert!(with_it.call().await.is_ok());
        }
        assert_eq!(client.refresh().await.status, 200, "the live one still works");
        assert!(app.audited("reuse_alarm").await.is_empty());
    }

    /// A window of 0 seconds means none.
    async fn without_a_window_any_replay_is_theft(app) {
        app.set("refresh_retry_seconds", "0").await;
        let mut client = app.ai_client("usage:read").await;
        let first = client.refresh_token.clone();
        client.refresh().await;
        assert_eq!(client.present(&first).await.oauth_error(), "invalid_grant");
        assert_eq!(client.call().await.status, 401);
    }

    /// A grandparent is theft as well, however young.
    /// Rows: F11
    async fn a_token_two_generations_old_is_judged_by_its_own_time(app) {
        let mut client = app.ai_client("usage:read").await;
        let first = client.refresh_token.clone();
        client.refresh().await;
        app.clock.advance(50);
        client.refresh().await;
        app.clock.advance(10);
        assert_eq!(client.present(&first).await.oauth_error(), "invalid_grant", "retired 60 seconds ago");
        assert_eq!(client.call().await.status, 401);
    }

    /// F13: narrows that token only; a later refresh may return to the whole grant.
    /// Rows: F13
    async fn a_narrower_scope_narrows_this_token_only(app) {
        let mut client = app.ai_client("usage:read stores:read").await;
        let refresh = client.refresh_token.clone();
        let with = |scope: &'static str| {
            let (client, refresh) = (client.clone(), refresh.clone());
            async move {
                client.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", scope)]).await
            }
        };
        for wide in ["usage:read contacts:reveal", "contacts:search", "everything"] {
            let answer: Answer = with(wide).await;
            assert_eq!((answer.status, answer.oauth_error()), (400, "invalid_scope"), "{wide}");
        }
        let narrow = with("usage:read").await;
        assert_eq!((narrow.status, narrow.json["scope"].as_str()), (200, Some("usage:read")));
        client.refresh_token = narrow.json["refresh_token"].as_str().unwrap().to_owned();
        let mut narrowed = client.clone();
        narrowed.access_token = narrow.json["access_token"].as_str().unwrap().to_owned();
        assert_eq!(narrowed.call_tool("list_taxonomy", serde_json::json!({})).await.status, 403);
        let whole = client.refresh().await;
        assert_eq!(whole.json["scope"], "usage:read stores:read");
        assert!(client.call_tool("list_taxonomy", serde_json::json!({})).await.is_ok());
    }

    /// E18: what the connection covers is read again at every refresh.
    /// Rows: E18
    async fn a_narrowed_connection_narrows_the_next_token(app) {
        let mut client = app.ai_client("usage:read stores:read").await;
        app.sql("UPDATE consents SET scopes = 'usage:read'").await;
        assert_eq!(client.refresh().await.json["scope"], "usage:read");
    }

    /// A refresh is not a tool call, and prolongs the token that the grid shows.
    async fn a_refresh_prolongs_the_token(app) {
        let mut client = app.ai_client("usage:read").await;
        let before = app.tokens_of(MEMBER).await[0].expires_at;
        app.clock.advance(1000);
        client.refresh().await;
        let after = app.tokens_of(MEMBER).await;
        assert_eq!(after.len(), 1, "the same token");
        assert_eq!(after[0].expires_at, before.plus_seconds(1000));
    }
}
