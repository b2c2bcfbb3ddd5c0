//! Typed configuration: `PORTCULLIS_*` variables over an optional TOML file (contract §4).
//!
//! One table, [`keys::KEYS`], lists every key with its default and meaning; `load` reads, `parse`
//! checks. Settings that a running administrator changes are not here but in `domain::settings`.

pub mod keys;
mod load;
mod secret_file;
mod smtp;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

use crate::db::DatabaseUrl;
use crate::secrets::MasterSecret;

pub use load::{Loaded, load, load_for, load_variables};
pub use secret_file::Missing;

/// What a loopback address may be called.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

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
    /// The `Host` values under which we answer; the first is the issuer's.
    pub hosts: Vec<String>,
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
    /// The largest file that may be uploaded for an import, in MiB.
    pub import_upload_mib: u64,
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

    /// The same server on the port that it was given, where the configuration left it open (port 0):
    /// addresses that were derived from it follow.
    #[must_use]
    pub fn bound_to(self, bind: SocketAddr) -> Self {
        let (open, taken) = (format!("http://{}", self.bind), format!("http://{bind}"));
        let public_url = if self.public_url == open { taken.clone() } else { self.public_url };
        let mcp_url = if self.mcp_url == format!("{open}/mcp") {
            format!("{taken}/mcp")
        } else {
            self.mcp_url
        };
        let hosts = hosts(&public_url, &mcp_url, bind);
        Self { bind, public_url, mcp_url, hosts, ..self }
    }

    /// A URL of ours: `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The page of the manual about an error.
    pub fn help_url(&self, code: &str) -> String {
        self.url(&format!("/docs/troubleshooting#{code}"))
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
}

/// The `Host` values under which a server with these addresses answers: those of its URLs, and all
/// names of loopback where one of them, or the address it listens on, is loopback.
fn hosts(public_url: &str, mcp_url: &str, bind: SocketAddr) -> Vec<String> {
    let mut hosts = Vec::new();
    let (mut loopback_ports, mut with_port) = (Vec::new(), Vec::new());
    if bind.ip().is_loopback() {
        loopback_ports.push(bind.port());
    }
    for url in [public_url, mcp_url].into_iter().filter_map(|url| Url::parse(url).ok()) {
        let Some(host) = url.host_str() else { continue };
        hosts.push(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
        // Some write the port that goes without saying (RFC 9110 §4.2.3).
        if url.port().is_none() {
            with_port.extend(url.port_or_known_default().map(|port| format!("{host}:{port}")));
        }
        if LOOPBACK_NAMES.contains(&host) {
            loopback_ports.extend(url.port_or_known_default());
        }
    }
    for port in loopback_ports {
        hosts.extend(LOOPBACK_NAMES.map(|name| format!("{name}:{port}")));
    }
    hosts.append(&mut with_port);
    let mut known = std::collections::BTreeSet::new();
    hosts.retain(|host| known.insert(host.clone()));
    hosts
}

#[cfg(test)]
mod tests {
    use super::hosts;

    #[test]
    fn a_loopback_address_goes_by_every_name_of_loopback() {
        let bind = "0.0.0.0:8080".parse().unwrap();
        let local = hosts("http://127.0.0.1:9000", "http://127.0.0.1:9000/mcp", bind);
        assert_eq!(local.first().map(String::as_str), Some("127.0.0.1:9000"));
        assert!(local.contains(&"localhost:9000".to_owned()));
        let public = hosts("https://gate.example", "https://mcp.example:8443/mcp", bind);
        assert_eq!(public, ["gate.example", "mcp.example:8443", "gate.example:443"]);
    }
}
