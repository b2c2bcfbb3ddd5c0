//! Reads the configuration from its sources and checks it, naming the key that is wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};

use super::keys::{KEYS, find};
use super::{Config, Missing, secret_file};
use crate::db::DatabaseUrl;
use crate::error::{Error, Result};

/// What variables of ours begin with.
const PREFIX: &str = "PORTCULLIS_";
/// Variables with this prefix belong to the test suite, not to the server.
const TEST_PREFIX: &str = "PORTCULLIS_TEST_";

/// The configuration with where each value came from.
#[derive(Debug)]
pub struct Loaded {
    /// The checked configuration.
    pub config: Config,
    /// Key, shown value and source, in the order of the table.
    pub shown: Vec<(&'static str, String, &'static str)>,
}

/// Loads the configuration of a server. `file` is the one named on the command line; without it
/// `portcullis.toml` in the working folder is read if it is there.
///
/// # Errors
/// Names the key and what it must be.
pub fn load(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Loaded> {
    load_for(file, variables, Missing::Make)
}

/// The same for what may not be a server: `missing` says what becomes of a secret that is not there.
///
/// # Errors
/// As [`load`].
pub fn load_for(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
    missing: Missing,
) -> Result<Loaded> {
    checked(read_file(file)?, variables, missing)
}

/// Loads the configuration from `variables` alone, whatever files there are: the demo has none.
///
/// # Errors
/// As [`load`].
pub fn load_variables(
    variables: impl Iterator<Item = (String, String)>,
    missing: Missing,
) -> Result<Loaded> {
    checked(BTreeMap::new(), variables, missing)
}

fn checked(
    from_file: BTreeMap<&'static str, String>,
    variables: impl Iterator<Item = (String, String)>,
    missing: Missing,
) -> Result<Loaded> {
    let from_env = read_variables(variables)?;
    let values = Values { from_file, from_env };
    let config = values.parse(missing)?;
    let shown = values.shown(&config);
    Ok(Loaded { config, shown })
}

fn read_file(file: Option<&Path>) -> Result<BTreeMap<&'static str, String>> {
    let (path, required) = file.map_or((Path::new("portcullis.toml"), false), |path| (path, true));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if !required && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(BTreeMap::new());
        }
        Err(error) => {
            return Err(Error::field(
                "--config",
                format!("{} cannot be read: {error}", path.display()),
            ));
        }
    };
    let table: toml::Table = text
        .parse()
        .map_err(|error| Error::field("--config", format!("{}: {error}", path.display())))?;
    table
        .into_iter()
        .map(|(name, value)| {
            let key = find(&name.to_uppercase()).ok_or_else(|| {
                Error::field(
                    name.clone(),
                    format!(
                        "is no key of {}; known keys: {}",
                        path.display(),
                        known().to_lowercase()
                    ),
                )
            })?;
            Ok((
                key.name,
                plain_text(value).ok_or_else(|| {
                    Error::field(name, "must be a text, a number, true, false or a list of texts")
                })?,
            ))
        })
        .collect()
}

fn plain_text(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(parts) => {
            Some(parts.into_iter().map(plain_text).collect::<Option<Vec<_>>>()?.join(" "))
        }
        _ => None,
    }
}

fn read_variables(
    variables: impl Iterator<Item = (String, String)>,
) -> Result<BTreeMap<&'static str, String>> {
    variables
        .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX))
        .map(|(name, value)| {
            let key = find(name.trim_start_matches(PREFIX)).ok_or_else(|| {
                Error::field(
                    name.clone(),
                    format!("is no key of Portcullis; known keys: {}", known()),
                )
            })?;
            Ok((key.name, value))
        })
        .collect()
}

fn known() -> String {
    KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
}

struct Values {
    from_file: BTreeMap<&'static str, String>,
    from_env: BTreeMap<&'static str, String>,
}

impl Values {
    fn get(&self, name: &str) -> Option<&str> {
        let text = self.from_env.get(name).or_else(|| self.from_file.get(name))?;
        Some(text.trim()).filter(|text| !text.is_empty())
    }

    fn parsed<T: FromStr>(&self, name: &'static str, must: &'static str, default: T) -> Result<T> {
        self.get(name)
            .map_or(Ok(default), |text| text.parse().map_err(|_| Error::field(name, must)))
    }

