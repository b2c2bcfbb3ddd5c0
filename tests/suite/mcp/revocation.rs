//! The promise: when a person drops the gate, the very next request is refused, on every replica,
//! whatever the client still holds (checklist C4, C10, C20; contract §7, check 5).

use portcullis::domain::audit::Actor;
use portcullis::error::ErrorCode;
use portcullis::service::access::{self, Authority, Changed};
use portcullis::service::revoke::{self, Revoked};
use portcullis::service::{login, people};
use serde_json::json;

use crate::support::ai_client::{AuthorizationRequest, challenge, code};
use crate::support::{ADMIN, AiClient, MEMBER, OTHER, PASSWORD, TestApp, both_databases};

/// The call is refused, in both eras, the way a client understands; and nothing more is issued.
async fn assert_refused(client: &AiClient) {
    for answer in [
        client.call().await,
        client.legacy("tools/list", json!({})).await,
        client.legacy("initialize", json!({})).await,
        client.modern("server/discover", json!({})).await,
    ] {
        assert_eq!(answer.status, 401, "{}", answer.text);
        let told = challenge(answer.header("www-authenticate"));
        assert_eq!(told["error"], "invalid_token");
        assert!(told["resource_metadata"].ends_with("/.well-known/oauth-protected-resource/mcp"));
    }
    assert_eq!(client.present(&client.refresh_token).await.oauth_error(), "invalid_grant");
}

/// Live approvals of everybody.
async fn live_consents(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM consents WHERE revoked_at IS NULL").await
}

