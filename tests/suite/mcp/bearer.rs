//! Check 4: which tokens are tokens (checklist C4 to C9, F25; RFC 9068, RFC 6750 §2.1).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, VERIFIER, challenge, code, http,
};
use crate::support::forge::Forge;
use crate::support::{MEMBER, PASSWORD, TestApp, both_databases, html, on_sqlite, raw, rpc};

async fn with_header(app: &TestApp, value: &str) -> Answer {
    let request = http().post(app.resource()).header("Authorization", value);
    let request = request.json(&rpc::legacy("ping", json!({})));
    Answer::of(request.send().await.unwrap()).await
}

async fn assert_no_token(app: &TestApp, name: &str, token: &str) {
    let answer = with_header(app, &format!("Bearer {token}")).await;
    assert_eq!(answer.status, 401, "{name}: {}", answer.text);
    assert_eq!(challenge(answer.header("www-authenticate"))["error"], "invalid_token", "{name}");
}

on_sqlite! {
    /// C5, F25: everything about a token but its bytes may be right, and it is still not one.
    /// Rows: C4, C5, F25
    async fn a_token_that_was_not_issued_for_here_is_refused(app) {
        let client = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &client.access_token).await;
        let now = app.clock.now().seconds();
        let good = forge.access_token(json!({}));
        assert_eq!(with_header(app, &format!("Bearer {good}")).await.status, 200, "the forge works");
        let cases: Vec<(&str, String)> = vec![
            ("another audience", forge.access_token(json!({ "aud": "https://elsewhere.example/mcp" }))),
            ("the issuer as audience", forge.access_token(json!({ "aud": app.base }))),
            ("audience with a slash", forge.access_token(json!({ "aud": format!("{}/", app.resource()) }))),
            ("an empty list of audiences", forge.access_token(json!({ "aud": [] }))),
            ("no audience", forge.access_token(json!({ "aud": null }))),
            ("another issuer", forge.access_token(json!({ "iss": "https://evil.example" }))),
            ("no issuer", forge.access_token(json!({ "iss": null }))),
            ("no expiry", forge.access_token(json!({ "exp": null }))),
            ("an expiry that is no number", forge.access_token(json!({ "exp": "never" }))),
            ("issued in the future", forge.access_token(json!({ "iat": now + 3600 }))),
            ("another subject", forge.access_token(json!({ "sub": "somebody" }))),
            ("another token's row", forge.access_token(json!({ "tid": 999_999 }))),
            ("no token row", forge.access_token(json!({ "tid": null }))),
            ("type JWT", forge.sign(&forge.claims, "JWT", &forge.kid)),
            ("type of an ID token", forge.sign(&forge.claims, "id_token+jwt", &forge.kid)),
            ("foreign kid", forge.sign(&forge.claims, "at+jwt", "no-such-key")),
            ("kid that is a path", forge.sign(&forge.claims, "at+jwt", "../../etc/passwd")),
            ("alg none", forge.unsigned("none")),
            ("alg None", forge.unsigned("None")),
            ("alg ES256 without signature", forge.unsigned("ES256")),
            ("no signature", good.rsplit_once('.').unwrap().0.to_owned()),
            ("signature of another token", format!(
                "{}.{}",
                forge.access_token(json!({ "scope": "usage:read contacts:reveal" })).rsplit_once('.').unwrap().0,
                good.rsplit_once('.').unwrap().1
            )),
        ];
        for (name, token) in cases {
            assert_no_token(app, name, &token).await;
        }
    }

    /// The header is the attacker's to write: it neither chooses the algorithm nor brings a key.
    /// Rows: F25
    async fn a_header_chooses_neither_algorithm_nor_key(app) {
        let client = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &client.access_token).await;
        let own = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let own = EncodingKey::from_ec_der(own.as_ref());
        let kid = forge.kid.as_str();
        let with = |more: Value| {
            let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid });
            header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            header
        };
        assert_eq!(with_header(app, &format!("Bearer {}", forge.under(with(json!({})), None))).await.status, 200);
        for (place, token) in forge.hmacs().iter().enumerate() {
            assert_no_token(app, &format!("HMAC under the public key, form {place}"), token).await;
        }
        for alg in ["RS256", "PS256", "ES384", "EdDSA", "HS256", "HS512", "none", "es256", "", "dir"] {
            assert_no_token(app, alg, &forge.under(with(json!({ "alg": alg })), None)).await;
        }
        let (x, y) = forge.public.split_at(43);
        for more in [
            json!({}),
            json!({ "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y } }),
            json!({ "jku": "https://evil.example/jwks" }),
            json!({ "x5u": "https://evil.example/chain.pem" }),
            json!({ "x5c": ["bm90aGluZw=="] }),
            json!({ "kid": "own", "jku": "https://evil.example/jwks" }),
        ] {
            assert_no_token(app, &format!("another key with {more}"), &forge.under(with(more.clone()), Some(&own))).await;
        }
        for (name, header) in [
            ("no kid", json!({ "alg": "ES256", "typ": "at+jwt" })),
            ("empty kid", with(json!({ "kid": "" }))),
            ("kid of another type", with(json!({ "kid": 7 }))),
            ("no type", json!({ "alg": "ES256", "kid": kid })),
            ("no algorithm", json!({ "typ": "at+jwt", "kid": kid })),
            ("type of a logout token", with(json!({ "typ": "logout+jwt" }))),
            ("a header that is a list", json!([])),
            ("a header that is a text", json!("ES256")),
        ] {
            assert_no_token(app, name, &forge.under(header, None)).await;
        }
    }

    /// Contract §7: 60 seconds of skew on both ends, and not one more.
    /// Rows: F23
    async fn skewed_clocks_are_borne_to_the_second(app) {
        let client = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &client.access_token).await;
        let now = app.clock.now().seconds();
        for (changes, status) in [
            (json!({ "iat": now + 60 }), 200),
            (json!({ "iat": now + 61 }), 401),
            (json!({ "exp": now - 59 }), 200),
            (json!({ "exp": now - 60 }), 401),
            (json!({ "exp": 0 }), 401),
            (json!({ "exp": -1 }), 401),
            (json!({ "exp": now + 86_400 }), 200),
            (json!({ "exp": i64::MAX }), 401),
            (json!({ "iat": i64::MAX }), 401),
            (json!({ "iat": i64::MIN, "exp": i64::MIN }), 401),
            (json!({ "exp": 1.5e300 }), 401),
        ] {
            let token = forge.access_token(changes.clone());
            assert_eq!(with_header(app, &format!("Bearer {token}")).await.status, status, "{changes}");
        }
    }

    /// One changed, missing or added character anywhere, and it is nothing.
    /// Rows: C4
    async fn a_damaged_token_is_none(app) {
        let client = app.ai_client("usage:read").await;
        let good = client.access_token.as_str();
        assert!(client.call().await.is_ok(), "its signature is remembered now");
        let parts: Vec<&str> = good.split('.').collect();
        for part in 0..3 {
            for place in [0, parts[part].len() / 2, parts[part].len() - 2] {
                let mut bytes = parts[part].as_bytes().to_vec();
                bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
                let mut changed = parts.clone();
                let text = String::from_utf8(bytes).unwrap();
                changed[part] = &text;
                assert_no_token(app, &format!("part {part}, place {place}"), &changed.join(".")).await;
            }
        }
        for bad in [
            good[..good.len() - 1].to_owned(),
            good[..good.len() / 2].to_owned(),
            format!("{good}."),
            format!(".{good}"),
            format!("{good}.{}", parts[2]),
            format!("{}..{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[1], parts[2]),
            format!("{good}=="),
            format!("{}{}", good, "A".repeat(10_000)),
        ] {
            assert_no_token(app, &bad, &bad).await;
        }
    }

    /// Contract §6: the gate takes a list of audiences and needs the MCP resource in it.
    async fn an_audience_list_that_holds_the_resource_is_accepted(app) {
        let client = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &client.access_token).await;
        for (aud, status) in [
            (json!([app.resource(), app.url("/oauth/userinfo")]), 200),
            (json!([app.url("/oauth/userinfo")]), 401),
        ] {
            let token = forge.access_token(json!({ "aud": aud }));
            assert_eq!(with_header(app, &format!("Bearer {token}")).await.status, status, "{aud}");
        }
        let typed = forge.sign(&forge.claims, "application/at+jwt", &forge.kid);
        assert_eq!(with_header(app, &format!("Bearer {typed}")).await.status, 200);
    }

    /// A token never gets more than its row allows, whatever its claims say.
    async fn a_claim_cannot_widen_what_was_granted(app) {
        let client = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &client.access_token).await;
        let mut wide = client.clone();
        wide.access_token = forge.access_token(json!({ "scope": "usage:read stores:read" }));
        assert_eq!(wide.call_tool("list_taxonomy", json!({})).await.status, 403);
        assert!(wide.call().await.is_ok());
    }

    /// C6: no other secret of ours opens the endpoint.
    /// Rows: C6
    async fn other_secrets_are_no_access_tokens(app) {
        let client = app.ai_client("usage:read").await;
        let browser = app.member().await;
        let request = AuthorizationRequest::new(app, &client.client_id, "usage:read");
        let code = code(&browser, &request).await;
        assert_no_token(app, "refresh token", &client.refresh_token).await;
        assert_no_token(app, "authorization code", &code).await;
        assert_no_token(app, "code verifier", VERIFIER).await;
        assert_no_token(app, "client id", &client.client_id).await;
        let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_post" });
        let registered: Value = http().post(app.url("/oauth/register")).json(&body)
            .send().await.unwrap().json().await.unwrap();
        assert_no_token(app, "client secret", registered["client_secret"].as_str().unwrap()).await;
        assert_no_token(app, "password", "correct-horse-battery-staple").await;
        for prefix in ["pc_pat_", "pc_key_"] {
            assert_no_token(app, prefix, &format!("{prefix}{}", "a".repeat(43))).await;
        }
        for cookie in session_cookies(app).await {
            let value = cookie.split_once('=').unwrap().1.split(';').next().unwrap();
            assert_no_token(app, "session cookie", value).await;
        }
        let request = AuthorizationRequest::new(app, &client.client_id, "openid usage:read");
        let code = crate::support::ai_client::code(&browser, &request).await;
        let form = [("grant_type", "authorization_code"), ("client_id", client.client_id.as_str()),
            ("code", code.as_str()), ("code_verifier", VERIFIER)];
        let answer: Value = http().post(app.url("/oauth/token")).form(&form).send().await.unwrap().json().await.unwrap();
        assert_no_token(app, "ID token", answer["id_token"].as_str().unwrap()).await;
    }

    /// C7: a signed-in browser is nobody here.
    /// Rows: C7
    async fn cookies_never_authenticate(app) {
        let browser = app.member().await;
        for method in ["POST", "GET"] {
            let request = browser.request(method, "/mcp").json(&rpc::legacy("tools/list", json!({})));
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(answer.status, 401);
            assert!(!challenge(answer.header("www-authenticate")).contains_key("error"));
        }
    }

    /// C8: a token in the query or in a form is no token, and never a log line.
    /// Rows: C8
    async fn tokens_in_query_or_body_are_not_looked_at(app) {
        let client = app.ai_client("usage:read").await;
        let body = rpc::legacy("ping", json!({}));
        for name in ["access_token", "token"] {
            let url = format!("{}?{name}={}", app.resource(), client.access_token);
            assert_eq!(http().post(url).json(&body).send().await.unwrap().status(), 401);
            let form = [(name, client.access_token.as_str())];
            assert_eq!(http().post(app.resource()).form(&form).send().await.unwrap().status(), 401);
        }
    }

    /// C9: the header's form.
    /// Rows: C9
    async fn an_authorization_header_that_is_no_single_bearer_token_is_refused(app) {
        let client = app.ai_client("usage:read").await;
        let token = &client.access_token;
        for good in [format!("bearer {token}"), format!("BEARER {token}"), format!("Bearer   {token}")] {
            assert_eq!(with_header(app, &good).await.status, 200, "{good}");
        }
        for bad in [
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            token.clone(),
            format!("Basic {token}"),
            format!("Bearer {token} {token}"),
            format!("Bearer {token},"),
            format!("Bearer \"{token}\""),
            format!("Bearer {token}\u{1f511}"),
            format!("Bearer {}", "a".repeat(10_000)),
            format!("Bearer {}.{}.{}", "a".repeat(3000), "b".repeat(3000), "c".repeat(3000)),
            "Bearer ..".to_owned(),
            "Bearer a.b.c".to_owned(),
            "Bearer eyJhbGciOiJFUzI1NiJ9.e30.".to_owned(),
        ] {
            let answer = with_header(app, &bad).await;
            assert_eq!(answer.status, 401, "{bad}: {}", answer.text);
        }
        let twice = http().post(app.resource()).bearer_auth(token)
            .header("Authorization", format!("Bearer {token}"));
        let answer = twice.json(&rpc::legacy("ping", json!({}))).send().await.unwrap();
        assert_eq!(answer.status(), 401, "two headers are none");
        let bytes = [b"POST /mcp HTTP/1.1\r\nHost: ".as_slice(), app.host().as_bytes(),
            b"\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"].concat();
        assert_eq!(raw::status(&raw::send(app.host(), bytes).await), 401);
    }
}

