//! Codes of authenticator apps (TOTP, RFC 6238) and recovery codes: their form and their sums.
//! Whether a code was used before is the store's to know.

use totp_rs::{Builder, Secret, Totp};

use crate::clock::Timestamp;

/// Bytes of a secret (RFC 4226 §4: 160 bits are recommended).
pub const SECRET_BYTES: usize = 20;
/// How many recovery codes a person gets.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code. ASVS 6.5.2: with 112 random bits or more a plain hash is enough.
pub const RECOVERY_BYTES: usize = 15;
/// Digits of a code.
const DIGITS: usize = 6;
/// Letters of a recovery code, without the dashes.
const RECOVERY_LETTERS: usize = 24;
/// Letters between two dashes, and between two blanks of a key that is typed by hand.
const GROUP: usize = 4;
/// Steps of 30 seconds before and after the present one that are taken (RFC 6238 §5.2).
const DRIFT: u16 = 1;
/// Who issues, as apps show it.
const ISSUER: &str = "Portcullis";

fn totp(secret: &[u8], account: &str) -> Option<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(DRIFT)
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .build()
        .ok()
}

/// The step that a code belongs to, if it is right now or was or will be half a minute away.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.seconds()).ok()?;
    i64::try_from(totp(secret, "")?.check(code, seconds)?).ok()
}

/// What an authenticator app reads from the picture: `otpauth://totp/…`.
pub fn key_uri(secret: &[u8], account: &str) -> Option<String> {
    totp(secret, account)?.to_url().ok()
}

/// A secret as it is typed by hand, in groups of four letters.
pub fn key_in_groups(secret: &[u8]) -> String {
    in_groups(&Secret::from(secret.to_vec()).to_base32(), " ")
}

/// The six digits of a code, however they were typed; nothing if it is no code.
pub fn code(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// A recovery code as it is shown.
pub fn recovery_code(random: [u8; RECOVERY_BYTES]) -> String {
    in_groups(&Secret::from(random.to_vec()).to_base32().to_lowercase(), "-")
}

/// A recovery code in the spelling that is hashed, however it was typed; nothing if it is none.
pub fn recovery(text: &str) -> Option<String> {
    let letters: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let is_one = letters.len() == RECOVERY_LETTERS
        && letters.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    is_one.then_some(letters)
}

fn in_groups(text: &str, between: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B (SHA-1); its codes there have eight digits, of which the
    /// last six are ours.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let now = Timestamp(seconds * 1000);
            assert_eq!(step_of(SECRET, code, now), Some(seconds / 30), "{seconds}");
            assert_eq!(step_of(SECRET, code, now.plus_seconds(30)), Some(seconds / 30));
            assert_eq!(step_of(SECRET, code, now.plus_seconds(-30)), Some(seconds / 30));
            assert_eq!(step_of(SECRET, code, now.plus_seconds(60)), None, "no more than a step");
            assert_eq!(step_of(SECRET, code, now.plus_seconds(-60)), None);
        }
    }

    #[test]
    fn codes_are_taken_as_people_type_them() {
        assert_eq!(code(" 287 082 ").as_deref(), Some("287082"));
        for wrong in ["", "28708", "2870821", "28708a", "٢٨٧٠٨٢"] {
            assert_eq!(code(wrong), None, "{wrong}");
        }
        let shown = recovery_code([0xA7; RECOVERY_BYTES]);
        assert_eq!(shown.len(), 29, "{shown}");
        let typed = shown.to_uppercase().replace('-', " ");
        assert_eq!(recovery(&typed), recovery(&shown));
        assert!(recovery(&shown).is_some() && recovery("287082").is_none());
        assert!(recovery(&shown.replace('-', "1")).is_none());
    }

    #[test]
    fn apps_are_told_who_issues_and_for_whom() {
        let uri = key_uri(SECRET, "ann@example.com").unwrap();
        assert!(uri.starts_with("otpauth://totp/Portcullis:ann%40example.com?"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert!(uri.contains("issuer=Portcullis"), "{uri}");
        assert!(key_in_groups(SECRET).starts_with("GEZD GNBV GY3T"));
    }
}
