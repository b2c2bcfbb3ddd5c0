//! The states of a token (one authorization of one client, or a personal access token).

use crate::clock::Timestamp;

/// What a token is now. Expiry passes by time, so it is computed, never only stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// Works.
    Active,
    /// Has not ended, but an administrator has blocked its client: it works again when that is over.
    Blocked,
    /// Its time has passed.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl TokenStatus {
    /// The status at `now` of a token stored as `state` that expires at `expires_at`.
    pub fn at(now: Timestamp, state: &str, expires_at: Timestamp) -> Self {
        match state {
            "active" if now < expires_at => Self::Active,
            "active" | "expired" => Self::Expired,
            _ => Self::Revoked,
        }
    }

    /// The status of a token of a client that an administrator has, or has not, blocked.
    #[must_use]
    pub fn of_client(self, is_blocked: bool) -> Self {
        if is_blocked && self == Self::Active { Self::Blocked } else { self }
    }

    /// Whether there is something left to end: it works, or would if its client were not blocked.
    pub fn has_not_ended(self) -> bool {
        matches!(self, Self::Active | Self::Blocked)
    }

    /// The word for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Blocked => "Blocked",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
        }
    }
}

/// Why a token ended, as kept with it and shown in its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// An administrator revoked it.
    RevokedByAdministrator,
    /// Its owner revoked it.
    RevokedByUser,
    /// MCP access of its owner was disabled.
    AccessDisabled,
    /// The client asked (RFC 7009).
    RevokedByClient,
    /// A used authorization code came again (RFC 6749 §4.1.2).
    CodeReplayed,
    /// A rotated refresh token came again after its retry window (RFC 9700 §4.14).
    RefreshTokenReplayed,
    /// The operator revoked it at the command line.
    RevokedByOperator,
    /// Its owner's password was set anew: whoever knew the old one is out.
    PasswordChanged,
    /// Its owner was suspended.
    UserSuspended,
    /// Its owner was deleted.
    UserDeleted,
    /// Its time passed.
    Expired,
}

impl EndReason {
    const ALL: [Self; 11] = [
        Self::RevokedByAdministrator,
        Self::RevokedByUser,
        Self::AccessDisabled,
        Self::RevokedByClient,
        Self::CodeReplayed,
        Self::RefreshTokenReplayed,
        Self::RevokedByOperator,
        Self::PasswordChanged,
        Self::UserSuspended,
        Self::UserDeleted,
        Self::Expired,
    ];

    /// As the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevokedByAdministrator => "revoked_by_administrator",
            Self::RevokedByUser => "revoked_by_user",
            Self::AccessDisabled => "access_disabled",
            Self::RevokedByClient => "revoked_by_client",
            Self::CodeReplayed => "code_replayed",
            Self::RefreshTokenReplayed => "refresh_token_replayed",
            Self::RevokedByOperator => "revoked_by_operator",
            Self::PasswordChanged => "password_changed",
            Self::UserSuspended => "user_suspended",
            Self::UserDeleted => "user_deleted",
            Self::Expired => "expired",
        }
    }

    /// Who ended it, or why, for people; nothing of what has only expired or is not known.
    pub fn in_words(kept: &str) -> Option<&'static str> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == kept).and_then(|reason| match reason
        {
            Self::RevokedByAdministrator => Some("By an administrator"),
            Self::RevokedByUser => Some("By its owner"),
            Self::AccessDisabled => Some("MCP access was disabled"),
            Self::RevokedByClient => Some("By the client itself"),
            Self::CodeReplayed => Some("A used sign-in code came again"),
            Self::RefreshTokenReplayed => Some("A used refresh token came again"),
            Self::RevokedByOperator => Some("At the server’s command line"),
            Self::PasswordChanged => Some("The password was set anew"),
            Self::UserSuspended => Some("The person was suspended"),
            Self::UserDeleted => Some("The person was deleted"),
            Self::Expired => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_expires_at_its_moment_and_not_at_the_next_sweep() {
        let end = Timestamp(1000);
        assert_eq!(TokenStatus::at(Timestamp(999), "active", end), TokenStatus::Active);
        assert_eq!(TokenStatus::at(Timestamp(1000), "active", end), TokenStatus::Expired);
        assert_eq!(TokenStatus::at(Timestamp(0), "revoked", end), TokenStatus::Revoked);
    }

    #[test]
    fn a_block_holds_back_what_works_and_brings_nothing_to_life() {
        assert_eq!(TokenStatus::Active.of_client(true), TokenStatus::Blocked);
        assert_eq!(TokenStatus::Active.of_client(false), TokenStatus::Active);
        for ended in [TokenStatus::Expired, TokenStatus::Revoked] {
            assert_eq!(ended.of_client(true), ended);
            assert!(!ended.has_not_ended());
        }
        assert!(TokenStatus::Blocked.has_not_ended());
    }
}
