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
    /// Why, in their own words; kept with whatever is written down of it.
    pub reason: Option<String>,
}

impl Actor {
    /// Somebody at the command line of the server.
    pub fn operator() -> Self {
        Self {
            user: None,
            label: "operator (command line)".into(),
            address: None,
            request_id: None,
            reason: None,
        }
    }

    /// The server itself.
    pub fn system() -> Self {
        Self { user: None, label: "system".into(), address: None, request_id: None, reason: None }
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
    /// A person named one of their connections.
    ConnectionRenamed,
    /// Permissions were taken from a connection.
    ConnectionNarrowed,
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
    /// A client presented its secret; only failures are written down.
    ClientAuthenticated,
    /// Name or redirect URIs of a client registered by hand were changed.
    ClientChanged,
    /// A client registered by hand was deleted.
    ClientDeleted,
    /// A person authorized a client, or refused to.
    ConsentDecided,
    /// A personal access token was made.
    PersonalTokenCreated,
    /// A key of the REST API was made.
    ApiKeyCreated,
    /// A key of the REST API was replaced by a new one.
    ApiKeyRotated,
    /// A key of the REST API was revoked.
    ApiKeyRevoked,
    /// Tokens were issued for a code.
    TokenIssued,
    /// A used code or a rotated refresh token came again.
    ReuseAlarm,
    /// Stores or contacts were imported.
    Imported,
    /// An import was begun.
    ImportBegun,
    /// The database was copied.
    BackedUp,
    /// A signing key was made.
    SigningKeyCreated,
    /// Settings were changed, or a change was refused.
    SettingsChanged,
    /// Credits were granted or taken.
    CreditsAdjusted,
    /// A plan was made.
    PlanCreated,
    /// A plan was changed.
    PlanChanged,
    /// A plan was deleted.
    PlanDeleted,
    /// An account was made.
    AccountCreated,
    /// Name, plan or API access of an account was changed.
    AccountChanged,
    /// A role was made.
    RoleCreated,
    /// What a role allows was changed.
    RoleEdited,
    /// A role was deleted.
    RoleDeleted,
    /// Every token and approval of everybody was ended.
    EverythingRevoked,
    /// Activity or audit was exported.
    RecordsExported,
    /// A list of people was exported.
    PeopleExported,
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
    /// Somebody knew the password and was asked for a code.
    SecondFactorAsked,
    /// A person turned two-factor sign-in on.
    TwoFactorOn,
    /// A person turned two-factor sign-in off.
    TwoFactorOff,
    /// An administrator turned somebody's two-factor sign-in off.
    TwoFactorReset,
    /// A person made new recovery codes.
    RecoveryCodesMade,
    /// A person asked to sign in with another address.
    AddressChangeRequested,
    /// A person asked for what their role does not allow.
    PermissionRefused,
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
            Self::ConnectionRenamed => "connection_renamed",
            Self::ConnectionNarrowed => "connection_narrowed",
            Self::ConnectionRevoked => "connection_revoked",
            Self::ClientRegistered => "client_registered",
            Self::ClientBlocked => "client_blocked",
            Self::ClientUnblocked => "client_unblocked",
            Self::ClientConnectionsRevoked => "client_connections_revoked",
            Self::ClientSecretRotated => "client_secret_rotated",
            Self::ClientAuthenticated => "client_authenticated",
            Self::ClientChanged => "client_changed",
            Self::ClientDeleted => "client_deleted",
            Self::ConsentDecided => "consent_decided",
            Self::PersonalTokenCreated => "personal_token_created",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRotated => "api_key_rotated",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::TokenIssued => "token_issued",
            Self::ReuseAlarm => "reuse_alarm",
            Self::Imported => "imported",
            Self::ImportBegun => "import_begun",
            Self::BackedUp => "backed_up",
            Self::SigningKeyCreated => "signing_key_created",
            Self::SettingsChanged => "settings_changed",
            Self::CreditsAdjusted => "credits_adjusted",
            Self::PlanCreated => "plan_created",
            Self::PlanChanged => "plan_changed",
            Self::PlanDeleted => "plan_deleted",
            Self::AccountCreated => "account_created",
            Self::AccountChanged => "account_changed",
            Self::RoleCreated => "role_created",
            Self::RoleEdited => "role_edited",
            Self::RoleDeleted => "role_deleted",
            Self::EverythingRevoked => "everything_revoked",
            Self::RecordsExported => "records_exported",
            Self::PeopleExported => "people_exported",
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
            Self::SecondFactorAsked => "second_factor_asked",
            Self::TwoFactorOn => "two_factor_on",
            Self::TwoFactorOff => "two_factor_off",
            Self::TwoFactorReset => "two_factor_reset",
            Self::RecoveryCodesMade => "recovery_codes_made",
            Self::PermissionRefused => "permission_refused",
            Self::AddressChangeRequested => "address_change_requested",
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
    /// The outcome of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Denied, Self::Limited, Self::Error]
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }

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

/// Kinds of targets by whose number or name people look for entries.
const THINGS: [&str; 5] = ["account", "plan", "role", "client", "api_key"];

/// A thing as it is typed: its kind, and its name or number, such as "plan Starter" or "account 7".
pub fn thing(typed: &str) -> Option<(&'static str, &str)> {
    let typed = typed.trim();
    THINGS.into_iter().find_map(|kind| {
        let (word, rest) = (typed.get(..kind.len())?, typed.get(kind.len()..)?);
        let is_it = word.replace(' ', "_").eq_ignore_ascii_case(kind);
        let which = rest.trim();
        let is_whole = rest.starts_with(char::is_whitespace) && !which.is_empty();
        (is_it && is_whole).then_some((kind, which))
    })
}

/// Actions that belong together, as people look for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Signing in and out, passwords.
    SignIns,
    /// People and their MCP access.
    People,
    /// Approvals and tokens.
    Connections,
    /// AI clients.
    Clients,
    /// Settings, keys, the emergency stop.
    Server,
    /// Plans and credits.
    Credits,
    /// Imports and exports.
    Data,
    /// Used codes and refresh tokens that came again.
    Alarms,
}

