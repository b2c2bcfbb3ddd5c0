//! What goes into the audit log: who did what to whom (contract §11).

use std::net::IpAddr;

use crate::ids::UserId;

/// Who acts, from where, in which request.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The user, if it is one.
    pub user: Option<UserId>,
    /// Their name for the log: e-mail address, "operator" at the command line, "system".
    pub label: String,
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// The request in which it happens.
    pub request_id: Option<String>,
}

impl Actor {
    /// Somebody at the command line of the server.
    pub fn operator() -> Self {
        Self {
            user: None,
            label: "operator (command line)".into(),
            address: None,
            request_id: None,
        }
    }

    /// The server itself.
    pub fn system() -> Self {
        Self { user: None, label: "system".into(), address: None, request_id: None }
    }
}

/// What was done. The name is what the log keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A person signed in, or failed to.
    SignIn,
    /// A person signed out.
    SignOut,
    /// A password was re-entered for a sensitive act, rightly or not.
    PasswordReentered,
    /// A user was created.
    UserCreated,
    /// A password was set.
    PasswordSet,
    /// MCP access was enabled.
    McpAccessEnabled,
    /// MCP access was disabled.
    McpAccessDisabled,
    /// One token was revoked.
    TokenRevoked,
    /// All tokens of a user were revoked.
    TokensRevoked,
    /// A connection was revoked: an approval with all its tokens.
    ConnectionRevoked,
    /// A client registered itself, or was registered by hand.
    ClientRegistered,
    /// A client was blocked for everyone.
    ClientBlocked,
    /// A blocked client was let in again.
    ClientUnblocked,
    /// Every connection of a client was ended.
    ClientConnectionsRevoked,
    /// A client got a new secret.
    ClientSecretRotated,
    /// A person authorized a client, or refused to.
    ConsentDecided,
    /// A personal access token was made.
    PersonalTokenCreated,
    /// Tokens were issued for a code.
    TokenIssued,
    /// A used code or a rotated refresh token came again.
    ReuseAlarm,
    /// Stores or contacts were imported.
    Imported,
    /// A signing key was made.
    SigningKeyCreated,
    /// Settings were changed, or a change was refused.
    SettingsChanged,
    /// Credits were granted or taken.
    CreditsAdjusted,
    /// A person was invited, or invited again.
    UserInvited,
    /// An invited person chose a password and is in.
    InvitationAccepted,
    /// An invitation was taken back.
    InvitationCancelled,
    /// A person's name, address or account was changed.
    UserEdited,
    /// A person got another role.
    RoleChanged,
    /// A person was suspended.
    UserSuspended,
    /// A suspended person was let in again.
    UserReactivated,
    /// A person was deleted.
    UserDeleted,
    /// A link to set a new password was asked for, or sent by an administrator.
    PasswordResetRequested,
    /// Browser sessions of a person were ended.
    SessionsEnded,
}

impl Action {
    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::PasswordReentered => "password_reentered",
            Self::UserCreated => "user_created",
            Self::PasswordSet => "password_set",
            Self::McpAccessEnabled => "mcp_access_enabled",
            Self::McpAccessDisabled => "mcp_access_disabled",
            Self::TokenRevoked => "token_revoked",
            Self::TokensRevoked => "tokens_revoked",
            Self::ConnectionRevoked => "connection_revoked",
            Self::ClientRegistered => "client_registered",
            Self::ClientBlocked => "client_blocked",
            Self::ClientUnblocked => "client_unblocked",
            Self::ClientConnectionsRevoked => "client_connections_revoked",
            Self::ClientSecretRotated => "client_secret_rotated",
            Self::ConsentDecided => "consent_decided",
            Self::PersonalTokenCreated => "personal_token_created",
            Self::TokenIssued => "token_issued",
            Self::ReuseAlarm => "reuse_alarm",
            Self::Imported => "imported",
            Self::SigningKeyCreated => "signing_key_created",
            Self::SettingsChanged => "settings_changed",
            Self::CreditsAdjusted => "credits_adjusted",
            Self::UserInvited => "user_invited",
            Self::InvitationAccepted => "invitation_accepted",
            Self::InvitationCancelled => "invitation_cancelled",
            Self::UserEdited => "user_edited",
            Self::RoleChanged => "role_changed",
            Self::UserSuspended => "user_suspended",
            Self::UserReactivated => "user_reactivated",
            Self::UserDeleted => "user_deleted",
            Self::PasswordResetRequested => "password_reset_requested",
            Self::SessionsEnded => "sessions_ended",
        }
    }
}

/// How it ended, in audit and activity alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok,
    /// Refused.
    Denied,
    /// Refused by a limit.
    Limited,
    /// Failed.
    Error,
}

impl Outcome {
    /// As the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Limited => "limited",
            Self::Error => "error",
        }
    }
}

/// To whom or what it was done.
#[derive(Debug, Clone)]
pub struct Target {
    /// The kind of thing: user, token, client, settings …
    pub kind: &'static str,
    /// Its row id.
    pub id: Option<i64>,
    /// Its name at that time; a record outlives what it speaks of.
    pub label: String,
}
