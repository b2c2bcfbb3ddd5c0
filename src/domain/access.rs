//! Permissions, the built-in roles, and the two states of a person.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::tool::TOOLS;

/// What a role lets its users do in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See who has connected which clients.
    ViewMcpUsers,
    /// Revoke tokens of others.
    RevokeTokens,
    /// Turn MCP access of others on and off.
    ManageMcpAccess,
    /// See users.
    ViewUsers,
    /// Create, edit, suspend and delete users, and end their sessions.
    ManageUsers,
    /// See what roles allow.
    ViewRoles,
    /// Change what roles allow, and who has which.
    ManageRoles,
    /// See accounts, plans and what was used of them.
    ViewAccounts,
    /// Change plans, who has which, and credits.
    ManageAccounts,
    /// Read activity and audit.
    ViewRecords,
    /// See which AI clients are registered.
    ViewClients,
    /// Block, register and disconnect AI clients for everyone.
    ManageClients,
    /// See the settings.
    ViewSettings,
    /// Change the settings.
    ManageSettings,
    /// See what the index holds and what was imported.
    ViewIndex,
    /// Import stores and contacts.
    ManageIndex,
}

/// All permissions.
pub const PERMISSIONS: [Permission; 16] = [
    Permission::ViewMcpUsers,
    Permission::RevokeTokens,
    Permission::ManageMcpAccess,
    Permission::ViewUsers,
    Permission::ManageUsers,
    Permission::ViewRoles,
    Permission::ManageRoles,
    Permission::ViewAccounts,
    Permission::ManageAccounts,
    Permission::ViewRecords,
    Permission::ViewClients,
    Permission::ManageClients,
    Permission::ViewSettings,
    Permission::ManageSettings,
    Permission::ViewIndex,
    Permission::ManageIndex,
];

/// A role that every database has.
pub struct BuiltInRole {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What its users may do in the console.
    pub permissions: &'static [Permission],
}

/// May do everything.
pub const ADMINISTRATOR: BuiltInRole = BuiltInRole {
    name: "Administrator",
    description: "May do everything. At least one active administrator is always left.",
    permissions: &PERMISSIONS,
};
/// May read everything and change nothing.
pub const AUDITOR: BuiltInRole = BuiltInRole {
    name: "Auditor",
    description: "May see everything and change nothing.",
    permissions: &[
        Permission::ViewMcpUsers,
        Permission::ViewUsers,
        Permission::ViewRoles,
        Permission::ViewAccounts,
        Permission::ViewRecords,
        Permission::ViewClients,
        Permission::ViewSettings,
        Permission::ViewIndex,
    ],
};
/// Uses the product; sees only what is theirs.
pub const MEMBER: BuiltInRole = BuiltInRole {
    name: "Member",
    description: "Uses the index and own AI clients; sees only what is their own.",
    permissions: &[],
};

/// The built-in roles.
pub const BUILT_IN_ROLES: [&BuiltInRole; 3] = [&ADMINISTRATOR, &AUDITOR, &MEMBER];

impl BuiltInRole {
    /// The built-in role of that name, whatever its case.
    pub fn parse(name: &str) -> Option<&'static Self> {
        BUILT_IN_ROLES.into_iter().find(|role| role.name.eq_ignore_ascii_case(name))
    }

    /// The names of the tools it allows at the start: all.
    pub fn tools(&self) -> Vec<&'static str> {
        TOOLS.iter().map(|row| row.name).collect()
    }
}

/// The permissions of a role as read from its row; names that this version does not know grant
/// nothing.
pub fn parse_permissions(json: &str) -> BTreeSet<Permission> {
    let names: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    names.into_iter().filter_map(|name| serde_json::from_value(name).ok()).collect()
}

/// Whether a person may sign in at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// May not; nothing of theirs works.
    Suspended,
}

impl UserStatus {
    /// As the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// From the database; what is not known to be active is not.
    pub fn from_stored(text: &str) -> Self {
        if text == "active" { Self::Active } else { Self::Suspended }
    }
}

/// How a person stands, as people read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May sign in.
    Active,
    /// Was invited and has not chosen a password yet.
    Invited,
    /// May not sign in.
    Suspended,
}

impl Standing {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Active, Self::Invited, Self::Suspended];

    /// How somebody with that status stands.
    pub fn of(status: &str, is_invited: bool) -> Self {
        match UserStatus::from_stored(status) {
            UserStatus::Suspended => Self::Suspended,
            UserStatus::Active if is_invited => Self::Invited,
            UserStatus::Active => Self::Active,
        }
    }

    /// In addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Suspended => "suspended",
        }
    }

    /// On pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Invited => "Invited",
            Self::Suspended => "Suspended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditor_changes_nothing() {
        for forbidden in [
            Permission::RevokeTokens,
            Permission::ManageMcpAccess,
            Permission::ManageUsers,
            Permission::ManageRoles,
            Permission::ManageAccounts,
            Permission::ManageClients,
            Permission::ManageSettings,
            Permission::ManageIndex,
        ] {
            assert!(!AUDITOR.permissions.contains(&forbidden));
        }
    }

    #[test]
    fn unknown_permission_names_grant_nothing() {
        let parsed = parse_permissions(r#"["revoke_tokens", "own_the_moon", 7]"#);
        assert_eq!(parsed.into_iter().collect::<Vec<_>>(), [Permission::RevokeTokens]);
        assert!(parse_permissions("not json").is_empty());
    }
}
