//! Typed configuration: `PORTCULLIS_*` variables over an optional TOML file (contract §4).
//!
//! One table, [`keys::KEYS`], lists every key with its default and meaning; `load` reads, `parse`
//! checks. Settings that a running administrator changes are not here but in `domain::settings`.

pub mod keys;
mod load;
mod secret_file;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

use crate::db::DatabaseUrl;
use crate::secrets::MasterSecret;

pub use load::{Loaded, load};

/// Everything the process needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the data is.
    pub database_url: DatabaseUrl,
    /// Address and port to listen on.
    pub bind: SocketAddr,
    /// The issuer; every emitted URL is built from it. No trailing slash.
    pub public_url: String,
    /// The MCP resource, byte for byte as clients are told. No trailing slash.
    pub mcp_url: String,
    /// Keys for cookies and for encryption at rest.
    pub secret: MasterSecret,
    /// How mail is handed over; none writes it to files.
    pub smtp: Option<lettre::AsyncSmtpTransport<lettre::Tokio1Executor>>,
    /// Sender of mail.
    pub mail_from: lettre::message::Mailbox,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that serve.
    pub workers: usize,
    /// Database connections at most.
    pub database_pool_size: u32,
    /// Filter of the log, as `env_logger` reads it.
    pub log: String,
    /// Whether a log line is a JSON object.
    pub log_json: bool,
    /// The folder for the embedded database and its secret.
    pub data_folder: PathBuf,
}

impl Config {
    /// Whether browsers reach us over TLS: decides `Secure`, `__Host-` and HSTS.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// A URL of ours: `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The protected-resource metadata of the MCP endpoint, path-inserted (RFC 9728 §3.1), on the
    /// endpoint's own origin.
    pub fn resource_metadata_url(&self) -> String {
        format!("{}/.well-known/oauth-protected-resource/mcp", self.mcp_origin())
    }

    /// The userinfo endpoint, which is also an audience of tokens with the scope `openid`.
    pub fn userinfo_url(&self) -> String {
        self.url("/oauth/userinfo")
    }

    /// Scheme, host and port of the MCP endpoint.
    pub fn mcp_origin(&self) -> String {
        self.mcp_url.strip_suffix("/mcp").unwrap_or(&self.mcp_url).to_owned()
    }

    /// The `Host` values under which we answer: those of `PUBLIC_URL` and `MCP_URL`, and loopback
    /// names when we listen on loopback.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = [&self.public_url, &self.mcp_url]
            .into_iter()
            .filter_map(|url| Url::parse(url).ok())
            .filter_map(|url| {
                let host = url.host_str()?.to_owned();
                Some(url.port().map_or(host.clone(), |port| format!("{host}:{port}")))
            })
            .collect();
        if self.bind.ip().is_loopback() {
            let port = self.bind.port();
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
        }
        hosts.sort();
        hosts.dedup();
        hosts
    }
}
