//! PKCE, S256 only (RFC 7636; OAuth 2.1 §4.1.1).

use crate::secrets::sha256_base64url;

/// A code challenge that has the form of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// Takes `challenge` if `method` is S256 and it is a base64url SHA-256 (43 characters).
    ///
    /// # Errors
    /// Says which parameter is wrong.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, &'static str> {
        let challenge = challenge.ok_or("code_challenge is missing; this server requires PKCE")?;
        if method != Some("S256") {
            return Err("code_challenge_method must be S256");
        }
        let form = challenge.len() == 43
            && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if form {
            Ok(Self(challenge.to_owned()))
        } else {
            Err("code_challenge must be 43 base64url characters")
        }
    }

    /// The challenge as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `verifier` has the form of one (RFC 7636 §4.1) and answers `challenge`.
pub fn verify(verifier: &str, challenge: &str) -> bool {
    let form = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    form && sha256_base64url(verifier.as_bytes()) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_holds() {
        let challenge =
            Challenge::parse(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Some("S256"))
                .unwrap();
        assert!(verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge.as_str()));
        assert!(!verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", challenge.as_str()));
    }

    #[test]
    fn plain_missing_and_misshapen_challenges_are_refused() {
        let good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(Challenge::parse(Some(good), Some("plain")).is_err());
        assert!(Challenge::parse(Some(good), None).is_err());
        assert!(Challenge::parse(None, Some("S256")).is_err());
        assert!(Challenge::parse(Some("short"), Some("S256")).is_err());
        assert!(Challenge::parse(Some(&good.replace('-', "+")), Some("S256")).is_err());
    }
}
