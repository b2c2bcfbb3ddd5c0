//! How the failure of a use case is told to an OAuth client.

use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::error::{Error, ErrorCode};

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let code = match error.code {
            ErrorCode::Unavailable => OAuthErrorCode::TemporarilyUnavailable,
            ErrorCode::RateLimitExceeded => OAuthErrorCode::SlowDown,
            ErrorCode::InternalError => OAuthErrorCode::ServerError,
            _ => OAuthErrorCode::InvalidRequest,
        };
        Self { code, description: error.message, retry_after: error.retry_after }
    }
}
