//! Personal access tokens at the gate: static, and ended as quickly as anything else (contract §6,
//! §7 checks 4 and 5; checklist C22).

use futures_util::future::{join, join_all};
use portcullis::domain::audit::Actor;
use portcullis::domain::scope::ScopeSet;
use portcullis::service::access::{self, Authority};
use portcullis::service::login::{self, Reconfirmed};
use portcullis::service::personal_tokens::{self, Wanted};
use portcullis::service::revoke;
use serde_json::{Value, json};

use crate::support::ai_client::{Answer, REDIRECT, challenge, http};
use crate::support::personal::{client, token_of};
use crate::support::{AiClient, MEMBER, OTHER, PASSWORD, TestApp, both_databases};

/// The tools that answer, with what they need.
const CALLS: [(&str, &str); 4] = [
    ("get_usage", "usage:read"),
    ("list_taxonomy", "stores:read"),
    ("search_stores", "stores:read"),
    ("get_store", "stores:read"),
];

async fn allow(app: &TestApp) {
    app.set("personal_access_tokens", "yes").await;
}

/// Refused like any token that is not good, in both eras.
async fn assert_refused(client: &AiClient, why: &str) {
    for answer in [client.call().await, client.modern("server/discover", json!({})).await] {
        assert_eq!(answer.status, 401, "{why}: {}", answer.text);
        let told = challenge(answer.header("www-authenticate"));
        assert_eq!(told["error"], "invalid_token", "{why}");
        assert!(told.contains_key("resource_metadata"), "{why}");
    }
}

/// The member as the log names them, and their password re-entered that often.
async fn proofs(app: &TestApp, count: usize) -> (Actor, Vec<Reconfirmed>) {
    let user = app.id_of(MEMBER).await;
    let actor = Actor {
        user: Some(user),
        label: MEMBER.email.into(),
        address: None,
        request_id: None,
        reason: None,
    };
    let mut proofs = Vec::new();
    for _ in 0..count {
        proofs.push(login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap());
    }
    (actor, proofs)
}

fn wanted(number: usize) -> Wanted {
    Wanted {
        name: format!("Job {number}"),
        scopes: ScopeSet::of_resource(),
        days: Some(30),
        form: format!("form {number}"),
    }
}

async fn working(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM tokens WHERE state = 'active'").await
}

