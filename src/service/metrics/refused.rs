//! Why a request is refused before any call, as `/metrics` tells it: the code that the caller reads,
//! and what only the operator may know of a token that is not good.

use crate::error::ErrorCode;
use crate::service::verify::{BadToken, Refusal};

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// At the MCP endpoint: it is switched off.
    Disabled,
    /// An address that is not listed.
    Address,
    /// A browser page or host that is not allowed.
    Origin,
    /// No token.
    NoToken,
    /// Not one of ours.
    NotOurs,
    /// Its time has passed.
    Expired,
    /// It, its approval, its client or its user was ended.
    Ended,
    /// A key where a token is wanted.
    WrongCredential,
    /// A token without the scope.
    Scope,
    /// More calls in a minute than a token has without paying.
    TooMany,
    /// At the REST API: it is switched off.
    RestDisabled,
    /// An address that is not listed.
    RestAddress,
    /// No key.
    NoKey,
    /// Not one of ours, or its time has passed.
    BadKey,
    /// Somebody ended it, or its owner.
    EndedKey,
    /// A token where a key is wanted.
    WrongKey,
    /// A role without the tool.
    RestRole,
    /// A key without the scope.
    RestScope,
    /// More calls in a minute than a key has without paying.
    RestTooMany,
}

/// A row of the table of refusals.
#[derive(Debug, Clone, Copy)]
pub struct RefusedRow {
    /// The refusal.
    pub why: Refused,
    /// The door.
    pub surface: &'static str,
    /// What the caller reads.
    pub code: &'static str,
    /// What it was.
    pub reason: &'static str,
}

const fn row(
    why: Refused,
    surface: &'static str,
    code: &'static str,
    reason: &'static str,
) -> RefusedRow {
    RefusedRow { why, surface, code, reason }
}

/// The table, in the order of the numbers.
pub const REFUSED: [RefusedRow; 19] = [
    row(Refused::Disabled, "mcp", "mcp_disabled", "switched_off"),
    row(Refused::Address, "mcp", "ip_not_allowed", "address"),
    row(Refused::Origin, "mcp", "origin_not_allowed", "origin_or_host"),
    row(Refused::NoToken, "mcp", "invalid_token", "missing"),
    row(Refused::NotOurs, "mcp", "invalid_token", "unknown"),
    row(Refused::Expired, "mcp", "invalid_token", "expired"),
    row(Refused::Ended, "mcp", "invalid_token", "ended"),
    row(Refused::WrongCredential, "mcp", "wrong_credential", "api_key"),
    row(Refused::Scope, "mcp", "insufficient_scope", "scope"),
    row(Refused::TooMany, "mcp", "rate_limit_exceeded", "free_calls"),
    row(Refused::RestDisabled, "rest", "mcp_disabled", "switched_off"),
    row(Refused::RestAddress, "rest", "ip_not_allowed", "address"),
    row(Refused::NoKey, "rest", "missing_api_key", "missing"),
    row(Refused::BadKey, "rest", "invalid_api_key", "unknown_or_expired"),
    row(Refused::EndedKey, "rest", "revoked_api_key", "ended"),
    row(Refused::WrongKey, "rest", "wrong_credential", "token"),
    row(Refused::RestRole, "rest", "permission_denied", "role"),
    row(Refused::RestScope, "rest", "insufficient_scope", "scope"),
    row(Refused::RestTooMany, "rest", "rate_limit_exceeded", "free_calls"),
];

impl Refused {
    /// A refusal of the REST API by its code; none, if it is no refusal but a failure.
    pub fn at_rest(code: ErrorCode) -> Option<Self> {
        REFUSED
            .iter()
            .find(|row| row.surface == "rest" && row.code == code.as_str())
            .map(|row| row.why)
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Disabled => Self::Disabled,
            Refusal::Address => Self::Address,
            Refusal::Origin => Self::Origin,
            Refusal::NoToken => Self::NoToken,
            Refusal::BadToken(BadToken::NotOurs) => Self::NotOurs,
            Refusal::BadToken(BadToken::ApiKey) => Self::WrongCredential,
            Refusal::BadToken(BadToken::Expired) => Self::Expired,
            Refusal::BadToken(BadToken::Ended { .. }) => Self::Ended,
        }
    }
}
