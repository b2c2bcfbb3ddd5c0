//! Codes for tokens (checklist F2, F3, F5 to F7; SECURITY-CHECKLIST §2, 10.4.2).

use crate::support::ai_client::{
    Answer, AuthorizationRequest, CHALLENGE, REDIRECT, VERIFIER, code, http, register,
};
use crate::support::{AiClient, MEMBER, TestApp, both_databases};

/// A connectable client with a fresh code.
async fn ready(app: &TestApp) -> (String, String) {
    let client = register(app, &[REDIRECT]).await;
    let request = AuthorizationRequest::new(app, &client, "usage:read");
    let code = code(&app.member().await, &request).await;
    (client, code)
}

async fn exchange(app: &TestApp, client: &str, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    Answer::of(http().post(app.url("/oauth/token")).form(&form).send().await.unwrap()).await
}

both_databases! {
    /// F2, F15.
    /// Rows: F2, F15
    async fn a_code_yields_tokens(app) {
        let (client, code) = ready(app).await;
        let answer = exchange(app, &client, &code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json["token_type"], "Bearer");
        assert_eq!(answer.json["expires_in"], 3600);
        assert_eq!(answer.json["scope"], "usage:read");
        assert!(answer.json["refresh_token"].as_str().unwrap().starts_with("pc_rt_"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let entries = app.audited("token_issued").await;
        assert_eq!((entries.len(), entries[0].actor.as_str()), (1, MEMBER.email));
        assert_eq!(entries[0].request_id.as_deref(), Some(answer.header("x-request-id")));
    }

    /// F3: a second use ends what the first produced, and the log says so.
    /// Rows: F3
    async fn a_code_that_comes_again_revokes_what_it_produced(app) {
        let (client, code) = ready(app).await;
        let connected = AiClient::redeem(app, &client, &code).await.unwrap();
        assert!(connected.call().await.is_ok());
        let again = exchange(app, &client, &code, &[]).await;
        assert_eq!((again.status, again.oauth_error()), (400, "invalid_grant"));
        assert_eq!(connected.call().await.status, 401);
        assert_eq!(connected.present(&connected.refresh_token).await.oauth_error(), "invalid_grant");
        let alarms = app.audited("reuse_alarm").await;
        assert_eq!((alarms.len(), alarms[0].outcome.as_str()), (1, "denied"));
        assert_eq!(alarms[0].detail()["reason"], "code_replayed");
    }

    /// Whoever an address was taken from gets nothing for a code that was sent there before.
    async fn a_code_sent_to_an_address_that_was_taken_out_is_refused(app) {
        let (client, code) = ready(app).await;
        app.sql(format!(
            "UPDATE clients SET redirect_uris = 'https://elsewhere.example/cb' WHERE client_id = '{client}'"
        ))
        .await;
        let refused = AiClient::redeem(app, &client, &code).await.err().unwrap();
        assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"));
    }

    /// F3: also long after the code itself has expired.
    /// Rows: F3
    async fn a_late_replay_still_finds_what_to_revoke(app) {
        let (client, code) = ready(app).await;
        let mut connected = AiClient::redeem(app, &client, &code).await.unwrap();
        app.clock.advance(3600);
        portcullis::jobs::run_all(&app.ctx).await;
        connected.refresh().await;
        assert!(connected.call().await.is_ok());
        assert_eq!(exchange(app, &client, &code, &[]).await.status, 400);
        assert_eq!(connected.call().await.status, 401);
    }

    /// F5: 60 seconds.
    /// Rows: F5
    async fn a_code_ends(app) {
        let (client, code) = ready(app).await;
        app.clock.advance(60);
        let late = exchange(app, &client, &code, &[]).await;
        assert_eq!((late.status, late.oauth_error()), (400, "invalid_grant"));
        let (client, code) = ready(app).await;
        app.clock.advance(59);
        assert_eq!(exchange(app, &client, &code, &[]).await.status, 200);
    }

    /// F6, F7: everything must fit, and a failed verifier burns the code.
    /// Rows: F6
    async fn a_code_works_only_with_everything_it_was_made_with(app) {
        let foreign = register(app, &[REDIRECT]).await;
        for (changes, error, burns) in [
            (vec![("code_verifier", "")], "invalid_grant", true),
            (vec![("code_verifier", CHALLENGE)], "invalid_grant", true),
            (vec![("code_verifier", "short")], "invalid_grant", true),
            (vec![("redirect_uri", "http://127.0.0.1:9/callback")], "invalid_grant", true),
            (vec![("redirect_uri", "https://evil.example/cb")], "invalid_grant", true),
            (vec![("resource", "https://elsewhere.example/mcp")], "invalid_target", true),
            (vec![("client_id", foreign.as_str())], "invalid_grant", false),
            (vec![("code", "pc_ac_unknown")], "invalid_grant", false),
            (vec![("code", "")], "invalid_request", false),
        ] {
            let (client, code) = ready(app).await;
            let refused = exchange(app, &client, &code, &changes).await;
            assert_eq!((refused.status, refused.oauth_error()), (400, error), "{changes:?}: {}", refused.text);
            let then = exchange(app, &client, &code, &[]).await;
            assert_eq!(then.status, if burns { 400 } else { 200 }, "{changes:?}: {}", then.text);
        }
    }

    /// OAuth 2.1 leaves `redirect_uri` out; the resource in every usual spelling is the resource.
    async fn what_newer_and_older_clients_send_is_accepted(app) {
        let slash = format!("{}/", app.resource());
        for changes in [
            vec![("redirect_uri", "")],
            vec![("resource", app.base.as_str())],
            vec![("resource", slash.as_str())],
        ] {
            let (client, code) = ready(app).await;
            let answer = exchange(app, &client, &code, &changes).await;
            let good = changes[0].1 != app.base;
            assert_eq!(answer.status == 200, good, "{changes:?}: {}", answer.text);
        }
    }
}