both_databases! {
    /// Distinguishable by its prefix, scoped, and with the challenge of any other token.
    ///
    /// Rows: C22
    async fn a_token_does_what_it_was_ticked_for_and_nothing_else(app) {
        allow(app).await;
        for scope in ["usage:read", "stores:read"] {
            let token = token_of(app, MEMBER, scope, scope).await;
            assert!(token.access_token.starts_with("pc_pat_"));
            for (tool, needed) in CALLS {
                let arguments = match tool {
                    "get_store" => json!({ "domain": "shop01.example.com" }),
                    _ => json!({}),
                };
                let answer = token.call_tool(tool, arguments).await;
                if needed == scope {
                    assert!(answer.is_ok(), "{scope} {tool}: {}", answer.text);
                } else {
                    assert_eq!(answer.status, 403, "{scope} {tool}: {}", answer.text);
                    let told = challenge(answer.header("www-authenticate"));
                    assert_eq!(told["error"], "insufficient_scope", "{scope} {tool}");
                }
            }
            assert_eq!(token.modern("server/discover", json!({})).await.status, 200);
        }
        let spending = token_of(app, MEMBER, "Spends", "contacts:search contacts:reveal").await;
        assert_eq!(spending.call().await.status, 403);
        // What is offered is the role's; what may be called is the token's.
        let by_login = app.ai_client("usage:read").await;
        assert_eq!(spending.list_tools().await, by_login.list_tools().await);
        let calls = app.calls().await;
        assert!(calls.iter().take(8).all(|call| call.client_id.is_none() && call.token_id.is_some()));
    }

    async fn a_token_ends_at_its_moment(app) {
        allow(app).await;
        let token = token_of(app, MEMBER, "Job", "usage:read").await;
        app.clock.advance(30 * 86_400 - 1);
        assert!(token.call().await.is_ok());
        app.clock.advance(1);
        assert_refused(&token, "expired").await;
    }

    /// Each of these alone, on the very next call.
    ///
    /// Rows: C22
    async fn whatever_ends_a_token_ends_it_on_the_next_call(app) {
        allow(app).await;
        let token = token_of(app, MEMBER, "Job", "usage:read").await;
        let other = token_of(app, OTHER, "Job", "usage:read").await;
        for (fall, rise) in [
            ("UPDATE users SET status = 'suspended' WHERE email = 'mia@acme.example'", "UPDATE users SET status = 'active'"),
            ("UPDATE users SET mcp_enabled = (1 = 0) WHERE email = 'mia@acme.example'", "UPDATE users SET mcp_enabled = (1 = 1)"),
        ] {
            app.sql(fall).await;
            assert_refused(&token, fall).await;
            app.sql(rise).await;
            assert!(token.call().await.is_ok(), "{rise}");
        }
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        revoke::one(&app.ctx, &actor, owner, app.newest_token_of(MEMBER).await).await.unwrap();
        assert_refused(&token, "revoked").await;
        assert!(other.call().await.is_ok(), "nobody else's");
        app.set_access(OTHER, false).await;
        app.set_access(OTHER, true).await;
        assert_refused(&other, "access was disabled in between").await;
    }

    /// Off refuses all at once, on every replica; on again, what was not revoked works.
    async fn the_setting_acts_on_the_next_request(app) {
        allow(app).await;
        let replica = app.replica().await;
        let token = token_of(app, MEMBER, "Job", "usage:read").await;
        let gone = token_of(app, MEMBER, "Gone", "usage:read").await;
        let oauth = app.ai_client("usage:read").await;
        let mut elsewhere = token.clone();
        elsewhere.base = replica.base.clone();
        let there = || async {
            let body = crate::support::rpc::legacy("ping", json!({}));
            let request = elsewhere.post(&body).header("Host", app.host());
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(there().await, 200);
        app.set("personal_access_tokens", "no").await;
        assert_refused(&token, "off").await;
        assert_eq!(there().await, 401);
        assert!(oauth.call().await.is_ok(), "those who signed in are not meant");
        let (actor, owner) = (app.admin_actor().await, app.id_of(MEMBER).await);
        let id = app.count("SELECT id FROM tokens WHERE label = 'Gone'").await;
        revoke::one(&app.ctx, &actor, owner, portcullis::ids::TokenId(id)).await.unwrap();
        allow(app).await;
        assert!(token.call().await.is_ok());
        assert_eq!(there().await, 200);
        assert_refused(&gone, "revoked while off").await;
        replica.stop().await;
    }

    /// It is a bearer for the endpoint and for nothing else.
    async fn a_token_is_good_for_the_endpoint_alone(app) {
        allow(app).await;
        let token = token_of(app, MEMBER, "Job", "usage:read stores:read").await;
        let secret = token.access_token.as_str();
        let userinfo = http().get(app.url("/oauth/userinfo")).bearer_auth(secret).send().await.unwrap();
        assert_eq!(userinfo.status(), 401);

        let registration = json!({ "client_name": "Other", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_post" });
        let registered = http().post(app.url("/oauth/register")).json(&registration).send().await.unwrap();
        let registered: Value = registered.json().await.unwrap();
        let text = |name: &str| registered[name].as_str().unwrap().to_owned();
        let (id, password) = (text("client_id"), text("client_secret"));
        let post = |path: &'static str, fields: Vec<(&'static str, String)>| {
            let mut form = vec![("client_id", id.clone()), ("client_secret", password.clone())];
            form.extend(fields);
            let request = http().post(app.url(path)).form(&form);
            async move { Answer::of(request.send().await.unwrap()).await }
        };
        let looked = post("/oauth/introspect", vec![("token", secret.into())]).await;
        assert_eq!(looked.json, json!({ "active": false }));
        let refreshed = post("/oauth/token", vec![("grant_type", "refresh_token".into()), ("refresh_token", secret.into())]).await;
        assert_eq!((refreshed.status, refreshed.oauth_error()), (400, "invalid_grant"));
        let code = post("/oauth/token", vec![("grant_type", "authorization_code".into()), ("code", secret.into()),
            ("code_verifier", crate::support::ai_client::VERIFIER.into()), ("redirect_uri", REDIRECT.into())]).await;
        assert_eq!((code.status, code.oauth_error()), (400, "invalid_grant"));
        let given_back = post("/oauth/revoke", vec![("token", secret.into())]).await;
        assert_eq!(given_back.status, 200);
        assert!(token.call().await.is_ok(), "a client cannot end what is not its own");

        let rest = secret.strip_prefix("pc_pat_").unwrap();
        for odd in [format!("pc_key_{rest}"), format!("pc_rt_{rest}"), rest.to_owned(), format!("{secret}x"), format!("PC_PAT_{rest}"), "pc_pat_".to_owned()] {
            assert_refused(&client(app, &odd), &odd).await;
        }
        // Nor does what is stored for it open anything.
        let hash = portcullis::secrets::PlainSecret::presented(secret).hash().0;
        assert_refused(&client(app, &format!("pc_pat_{hash}")), "the hash").await;
    }

    /// Made while access is dropped: before, and it falls with the rest; or after, and it is refused.
    async fn no_token_outlives_the_dropping_of_access(app) {
        allow(app).await;
        for round in 0..4 {
            let (actor, proofs) = proofs(app, 6).await;
            let making = proofs.into_iter().enumerate().map(|(number, proof)| {
                personal_tokens::create(&app.ctx, &actor, proof, wanted(round * 10 + number))
            });
            let user = app.id_of(MEMBER).await;
            let operator = Actor::operator();
            let dropping = access::set(&app.ctx, &operator, Authority::Operator, user, false);
            let (made, dropped) = join(join_all(making), dropping).await;
            dropped.unwrap();
            assert_eq!(working(app).await, 0);
            access::set(&app.ctx, &operator, Authority::Operator, user, true).await.unwrap();
            for secret in made.into_iter().flatten() {
                assert_eq!(client(app, secret.expose()).call().await.status, 401);
            }
        }
        assert_eq!(app.count("SELECT active_tokens FROM users WHERE email = 'mia@acme.example'").await, 0);
    }

    /// Revoke All ends whatever was made before it, and the counters agree with the rows.
    async fn no_token_made_before_it_outlives_revoke_all(app) {
        allow(app).await;
        for round in 0..4 {
            let (actor, proofs) = proofs(app, 5).await;
            let making = proofs.into_iter().enumerate().map(|(number, proof)| {
                personal_tokens::create(&app.ctx, &actor, proof, wanted(round * 10 + number))
            });
            let (user, operator) = (app.id_of(MEMBER).await, Actor::operator());
            let (made, revoked) = join(join_all(making), revoke::all_of_user(&app.ctx, &operator, user)).await;
            assert!(made.iter().all(Result::is_ok), "{made:?}");
            revoked.unwrap();
            let earlier = app.count(
                "SELECT count(*) FROM audit made JOIN tokens ON tokens.id = made.target_id \
                 WHERE made.action = 'personal_token_created' AND tokens.state = 'active' \
                 AND made.id < (SELECT max(id) FROM audit WHERE action = 'tokens_revoked')").await;
            assert_eq!(earlier, 0);
            let counted = app.count("SELECT active_tokens FROM users WHERE email = 'mia@acme.example'").await;
            assert_eq!(counted, working(app).await);
            revoke::all_of_user(&app.ctx, &operator, user).await.unwrap();
        }
    }
}
