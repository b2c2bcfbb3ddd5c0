//! `prompt` of an authorization request (OpenID Connect Core §3.1.2.1).

use serde::{Deserialize, Serialize};

/// What a client says about pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Nothing, or `consent` and others that ask for what happens anyway.
    #[default]
    Ask,
    /// `login`: the person must sign in again.
    SignIn,
    /// `none`: no page may be shown.
    Silent,
}

impl Prompt {
    /// Reads the parameter; values that we do not know are ignored (checklist E10).
    ///
    /// # Errors
    /// `none` goes with nothing else.
    pub fn parse(text: Option<&str>) -> Result<Self, &'static str> {
        let values: Vec<&str> = text.unwrap_or_default().split_ascii_whitespace().collect();
        match (values.contains(&"none"), values.contains(&"login")) {
            (true, _) if values.len() > 1 => Err("prompt=none must stand alone"),
            (true, _) => Ok(Self::Silent),
            (false, true) => Ok(Self::SignIn),
            (false, false) => Ok(Self::Ask),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Prompt;

    #[test]
    fn none_stands_alone_and_unknown_values_are_ignored() {
        assert_eq!(Prompt::parse(None), Ok(Prompt::Ask));
        assert_eq!(Prompt::parse(Some("consent select_account")), Ok(Prompt::Ask));
        assert_eq!(Prompt::parse(Some("consent login")), Ok(Prompt::SignIn));
        assert_eq!(Prompt::parse(Some("none")), Ok(Prompt::Silent));
        assert!(Prompt::parse(Some("none login")).is_err());
    }
}
