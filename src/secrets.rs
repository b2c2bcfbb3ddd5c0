//! Secrets: how they are made, shown once, hashed and kept.
//!
//! Codes, refresh tokens and personal access tokens are 256 random bits behind a prefix that a
//! secret scanner recognises (contract §6); the database holds only their SHA-256 (ASVS 5.0 §11.5,
//! RFC 9700 §4.14). `Debug` never prints a secret.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel_derive_newtype::DieselNewType;

/// The kinds of secret that leave the house, each with its own prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// OAuth refresh token.
    RefreshToken,
    /// OAuth authorization code.
    AuthorizationCode,
    /// Personal access token.
    PersonalAccessToken,
    /// REST API key.
    ApiKey,
    /// Secret of a confidential client.
    ClientSecret,
    /// Handle of an authorization request, link secrets: no prefix, not meant for storage by others.
    Handle,
}

impl SecretKind {
    /// The recognisable prefix of this kind.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::RefreshToken => "pc_rt_",
            Self::AuthorizationCode => "pc_ac_",
            Self::PersonalAccessToken => "pc_pat_",
            Self::ApiKey => "pc_key_",
            Self::ClientSecret => "pc_cs_",
            Self::Handle => "",
        }
    }
}

/// A secret in clear, on its way in or out. Never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainSecret(String);

impl PlainSecret {
    /// Makes a new secret of 256 random bits.
    pub fn generate(kind: SecretKind) -> Self {
        Self(format!("{}{}", kind.prefix(), random_text()))
    }

    /// Wraps what a caller presented.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database knows of it.
    pub fn hash(&self) -> HashedSecret {
        HashedSecret(sha256_base64url(self.0.as_bytes()))
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

/// The SHA-256 of a secret, base64url without padding (43 characters).
#[derive(Clone, PartialEq, Eq, Hash, DieselNewType)]
pub struct HashedSecret(pub String);

impl HashedSecret {
    /// Whether `presented` is the secret behind this hash; constant time.
    pub fn matches(&self, presented: &PlainSecret) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), presented.hash().0.as_bytes())
            .is_ok()
    }
}

impl fmt::Debug for HashedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedSecret(…)")
    }
}

/// 256 random bits as base64url text.
pub fn random_text() -> String {
    let mut bytes = [0_u8; 32];
    fill_random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Fills `bytes` from the operating system's generator. A machine that has none cannot serve; the
/// process ends rather than going on with guessable secrets.
pub fn fill_random(bytes: &mut [u8]) {
    if rand::fill(bytes).is_err() {
        log::error!("the operating system gives no random numbers");
        std::process::abort();
    }
}

/// SHA-256 as base64url without padding: hashes of secrets and PKCE challenges (RFC 7636 §4.2).
pub fn sha256_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes))
}

/// Keys derived from the configured `SECRET`, one per purpose, so that no value made for one
/// purpose is valid for another.
#[derive(Clone)]
pub struct MasterSecret(std::sync::Arc<hkdf::Prk>);

impl MasterSecret {
    /// Takes the configured secret; anything of at least 32 bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(std::sync::Arc::new(hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis").extract(secret)))
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0_u8; 32];
        let info = [purpose.as_bytes()];
        let done = self.0.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        if done.is_err() {
            log::error!("a key could not be derived from SECRET");
            std::process::abort();
        }
        key
    }

    /// 64 bytes for signing and encrypting session cookies.
    pub fn cookie_key(&self) -> [u8; 64] {
        let mut key = [0_u8; 64];
        let (left, right) = key.split_at_mut(32);
        left.copy_from_slice(&self.derive("cookie signing"));
        right.copy_from_slice(&self.derive("cookie encryption"));
        key
    }

    /// A keyed digest of `message` for `purpose`, base64url: form tokens, cursors.
    pub fn sign(&self, purpose: &str, message: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose));
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, message))
    }

    /// Whether `signature` is ours for `purpose` and `message`; constant time.
    pub fn verify(&self, purpose: &str, message: &[u8], signature: &str) -> bool {
        constant_time::verify_slices_are_equal(
            self.sign(purpose, message).as_bytes(),
            signature.as_bytes(),
        )
        .is_ok()
    }

    /// Encrypts `plain` at rest (AES-256-GCM, random nonce in front), base64url.
    ///
    /// # Errors
    /// When the cipher refuses, which no input of ours makes it do.
    pub fn seal(
        &self,
        purpose: &str,
        plain: &[u8],
    ) -> Result<String, aws_lc_rs::error::Unspecified> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose))?;
        let mut sealed = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut sealed)?;
        let mut whole = nonce.as_ref().to_vec();
        whole.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(whole))
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// When the text is not ours, was changed, or was sealed under another `SECRET`.
    pub fn open(
        &self,
        purpose: &str,
        sealed: &str,
    ) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        let whole = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| aws_lc_rs::error::Unspecified)?;
        let (nonce, body) =
            whole.split_at_checked(NONCE_LEN).ok_or(aws_lc_rs::error::Unspecified)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose))?;
        let mut body = body.to_vec();
        let plain = key.open_in_place(
            Nonce::try_assume_unique_for_key(nonce)?,
            Aad::from(purpose.as_bytes()),
            &mut body,
        )?;
        Ok(plain.to_vec())
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_under_its_secret_and_purpose() {
        let secret = MasterSecret::new(b"0123456789abcdef0123456789abcdef");
        let sealed = secret.seal("signing key", b"pem").unwrap();
        assert_eq!(secret.open("signing key", &sealed).unwrap(), b"pem");
        assert!(secret.open("totp", &sealed).is_err());
        let other = MasterSecret::new(b"another secret, another secret!!");
        assert!(other.open("signing key", &sealed).is_err());
    }

    #[test]
    fn secrets_and_hashes_are_redacted_in_debug_output() {
        let plain = PlainSecret::generate(SecretKind::RefreshToken);
        assert!(plain.expose().starts_with("pc_rt_"));
        assert!(!format!("{plain:?} {:?}", plain.hash()).contains(plain.expose()));
        assert!(plain.hash().matches(&plain));
    }
}