/// The groups: each with its name in addresses and its label.
pub const GROUPS: [(Group, &str, &str); 8] = [
    (Group::SignIns, "sign_ins", "Sign-ins and passwords"),
    (Group::People, "people", "People and their access"),
    (Group::Connections, "connections", "Connections and tokens"),
    (Group::Clients, "clients", "AI clients"),
    (Group::Server, "server", "Settings and keys"),
    (Group::Credits, "credits", "Plans and credits"),
    (Group::Data, "data", "Imports and exports"),
    (Group::Alarms, "alarms", "Reuse alarms"),
];

/// What people read of an action.
#[derive(Debug, Clone, Copy)]
pub struct ActionRow {
    /// The action.
    pub action: Action,
    /// What was done, in words.
    pub words: &'static str,
    /// What was tried, in words, where it was refused.
    pub tried: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// Whether it changes something for others, so that administrators alone do it.
    pub is_administrative: bool,
}

const fn row(
    action: Action,
    group: Group,
    is_administrative: bool,
    words: &'static str,
    tried: &'static str,
) -> ActionRow {
    ActionRow { action, words, tried, group, is_administrative }
}

/// Every action in words.
#[rustfmt::skip]
pub const ACTIONS: &[ActionRow] = &[
    row(Action::SignIn, Group::SignIns, false, "Signed in", "Failed to sign in"),
    row(Action::SignOut, Group::SignIns, false, "Signed out", "Failed to sign out"),
    row(Action::PasswordReentered, Group::SignIns, false, "Confirmed with the password", "Entered a wrong password to confirm"),
    row(Action::PasswordSet, Group::SignIns, true, "Set a password", "Was refused setting a password"),
    row(Action::UserCreated, Group::People, true, "Created a user", "Was refused creating a user"),
    row(Action::UserInvited, Group::People, true, "Invited a person", "Was refused inviting a person"),
    row(Action::InvitationAccepted, Group::People, false, "Accepted an invitation", "Failed to accept an invitation"),
    row(Action::InvitationCancelled, Group::People, true, "Took back an invitation", "Was refused taking back an invitation"),
    row(Action::UserEdited, Group::People, true, "Changed a person's details", "Was refused changing a person's details"),
    row(Action::RoleChanged, Group::People, true, "Gave a person another role", "Was refused giving a person another role"),
    row(Action::UserSuspended, Group::People, true, "Suspended a person", "Was refused suspending a person"),
    row(Action::UserReactivated, Group::People, true, "Let a suspended person in again", "Was refused letting a suspended person in again"),
    row(Action::UserDeleted, Group::People, true, "Deleted a person", "Was refused deleting a person"),
    row(Action::PasswordResetRequested, Group::SignIns, false, "Asked for a link to set a new password", "Was refused a link to set a new password"),
    row(Action::SessionsEnded, Group::SignIns, false, "Ended sessions", "Was refused ending sessions"),
    row(Action::SecondFactorAsked, Group::SignIns, false, "Gave the password and was asked for a code", "Was refused before the code"),
    row(Action::TwoFactorOn, Group::SignIns, false, "Turned two-factor sign-in on", "Was refused turning two-factor sign-in on"),
    row(Action::TwoFactorOff, Group::SignIns, false, "Turned two-factor sign-in off", "Was refused turning two-factor sign-in off"),
    row(Action::TwoFactorReset, Group::SignIns, true, "Reset a person's two-factor sign-in", "Was refused resetting a person's two-factor sign-in"),
    row(Action::RecoveryCodesMade, Group::SignIns, false, "Made new recovery codes", "Was refused new recovery codes"),
    row(Action::AddressChangeRequested, Group::People, false, "Asked to change their address", "Was refused changing their address"),
    row(Action::PermissionRefused, Group::People, false, "Asked for what their role does not allow", "Was refused what their role does not allow"),
    row(Action::McpAccessEnabled, Group::People, true, "Enabled MCP access", "Was refused enabling MCP access"),
    row(Action::McpAccessDisabled, Group::People, true, "Disabled MCP access", "Was refused disabling MCP access"),
    row(Action::TokenRevoked, Group::Connections, false, "Revoked a token", "Was refused revoking a token"),
    row(Action::TokensRevoked, Group::Connections, true, "Revoked all tokens", "Was refused revoking all tokens"),
    row(Action::ConnectionRenamed, Group::Connections, false, "Renamed a connection", "Was refused renaming a connection"),
    row(Action::ConnectionNarrowed, Group::Connections, false, "Took permissions from a connection", "Was refused taking permissions from a connection"),
    row(Action::ConnectionRevoked, Group::Connections, false, "Revoked a connection", "Was refused revoking a connection"),
    row(Action::ConsentDecided, Group::Connections, false, "Approved a client", "Refused a client"),
    row(Action::PersonalTokenCreated, Group::Connections, false, "Made a personal access token", "Was refused a personal access token"),
    row(Action::ApiKeyCreated, Group::Connections, false, "Made an API key", "Was refused an API key"),
    row(Action::ApiKeyRotated, Group::Connections, false, "Rotated an API key", "Was refused rotating an API key"),
    row(Action::ApiKeyRevoked, Group::Connections, false, "Revoked an API key", "Was refused revoking an API key"),
    row(Action::TokenIssued, Group::Connections, false, "Connected a client", "Was refused connecting a client"),
    row(Action::ClientRegistered, Group::Clients, false, "Registered a client", "Was refused registering a client"),
    row(Action::ClientBlocked, Group::Clients, true, "Blocked a client", "Was refused blocking a client"),
    row(Action::ClientUnblocked, Group::Clients, true, "Unblocked a client", "Was refused unblocking a client"),
    row(Action::ClientConnectionsRevoked, Group::Clients, true, "Revoked all connections of a client", "Was refused revoking all connections of a client"),
    row(Action::ClientAuthenticated, Group::Clients, false, "Presented a client's secret", "Presented a wrong secret of a client"),
    row(Action::ClientSecretRotated, Group::Clients, true, "Replaced the secret of a client", "Was refused replacing the secret of a client"),
    row(Action::ClientChanged, Group::Clients, true, "Changed a client", "Was refused changing a client"),
    row(Action::ClientDeleted, Group::Clients, true, "Deleted a client", "Was refused deleting a client"),
    row(Action::SettingsChanged, Group::Server, true, "Changed settings", "Was refused changing settings"),
    row(Action::SigningKeyCreated, Group::Server, true, "Made a signing key", "Was refused making a signing key"),
    row(Action::EverythingRevoked, Group::Server, true, "Dropped the gate: revoked everything", "Was refused revoking everything"),
    row(Action::CreditsAdjusted, Group::Credits, true, "Granted or took credits", "Was refused granting or taking credits"),
    row(Action::PlanCreated, Group::Credits, true, "Made a plan", "Was refused making a plan"),
    row(Action::PlanChanged, Group::Credits, true, "Changed a plan", "Was refused changing a plan"),
    row(Action::PlanDeleted, Group::Credits, true, "Deleted a plan", "Was refused deleting a plan"),
    row(Action::AccountCreated, Group::Credits, true, "Made an account", "Was refused making an account"),
    row(Action::AccountChanged, Group::Credits, true, "Changed an account", "Was refused changing an account"),
    row(Action::RoleCreated, Group::People, true, "Made a role", "Was refused making a role"),
    row(Action::RoleEdited, Group::People, true, "Changed what a role allows", "Was refused changing a role"),
    row(Action::RoleDeleted, Group::People, true, "Deleted a role", "Was refused deleting a role"),
    row(Action::ImportBegun, Group::Data, true, "Began an import", "Was refused beginning an import"),
    row(Action::BackedUp, Group::Data, true, "Copied the database", "Was refused copying the database"),
    row(Action::Imported, Group::Data, true, "Imported stores or contacts", "Was refused importing"),
    row(Action::RecordsExported, Group::Data, true, "Exported records", "Was refused exporting records"),
    row(Action::PeopleExported, Group::Data, true, "Exported a list of people", "Was refused exporting a list of people"),
    row(Action::ReuseAlarm, Group::Alarms, false, "Reuse alarm: a used code or token came again", "Reuse alarm: a used code or token came again"),
];

