//! What a password must be (ASVS 5.0 §6.2: length counts, composition rules do not).

/// Fewest characters.
pub const SHORTEST: usize = 10;
/// Most characters: far above what people use, low enough to bound hashing.
pub const LONGEST: usize = 256;

/// Passwords that are long enough and still tried first by everybody.
const WELL_KNOWN: [&str; 16] = [
    "1234567890",
    "0123456789",
    "12345678910",
    "123456789a",
    "1q2w3e4r5t",
    "qwertyuiop",
    "qwerty12345",
    "password12",
    "password123",
    "password1234",
    "passwordpassword",
    "administrator",
    "letmein1234",
    "iloveyou12",
    "welcome1234",
    "portcullis",
];

/// Checks a new password against the rules and against the person's own name and address.
///
/// # Errors
/// Says what to do instead.
pub fn check(password: &str, email: &str, name: &str) -> Result<(), &'static str> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err("Use at least 10 characters. Three or four words are easy to remember.");
    }
    if length > LONGEST {
        return Err("Use at most 256 characters.");
    }
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    let one_character = lower.chars().next().is_some_and(|first| lower.chars().all(|c| c == first));
    if one_character
        || WELL_KNOWN.contains(&lower.as_str())
        || lower == email.to_lowercase()
        || lower == name.to_lowercase()
        || (local.len() >= 4 && lower.trim_matches(|c: char| c.is_ascii_digit()) == local)
    {
        return Err("That password is one of the first that would be tried. Choose another.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn length_counts_and_composition_does_not() {
        assert!(check("drop the gate quickly", "ann@example.com", "Ann Lee").is_ok());
        assert!(check("short", "ann@example.com", "Ann Lee").is_err());
        assert!(check(&"x1".repeat(129), "ann@example.com", "Ann Lee").is_err());
    }

    #[test]
    fn the_first_guesses_are_refused() {
        for guess in ["password123", "aaaaaaaaaaaa", "annabella2026", "annabella@example.com"] {
            assert!(check(guess, "annabella@example.com", "Anna Bella").is_err(), "{guess}");
        }
    }
}
