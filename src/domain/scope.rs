//! Scopes: what a client may be allowed, in words (contract §6).

use std::collections::BTreeSet;
use std::fmt;

/// A row of the table of scopes.
pub struct ScopeRow {
    /// The scope.
    pub scope: Scope,
    /// Its name on the wire.
    pub name: &'static str,
    /// What it lets a client do, for the consent page.
    pub words: &'static str,
    /// The same for somebody who is not the person it is about.
    pub words_of_others: &'static str,
    /// What it can spend, if anything.
    pub spends: Option<&'static str>,
    /// Whether it is a permission of the MCP resource (the others are about identity and session).
    pub of_resource: bool,
}

/// A scope this server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read quotas and credits.
    UsageRead,
    /// Read the store index.
    StoresRead,
    /// Search contacts, without their channels.
    ContactsSearch,
    /// Reveal contact channels for credits.
    ContactsReveal,
    /// OpenID Connect sign-in.
    OpenId,
    /// Name of the user.
    Profile,
    /// E-mail address of the user.
    Email,
    /// A refresh token.
    OfflineAccess,
}

/// The table of scopes, in the order in which people see them.
pub const SCOPES: [ScopeRow; 8] = [
    ScopeRow {
        scope: Scope::UsageRead,
        name: "usage:read",
        words: "See how much of your quota and credits is used",
        words_of_others: "See how much of the quota and credits is used",
        spends: None,
        of_resource: true,
    },
    ScopeRow {
        scope: Scope::StoresRead,
        name: "stores:read",
        words: "Search stores and read their profiles",
        words_of_others: "Search stores and read their profiles",
        spends: Some("Uses your monthly search rows"),
        of_resource: true,
    },
    ScopeRow {
        scope: Scope::ContactsSearch,
        name: "contacts:search",
        words: "Search people who work at stores, without their addresses",
        words_of_others: "Search people who work at stores, without their addresses",
        spends: Some("Uses your monthly search rows"),
        of_resource: true,
    },
    ScopeRow {
        scope: Scope::ContactsReveal,
        name: "contacts:reveal",
        words: "Reveal e-mail addresses and phone numbers of contacts",
        words_of_others: "Reveal e-mail addresses and phone numbers of contacts",
        spends: Some(
            "Spends your account’s credits: 1 for each contact revealed for the first time",
        ),
        of_resource: true,
    },
    ScopeRow {
        scope: Scope::OpenId,
        name: "openid",
        words: "Know who you are on this server",
        words_of_others: "Know who the person is on this server",
        spends: None,
        of_resource: false,
    },
    ScopeRow {
        scope: Scope::Profile,
        name: "profile",
        words: "See your name",
        words_of_others: "See the person’s name",
        spends: None,
        of_resource: false,
    },
    ScopeRow {
        scope: Scope::Email,
        name: "email",
        words: "See your e-mail address",
        words_of_others: "See the person’s e-mail address",
        spends: None,
        of_resource: false,
    },
    ScopeRow {
        scope: Scope::OfflineAccess,
        name: "offline_access",
        words: "Stay connected without asking you to sign in again",
        words_of_others: "Stay connected without asking the person to sign in again",
        spends: None,
        of_resource: false,
    },
];

impl ScopeRow {
    /// Whether calls with it cost credits.
    pub fn spends_credits(&self) -> bool {
        self.scope == Scope::ContactsReveal
    }
}

impl Scope {
    /// The scope's row of the table.
    pub fn row(self) -> &'static ScopeRow {
        SCOPES.iter().find(|row| row.scope == self).unwrap_or(&SCOPES[0])
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        SCOPES.iter().find(|row| row.name == name).map(|row| row.scope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().name)
    }
}

/// A set of scopes; on the wire and in the database a space-separated list (RFC 6749 §3.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// The scopes in `text` that this server knows; unknown ones are dropped, because real clients
    /// ask for what other servers offer (checklist E17, D13).
    pub fn parse_known(text: &str) -> Self {
        Self(text.split_ascii_whitespace().filter_map(Scope::parse).collect())
    }

    /// Every scope of the MCP resource.
    pub fn of_resource() -> Self {
        SCOPES.iter().filter(|row| row.of_resource).map(|row| row.scope).collect()
    }

    /// Every scope this server knows.
    pub fn all() -> Self {
        SCOPES.iter().map(|row| row.scope).collect()
    }

    /// What the challenge suggests asking for first: enough to look around, nothing that spends
    /// credits (checklist C3).
    pub fn suggested() -> Self {
        [Scope::UsageRead, Scope::StoresRead].into_iter().collect()
    }

    /// Whether `scope` is in it.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether every scope of `other` is in it.
    pub fn includes(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it allows anything by itself: staying connected alone is nothing.
    pub fn allows_anything(&self) -> bool {
        self.iter().any(|scope| scope != Scope::OfflineAccess)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// In the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            scope.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_are_dropped_and_order_is_the_tables() {
        assert_eq!(
            ScopeSet::parse_known("stores:read repo usage:read").to_string(),
            "usage:read stores:read"
        );
    }

    #[test]
    fn nobody_reads_of_somebody_else_as_of_themselves() {
        for row in &SCOPES {
            let words = format!(" {} ", row.words_of_others.to_lowercase());
            assert!(!words.contains(" you ") && !words.contains(" your "), "{words}");
            let says = row.spends.is_some_and(|spends| spends.contains("credits"));
            assert_eq!(row.spends_credits(), says, "{}", row.name);
        }
    }

    #[test]
    fn the_suggested_scopes_spend_no_credits() {
        assert!(!ScopeSet::suggested().contains(Scope::ContactsReveal));
        assert!(ScopeSet::of_resource().includes(&ScopeSet::suggested()));
    }
}
