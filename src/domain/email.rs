//! E-mail addresses of people who sign in: checked for form, kept in lower case.

/// Brings an address to the one spelling we keep.
///
/// # Errors
/// Says what is wrong with it.
pub fn normalise(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.len() > 254 {
        return Err("is longer than 254 characters");
    }
    let (local, host) = text.rsplit_once('@').ok_or("must look like name@example.com")?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local
            .chars()
            .all(|c| !c.is_control() && !c.is_whitespace() && !"@<>()[],;:\"\\".contains(c));
    let host = idna::domain_to_ascii_strict(host).map_err(|_| "must look like name@example.com")?;
    if !local_ok || host.is_empty() {
        return Err("must look like name@example.com");
    }
    Ok(format!("{}@{host}", local.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn addresses_are_kept_in_one_spelling() {
        assert_eq!(normalise(" Ann.Lee@Example.COM ").as_deref(), Ok("ann.lee@example.com"));
        for wrong in [
            "",
            "ann",
            "@example.com",
            "a b@example.com",
            "a@",
            "<a>@example.com",
            "a\n@example.com",
        ] {
            assert!(normalise(wrong).is_err(), "{wrong:?}");
        }
    }
}
