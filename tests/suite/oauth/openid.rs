//! Sign-in with OpenID Connect: discovery, ID tokens, userinfo, and one issuer everywhere.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::confidential::first_answer;
use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, consent, http, redirected, register,
};
use crate::support::{MEMBER, OTHER, Person, TestApp, both_databases, on_sqlite};

const OPENID: &str = "/.well-known/openid-configuration";
const SERVER: &str = "/.well-known/oauth-authorization-server";

async fn document(app: &TestApp, path: &str) -> Value {
    http().get(app.url(path)).send().await.unwrap().json().await.unwrap()
}

/// The claims of a token whose signature is good under the published keys, and its header.
async fn checked(app: &TestApp, token: &str, typ: &str) -> Value {
    let keys = document(app, "/oauth/jwks").await;
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some(typ), Algorithm::ES256));
    let keys = keys["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == json!(header.kid)).unwrap();
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
    );
    let text = |name: &str| key[name].as_str().unwrap();
    let key = DecodingKey::from_ec_components(text("x"), text("y")).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
}

/// The first token answer of a fresh client of that person.
async fn answer_for(
    app: &TestApp,
    person: Person,
    scopes: &str,
    nonce: Option<&str>,
) -> (String, Value) {
    let client = register(app, &[REDIRECT]).await;
    let mut request = AuthorizationRequest::new(app, &client, scopes);
    if let Some(nonce) = nonce {
        request = request.with("nonce", nonce);
    }
    let answer = first_answer(app, &app.signed_in(person).await, &request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (client, answer.json)
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

async fn userinfo(app: &TestApp, method: &str, header: Option<&str>) -> Answer {
    let mut request = http().request(method.parse().unwrap(), app.url("/oauth/userinfo"));
    if let Some(header) = header {
        request = request.header("Authorization", header);
    }
    Answer::of(request.send().await.unwrap()).await
}

on_sqlite! {
    /// One description of the server under two names; OpenID Connect adds to it, and contradicts nothing.
    /// Rows: D7
    async fn discovery_says_the_same_at_both_addresses(app) {
        let (openid, server) = (document(app, OPENID).await, document(app, SERVER).await);
        for (name, value) in server.as_object().unwrap() {
            assert_eq!(&openid[name], value, "{name}");
        }
        // OpenID Connect Discovery 1.0 §3: what must be there.
        for required in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
            "subject_types_supported", "id_token_signing_alg_values_supported"] {
            assert!(!openid[required].is_null(), "{required}");
        }
        assert_eq!(openid["issuer"], json!(app.base));
        assert_eq!(openid["subject_types_supported"], json!(["public"]));
        assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["ES256"]));
        assert_eq!(openid["userinfo_endpoint"], json!(app.url("/oauth/userinfo")));
        let has = |member: &str, value: &str| openid[member].as_array().unwrap().contains(&json!(value));
        for scope in ["openid", "profile", "email"] {
            assert!(has("scopes_supported", scope), "{scope}");
        }
        for claim in ["iss", "sub", "aud", "iat", "exp", "nonce", "name", "email"] {
            assert!(has("claims_supported", claim), "{claim}");
        }
    }
}

