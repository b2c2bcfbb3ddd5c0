//! Tokens that the server never issued, some of them signed with its own key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portcullis::secrets::MasterSecret;
use portcullis::store::keys;
use serde_json::{Value, json};

use super::TestApp;
use super::database::SECRET;

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

    /// A token "signed" with HMAC under the public key.
    pub fn hmac(&self) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.kid.clone());
        let key = EncodingKey::from_secret(self.public.as_bytes());
        jsonwebtoken::encode(&header, &self.claims, &key).unwrap()
    }

    /// A token with `alg: none` in that spelling.
    pub fn unsigned(&self, alg: &str) -> String {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": self.kid });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&header), part(&self.claims))
    }
}
