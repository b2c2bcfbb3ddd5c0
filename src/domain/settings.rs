//! The settings a running administrator changes, each with its default (contract §9).

use std::collections::BTreeMap;

use ipnet::IpNet;

/// Which client metadata documents are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataDocuments {
    /// None; the flag is not advertised.
    Off,
    /// Those of the shipped table.
    Known,
    /// Any: what is not in the table is fetched.
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
    /// Whether clients may register themselves.
    pub dynamic_registration: bool,
    /// Which client metadata documents are taken.
    pub metadata_documents: MetadataDocuments,
    /// Whether people may make personal access tokens, and use them.
    pub personal_access_tokens: bool,
    /// The longest life of a personal access token, days.
    pub personal_token_days: i64,
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
            dynamic_registration: true,
            metadata_documents: MetadataDocuments::Known,
            personal_access_tokens: false,
            personal_token_days: 365,
            new_client_mail: true,
        }
    }
}

impl Settings {
    /// Reads settings from their rows. A value that cannot be read keeps its default and is named
    /// in the second part of the answer, for the log.
    pub fn from_rows(rows: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut settings = Self::default();
        let mut unreadable = Vec::new();
        for (name, value) in rows {
            if settings.set(name, value).is_err() {
                unreadable.push(name.clone());
            }
        }
        (settings, unreadable)
    }

    /// Sets one setting from its text.
    ///
    /// # Errors
    /// Says what the value must be.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "mcp_enabled" => self.mcp_enabled = flag(value)?,
            "allowed_ips" => self.allowed_ips = networks(value)?,
            "allowed_origins" => {
                self.allowed_origins = value.split_whitespace().map(str::to_owned).collect()
            }
            "access_token_seconds" => self.access_token_seconds = seconds(value, 900, 86_400)?,
            "refresh_token_seconds" => {
                self.refresh_token_seconds = seconds(value, 3600, 31_536_000)?
            }
            "refresh_absolute_seconds" => {
                self.refresh_absolute_seconds = seconds(value, 3600, 63_072_000)?
            }
            "code_seconds" => self.code_seconds = seconds(value, 10, 600)?,
            "refresh_retry_seconds" => self.refresh_retry_seconds = seconds(value, 0, 300)?,
            "dynamic_registration" => self.dynamic_registration = flag(value)?,
            "metadata_documents" => {
                self.metadata_documents = match value {
                    "off" => MetadataDocuments::Off,
                    "known" => MetadataDocuments::Known,
                    "on" => MetadataDocuments::On,
                    _ => return Err("must be off, known or on"),
                };
            }
            "personal_access_tokens" => self.personal_access_tokens = flag(value)?,
            "personal_token_days" => self.personal_token_days = number(value, 1, 365)?,
            "new_client_mail" => self.new_client_mail = flag(value)?,
            _ => return Err("is no setting of this version"),
        }
        Ok(())
    }
}

fn flag(value: &str) -> Result<bool, &'static str> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("must be yes or no"),
    }
}

fn seconds(value: &str, least: i64, most: i64) -> Result<i64, &'static str> {
    match value.parse() {
        Ok(seconds) if (least..=most).contains(&seconds) => Ok(seconds),
        _ => Err("must be a number of seconds within its bounds"),
    }
}

fn number(value: &str, least: i64, most: i64) -> Result<i64, &'static str> {
    match value.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err("must be a number within its bounds"),
    }
}

fn networks(value: &str) -> Result<Vec<IpNet>, &'static str> {
    value
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| "must be addresses or networks like 192.0.2.0/24")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_value_keeps_its_default_and_is_named() {
        let rows = [
            ("code_seconds", "9999"),
            ("mcp_enabled", "no"),
            ("allowed_ips", "192.0.2.0/24 2001:db8::1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let (settings, unreadable) = Settings::from_rows(&rows);
        assert_eq!(settings.code_seconds, 60);
        assert!(!settings.mcp_enabled);
        assert_eq!(settings.allowed_ips.len(), 2);
        assert_eq!(unreadable, ["code_seconds"]);
    }
}
