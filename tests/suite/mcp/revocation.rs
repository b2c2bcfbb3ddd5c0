//! The promise: when a person drops the gate, the very next request is refused.

use portcullis::service::revoke::{self, Revoked};
use serde_json::json;

use crate::support::ai_client::challenge;
use crate::support::{MEMBER, OTHER, TestApp, both_databases};

/// C4, C10: the call is refused the way a client understands.
async fn assert_refused(client: &crate::support::AiClient) {
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
}

both_databases! {
    async fn revoked_token_is_refused_on_the_next_call(app) {
        let client = app.ai_client("usage:read").await;
        let neighbour = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        let tokens = app.tokens_of(MEMBER).await;
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let done = revoke::one(&app.ctx, &actor, owner, tokens[1].id).await.unwrap();
        assert_eq!(done, Revoked::Now);
        assert_refused(&client).await;
        assert_eq!(client.present(&client.refresh_token).await.oauth_error(), "invalid_grant");
        assert!(neighbour.call().await.is_ok(), "another token lives on");
        let again = revoke::one(&app.ctx, &actor, owner, tokens[1].id).await.unwrap();
        assert_eq!(again, Revoked::Already);
    }
}
