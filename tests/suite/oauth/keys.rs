//! Signing keys: rotation by hand and by age, what is published meanwhile, and how they are kept.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis::domain::audit::Actor;
use portcullis::secrets::MasterSecret;
use portcullis::service::{bootstrap, keys};
use portcullis::store;
use serde_json::{Value, json};

use crate::support::ai_client::{Answer, http};
use crate::support::database::{Backend, SECRET, config};
use crate::support::forge::Forge;
use crate::support::process::command;
use crate::support::{TestApp, both_databases};

/// The published ids, newest first.
async fn published(app: &TestApp) -> Vec<String> {
    let answer = Answer::of(http().get(app.url("/oauth/jwks")).send().await.unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let keys = answer.json["keys"].as_array().unwrap();
    for key in keys {
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"], "public halves only");
    }
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signed_by(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

both_databases! {
    /// A new key signs at once, here and on every replica; what the old one signed lives out its time.
    /// Rows: F25
    async fn a_rotation_ends_no_token(app) {
        let replica = app.replica().await;
        let mut client = app.ai_client("usage:read").await;
        let old = published(app).await;
        assert_eq!(old, [signed_by(&client.access_token)]);
        let mut elsewhere = client.clone();
        elsewhere.base = replica.base.clone();
        assert_eq!(signed_by(elsewhere.refresh().await.json["access_token"].as_str().unwrap()), old[0]);
        client.refresh_token = elsewhere.refresh_token.clone();

        let actor = app.admin_actor().await;
        let kid = keys::rotate(&app.ctx, &actor, keys::Old::Verify).await.unwrap();
        assert_eq!(published(app).await, [kid.clone(), old[0].clone()]);
        assert!(client.call().await.is_ok(), "the old key's token");
        assert_eq!(signed_by(elsewhere.refresh().await.json["access_token"].as_str().unwrap()), kid, "the replica knows");
        client.access_token = elsewhere.access_token.clone();
        assert!(client.call().await.is_ok(), "the new key's token");
        let entries = app.audited("signing_key_created").await;
        let last = entries.last().unwrap();
        assert_eq!((last.actor.as_str(), last.outcome.as_str()), (actor.label.as_str(), "ok"));
        assert_eq!(last.detail()["retired"], json!(1));
        replica.stop().await;
    }

    /// Replaced at ninety days and forgotten when nothing it signed can be alive.
    async fn an_old_key_is_replaced_and_forgotten_after_its_tokens(app) {
        app.set("access_token_seconds", "86400").await;
        let first = published(app).await;
        app.clock.advance(90 * 86_400 - 1);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(published(app).await, first, "a second too early");
        let client = app.ai_client("usage:read").await;
        assert_eq!(signed_by(&client.access_token), first[0]);
        app.clock.advance(1);
        for _ in 0..3 {
            portcullis::jobs::run_all(&app.ctx).await;
        }
        let both = published(app).await;
        assert_eq!((both.len(), &both[1]), (2, &first[0]), "once, however often the job runs");
        assert_eq!(signed_by(&app.ai_client("usage:read").await.access_token), both[0]);
        // The longest access token that the old key can have signed, to its last second.
        app.clock.advance(86_399 - 1 + 60);
        portcullis::jobs::run_all(&app.ctx).await;
        assert!(client.call().await.is_ok());
        app.clock.advance(3_600);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(published(app).await, [both[0].clone()]);
        assert_eq!(client.call().await.status, 401);
    }

    /// Whoever has copied a key opens nothing with it that is newer than its retirement; once it is
    /// known to have leaked, nothing at all. Clients go on with their refresh tokens.
    /// Rows: F25
    async fn a_copied_key_opens_nothing_new(app) {
        let mut client = app.ai_client("usage:read").await;
        let forge = Forge::new(app, &client.access_token).await;
        let issued = forge.claims["iat"].as_i64().unwrap();
        let status = async |changes: Value| {
            let mut thief = app.ai_client("usage:read").await;
            thief.access_token = forge.access_token(changes);
            thief.call().await.status
        };
        assert_eq!(status(json!({ "jti": "another" })).await, 200, "forged as well as can be");
        for changes in [
            json!({ "exp": issued + 86_401 }),
            json!({ "client_id": "another" }),
            json!({ "iat": issued - 61 }),
        ] {
            assert_eq!(status(changes.clone()).await, 401, "{changes}");
        }
        app.clock.advance(200);
        keys::rotate(&app.ctx, &Actor::operator(), keys::Old::Verify).await.unwrap();
        app.clock.advance(200);
        let newer = app.ai_client("usage:read").await;
        let newer = Forge::new(app, &newer.access_token).await.claims;
        let now = newer["iat"].as_i64().unwrap();
        assert_eq!(status(json!({ "jti": "another" })).await, 200, "what it signed lives out its time");
        assert_eq!(status(json!({ "iat": now, "exp": now + 3600 })).await, 401, "signed after its retirement");
        let tid = &newer["tid"];
        let of_newer = json!({ "client_id": newer["client_id"], "tid": tid, "iat": now - 201, "exp": now + 3600 });
        assert_eq!(status(of_newer).await, 401, "a connection that was made afterwards");

        let kid = keys::rotate(&app.ctx, &Actor::operator(), keys::Old::Forgotten).await.unwrap();
        assert_eq!(published(app).await, [kid]);
        assert_eq!(client.call().await.status, 401);
        assert_eq!(client.refresh().await.status, 200);
        assert!(client.call().await.is_ok());
        assert_eq!(status(json!({ "jti": "another" })).await, 401);
    }

    /// Rows: F25
    async fn of_parallel_rotations_one_key_is_left_in_use(app) {
        let actor = app.admin_actor().await;
        let made = futures_util::future::join_all((0..8).map(|_| keys::rotate(&app.ctx, &actor, keys::Old::Verify))).await;
        assert!(made.iter().all(Result::is_ok));
        assert_eq!(app.count("SELECT count(*) FROM signing_keys WHERE retired_at IS NULL").await, 1);
        app.clock.advance(90 * 86_400);
        futures_util::future::join_all((0..4).map(|_| keys::maintain(&app.ctx))).await;
        assert_eq!(app.count("SELECT count(*) FROM signing_keys").await, 2, "one new, the retired ones are forgotten but the last");
        assert_eq!(app.count("SELECT count(*) FROM signing_keys WHERE retired_at IS NULL").await, 1);
        let client = app.ai_client("usage:read").await;
        assert_eq!(signed_by(&client.access_token), published(app).await[0]);
        assert!(client.call().await.is_ok());
    }

    /// Nothing of a private half is kept in clear, neither whole nor its number, in any usual writing.
    /// Rows: F19
    async fn private_halves_are_sealed(app) {
        keys::rotate(&app.ctx, &Actor::operator(), keys::Old::Verify).await.unwrap();
        let rows = app.ctx.db.read(|conn| Ok(store::keys::all(conn)?)).await.unwrap();
        assert_eq!(rows.len(), 2);
        let master = MasterSecret::new(SECRET.as_bytes());
        let kept = kept(app, rows.iter().map(|row| row.private_key.as_str()).collect());
        for row in &rows {
            let der = master.open("signing key", &row.private_key).unwrap();
            // SEC 1: an octet string of 32 bytes holds the number.
            let at = der.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap() + 2;
            for secret in [&der[..], &der[at..at + 32]] {
                assert!(!kept.windows(secret.len()).any(|part| part == secret), "raw");
                let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
                for text in [STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret), hex.to_uppercase(), hex] {
                    assert!(!kept.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
                }
            }
            let other = MasterSecret::new(b"another-secret-of-at-least-32-bytes-length");
            assert!(other.open("signing key", &row.private_key).is_err());
            assert!(master.open("cookie", &row.private_key).is_err(), "sealed for one purpose");
        }
    }

    /// Another SECRET is told when the server starts, not to the first client; also where the key is
    /// due to be replaced, which would leave keys that no secret opens together.
    async fn another_secret_is_told_at_the_start(app) {
        let before = published(app).await;
        let own = [("DATABASE_URL", app.database.url.as_str())];
        let other = [own[0], ("SECRET", "quite-another-secret-0123456789abcdef")];
        for days in [0, 91] {
            app.clock.advance(days * 86_400);
            let refused = bootstrap::open(config(&other), app.clock.clone()).await.err().unwrap();
            assert!(refused.to_string().contains("SECRET"), "{refused}");
            assert_eq!(published(app).await, before, "and nothing was changed by the attempt");
            assert!(app.ai_client("usage:read").await.call().await.is_ok());
        }
        bootstrap::open(config(&own), app.clock.clone()).await.unwrap();
        assert_eq!(published(app).await.len(), 2, "with its own secret it is replaced as ever");
    }
}

/// The database's own bytes where there are files, and the sealed texts.
fn kept(app: &TestApp, sealed: Vec<&str>) -> Vec<u8> {
    let mut all = sealed.join("\n").into_bytes();
    if app.backend == Backend::Sqlite {
        for file in std::fs::read_dir(app.database.folder()).unwrap() {
            all.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    all
}

/// At the command line the failure names SECRET, in one line, and no key.
#[actix_web::test]
async fn serve_with_another_secret_says_which_setting_is_wrong() {
    let app = TestApp::sqlite().await;
    let mut command = command(&app.database.folder());
    command.arg("serve").env("PORTCULLIS_SECRET", "quite-another-secret-0123456789abcdef");
    command.env("PORTCULLIS_BIND", "127.0.0.1:0");
    let output =
        actix_web::rt::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("SECRET"), "{said}");
    assert!(!said.contains("quite-another") && !said.contains(SECRET), "{said}");
    app.stop().await;
}

/// The published key is a point that any library reads, and its id is its own.
/// Rows: F25
#[actix_web::test]
async fn the_published_key_is_well_formed() {
    let app = TestApp::sqlite().await;
    let keys: Value =
        http().get(app.url("/oauth/jwks")).send().await.unwrap().json().await.unwrap();
    let key = &keys["keys"][0];
    for coordinate in ["x", "y"] {
        let bytes = URL_SAFE_NO_PAD.decode(key[coordinate].as_str().unwrap()).unwrap();
        assert_eq!(bytes.len(), 32, "RFC 7518 §6.2.1.2: the full length, leading zeros included");
    }
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let client = app.ai_client("usage:read").await;
    let kid = signed_by(&client.access_token);
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.validate_exp = false;
    validation.set_audience(&[app.resource()]);
    assert!(jsonwebtoken::decode::<Value>(&client.access_token, &key, &validation).is_ok());
    app.stop().await;
}
