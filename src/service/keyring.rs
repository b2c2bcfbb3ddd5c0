//! Signing keys: ES256 pairs, encrypted at rest, and the JWTs they sign and check (RFC 9068).

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::secrets::{MasterSecret, sha256_base64url};
use crate::store::keys::{self, SigningKeyRow};

/// What private keys are sealed for.
const PURPOSE: &str = "signing key";
/// `typ` of an access token (RFC 9068 §2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// Audience of a token: one, or several (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Whether `resource` is in it.
    pub fn contains(&self, resource: &str) -> bool {
        match self {
            Self::One(one) => one == resource,
            Self::Many(many) => many.iter().any(|one| one == resource),
        }
    }
}

/// Claims of an access token (RFC 9068 §2.2), and which token row it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer.
    pub iss: String,
    /// The user's `sub`.
    pub sub: String,
    /// Audience.
    pub aud: Audience,
    /// The client.
    pub client_id: String,
    /// Space-separated scopes.
    pub scope: String,
    /// Unique id.
    pub jti: String,
    /// Issued at, seconds.
    pub iat: i64,
    /// Expires, seconds.
    pub exp: i64,
    /// The token row, whose state is read on every request.
    pub tid: i64,
}

/// Claims of an ID token (OpenID Connect Core §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdClaims {
    /// Issuer.
    pub iss: String,
    /// The user's `sub`.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// Issued at, seconds.
    pub iat: i64,
    /// Expires, seconds.
    pub exp: i64,
    /// When the person signed in, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The client's nonce, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Full name, with the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address, with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// One key pair.
struct SigningKey {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    x: String,
    y: String,
    retired_at: Option<Timestamp>,
}

/// All key pairs, newest first.
#[derive(Default)]
pub struct Keyring(Vec<SigningKey>);

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.kid)).finish()
    }
}

/// A public key as clients fetch it (RFC 7517).
#[derive(Debug, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    crv: &'static str,
    #[serde(rename = "use")]
    use_: &'static str,
    alg: &'static str,
    kid: String,
    x: String,
    y: String,
}

impl Keyring {
    /// Reads the keys.
    ///
    /// # Errors
    /// When a key cannot be opened: `SECRET` is not the one it was sealed under.
    pub(crate) fn load(conn: &mut Conn, secret: &MasterSecret) -> Result<Self> {
        keys::all(conn)?
            .into_iter()
            .map(|row| {
                let der = secret.open(PURPOSE, &row.private_key).map_err(|_| {
                    Error::internal(format!(
                        "signing key {} cannot be opened: SECRET is not the one it was made under",
                        row.kid
                    ))
                })?;
                Ok(SigningKey {
                    decoding: DecodingKey::from_ec_components(&row.public_x, &row.public_y)
                        .map_err(Error::internal)?,
                    encoding: EncodingKey::from_ec_der(&der),
                    kid: row.kid,
                    x: row.public_x,
                    y: row.public_y,
                    retired_at: row.retired_at,
                })
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether a key of that id is here and was signing at `issued_at`, in seconds: one that was
    /// retired before, and perhaps copied, vouches for nothing newer.
    pub fn vouches(&self, kid: &str, issued_at: i64) -> bool {
        let key = self.0.iter().find(|key| key.kid == kid);
        let was_signing = |key: &SigningKey| {
            key.retired_at.is_none_or(|retired| issued_at <= retired.seconds())
        };
        key.is_some_and(was_signing)
    }

    /// The keys as clients fetch them.
    pub fn jwks(&self) -> Vec<PublicJwk> {
        self.0
            .iter()
            .map(|key| PublicJwk {
                kty: "EC",
                crv: "P-256",
                use_: "sig",
                alg: "ES256",
                kid: key.kid.clone(),
                x: key.x.clone(),
                y: key.y.clone(),
            })
            .collect()
    }

    /// Signs an access token with the newest key in use.
    ///
    /// # Errors
    /// When there is no key.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String> {
        self.encode(ACCESS_TOKEN_TYPE, claims)
    }

    /// Signs an ID token with the newest key in use.
    ///
    /// # Errors
    /// When there is no key.
    pub fn sign_id(&self, claims: &IdClaims) -> Result<String> {
        self.encode("JWT", claims)
    }

    fn encode(&self, typ: &str, claims: &impl Serialize) -> Result<String> {
        let key = self
            .0
            .iter()
            .find(|key| key.retired_at.is_none())
            .ok_or_else(|| Error::internal("there is no signing key in use"))?;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.into());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.encoding).map_err(Error::internal)
    }

    /// Checks type, algorithm, key and signature, and returns the claims with the key's id.
    /// Issuer, audience and times are the gate's to check: they need the clock and the resource.
    pub fn check_signature(&self, token: &str) -> Option<(AccessClaims, String)> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let is_access_token = header
            .typ
            .as_deref()
            .map(|typ| typ.strip_prefix("application/").unwrap_or(typ))
            .is_some_and(|typ| typ.eq_ignore_ascii_case(ACCESS_TOKEN_TYPE));
        if !is_access_token || header.alg != Algorithm::ES256 {
            return None;
        }
        let kid = header.kid?;
        let key = self.0.iter().find(|key| key.kid == kid)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let data = jsonwebtoken::decode::<AccessClaims>(token, &key.decoding, &validation).ok()?;
        Some((data.claims, kid))
    }
}

/// Whether all keys were sealed under `secret`.
///
/// # Errors
/// When the database cannot answer.
pub(crate) fn opens(conn: &mut Conn, secret: &MasterSecret) -> Result<bool> {
    Ok(keys::all(conn)?.iter().all(|row| secret.open(PURPOSE, &row.private_key).is_ok()))
}

/// Makes a key pair, its private half sealed.
///
/// # Errors
/// When the key cannot be made or sealed.
pub(crate) fn generate(secret: &MasterSecret, now: Timestamp) -> Result<SigningKeyRow> {
    let document = EcdsaKeyPair::generate_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &aws_lc_rs::rand::SystemRandom::new(),
    )
    .map_err(Error::internal)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref())
        .map_err(Error::internal)?;
    // An uncompressed point: 0x04, then x and y of 32 bytes each (SEC 1 §2.3.3).
    let point = pair.public_key().as_ref();
    let (x, y) = point
        .get(1..)
        .and_then(|xy| xy.split_at_checked(32))
        .ok_or_else(|| Error::internal("the public key is no P-256 point"))?;
    Ok(SigningKeyRow {
        kid: sha256_base64url(point).chars().take(16).collect(),
        algorithm: "ES256".into(),
        private_key: secret.seal(PURPOSE, document.as_ref()).map_err(Error::internal)?,
        public_x: URL_SAFE_NO_PAD.encode(x),
        public_y: URL_SAFE_NO_PAD.encode(y),
        created_at: now,
        retired_at: None,
    })
}