    fn parse(&self, missing: Missing) -> Result<Config> {
        let data_folder = match self.get("DATA_FOLDER") {
            Some(path) => PathBuf::from(path),
            None => default_data_folder()?,
        };
        let database_url: DatabaseUrl = match self.get("DATABASE_URL") {
            Some(text) => {
                text.parse().map_err(|error: String| Error::field("DATABASE_URL", error))?
            }
            None => DatabaseUrl::Sqlite(data_folder.join("portcullis.db").display().to_string()),
        };
        let bind: SocketAddr = self.parsed(
            "BIND",
            "must be an address and a port, like 127.0.0.1:8080",
            SocketAddr::from(([127, 0, 0, 1], 8080)),
        )?;
        let behind_proxy = self.parsed("BEHIND_PROXY", "must be true or false", false)?;
        let public_url = match self.get("PUBLIC_URL") {
            Some(text) => origin("PUBLIC_URL", text, behind_proxy)?,
            // What listens on every address of the machine has no address to tell to clients.
            None if !bind.ip().is_loopback() && !behind_proxy => {
                return Err(Error::field(
                    "PUBLIC_URL",
                    "is required when BIND is not loopback: the https address that clients use, like https://gate.example.com",
                ));
            }
            None => format!("http://{bind}"),
        };
        let mcp_url = match self.get("MCP_URL") {
            Some(text) => match text.trim_end_matches('/').strip_suffix("/mcp") {
                Some(base) => format!("{}/mcp", origin("MCP_URL", base, behind_proxy)?),
                None => return Err(Error::field("MCP_URL", "must end in /mcp")),
            },
            None => format!("{public_url}/mcp"),
        };
        let trusted_proxies = match self.get("TRUSTED_PROXIES") {
            None | Some("none") => Vec::new(),
            Some(text) => text
                .split([' ', ','])
                .filter(|part| !part.is_empty())
                .map(|part| {
                    part.parse()
                        .or_else(|_| part.parse::<std::net::IpAddr>().map(Into::into))
                        .map(canonical)
                        .map_err(|_| {
                            Error::field(
                                "TRUSTED_PROXIES",
                                "must be addresses or networks like 10.0.0.0/8",
                            )
                        })
                })
                .collect::<Result<_>>()?,
        };
        let log_json = match self.get("LOG_FORMAT") {
            None | Some("text") => false,
            Some("json") => true,
            Some(_) => return Err(Error::field("LOG_FORMAT", "must be text or json")),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = self.parsed("WORKERS", "must be a number of threads", cores)?;
        let database_pool_size =
            self.parsed("DATABASE_POOL_SIZE", "must be a number of connections", 16)?;
        let import_upload_mib =
            self.parsed("IMPORT_UPLOAD_MIB", "must be a number of MiB, like 512", 512)?;
        if import_upload_mib == 0 || import_upload_mib > 1024 * 1024 {
            return Err(Error::field("IMPORT_UPLOAD_MIB", "must be 1 to 1048576"));
        }
        if workers == 0 || workers > 1024 {
            return Err(Error::field("WORKERS", "must be 1 to 1024"));
        }
        if database_pool_size == 0 || database_pool_size > 1024 {
            return Err(Error::field("DATABASE_POOL_SIZE", "must be 1 to 1024"));
        }
        let mail_from = self.parsed(
            "MAIL_FROM",
            "must be an address, like Portcullis <gate@example.com>",
            "Portcullis <portcullis@localhost>".parse().map_err(Error::internal)?,
        )?;
        let smtp = self
            .get("SMTP_URL")
            .map(|text| super::smtp::transport(text).map(|builder| builder.build()))
            .transpose()
            .map_err(|_| {
                Error::field("SMTP_URL", "must be like smtps://user:password@mail.example.com")
            })?;
        let log = self.get("LOG").unwrap_or("info");
        check_log(log)?;
        let (secret, file) = (self.get("SECRET"), self.get("SECRET_FILE"));
        if missing == Missing::Make
            && let DatabaseUrl::Sqlite(path) = &database_url
        {
            make_folder_of(Path::new(path))?;
        }
        let secret = secret_file::find(secret, file, &database_url, missing)?;
        Ok(Config {
            hosts: super::hosts(&public_url, &mcp_url, bind),
            database_url,
            bind,
            public_url,
            mcp_url,
            secret,
            smtp,
            mail_from,
            trusted_proxies,
            workers,
            database_pool_size,
            import_upload_mib,
            log: log.to_owned(),
            log_json,
            data_folder,
        })
    }

    fn shown(&self, config: &Config) -> Vec<(&'static str, String, &'static str)> {
        KEYS.iter()
            .map(|key| {
                let source = match (self.from_env.get(key.name), self.from_file.get(key.name)) {
                    (Some(_), _) => "environment",
                    (None, Some(_)) => "file",
                    (None, None) => "default",
                };
                let value = match key.name {
                    "DATABASE_URL" => config.database_url.masked(),
                    "BIND" => config.bind.to_string(),
                    "PUBLIC_URL" => config.public_url.clone(),
                    "MCP_URL" => config.mcp_url.clone(),
                    "WORKERS" => config.workers.to_string(),
                    "DATABASE_POOL_SIZE" => config.database_pool_size.to_string(),
                    "IMPORT_UPLOAD_MIB" => config.import_upload_mib.to_string(),
                    "LOG" => config.log.clone(),
                    "SECRET" => "****".into(),
                    "DATA_FOLDER" => config.data_folder.display().to_string(),
                    _ if key.is_secret && self.get(key.name).is_some() => "****".into(),
                    name => self.get(name).unwrap_or(key.default).to_owned(),
                };
                (key.name, value, source)
            })
            .collect()
    }
}

/// Makes the folder that the database is to be in, for its owner only.
fn make_folder_of(database: &Path) -> Result<()> {
    let Some(folder) = database.parent().filter(|folder| !folder.exists()) else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        Error::field(
            "DATABASE_URL",
            format!(
                "the folder {} cannot be made: {error}; if a file of that name is in the way, move it or choose another DATA_FOLDER",
                folder.display()
            ),
        )
    })
}

