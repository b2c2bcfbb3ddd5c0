//! `DATABASE_URL`, parsed once (contract §4).

use std::fmt;
use std::str::FromStr;

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file's path.
    Sqlite(String),
    /// A PostgreSQL connection URL, password included.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            // SQLite would take these for something else than a file's name.
            return if path.is_empty() || path == ":memory:" || path.contains('?') {
                Err("sqlite:// needs a file's path, without parameters: sqlite:///var/lib/portcullis/portcullis.db".into())
            } else {
                Ok(Self::Sqlite(path.to_owned()))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err("must begin with sqlite:// or postgres://".into())
    }
}

impl DatabaseUrl {
    /// The URL without what may be secret, for `config`, `doctor` and the log.
    pub fn masked(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{path}"),
            Self::Postgres(text) => masked(text).unwrap_or_else(|| "postgres://****".into()),
        }
    }
}

/// Parameters of a PostgreSQL URL whose values may be shown.
const SHOWN: [&str; 8] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "port",
    "sslmode",
    "target_session_attrs",
    "user",
];

/// Nothing for a URL in which a password may stand anywhere, because a character of it was not
/// escaped.
fn masked(text: &str) -> Option<String> {
    let mut url = url::Url::parse(text).ok()?;
    if url.fragment().is_some() || url.path().contains('@') {
        return None;
    }
    if url.password().is_some() {
        url.set_password(Some("****")).ok()?;
    }
    let parameters: Vec<_> = url
        .query_pairs()
        .map(|(name, value)| {
            let is_shown = SHOWN.contains(&&*name);
            format!("{name}={}", if is_shown { &*value } else { "****" })
        })
        .collect();
    url.set_query(None);
    let question = if parameters.is_empty() { "" } else { "?" };
    Some(format!("{url}{question}{}", parameters.join("&")))
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_masked() {
        let url: DatabaseUrl = "postgres://gate:hunter2@db.example/portcullis".parse().unwrap();
        assert_eq!(url.masked(), "postgres://gate:****@db.example/portcullis");
        for (given, shown) in [
            ("postgres://h/db?user=u&password=hunter2", "postgres://h/db?user=u&password=****"),
            ("postgres:///db?host=/run/pg&sslpassword=hunter2", "postgres:///db?host=/run/pg&sslpassword=****"),
            ("postgres://u:hun/ter2@h/db", "postgres://****"),
            ("postgres://u:1/hunter2@h/db", "postgres://****"),
            ("postgres://u:1#hunter2@h/db", "postgres://****"),
        ] {
            assert_eq!(given.parse::<DatabaseUrl>().unwrap().masked(), shown);
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
        for path in ["sqlite://", "sqlite://:memory:", "sqlite:///tmp/x.db?mode=ro"] {
            assert!(path.parse::<DatabaseUrl>().is_err());
        }
    }
}
