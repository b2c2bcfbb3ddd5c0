//! Finds `SECRET`, or makes it on first start beside the SQLite file, readable by its owner only.
//! What only looks makes none, or a mistyped path would leave one behind.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::db::DatabaseUrl;
use crate::error::{Error, Result};
use crate::secrets::{MasterSecret, random_text};

/// What becomes of a secret that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is made: a server starts here, perhaps for the first time.
    Make,
    /// It is made beside a database that is there, and nowhere else.
    MakeBeside,
    /// It is left out, and nothing that was sealed with it can be opened.
    LeaveOut,
    /// It is left out where a server would make it, and missed where one would not start.
    Missed,
}

/// Fewest bytes of a secret.
const SHORTEST: usize = 32;

pub(super) fn find(
    value: Option<&str>,
    file: Option<&str>,
    database: &DatabaseUrl,
    missing: Missing,
) -> Result<MasterSecret> {
    if let Some(text) = value {
        return checked("SECRET", text);
    }
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::field("SECRET_FILE", format!("{path} cannot be read: {error}"))
        })?;
        return checked("SECRET_FILE", text.trim());
    }
    match database {
        DatabaseUrl::Sqlite(path) => {
            let database = Path::new(path);
            let is_left_out = match missing {
                Missing::Make => false,
                Missing::MakeBeside => !database.exists(),
                Missing::LeaveOut | Missing::Missed => !secret_of(database).exists(),
            };
            if is_left_out {
                return Ok(MasterSecret::new(random_text().as_bytes()));
            }
            beside(database)
        }
        DatabaseUrl::Postgres(_) if missing == Missing::LeaveOut => {
            Ok(MasterSecret::new(random_text().as_bytes()))
        }
        DatabaseUrl::Postgres(_) => Err(Error::field(
            "SECRET",
            "is required with PostgreSQL, so that all replicas share it; make one with: openssl rand -base64 48",
        )),
    }
}

fn checked(key: &'static str, text: &str) -> Result<MasterSecret> {
    if text.len() < SHORTEST {
        return Err(Error::field(
            key,
            "must be at least 32 characters; make one with: openssl rand -base64 48",
        ));
    }
    Ok(MasterSecret::new(text.as_bytes()))
}

fn secret_of(database: &Path) -> PathBuf {
    database.with_extension("secret")
}

fn beside(database: &Path) -> Result<MasterSecret> {
    let path = secret_of(database);
    let refused = |error: std::io::Error| {
        Error::field("SECRET_FILE", format!("{} cannot be written: {error}", path.display()))
    };
    // A secret that is made now would be another than the one the database was made under.
    let is_there = |path: &Path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if is_there(database) && !path.exists() {
        return Err(Error::field(
            "SECRET_FILE",
            format!(
                "the database {} is there, but its secret {} is not: copy that file back, or set SECRET or SECRET_FILE to what the server runs with",
                database.display(),
                path.display()
            ),
        ));
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(mut file) => {
            let text = random_text();
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(refused)?;
            checked("SECRET_FILE", &text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(&path).map_err(refused)?;
            checked("SECRET_FILE", text.trim())
        }
        Err(error) => Err(refused(error)),
    }
}