both_databases! {
    /// OpenID Connect Core §2, with the nonce byte for byte.
    /// Rows: F24
    async fn an_id_token_says_who_signed_in_to_whom(app) {
        let nonce = "n-0S6_WzA2Mj +%&=\"'<>é\u{1f511}";
        let (client, answer) = answer_for(app, MEMBER, "openid profile email usage:read", Some(nonce)).await;
        let claims = checked(app, text(&answer, "id_token"), "JWT").await;
        let now = app.clock.now().seconds();
        assert_eq!(claims["iss"], json!(app.base));
        assert_eq!(claims["aud"], json!(client), "the client, and nobody else");
        assert_eq!(claims["nonce"], nonce);
        assert_eq!(claims["iat"].as_i64(), Some(now));
        assert!(claims["exp"].as_i64().unwrap() > now);
        assert_eq!((text(&claims, "name"), text(&claims, "email")), (MEMBER.name, MEMBER.email));
        let access = checked(app, text(&answer, "access_token"), "at+jwt").await;
        assert_eq!(access["sub"], claims["sub"]);
        assert!(claims.get("scope").is_none() && claims.get("client_id").is_none(), "it opens nothing");
    }

    /// Rows: E17
    async fn claims_follow_the_scopes(app) {
        for (scopes, name, email) in [
            ("openid usage:read", false, false),
            ("openid profile usage:read", true, false),
            ("openid email usage:read", false, true),
            ("openid profile email usage:read", true, true),
        ] {
            let (_, answer) = answer_for(app, MEMBER, scopes, None).await;
            let claims = checked(app, text(&answer, "id_token"), "JWT").await;
            assert_eq!((claims.get("name").is_some(), claims.get("email").is_some()), (name, email), "{scopes}");
            assert!(claims.get("nonce").is_none(), "none was sent");
            let bearer = format!("Bearer {}", text(&answer, "access_token"));
            for method in ["GET", "POST"] {
                let info = userinfo(app, method, Some(&bearer)).await;
                assert_eq!(info.status, 200, "{scopes}: {}", info.text);
                assert_eq!(info.header("cache-control"), "no-store");
                assert_eq!(info.json["sub"], claims["sub"], "OpenID Connect Core §5.3.2");
                assert_eq!((info.json.get("name").is_some(), info.json.get("email").is_some()), (name, email), "{scopes}");
            }
        }
        let (_, plain) = answer_for(app, MEMBER, "profile email usage:read", None).await;
        assert!(plain.get("id_token").is_none(), "without openid nobody is signed in to anything");
    }

    /// One person is one `sub` for every client and for ever, and nobody else's.
    async fn a_subject_is_stable_and_ones_own(app) {
        let mut subjects = Vec::new();
        for person in [MEMBER, MEMBER, OTHER] {
            let (_, answer) = answer_for(app, person, "openid usage:read", None).await;
            let claims = checked(app, text(&answer, "id_token"), "JWT").await;
            let subject = text(&claims, "sub").to_owned();
            assert!(!subject.contains('@') && subject.is_ascii() && subject.len() <= 255);
            subjects.push(subject);
        }
        assert_eq!(subjects[0], subjects[1]);
        assert_ne!(subjects[0], subjects[2]);
    }

    /// Contract §6: with OpenID scopes the audience is a list that holds the userinfo endpoint too;
    /// the gate takes both forms, userinfo only its own.
    /// Rows: C5
    async fn the_audience_names_userinfo_only_with_openid(app) {
        let (_, with) = answer_for(app, MEMBER, "openid usage:read", None).await;
        let (_, without) = answer_for(app, MEMBER, "usage:read", None).await;
        let aud = |answer: &Value| {
            let token = text(answer, "access_token").to_owned();
            async move { checked(app, &token, "at+jwt").await["aud"].clone() }
        };
        assert_eq!(aud(&with).await, json!([app.resource(), app.url("/oauth/userinfo")]));
        assert_eq!(aud(&without).await, json!(app.resource()));
        for (answer, info) in [(&with, 200), (&without, 401)] {
            let bearer = format!("Bearer {}", text(answer, "access_token"));
            let ping = http().post(app.resource()).header("Authorization", &bearer)
                .json(&crate::support::rpc::legacy("ping", json!({}))).send().await.unwrap();
            assert_eq!(ping.status(), 200);
            let told = userinfo(app, "GET", Some(&bearer)).await;
            assert!(told.status == info || (info == 401 && told.status == 403), "{}", told.text);
            assert!(told.status == 200 || told.header("www-authenticate").starts_with("Bearer error="));
        }
    }

    /// RFC 6750 §3.1: no word of an error where no token was sent; the gate's rules otherwise.
    async fn userinfo_needs_a_token_that_works(app) {
        let missing = userinfo(app, "GET", None).await;
        assert_eq!(missing.status, 401);
        assert!(missing.header("www-authenticate").starts_with("Bearer") && !missing.header("www-authenticate").contains("error"));
        let (client, answer) = answer_for(app, MEMBER, "openid email usage:read", None).await;
        let good = text(&answer, "access_token");
        let (start, end) = good.split_at(good.len() - 8);
        let other = if end.starts_with('A') { "B" } else { "A" };
        let tampered = format!("{start}{other}{}", &end[1..]);
        for bad in ["Bearer nonsense".to_owned(), format!("Bearer {tampered}"), format!("Bearer {}", text(&answer, "id_token")),
            format!("Bearer {}", text(&answer, "refresh_token"))] {
            let refused = userinfo(app, "GET", Some(&bad)).await;
            assert_eq!(refused.status, 401, "{bad}");
            assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""), "{bad}");
            assert!(!refused.text.contains(MEMBER.email));
        }
        let bearer = format!("Bearer {good}");
        assert_eq!(userinfo(app, "GET", Some(&bearer)).await.status, 200);
        let form = [("client_id", client.as_str()), ("token", text(&answer, "refresh_token"))];
        http().post(app.url("/oauth/revoke")).form(&form).send().await.unwrap();
        assert_eq!(userinfo(app, "GET", Some(&bearer)).await.status, 401, "revoked");
        let (_, answer) = answer_for(app, MEMBER, "openid usage:read", None).await;
        app.clock.advance(3660);
        let bearer = format!("Bearer {}", text(&answer, "access_token"));
        assert_eq!(userinfo(app, "GET", Some(&bearer)).await.status, 401, "expired");
    }

    /// RFC 9207: byte for byte the same in documents, answers and tokens.
    /// Rows: D1, F24
    async fn the_issuer_is_one_everywhere(app) {
        let client = register(app, &[REDIRECT]).await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client, "openid usage:read");
        let location = consent(&browser, &request, None).await;
        let denied = browser.get(&request.clone().with("response_type", "token").path()).await;
        let answer = first_answer(app, &browser, &request).await.json;
        let resource = document(app, "/.well-known/oauth-protected-resource/mcp").await;
        for (place, issuer) in [
            ("server metadata", document(app, SERVER).await["issuer"].clone()),
            ("OpenID discovery", document(app, OPENID).await["issuer"].clone()),
            ("resource metadata", resource["authorization_servers"][0].clone()),
            ("success", json!(redirected(&location)["iss"])),
            ("error", json!(redirected(denied.header("location"))["iss"])),
            ("access token", checked(app, text(&answer, "access_token"), "at+jwt").await["iss"].clone()),
            ("ID token", checked(app, text(&answer, "id_token"), "JWT").await["iss"].clone()),
        ] {
            assert_eq!(issuer, json!(app.base), "{place}");
        }
    }
}
