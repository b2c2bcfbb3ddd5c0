//! Tokens that the server never issued, some of them signed with its own key.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portcullis::secrets::MasterSecret;
use portcullis::store::keys;
use serde_json::{Value, json};

use super::TestApp;
use super::database::SECRET;

const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The server's signing key, and a good token taken apart.
pub struct Forge {
    pub kid: String,
    pub claims: Value,
    key: EncodingKey,
    /// x and y of the public key, as everybody can read them.
    pub public: String,
}

impl Forge {
    /// Takes `token` apart.
    pub async fn new(app: &TestApp, token: &str) -> Self {
        let row =
            app.ctx.db.read(|conn| Ok(keys::all(conn)?.into_iter().next().unwrap())).await.unwrap();
        let der =
            MasterSecret::new(SECRET.as_bytes()).open("signing key", &row.private_key).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        Self {
            kid: row.kid,
            claims: serde_json::from_slice(&claims).unwrap(),
            key: EncodingKey::from_ec_der(&der),
            public: format!("{}{}", row.public_x, row.public_y),
        }
    }

    /// The claims with some of them replaced; null takes one away.
    pub fn changed(&self, changes: Value) -> Value {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    /// Signs claims with the server's own key.
    pub fn sign(&self, claims: &Value, typ: &str, kid: &str) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    /// Signs changed claims as a proper access token.
    pub fn access_token(&self, changes: Value) -> String {
        self.sign(&self.changed(changes), "at+jwt", &self.kid)
    }

    /// A token "signed" with HMAC under the public key, in every form that it has.
    pub fn hmacs(&self) -> Vec<String> {
        let (x, y) = self.public.split_at(43);
        let coordinate = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let point = [vec![4], coordinate(x), coordinate(y)].concat();
        // SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480 §2).
        let der = [hex(SPKI), point.clone()].concat();
        let lines = STANDARD.encode(&der).into_bytes();
        let lines: Vec<_> = lines.chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
        let pem =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
        let texts = [self.public.clone(), pem.trim_end().to_owned(), pem, jwk, self.kid.clone()];
        let mut keys: Vec<Vec<u8>> = texts.map(String::into_bytes).into();
        keys.extend([point, der, Vec::new()]);
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.kid.clone());
        keys.iter()
            .map(|key| {
                jsonwebtoken::encode(&header, &self.claims, &EncodingKey::from_secret(key)).unwrap()
            })
            .collect()
    }

    /// The claims under a header of one's own, signed with the server's key all the same, or with
    /// `key`.
    pub fn under(&self, header: Value, key: Option<&EncodingKey>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&self.claims));
        let key = key.unwrap_or(&self.key);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }

    /// A token with `alg: none` in that spelling.
    pub fn unsigned(&self, alg: &str) -> String {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": self.kid });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&header), part(&self.claims))
    }
}
