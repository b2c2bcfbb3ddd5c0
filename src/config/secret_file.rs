//! Finds `SECRET`, or makes it on first start beside the SQLite file, readable by its owner only.

use std::io::Write;
use std::path::Path;

use crate::db::DatabaseUrl;
use crate::error::{Error, Result};
use crate::secrets::{MasterSecret, random_text};

/// Fewest bytes of a secret.
const SHORTEST: usize = 32;

pub(super) fn find(
    value: Option<&str>,
    file: Option<&str>,
    database: &DatabaseUrl,
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
        DatabaseUrl::Sqlite(path) => beside(Path::new(path)),
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

fn beside(database: &Path) -> Result<MasterSecret> {
    let path = database.with_extension("secret");
    let refused = |error: std::io::Error| {
        Error::field("SECRET_FILE", format!("{} cannot be written: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::field(
                "DATABASE_URL",
                format!(
                    "the folder {} cannot be made: {error}; if a file of that name is in the way, move it or choose another DATA_FOLDER",
                    folder.display()
                ),
            )
        })?;
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
