//! `prompt` of an authorization request (OpenID Connect Core §3.1.2.1).

use serde::{Deserialize, Serialize};

/// What a client says about pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Nothing, or what we do not know.
    #[default]
    Any,
    /// `consent` or `select_account`: the person must be asked, whatever they decided before; the
    /// page on which they decide is the one where they change the account, too.
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
        let has = |value| values.contains(&value);
        match (has("none"), has("login"), has("consent") || has("select_account")) {
            (true, ..) if values.len() > 1 => Err("prompt=none must stand alone"),
            (true, ..) => Ok(Self::Silent),
            (_, true, _) => Ok(Self::SignIn),
            (.., true) => Ok(Self::Ask),
            _ => Ok(Self::Any),
        }
    }

    /// Whether an earlier decision may stand for a new one.
    pub fn may_be_remembered(self) -> bool {
        matches!(self, Self::Any | Self::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::Prompt;

    #[test]
    fn none_stands_alone_and_unknown_values_are_ignored() {
        assert_eq!(Prompt::parse(None), Ok(Prompt::Any));
        assert_eq!(Prompt::parse(Some("create")), Ok(Prompt::Any));
        assert_eq!(Prompt::parse(Some("consent select_account")), Ok(Prompt::Ask));
        assert_eq!(Prompt::parse(Some("consent login")), Ok(Prompt::SignIn));
        assert_eq!(Prompt::parse(Some("none")), Ok(Prompt::Silent));
        assert!(Prompt::parse(Some("none login")).is_err());
    }
}