/// The cookies of a person who has just signed in.
async fn session_cookies(app: &TestApp) -> Vec<String> {
    let page = http().get(app.url("/login")).send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().to_owned();
    let csrf = html::hidden_fields(&page.text().await.unwrap(), "/login").remove(0).1;
    let fields = [("csrf", csrf.as_str()), ("email", MEMBER.email), ("password", PASSWORD)];
    let sent = cookie.split(';').next().unwrap();
    let answer =
        http().post(app.url("/login")).header("Cookie", sent).form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let cookies = answer.headers().get_all("set-cookie").iter();
    let cookies: Vec<_> = cookies.map(|value| value.to_str().unwrap().to_owned()).collect();
    assert!(!cookies.is_empty());
    cookies
}

both_databases! {
    /// Nobody can tell a token that never was from one that was ended.
    /// Rows: C21
    async fn unknown_and_ended_tokens_are_told_alike(app) {
        let ended = app.ai_client("usage:read").await;
        let mut asking = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &ended.access_token).await;
        let actor = app.admin_actor().await;
        let owner = app.id_of(MEMBER).await;
        let token = app.tokens_of(MEMBER).await[1].id;
        portcullis::service::revoke::one(&app.ctx, &actor, owner, token).await.unwrap();
        let mut told = Vec::new();
        for token in [
            ended.access_token.clone(),
            forge.access_token(json!({ "tid": 999_999 })),
            forge.access_token(json!({ "sub": "somebody" })),
            "nonsense".to_owned(),
        ] {
            let answer = with_header(app, &format!("Bearer {token}")).await;
            let id = answer.header("x-request-id").to_owned();
            told.push((answer.header("www-authenticate").to_owned(), answer.text.replace(&id, "")));
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
        let mut told = Vec::new();
        asking.client_id = ended.client_id.clone();
        for token in [ended.refresh_token.as_str(), "pc_rt_unknown", "nonsense", &asking.refresh_token] {
            let answer = asking.present(token).await;
            let id = answer.header("x-request-id").to_owned();
            told.push((answer.status, answer.text.replace(&id, "")));
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
    }

    /// C4: expiry passes by the clock, with the allowed skew, and a refresh mends it.
    /// Rows: C4, F23
    async fn an_expired_access_token_is_refused_and_a_refresh_mends_it(app) {
        let mut client = app.ai_client("usage:read offline_access").await;
        app.clock.advance(3600 + 59);
        assert!(client.call().await.is_ok(), "60 seconds of skew");
        app.clock.advance(1);
        let refused = client.call().await;
        assert_eq!(refused.status, 401);
        let told = challenge(refused.header("www-authenticate"));
        assert_eq!(told["error"], "invalid_token");
        assert!(told["error_description"].contains("expired"));
        assert_eq!(client.refresh().await.status, 200);
        assert!(client.call().await.is_ok());
    }

    /// A retired signing key no longer opens anything once it is gone, remembered signature or not.
    async fn a_removed_signing_key_ends_its_tokens_at_once(app) {
        let client = app.ai_client("usage:read").await;
        assert!(client.call().await.is_ok());
        assert!(client.call().await.is_ok(), "from the memory of signatures");
        app.sql("UPDATE signing_keys SET kid = 'renamed'").await;
        app.sql("UPDATE settings_version SET version = version + 1").await;
        assert_eq!(client.call().await.status, 401);
    }

    /// Idle end of the family: without a refresh, the row ends too.
    /// Rows: F15
    async fn a_family_ends_after_its_idle_time(app) {
        let mut client = app.ai_client("usage:read").await;
        app.clock.advance(20 * 86_400);
        assert_eq!(client.refresh().await.status, 200, "used in time");
        app.clock.advance(20 * 86_400);
        assert_eq!(client.refresh().await.status, 200, "and again");
        app.clock.advance(30 * 86_400);
        let refused = client.refresh().await;
        assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"));
        assert_eq!(app.tokens_of(MEMBER).await.len(), 1);
    }

    /// ASVS 10.4.8: however often it is used, 180 days are the end.
    /// Rows: F15
    async fn a_family_ends_after_its_absolute_time(app) {
        let mut client = app.ai_client("usage:read").await;
        for _ in 0..8 {
            app.clock.advance(20 * 86_400);
            assert_eq!(client.refresh().await.status, 200);
        }
        app.clock.advance(20 * 86_400);
        let refused = client.refresh().await;
        assert_eq!((refused.status, refused.oauth_error()), (400, "invalid_grant"));
    }
}