/// Checks the filter of the log: `env_logger` takes any word for the name of a module, so that a
/// mistyped level would silence all others.
fn check_log(filter: &str) -> Result<()> {
    let is_level = |word: &str| log::LevelFilter::from_str(word).is_ok();
    let is_module = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b))
    };
    let is_right = |part: &str| match part.split_once('=') {
        None => is_level(part),
        Some((module, level)) => is_module(module.trim()) && is_level(level.trim()),
    };
    if filter.split(',').map(str::trim).all(is_right) {
        return Ok(());
    }
    Err(Error::field(
        "LOG",
        "must be off, error, warn, info, debug or trace, with modules after it if need be, like info,portcullis::mcp=debug",
    ))
}

/// A network of IPv4 written as one of IPv6 (`::ffff:10.0.0.0/104`): callers' addresses are compared as
/// those of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let inside = match network {
        IpNet::V6(network) => {
            network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96))
        }
        IpNet::V4(_) => None,
    };
    inside.and_then(|(address, length)| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

fn default_data_folder() -> Result<PathBuf> {
    directories::ProjectDirs::from("", "", "portcullis")
        .map(|dirs| dirs.data_dir().to_owned())
        .ok_or_else(|| Error::field("DATA_FOLDER", "must be set: this user has no home folder"))
}

/// Checks that `text` is an origin (scheme, host, port) that may be told to clients.
fn origin(key: &'static str, text: &str, behind_proxy: bool) -> Result<String> {
    let url = Url::parse(text)
        .map_err(|_| Error::field(key, "must be a URL like https://gate.example.com"))?;
    let is_loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback || behind_proxy => {}
        "http" => {
            return Err(Error::field(
                key,
                "must be https unless it is loopback or BEHIND_PROXY=true",
            ));
        }
        _ => return Err(Error::field(key, "must begin with https://")),
    }
    if url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
    {
        return Err(Error::field(
            key,
            "must be scheme, host and port only, like https://gate.example.com",
        ));
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec![
            ("PORTCULLIS_DATA_FOLDER".to_owned(), folder.path().display().to_string()),
            ("PORTCULLIS_SECRET".to_owned(), "0123456789abcdef0123456789abcdef".to_owned()),
        ];
        all.extend(
            pairs.iter().map(|(name, value)| (format!("PORTCULLIS_{name}"), (*value).to_owned())),
        );
        load_for(None, all.into_iter(), Missing::LeaveOut).map(|loaded| loaded.config)
    }

    #[test]
    fn everything_has_a_default() {
        let config = with(&[]).unwrap();
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert_eq!(config.mcp_url, "http://127.0.0.1:8080/mcp");
    }

    #[test]
    fn unknown_keys_and_bad_values_are_errors_that_name_the_key() {
        for (name, value) in [
            ("BINDD", "x"),
            ("BIND", "localhost"),
            ("WORKERS", "0"),
            ("DATABASE_POOL_SIZE", "-1"),
            ("IMPORT_UPLOAD_MIB", "0"),
            ("PUBLIC_URL", "http://gate.example.com"),
            ("PUBLIC_URL", "https://gate.example.com/app"),
            ("MCP_URL", "https://gate.example.com/other"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("LOG_FORMAT", "xml"),
            ("LOG", "bogus"),
            ("LOG", "info,portcullis=loud"),
            ("LOG", "info,,warn"),
            ("DATABASE_URL", "mysql://x"),
        ] {
            let error = with(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn the_log_is_filtered_by_levels_and_modules() {
        for filter in ["off", "INFO", "warn,portcullis::mcp=debug", "info, rmcp = trace"] {
            assert_eq!(with(&[("LOG", filter)]).unwrap().log, filter);
        }
    }

    #[test]
    fn a_bind_that_is_no_address_for_clients_needs_a_public_url() {
        let error = with(&[("BIND", "0.0.0.0:8080")]).unwrap_err().to_string();
        assert!(error.contains("PUBLIC_URL"), "{error}");
        let url = ("PUBLIC_URL", "https://gate.example.com");
        assert!(with(&[("BIND", "0.0.0.0:8080"), url]).is_ok());
        assert!(with(&[("BIND", "[::1]:8080")]).is_ok());
    }

    /// Callers' addresses are compared as those of IPv4 where they are.
    #[test]
    fn a_trusted_network_of_ipv4_may_be_written_as_one_of_ipv6() {
        let config = with(&[("TRUSTED_PROXIES", "::ffff:10.0.0.0/104 ::ffff:192.0.2.7 fd00::/8")]);
        let trusted: Vec<_> =
            config.unwrap().trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(trusted, ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"]);
    }

    #[test]
    fn plain_http_needs_loopback_or_a_declared_proxy() {
        assert!(with(&[("PUBLIC_URL", "http://localhost:9000/")]).is_ok());
        assert!(
            with(&[("PUBLIC_URL", "http://gate.example.com"), ("BEHIND_PROXY", "true")]).is_ok()
        );
    }
}
