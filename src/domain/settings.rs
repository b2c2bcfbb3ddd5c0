//! The settings a running administrator changes (contract §9): typed in [`Settings`], and listed
//! once in [`SETTINGS`] with their words, bounds and what changing them means.

mod kind;
mod lists;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ipnet::IpNet;

pub use kind::{Kind, Unit, duration};
pub use table::{GROUPS, Group, SETTINGS, Setting, find};

/// Which client metadata documents are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataDocuments {
    /// None; the flag is not advertised.
    Off,
    /// Those of the shipped table.
    Known,
    /// Also those that any client publishes, fetched.
    On,
}

/// All settings, typed. What the database does not hold has its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The master switch of the MCP endpoint.
    pub mcp_enabled: bool,
    /// Addresses that may call the endpoint; empty means all.
    pub allowed_ips: Vec<IpNet>,
    /// Browser origins that may call the endpoint, besides our own.
    pub allowed_origins: Vec<String>,
    /// Lifetime of an access token, seconds (900 to 86 400).
    pub access_token_seconds: i64,
    /// Idle lifetime of a refresh token, seconds.
    pub refresh_token_seconds: i64,
    /// Absolute lifetime of a refresh-token family, seconds.
    pub refresh_absolute_seconds: i64,
    /// Lifetime of an authorization code, seconds (at most 600).
    pub code_seconds: i64,
    /// The window in which a retired refresh token still yields an access token, seconds (0 to 300).
    pub refresh_retry_seconds: i64,
    /// Whether a person is asked at every connection, also for what they have approved before.
    pub require_consent: bool,
    /// Whether clients may register themselves.
    pub dynamic_registration: bool,
    /// Which client metadata documents are taken.
    pub metadata_documents: MetadataDocuments,
    /// Whether people may make personal access tokens, and use them.
    pub personal_access_tokens: bool,
    /// The longest life of a personal access token, days.
    pub personal_token_days: i64,
    /// How long calls are kept in the activity log, days.
    pub activity_days: i64,
    /// How long the audit log is kept, days.
    pub audit_days: i64,
    /// Whether a person gets mail when a client connects to their account.
    pub new_client_mail: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mcp_enabled: true,
            allowed_ips: Vec::new(),
            allowed_origins: Vec::new(),
            access_token_seconds: 3600,
            refresh_token_seconds: 2_592_000,
            refresh_absolute_seconds: 180 * 86_400,
            code_seconds: 60,
            refresh_retry_seconds: 60,
            require_consent: true,
            dynamic_registration: true,
            metadata_documents: MetadataDocuments::Known,
            personal_access_tokens: false,
            personal_token_days: 365,
            activity_days: 90,
            audit_days: 400,
            new_client_mail: true,
        }
    }
}

/// A setting that cannot have the value it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub name: &'static str,
    /// What it must be, for a person.
    pub message: String,
}

/// A setting and its two values.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Which.
    pub setting: &'static Setting,
    /// The settings as they were.
    pub was: &'a Settings,
    /// The settings as they become.
    pub becomes: &'a Settings,
}

impl Settings {
    /// Reads settings from their rows. A value that cannot be read keeps its default and is named
    /// in the second part of the answer, for the log.
    pub fn from_rows(rows: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut settings = Self::default();
        let mut unreadable = Vec::new();
        for (name, value) in rows {
            if find(name).is_none_or(|setting| setting.put(&mut settings, value).is_err()) {
                unreadable.push(name.clone());
            }
        }
        (settings, unreadable)
    }

    /// Every setting as it is stored, by name.
    pub fn to_rows(&self) -> BTreeMap<String, String> {
        SETTINGS.iter().map(|row| (row.name.to_owned(), row.stored(self))).collect()
    }

    /// What is wrong with these settings: a value outside its bounds, or two that do not go
    /// together.
    pub fn problems(&self) -> Vec<Problem> {
        let mut scratch = self.clone();
        let mut problems: Vec<Problem> = SETTINGS
            .iter()
            .filter_map(|row| {
                let message = row.put(&mut scratch, &row.stored(self)).err()?;
                Some(Problem { name: row.name, message })
            })
            .collect();
        if self.refresh_token_seconds > self.refresh_absolute_seconds {
            problems.push(Problem {
                name: "refresh_token_seconds",
                message: format!(
                    "Refresh token lifetime, idle: must not be longer than “Refresh token lifetime, in all”, which is {} seconds.",
                    self.refresh_absolute_seconds
                ),
            });
        }
        if self.access_token_seconds > self.refresh_token_seconds {
            problems.push(Problem {
                name: "access_token_seconds",
                message: format!(
                    "Access token lifetime: must not be longer than “Refresh token lifetime, idle”, which is {} seconds.",
                    self.refresh_token_seconds
                ),
            });
        }
        problems
    }
}

/// What is different, in the order of the table.
pub fn changes<'a>(was: &'a Settings, becomes: &'a Settings) -> Vec<Change<'a>> {
    SETTINGS
        .iter()
        .filter(|setting| setting.stored(was) != setting.stored(becomes))
        .map(|setting| Change { setting, was, becomes })
        .collect()
}

impl Change<'_> {
    /// The old value as it is stored.
    pub fn old_value(&self) -> String {
        self.setting.stored(self.was)
    }

    /// The new value as it is stored.
    pub fn new_value(&self) -> String {
        self.setting.stored(self.becomes)
    }

    /// The old value in words.
    pub fn old_in_words(&self) -> String {
        self.setting.words(self.was)
    }

    /// The new value in words.
    pub fn new_in_words(&self) -> String {
        self.setting.words(self.becomes)
    }

    /// Whether it lets in more, or for longer, than before; such a change needs the password.
    pub fn widens(&self) -> bool {
        self.setting.widens(self.was, self.becomes)
    }

    /// What will happen.
    pub fn consequence(&self) -> &'static str {
        if self.setting.rises(self.was, self.becomes) { self.setting.up } else { self.setting.down }
    }
}
