//! What failures mean: those of a use case to an OAuth client, those of a write to a use case.

use diesel::result::{DatabaseErrorKind, Error as DatabaseFailure};

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

/// Whether a write failed because somebody else has what it wanted to be alone with.
pub(super) fn is_taken(error: &DatabaseFailure) -> bool {
    matches!(error, DatabaseFailure::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}

/// Whether a write failed because what it refers to is gone, or what it removes is referred to.
pub(super) fn is_gone(error: &DatabaseFailure) -> bool {
    matches!(error, DatabaseFailure::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
}
