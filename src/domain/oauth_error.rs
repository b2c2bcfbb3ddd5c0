//! The error codes of OAuth, in one table (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).

use std::borrow::Cow;

/// A code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthErrorCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The client is unknown or did not authenticate.
    InvalidClient,
    /// The code or refresh token is not good for this.
    InvalidGrant,
    /// The grant type is not offered.
    UnsupportedGrantType,
    /// The response type is not offered.
    UnsupportedResponseType,
    /// A scope is not available.
    InvalidScope,
    /// The resource is not ours.
    InvalidTarget,
    /// The user, or the state of their access, said no.
    AccessDenied,
    /// No page may be shown, and nobody is signed in (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// No page may be shown, and the person would have to be asked (likewise).
    ConsentRequired,
    /// A request object came (likewise).
    RequestNotSupported,
    /// A reference to a request object came (likewise).
    RequestUriNotSupported,
    /// A redirect URI may not be registered.
    InvalidRedirectUri,
    /// Other client metadata may not be registered.
    InvalidClientMetadata,
    /// The endpoint takes another method.
    MethodNotAllowed,
    /// There is nothing at this address.
    NotFound,
    /// Too many attempts.
    SlowDown,
    /// Our fault.
    ServerError,
    /// Busy.
    TemporarilyUnavailable,
}

impl OAuthErrorCode {
    const fn row(self) -> (&'static str, u16) {
        match self {
            Self::InvalidRequest => ("invalid_request", 400),
            Self::InvalidClient => ("invalid_client", 401),
            Self::InvalidGrant => ("invalid_grant", 400),
            Self::UnsupportedGrantType => ("unsupported_grant_type", 400),
            Self::UnsupportedResponseType => ("unsupported_response_type", 400),
            Self::InvalidScope => ("invalid_scope", 400),
            Self::InvalidTarget => ("invalid_target", 400),
            Self::AccessDenied => ("access_denied", 403),
            Self::LoginRequired => ("login_required", 400),
            Self::ConsentRequired => ("consent_required", 400),
            Self::RequestNotSupported => ("request_not_supported", 400),
            Self::RequestUriNotSupported => ("request_uri_not_supported", 400),
            Self::InvalidRedirectUri => ("invalid_redirect_uri", 400),
            Self::InvalidClientMetadata => ("invalid_client_metadata", 400),
            Self::MethodNotAllowed => ("invalid_request", 405),
            Self::NotFound => ("not_found", 404),
            Self::SlowDown => ("temporarily_unavailable", 429),
            Self::ServerError => ("server_error", 500),
            Self::TemporarilyUnavailable => ("temporarily_unavailable", 503),
        }
    }

    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The status of a JSON answer that carries it.
    pub fn status(self) -> u16 {
        self.row().1
    }
}

/// An OAuth error with words for the developer of the client.
#[derive(Debug)]
pub struct OAuthError {
    /// The code.
    pub code: OAuthErrorCode,
    /// What is wrong; printable ASCII without quotes or backslashes (RFC 6749 §5.2).
    pub description: Cow<'static, str>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<i64>,
}

impl OAuthError {
    /// An error of `code`.
    pub fn new(code: OAuthErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), retry_after: None }
    }
}
