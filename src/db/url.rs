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
            return if path.is_empty() {
                Err("sqlite:// needs a path: sqlite:///var/lib/portcullis/portcullis.db".into())
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
    /// The URL with its password masked, for `config` and the log.
    pub fn masked(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{path}"),
            Self::Postgres(text) => match url::Url::parse(text) {
                Ok(mut url) if url.password().is_some() => {
                    // Setting a password fails only on URLs without a host, which have none to mask.
                    let _ = url.set_password(Some("****"));
                    url.to_string()
                }
                _ => text.clone(),
            },
        }
    }
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
    }

    #[test]
    fn other_schemes_are_refused() {
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
        assert!("sqlite://".parse::<DatabaseUrl>().is_err());
    }
}
