//! `portcullis backup FILE`: the database in one file, while the server serves.

use crate::cli::part::Part;
use crate::cli::say;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::backup::{Copied, copy};
use crate::db::{DatabaseUrl, Db};
use crate::error::{Error, ErrorCode, Result};
use crate::service::records;

/// Copies the database into one file; the server may go on serving meanwhile.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file, which must not be there yet.
    file: PathBuf,
}

/// Writes down that the database was copied. An older version's may have no place for it, and is
/// copied all the same.
async fn note(config: &Config, file: &Path) {
    let (label, now) = (file.display().to_string(), Clock::system().now());
    let written = match Db::open(&config.database_url, 1) {
        Ok(db) => db.write(move |conn| records::note_backup(conn, label.clone(), now)).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        log::warn!("the copy was not written down in the audit log: {error}");
    }
}

/// Makes the copy, of whatever version the database is: that is what is wanted before an upgrade.
pub(super) async fn run(config: &Config, arguments: &BackupArgs) -> Result<ExitCode> {
    let source = match &config.database_url {
        DatabaseUrl::Sqlite(path) => PathBuf::from(path),
        DatabaseUrl::Postgres(_) => return Err(by_its_own_program(&arguments.file)),
    };
    if !source.exists() {
        let message = format!("{} is not there; there is nothing to copy", source.display());
        return Err(Error::field("DATABASE_URL", message));
    }
    let file = &arguments.file;
    // For its owner alone: it will hold everybody's data.
    let (part, _) = Part::begin(file, true).map_err(|error| cannot_write(file, &error))?;
    let path = part.path.to_str().ok_or_else(|| Error::field("FILE", "must be UTF-8"))?.to_owned();
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::new_spinner().with_message("copying the database");
    bar.enable_steady_tick(Duration::from_millis(100));
    let copied = match Db::open(&config.database_url, 1) {
        Ok(db) => db.maintain(move |conn| copy(conn, &path)).await,
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    match copied.and_then(|copied| kept(&part.path).map(|bytes| (copied, bytes)))? {
        (Copied::Whole, bytes) => {
            part.finish().map_err(|error| cannot_write(file, &error))?;
            note(config, file).await;
            say!("Copied the database into {}: {bytes} bytes.", file.display());
            say!("To restore it you also need the secret: {}", where_the_secret_is(&source));
            Ok(ExitCode::SUCCESS)
        }
        (Copied::ByItsOwnProgram, _) => Err(by_its_own_program(file)),
    }
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::field(
            "FILE",
            format!("{} is there already; name another, or remove it first", file.display()),
        ),
        _ => Error::field("FILE", format!("{} cannot be written: {error}", file.display())),
    }
}

/// Sees to it that the copy is on the disk, and tells its size.
fn kept(file: &Path) -> Result<u64> {
    let written = |error: std::io::Error| {
        Error::field("FILE", format!("{} cannot be kept: {error}", file.display()))
    };
    let copy = OpenOptions::new().write(true).open(file).map_err(written)?;
    copy.sync_all().map_err(written)?;
    Ok(copy.metadata().map_err(written)?.len())
}

fn where_the_secret_is(source: &Path) -> String {
    let beside = source.with_extension("secret");
    match beside.exists() {
        true => format!("keep {}, but not beside the copy.", beside.display()),
        false => "keep SECRET, but not beside the copy.".to_owned(),
    }
}

fn by_its_own_program(file: &Path) -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        format!(
            "PostgreSQL has a program of its own for this: pg_dump --format=custom --file={} \"$PORTCULLIS_DATABASE_URL\"",
            file.display()
        ),
    )
}
