//! The one error type, and the one table of codes with their type and HTTP status (contract §8).
//!
//! An [`Error`] carries what a caller may read; what only the operator may read goes to the log
//! with the request id. The three renderings are `web::error` (page), `oauth::error` (OAuth JSON)
//! and `mcp::error` (JSON-RPC and tool results).

use std::borrow::Cow;
use std::fmt;

/// Every code that an answer of ours can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// Malformed or missing input.
    InvalidRequest,
    /// A cursor that is not ours, or of another query or caller.
    InvalidCursor,
    /// A domain name that cannot be one.
    InvalidDomain,
    /// An id that cannot be a contact's.
    InvalidContactId,
    /// Spending credits was not confirmed.
    ConfirmationRequired,
    /// Fewer credits are left than it would cost.
    InsufficientCredits,
    /// The key of an earlier request came with another body.
    IdempotencyConflict,
    /// No such thing, or not yours.
    NotFound,
    /// The wrong method for a path.
    MethodNotAllowed,
    /// The state does not allow it now (already done, taken, changed meanwhile).
    Conflict,
    /// Nobody is signed in.
    SignInRequired,
    /// A call of the REST API without a key.
    MissingApiKey,
    /// A key that is none of ours, or whose time has passed.
    InvalidApiKey,
    /// A key that somebody ended, or whose owner is suspended.
    RevokedApiKey,
    /// A token where a key is wanted, or the other way round.
    WrongCredential,
    /// The token or key was not given this permission.
    InsufficientScope,
    /// The re-entered password is wrong.
    WrongPassword,
    /// The form's own token is missing, stale or of another session.
    FormExpired,
    /// An administrator has blocked the program that asks.
    ClientBlocked,
    /// The role does not allow it.
    PermissionDenied,
    /// The plan gives no API access.
    ApiAccessDisabled,
    /// The caller's address is not on the allow list.
    IpNotAllowed,
    /// The browser page that sent this is not allowed to.
    OriginNotAllowed,
    /// Too many requests in this minute, or too many failed attempts.
    RateLimitExceeded,
    /// The day's requests are used up.
    DailyLimitExceeded,
    /// More rows asked for than are left this month.
    RowQuotaExceeded,
    /// The body is larger than accepted.
    BodyTooLarge,
    /// The body is of a type that is not accepted.
    UnsupportedMediaType,
    /// The caller hung up before it was answered; nobody reads this but the log.
    Cancelled,
    /// The master switch is off.
    McpDisabled,
    /// The database or another part cannot answer now.
    Unavailable,
    /// Our fault.
    InternalError,
}

/// A row of the table of codes.
struct CodeRow {
    code: &'static str,
    kind: &'static str,
    status: u16,
    headline: &'static str,
}

const fn row(
    code: &'static str,
    kind: &'static str,
    status: u16,
    headline: &'static str,
) -> CodeRow {
    CodeRow { code, kind, status, headline }
}

