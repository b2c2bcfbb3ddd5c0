//! Names that clients give themselves, made fit to be shown.

use super::name::{cleaned, is_name};

/// The longest name kept, in characters.
pub const LONGEST: usize = 200;

/// The name on one line, without control or direction-changing characters (checklist D16), of
/// bounded length; none if nothing is left.
pub fn clean(name: &str) -> Option<String> {
    let clean: String = cleaned(name).chars().take(LONGEST).collect();
    let clean = clean.trim();
    is_name(clean, LONGEST).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn names_cannot_turn_text_around_or_be_empty() {
        assert_eq!(clean("Cl\u{202e}aude\n Code ").as_deref(), Some("Claude Code"));
        assert_eq!(clean(" \u{200b} "), None);
        assert_eq!(clean(""), None);
        assert_eq!(clean(&"n".repeat(300)).map(|name| name.len()), Some(200));
    }
}
