//! The file of rejected lines: what was wrong beside the line as it was, to be mended and imported
//! again.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::domain::import::Problem;
use crate::error::{Error, ErrorCode, Result};

/// Written when the first line is rejected. The file of an earlier run goes before, because it says
/// nothing of this one.
pub(super) struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    /// Bytes that may still be written, if there is a bound.
    room: Option<u64>,
}

#[derive(Serialize)]
struct Rejected<'a> {
    line: u64,
    problems: &'a [Problem],
    text: &'a str,
}

impl Rejects {
    pub fn new(path: PathBuf, most: Option<u64>) -> Result<Self> {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let message = format!(
                    "{} is of an earlier import and cannot be removed: {error}. Nothing was changed.",
                    path.display()
                );
                Err(Error::new(ErrorCode::InvalidRequest, message))
            }
            _ => Ok(Self { path, file: None, room: most }),
        }
    }

    /// Adds a line.
    pub fn add(&mut self, line: u64, problems: &[Problem], raw: &[u8]) -> Result<()> {
        let text = String::from_utf8_lossy(raw);
        let rejected = Rejected { line, problems, text: &text };
        let json = serde_json::to_string(&rejected).map_err(Error::internal)?;
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(json.len() as u64 + 1).ok_or_else(too_many)?;
        }
        self.write(|file| writeln!(file, "{json}"))
    }

    /// Brings everything to the disk.
    pub fn finish(&mut self) -> Result<()> {
        if self.file.is_none() { Ok(()) } else { self.write(Write::flush) }
    }

    fn write(
        &mut self,
        job: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<()> {
        let done = match &mut self.file {
            Some(file) => job(file),
            None => create(&self.path).and_then(|file| job(self.file.insert(BufWriter::new(file)))),
        };
        done.map_err(|error| {
            let message = format!("{} cannot be written: {error}", self.path.display());
            Error::new(ErrorCode::InvalidRequest, message)
        })
    }
}

fn too_many() -> Error {
    let message = "More lines cannot be used than are worth keeping. Nothing was changed. Is it the \
                   right kind of file?";
    Error::new(ErrorCode::InvalidRequest, message)
}

/// Readable by its owner only: lines of contacts are about people.
fn create(path: &std::path::Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
