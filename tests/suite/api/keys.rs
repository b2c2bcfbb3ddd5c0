//! What a key opens and what ends it, at the very next request of every replica.

use portcullis::service::{api_keys, login, people, stop};
use serde_json::json;

use super::plenty;
use crate::support::api_client::{ALL, ApiClient};
use crate::support::{MEMBER, OTHER, PASSWORD, Person, TestApp, both_databases, rpc};

async fn newest_key(app: &TestApp, person: Person) -> portcullis::ids::ApiKeyId {
    let user = app.id_of(person).await;
    api_keys::of_person(&app.ctx, user).await.unwrap().rows[0].id
}

async fn code(client: &ApiClient) -> String {
    let answer = client.get("/api/v1/usage").await;
    answer.json["error"]["code"].as_str().unwrap_or("(answered)").to_owned()
}

both_databases! {
    async fn a_revoked_key_is_refused_at_the_next_request_of_every_replica(app) {
        let api = ApiClient::of(app, MEMBER, ALL).await;
        let replica = app.replica().await;
        let elsewhere = ApiClient { base: replica.base.clone(), ..api.clone() };
        assert_eq!((code(&api).await, code(&elsewhere).await), ("(answered)".into(), "(answered)".into()));
        let (actor, user) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let key = newest_key(app, MEMBER).await;
        assert!(api_keys::revoke(&app.ctx, &actor, app.id_of(OTHER).await, key).await.is_err(), "nobody else's");
        api_keys::revoke(&app.ctx, &actor, user, key).await.unwrap();
        assert_eq!((code(&elsewhere).await, code(&api).await), ("revoked_api_key".into(), "revoked_api_key".into()));
        assert_eq!(app.count("SELECT count(*) FROM activity WHERE error_code = 'revoked_api_key' AND outcome = 'denied'").await, 2);
        replica.stop().await;
    }

    /// What ends a person's access ends their keys; MCP access is about AI clients and does not.
    async fn keys_end_with_the_person_the_password_and_the_emergency_stop(app) {
        let actor = app.admin_actor().await;
        let member = app.id_of(MEMBER).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        app.set_access(MEMBER, false).await;
        assert_eq!(code(&api).await, "(answered)");
        people::set_password(&app.ctx, &actor, MEMBER.email, PASSWORD).await.unwrap();
        assert_eq!(code(&api).await, "revoked_api_key");
        let api = ApiClient::of(app, MEMBER, ALL).await;
        people::standing::suspend(&app.ctx, &actor, member).await.unwrap();
        assert_eq!(code(&api).await, "revoked_api_key");
        people::standing::reactivate(&app.ctx, &actor, member).await.unwrap();
        assert_eq!(code(&api).await, "revoked_api_key", "what ended stays ended");
        let (api, other) = (ApiClient::of(app, MEMBER, ALL).await, ApiClient::of(app, OTHER, ALL).await);
        let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
        let ended = stop::revoke_everything(&app.ctx, &actor, proof).await.unwrap();
        assert_eq!((ended.keys, ended.left.keys), (2, 0));
        assert_eq!((code(&api).await, code(&other).await), ("revoked_api_key".into(), "revoked_api_key".into()));
        let other = ApiClient::of(app, OTHER, ALL).await;
        let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
        people::standing::delete(&app.ctx, &actor, proof, app.id_of(OTHER).await).await.unwrap();
        assert_eq!(code(&other).await, "revoked_api_key");
    }

    /// Contract §8: each credential opens its own door.
    async fn a_key_does_not_open_the_mcp_endpoint_nor_a_token_this(app) {
        let (tools, api) = (app.ai_client(ALL).await, ApiClient::of(app, MEMBER, ALL).await);
        let token = ApiClient::with(app, &tools.access_token);
        assert_eq!(code(&token).await, "wrong_credential", "an OAuth token");
        assert_eq!(code(&ApiClient::with(app, &tools.refresh_token)).await, "wrong_credential");
        let answer = api.post("/mcp", &rpc::legacy("tools/list", json!({}))).await;
        assert_eq!((answer.status, &answer.json["error"]["code"]), (401, &json!("wrong_credential")));
        assert!(answer.header("www-authenticate").contains("invalid_token"));
        for other in ["Basic dTpw", "Bearer", "Bearer a b", "Bearer pc_key_"] {
            let request = ApiClient::with(app, "").request("GET", "/api/v1/usage").header("Authorization", other);
            assert_eq!(request.send().await.unwrap().status().as_u16(), 401, "{other}");
        }
        // A cookie is nobody here.
        assert_eq!(app.member().await.get("/api/v1/usage").await.status, 401);
    }

    /// A new key at once, the old one as long as its owner chose.
    async fn rotating_overlaps(app) {
        plenty(app).await;
        let old = ApiClient::of(app, MEMBER, ALL).await;
        let (user, label) = (Some(app.id_of(MEMBER).await), MEMBER.email.into());
        let actor = portcullis::domain::audit::Actor { user, label, ..app.admin_actor().await };
        let id = newest_key(app, MEMBER).await;
        let rotate = |hours: i64, form: &'static str| {
            let actor = actor.clone();
            async move {
                let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
                api_keys::rotate(&app.ctx, &actor, proof, id, hours, form.into()).await
            }
        };
        assert_eq!(rotate(169, "a").await.unwrap_err().param.as_deref(), Some("hours"));
        let (first, second) = futures_util::future::join(rotate(24, "b"), rotate(24, "c")).await;
        assert!(first.is_ok() != second.is_ok(), "one of two at once");
        let new = ApiClient::with(app, first.or(second).unwrap().expose());
        assert_eq!((code(&old).await, code(&new).await), ("(answered)".into(), "(answered)".into()));
        app.clock.advance(24 * 3600 - 1);
        assert_eq!(code(&old).await, "(answered)");
        app.clock.advance(1);
        assert_eq!((code(&old).await, code(&new).await), ("invalid_api_key".into(), "(answered)".into()));
        assert_eq!(app.audited("api_key_rotated").await.len(), 2, "one done, one refused");
        let told: Vec<_> = app.audited("api_key_rotated").await.into_iter().map(|entry| entry.outcome).collect();
        assert!(told.contains(&"ok".to_owned()) && told.contains(&"denied".to_owned()), "{told:?}");
    }
}