/// The name of an action in the log, in words. One that this version does not know keeps its name.
pub fn in_words(name: &str, outcome: &str) -> String {
    let row = ACTIONS.iter().find(|row| row.action.as_str() == name);
    let words = row.map(|row| if outcome == "denied" { row.tried } else { row.words });
    words.map_or_else(|| name.replace('_', " "), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that `as_str` gives, read from this file: Rust cannot list an enum.
    fn names() -> Vec<&'static str> {
        let source = include_str!("audit.rs");
        let body = source.split("The name in the log.").nth(1).unwrap();
        let body = body.split("impl").next().unwrap().split("/// How it ended").next().unwrap();
        body.lines()
            .filter_map(|line| line.split_once("=> \"")?.1.split_once('"'))
            .map(|part| part.0)
            .collect()
    }

    #[test]
    fn a_thing_is_a_kind_and_a_number_or_name() {
        assert_eq!(thing("account 7"), Some(("account", "7")));
        assert_eq!(thing(" API key  12"), Some(("api_key", "12")));
        assert_eq!(thing("Plan Team of two "), Some(("plan", "Team of two")));
        for wrong in
            ["account", "account ", "accounts 7", "7", "user 7", "account' 7", "äccount 7", ""]
        {
            assert_eq!(thing(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_action_has_words() {
        let names = names();
        assert!(names.len() > 20, "{names:?}");
        for name in &names {
            assert!(ACTIONS.iter().any(|row| row.action.as_str() == *name), "{name} has no words");
        }
        assert_eq!(names.len(), ACTIONS.len());
        assert_eq!(in_words("of_a_later_version", "ok"), "of a later version");
        assert_eq!(in_words("sign_in", "denied"), "Failed to sign in");
    }
}
