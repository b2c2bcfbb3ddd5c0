//! Parameters of OAuth requests: from a query or a form, none twice but `resource` (OAuth 2.1 §3.1,
//! RFC 8707 §2).

use std::collections::BTreeMap;

use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};

/// Parameters, each with its values.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, Vec<String>>);

impl Parameters {
    /// Parses `name=value&…`. Empty values count as absent (OAuth 2.1 §3.1).
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut parameters = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if !value.is_empty() {
                parameters.entry(name.into_owned()).or_default().push(value.into_owned());
            }
        }
        Self(parameters)
    }

    /// The first value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name)?.first().cloned()
    }

    /// Every value of `name`.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// The name of a parameter that came twice, those that decide where an error may be sent first.
    pub(super) fn repeated(&self) -> Option<String> {
        let is_repeated = |name: &&String| {
            self.0.get(*name).is_some_and(|values| values.len() > 1) && *name != "resource"
        };
        let mut repeated: Vec<_> = self.0.keys().filter(is_repeated).collect();
        repeated.sort_by_key(|name| !matches!(name.as_str(), "client_id" | "redirect_uri"));
        repeated.first().map(|name| (*name).clone())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// `invalid_request` when it is missing.
    pub(super) fn require(&self, name: &'static str) -> Result<String, OAuthError> {
        self.get(name).ok_or_else(|| {
            OAuthError::new(OAuthErrorCode::InvalidRequest, format!("{name} is missing"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn repetition_is_found_and_resource_may_repeat() {
        let parameters = Parameters::parse(b"state=a&state=b&resource=x&resource=y&client_id=1");
        assert_eq!(parameters.repeated().as_deref(), Some("state"));
        assert_eq!(parameters.all("resource").len(), 2);
        let parameters = Parameters::parse(b"scope=a&scope=b&redirect_uri=1&redirect_uri=2");
        assert_eq!(parameters.repeated().as_deref(), Some("redirect_uri"));
        assert_eq!(Parameters::parse(b"resource=x&resource=y&scope=").repeated(), None);
    }
}
