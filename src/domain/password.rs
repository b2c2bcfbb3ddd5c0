//! What a password must be (ASVS 5.0 §6.2): length and how soon it would be guessed count, rules of
//! composition do not, and whatever can be pasted may be.

use zxcvbn::{Score, zxcvbn};

/// Fewest characters.
pub const SHORTEST: usize = 10;
/// What is advised.
pub const ADVISED: usize = 15;
/// Most characters: far above what people use, low enough to bound hashing.
pub const LONGEST: usize = 256;
/// As much of a password as is looked at for being guessed; the estimate's cost grows with its length.
const LOOKED_AT: usize = 64;
/// Words that are tried first here, beside the person's own.
const OURS: [&str; 5] = ["portcullis", "gate", "agent", "mcp", "admin"];

/// Checks a new password against what is tried first by everybody, and by who knows the person.
///
/// # Errors
/// Says what to do instead.
pub fn check(password: &str, email: &str, name: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(format!(
            "Use at least {SHORTEST} characters, better {ADVISED}. Three or four words are easy to remember."
        ));
    }
    if length > LONGEST {
        return Err(format!("Use at most {LONGEST} characters."));
    }
    let known = context(email, name);
    let lower = password.to_lowercase();
    if known.contains(&lower) || is_of(&lower, &known) {
        return Err("That password is your name, your address or this product’s, which are tried first. Choose words that have nothing to do with you.".into());
    }
    let looked_at: String = password.chars().take(LOOKED_AT).collect();
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    let estimate = zxcvbn(&looked_at, &words);
    if estimate.score() >= Score::Two {
        return Ok(());
    }
    Err(format!("That password would be guessed soon. {}", advice(&estimate)))
}

/// Fewer letters and digits than these, beside known words, are a year or a number put after them.
const OF_ITS_OWN: usize = 5;

/// Whether there is little in a password but known words, whatever their order and what stands
/// between them.
fn is_of(lower: &str, known: &[String]) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut words: Vec<String> = known.iter().map(|word| plain(word)).collect();
    // The longest first: a name may hold another word.
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    let whole = plain(lower);
    let left = words
        .iter()
        .filter(|word| !word.is_empty())
        .fold(whole.clone(), |left, word| left.replace(word.as_str(), ""));
    left.len() < whole.len() && left.chars().count() < OF_ITS_OWN
}

/// Words that whoever knows the person would try.
fn context(email: &str, name: &str) -> Vec<String> {
    let (name, email) = (name.to_lowercase(), email.to_lowercase());
    let mut known: Vec<String> = vec![email.clone(), name.replace(' ', "")];
    known.extend(email.split(['@', '.', '-', '_', '+']).map(str::to_owned));
    known.extend(email.split('@').next().map(str::to_owned));
    known.extend(name.split_whitespace().map(str::to_owned));
    known.extend(OURS.map(str::to_owned));
    known.push(name);
    known.retain(|word| word.chars().count() >= 3);
    known
}

/// What to do instead, in one or two sentences.
fn advice(estimate: &zxcvbn::Entropy) -> String {
    let said = estimate.feedback();
    let warning = said.and_then(|said| said.warning()).map(|warning| warning.to_string());
    let mut sentences: Vec<String> = warning.into_iter().map(|text| sentence(&text)).collect();
    sentences.push("Three or four words that have nothing to do with each other are hard to guess and easy to remember.".into());
    sentences.join(" ")
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn length_counts_and_composition_does_not() {
        for good in [
            "drop the gate quickly",
            "correct horse battery staple",
            "another good password",
            "raise the portcullis",
            "gk3lp0xq2z",
            "ÄÖÜ kennt nur der Müller",
            "ann lee sells lamps",
        ] {
            assert_eq!(check(good, "ann@example.com", "Ann Lee"), Ok(()), "{good}");
        }
        assert!(check("short", "ann@example.com", "Ann Lee").unwrap_err().contains("at least 10"));
        assert!(check(&"x1".repeat(129), "ann@example.com", "Ann Lee").is_err());
    }

    /// ASVS 6.2.4, 6.2.11: well-known passwords and the words around a person are refused, each
    /// with what to do instead.
    #[test]
    fn the_first_guesses_are_refused_with_what_to_do() {
        for guess in [
            "password123",
            "passwordpassword",
            "1234567890",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "annabella2026",
            "annabella@example.com",
            "Anna Bella",
            "annabella!!",
            "Anna Bella 2026",
            "bella-anna-99",
            "anna.bella@2026",
            "portcullis1",
            "abcabcabcabc",
        ] {
            let said = check(guess, "annabella@example.com", "Anna Bella").unwrap_err();
            assert!(said.contains("words"), "{guess}: {said}");
        }
    }

    /// A password as long as is allowed is checked in the time of a short one.
    #[test]
    fn a_long_password_costs_little() {
        assert!(check(&"aB3$ ".repeat(51), "ann@example.com", "Ann Lee").is_ok());
    }
}
