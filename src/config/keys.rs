//! The table of configuration keys.

/// One key: set as `PORTCULLIS_NAME` or as `name` in the TOML file.
#[derive(Debug)]
pub struct Key {
    /// Its name in capitals, without the prefix.
    pub name: &'static str,
    /// What it is when nobody sets it, in words.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether its value is never shown.
    pub is_secret: bool,
}

const fn key(name: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key { name, default, meaning, is_secret: false }
}

/// All keys.
pub const KEYS: [Key; 16] = [
    key("DATABASE_URL", "sqlite:// file in the data folder", "sqlite://PATH or postgres://…"),
    key("BIND", "127.0.0.1:8080", "address and port to listen on"),
    key("PUBLIC_URL", "http://BIND", "issuer; every emitted URL is built from it"),
    key("MCP_URL", "PUBLIC_URL/mcp", "the MCP resource"),
    Key {
        name: "SECRET",
        default: "made on first start beside the SQLite file",
        meaning: "encrypts signing keys and two-factor secrets, signs cookies; at least 32 characters",
        is_secret: true,
    },
    key("SECRET_FILE", "unset", "a file that holds SECRET"),
    Key {
        name: "SMTP_URL",
        default: "unset: mail is written to outbox/ in the data folder",
        meaning: "smtps://user:password@host, or smtp:// for a relay",
        is_secret: true,
    },
    key("MAIL_FROM", "Portcullis <portcullis@localhost>", "sender of mail"),
    key("TRUSTED_PROXIES", "none", "addresses or networks whose X-Forwarded-For is believed"),
    key("BEHIND_PROXY", "false", "true allows a plain-http PUBLIC_URL that is not loopback"),
    key("WORKERS", "cores", "threads that serve"),
    key("DATABASE_POOL_SIZE", "16", "database connections at most"),
    key("IMPORT_UPLOAD_MIB", "512", "the largest file that may be uploaded for an import, in MiB"),
    key("LOG", "info", "filter of the log: error, warn, info, debug, trace"),
    key("LOG_FORMAT", "text", "text or json"),
    key("DATA_FOLDER", "the user's data folder", "where the embedded database and its secret are"),
];

/// The key of that name in capitals.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