both_databases! {
    /// Rows: C4, C10
    async fn revoked_token_is_refused_on_the_next_call(app) {
        let client = app.ai_client("usage:read").await;
        let neighbour = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        let tokens = app.tokens_of(MEMBER).await;
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        // Newest first: the second is the first client's.
        let done = revoke::one(&app.ctx, &actor, owner, tokens[1].id).await.unwrap();
        assert_eq!(done, Revoked::Now);
        assert_refused(&client).await;
        assert!(neighbour.call().await.is_ok(), "another token lives on");
        assert_eq!(live_consents(app).await, 1, "the approval goes with its last token");
        let again = revoke::one(&app.ctx, &actor, owner, tokens[1].id).await.unwrap();
        assert_eq!(again, Revoked::Already);
        let entries = app.audited("token_revoked").await;
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].actor.as_str(), entries[0].outcome.as_str()), (ADMIN.email, "ok"));
        assert_eq!(entries[1].detail()["already_ended"], json!(true));
    }

    /// Contract §7, check 5: each thing that a token stands on is enough to end it, alone and at
    /// once, and is read anew every time.
    /// Rows: C10, C20
    async fn a_token_falls_with_each_thing_it_stands_on(app) {
        let client = app.ai_client("usage:read").await;
        for (fall, rise) in [
            ("UPDATE tokens SET state = 'revoked', ended_at = 1", "UPDATE tokens SET state = 'active', ended_at = NULL"),
            ("UPDATE tokens SET state = 'expired', ended_at = 1", "UPDATE tokens SET state = 'active', ended_at = NULL"),
            ("UPDATE tokens SET expires_at = 1", "UPDATE tokens SET expires_at = absolute_expires_at"),
            ("UPDATE consents SET revoked_at = 1", "UPDATE consents SET revoked_at = NULL"),
            ("UPDATE clients SET trust = 'blocked'", "UPDATE clients SET trust = 'verified'"),
            ("UPDATE users SET status = 'suspended'", "UPDATE users SET status = 'active'"),
            ("UPDATE users SET mcp_enabled = (1 = 0)", "UPDATE users SET mcp_enabled = (1 = 1)"),
        ] {
            app.sql(fall).await;
            assert_eq!(client.call().await.status, 401, "{fall}");
            let refused = client.present(&client.refresh_token).await;
            assert!(refused.status >= 400 && refused.json.get("access_token").is_none(), "{fall}");
            app.sql(rise).await;
            assert!(client.call().await.is_ok(), "{rise}");
        }
    }

    /// One client connected twice: the approval lives on with the other token.
    async fn revoking_one_of_two_tokens_of_a_connection_ends_that_one(app) {
        let first = app.ai_client("usage:read").await;
        let request = AuthorizationRequest::new(app, &first.client_id, "usage:read");
        let code = code(&app.member().await, &request).await;
        let second = AiClient::redeem(app, &first.client_id, &code).await.unwrap();
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let tokens = app.tokens_of(MEMBER).await;
        revoke::one(&app.ctx, &actor, owner, tokens[1].id).await.unwrap();
        assert_refused(&first).await;
        assert!(second.call().await.is_ok());
        assert_eq!(live_consents(app).await, 1);
        revoke::one(&app.ctx, &actor, owner, tokens[0].id).await.unwrap();
        assert_refused(&second).await;
        assert_eq!(live_consents(app).await, 0, "and goes with the last");
    }

    async fn a_token_of_somebody_else_cannot_be_revoked_through_the_wrong_owner(app) {
        let client = app.ai_client_of(OTHER, "usage:read").await;
        let token = app.newest_token_of(OTHER).await;
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let refused = revoke::one(&app.ctx, &actor, owner, token).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound);
        assert!(client.call().await.is_ok());
        assert!(app.audited("token_revoked").await.is_empty());
    }

    async fn revoking_all_of_a_user_ends_each_client_and_nobody_elses(app) {
        let mine = [
            app.ai_client("usage:read").await,
            app.ai_client("usage:read stores:read").await,
        ];
        let other = app.ai_client_of(OTHER, "usage:read").await;
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        assert_eq!(revoke::all_of_user(&app.ctx, &actor, owner).await.unwrap(), 2);
        for client in &mine {
            assert_refused(client).await;
        }
        assert!(other.call().await.is_ok());
        assert_eq!(live_consents(app).await, 1);
        assert_eq!(app.audited("tokens_revoked").await[0].detail(), json!({ "tokens": 2 }));
        // Revoked is not disabled: connecting again works, and asks again.
        assert!(app.ai_client("usage:read").await.call().await.is_ok());
    }

    async fn disabled_user_is_refused_on_the_next_call(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        app.set_access(MEMBER, false).await;
        assert_refused(&client).await;
        let entries = app.audited("mcp_access_disabled").await;
        assert_eq!(entries[0].actor, ADMIN.email);
        assert_eq!(entries[0].target.as_deref(), Some(MEMBER.email));
        assert_eq!(entries[0].detail(), json!({ "tokens": 1 }));
    }

    async fn enabling_again_restores_nothing(app) {
        let client = app.ai_client("usage:read").await;
        app.set_access(MEMBER, false).await;
        app.set_access(MEMBER, true).await;
        assert_refused(&client).await;
        assert_eq!(live_consents(app).await, 0);
        assert!(app.ai_client("usage:read").await.call().await.is_ok(), "a new connection works");
    }

    async fn a_code_that_waits_while_access_is_dropped_is_worth_nothing(app) {
        let client = app.ai_client("usage:read").await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let code = code(&app.member().await, &request).await;
        app.set_access(MEMBER, false).await;
        app.set_access(MEMBER, true).await;
        let refused = AiClient::redeem(app, &client.client_id, &code).await.err().unwrap();
        assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"));
    }

    async fn a_code_whose_approval_was_revoked_meanwhile_is_worth_nothing(app) {
        let client = app.ai_client("usage:read").await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let code = code(&app.member().await, &request).await;
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let token = app.newest_token_of(MEMBER).await;
        // The last token of the approval: the approval goes with it.
        revoke::one(&app.ctx, &actor, owner, token).await.unwrap();
        let refused = AiClient::redeem(app, &client.client_id, &code).await.err().unwrap();
        assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"));
        assert_eq!(app.count("SELECT sum(active_tokens) FROM users").await, 0);
    }

    /// Whoever knew the old password may have connected a client with it.
    /// Rows: C20
    async fn a_new_password_ends_every_token_of_its_owner(app) {
        let client = app.ai_client("usage:read").await;
        let other = app.ai_client_of(OTHER, "usage:read").await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let code = code(&app.member().await, &request).await;
        people::set_password(&app.ctx, &Actor::operator(), MEMBER.email, "another good password").await.unwrap();
        assert_refused(&client).await;
        assert!(AiClient::redeem(app, &client.client_id, &code).await.is_err(), "codes included");
        assert!(other.call().await.is_ok());
        assert_eq!(app.audited("password_set").await[0].detail()["tokens_revoked"], json!(1));
        assert_eq!(live_consents(app).await, 1, "of the other");
    }

    /// Rows: C20
    async fn suspended_user_is_refused_on_the_next_call(app) {
        let client = app.ai_client("usage:read").await;
        let browser = app.member().await;
        let theme = browser.form_token().await;
        app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", MEMBER.email))
            .await;
        assert_refused(&client).await;
        let page = browser.post("/account/theme", &[("csrf", theme.as_str()), ("theme", "dark")]).await;
        assert_eq!(page.status, 401, "the console is closed at once too");
    }

    /// Rows: C20, F9
    async fn blocked_client_is_refused_for_everybody(app) {
        let client = app.ai_client("usage:read").await;
        let other = app.ai_client("usage:read").await;
        app.sql(format!("UPDATE clients SET trust = 'blocked' WHERE client_id = '{}'", client.client_id))
            .await;
        let answer = client.call().await;
        assert_eq!(answer.status, 401);
        let refused = client.present(&client.refresh_token).await;
        assert_eq!((refused.status, refused.oauth_error()), (401, "invalid_client"));
        let page = app.member().await.get(
            &AuthorizationRequest::new(app, &client.client_id, "usage:read").path()).await;
        assert_eq!((page.status, page.header("location")), (400, ""));
        assert!(other.call().await.is_ok());
    }

    async fn narrowing_the_connection_narrows_what_a_token_may_do_at_once(app) {
        let client = app.ai_client("usage:read stores:read").await;
        let get = json!({ "domain": "shop01.example.com" });
        assert!(client.call_tool("get_store", get.clone()).await.is_ok());
        app.sql("UPDATE consents SET scopes = 'usage:read'").await;
        assert_eq!(client.call_tool("get_store", get).await.status, 403);
        assert!(client.call().await.is_ok());
    }

    /// Rows: C10, F23
    async fn a_revocation_counts_on_every_replica(app) {
        let replica = app.replica().await;
        let client = app.ai_client("usage:read").await;
        let mut elsewhere = client.clone();
        elsewhere.base = replica.base.clone();
        // The replica answers to the public name only, as behind a balancer.
        let ask = || async {
            let body = crate::support::rpc::legacy("ping", json!({}));
            let request = elsewhere.post(&body).header("Host", app.host());
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(ask().await, 200);
        app.set_access(MEMBER, false).await;
        assert_eq!(ask().await, 401);
        replica.stop().await;
    }

    async fn the_counters_of_the_grid_follow_every_ending(app) {
        let counters = || async {
            let of = |column: &str| format!("SELECT {column} FROM users WHERE email = '{}'", MEMBER.email);
            (app.count(of("active_tokens")).await, app.count(of("ended_tokens")).await)
        };
        for _ in 0..3 {
            app.ai_client("usage:read").await;
        }
        assert_eq!(counters().await, (3, 0));
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let token = app.newest_token_of(MEMBER).await;
        revoke::one(&app.ctx, &actor, owner, token).await.unwrap();
        revoke::one(&app.ctx, &actor, owner, token).await.unwrap();
        assert_eq!(counters().await, (2, 1));
        app.clock.advance(40 * 86_400);
        assert_eq!(revoke::all_of_user(&app.ctx, &actor, owner).await.unwrap(), 0, "expired already");
        assert_eq!(revoke::sweep_expired(&app.ctx).await.unwrap(), 2);
        assert_eq!(counters().await, (0, 3));
        assert_eq!(revoke::sweep_expired(&app.ctx).await.unwrap(), 0);
    }

    async fn turning_access_on_or_off_twice_changes_nothing(app) {
        let actor = Actor::operator();
        let user = app.id_of(MEMBER).await;
        let set = |enabled| access::set(&app.ctx, &actor, Authority::Operator, user, enabled);
        assert_eq!(set(true).await.unwrap(), Changed::Nothing);
        assert_eq!(set(false).await.unwrap(), Changed::Disabled { tokens: 0 });
        assert_eq!(set(false).await.unwrap(), Changed::Nothing);
        assert_eq!(set(true).await.unwrap(), Changed::Enabled);
        assert_eq!(app.audited("mcp_access_disabled").await.len(), 1);
        assert_eq!(app.audited("mcp_access_enabled").await.len(), 1);
    }

    async fn a_wrong_password_changes_nothing_and_is_written_down(app) {
        let client = app.ai_client("usage:read").await;
        let actor = app.admin_actor().await;
        let refused = login::reconfirm(&app.ctx, &actor, "not the password").await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::WrongPassword);
        let entries = app.audited("password_reentered").await;
        assert_eq!((entries.len(), entries[0].outcome.as_str()), (1, "denied"));
        assert!(client.call().await.is_ok());
    }

    async fn a_proof_of_somebody_else_is_no_authority(app) {
        let member = Actor { user: Some(app.id_of(MEMBER).await), label: MEMBER.email.into(), ..app.admin_actor().await };
        let proof = login::reconfirm(&app.ctx, &member, PASSWORD).await.unwrap();
        let actor = app.admin_actor().await;
        let user = app.id_of(OTHER).await;
        let refused = access::set(&app.ctx, &actor, Authority::Password(proof), user, false).await;
        assert!(refused.is_err());
        assert!(app.audited("mcp_access_disabled").await.is_empty());
    }
}