impl ErrorCode {
    const fn row(self) -> CodeRow {
        match self {
            Self::InvalidRequest => row(
                "invalid_request",
                "invalid_request_error",
                400,
                "That request was not understood",
            ),
            Self::InvalidCursor => {
                row("invalid_cursor", "invalid_request_error", 400, "That page is not of this list")
            }
            Self::InvalidDomain => {
                row("invalid_domain", "invalid_request_error", 400, "That is no domain")
            }
            Self::InvalidContactId => row(
                "invalid_contact_id",
                "invalid_request_error",
                400,
                "That is no id of a contact",
            ),
            Self::ConfirmationRequired => row(
                "confirmation_required",
                "invalid_request_error",
                400,
                "Please confirm what it costs",
            ),
            Self::InsufficientCredits => {
                row("insufficient_credits", "credit_error", 402, "Not enough credits are left")
            }
            Self::IdempotencyConflict => row(
                "idempotency_conflict",
                "conflict_error",
                409,
                "That key belongs to another request",
            ),
            Self::NotFound => row("not_found", "not_found_error", 404, "Nothing here"),
            Self::MethodNotAllowed => {
                row("method_not_allowed", "invalid_request_error", 405, "Not like this")
            }
            Self::Conflict => {
                row("conflict", "conflict_error", 409, "That changed in the meantime")
            }
            Self::SignInRequired => {
                row("sign_in_required", "authentication_error", 401, "Please sign in")
            }
            Self::MissingApiKey => {
                row("missing_api_key", "authentication_error", 401, "No key was sent")
            }
            Self::InvalidApiKey => {
                row("invalid_api_key", "authentication_error", 401, "That is no key of this server")
            }
            Self::RevokedApiKey => {
                row("revoked_api_key", "authentication_error", 401, "That key was revoked")
            }
            Self::WrongCredential => {
                row("wrong_credential", "authentication_error", 401, "That opens another door")
            }
            Self::InsufficientScope => {
                row("insufficient_scope", "permission_error", 403, "That needs another permission")
            }
            Self::WrongPassword => {
                row("wrong_password", "authentication_error", 403, "That is not your password")
            }
            Self::FormExpired => {
                row("form_expired", "permission_error", 403, "This form has expired")
            }
            Self::ClientBlocked => {
                row("client_blocked", "invalid_request_error", 400, "This program is blocked")
            }
            Self::PermissionDenied => {
                row("permission_denied", "permission_error", 403, "Your role does not include this")
            }
            Self::ApiAccessDisabled => {
                row("api_access_disabled", "permission_error", 403, "No API access")
            }
            Self::IpNotAllowed => {
                row("ip_not_allowed", "permission_error", 403, "Your address is not on the list")
            }
            Self::OriginNotAllowed => {
                row("origin_not_allowed", "permission_error", 403, "Not from this page")
            }
            Self::RateLimitExceeded => {
                row("rate_limit_exceeded", "rate_limit_error", 429, "Too many requests")
            }
            Self::DailyLimitExceeded => row(
                "daily_limit_exceeded",
                "rate_limit_error",
                429,
                "The day's requests are used up",
            ),
            Self::RowQuotaExceeded => {
                row("row_quota_exceeded", "rate_limit_error", 429, "The month's rows are used up")
            }
            Self::BodyTooLarge => {
                row("body_too_large", "invalid_request_error", 413, "That is too large")
            }
            Self::UnsupportedMediaType => row(
                "unsupported_media_type",
                "invalid_request_error",
                415,
                "That type is not accepted",
            ),
            Self::Cancelled => {
                row("cancelled", "invalid_request_error", 499, "Nobody waited for it")
            }
            Self::McpDisabled => row("mcp_disabled", "server_error", 503, "The gate is down"),
            Self::Unavailable => row("unavailable", "server_error", 503, "Busy right now"),
            Self::InternalError => {
                row("internal_error", "server_error", 500, "Something went wrong on our side")
            }
        }
    }

    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().code
    }

    /// The type of error, the coarser word beside the code.
    pub fn kind(self) -> &'static str {
        self.row().kind
    }

    /// The HTTP status it is answered with.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// What the page that shows it is headed with.
    pub fn headline(self) -> &'static str {
        self.row().headline
    }
}

/// What went wrong, in words for the caller.
#[derive(Debug)]
pub struct Error {
    /// The code of the table.
    pub code: ErrorCode,
    /// What happened and what to do, for the caller; no internals.
    pub message: Cow<'static, str>,
    /// The field that is wrong, if it is one.
    pub param: Option<Cow<'static, str>>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<i64>,
}

/// The result of everything in the house.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `code` with words for the caller.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), param: None, retry_after: None }
    }

    /// Input that is wrong in `field`.
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { param: Some(field.into()), ..Self::new(ErrorCode::InvalidRequest, message) }
    }

    /// Missing, or another's: the two answer alike (ASVS 8.2.2).
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ErrorCode::NotFound, what)
    }

    /// Our own fault; `cause` goes to the log only.
    pub fn internal(cause: impl fmt::Display) -> Self {
        log::error!("internal error: {cause}");
        Self::new(
            ErrorCode::InternalError,
            "Nothing was changed. Try again; if it happens again, give the request id to whoever runs this server.",
        )
    }

    /// Something we depend on does not answer; `cause` goes to the log only.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        log::warn!("unavailable: {cause}");
        Self {
            retry_after: Some(2),
            ..Self::new(
                ErrorCode::Unavailable,
                "The server is busy. Nothing was changed. Try again in a moment.",
            )
        }
    }

    /// Adds when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.param {
            Some(param) => write!(f, "{param}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// What databases say of failures that pass: somebody else's lock, a server that was restarted.
const PASSING: [&str; 8] = [
    "database is locked",
    "deadlock detected",
    "lock timeout",
    "no connection to the server",
    "server closed the connection",
    "terminating connection",
    "connection not open",
    "connection has been closed",
];

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::DatabaseErrorKind as Kind;
        match error {
            diesel::result::Error::NotFound => {
                Self::not_found("It does not exist, or it is not yours to see.")
            }
            diesel::result::Error::DatabaseError(
                Kind::SerializationFailure | Kind::ClosedConnection | Kind::ReadOnlyTransaction,
                info,
            ) => Self::unavailable(info.message()),
            diesel::result::Error::DatabaseError(_, info)
                if PASSING.iter().any(|passing| info.message().contains(passing)) =>
            {
                Self::unavailable(info.message())
            }
            // PostgreSQL has no text with a NUL in it, whatever the text was meant for.
            diesel::result::Error::DatabaseError(_, info)
                if info.message().contains("invalid byte sequence for encoding") =>
            {
                Self::new(
                    ErrorCode::InvalidRequest,
                    "A text in the request holds a NUL character. Take it out and send it again.",
                )
            }
            other => Self::internal(other),
        }
    }
}
