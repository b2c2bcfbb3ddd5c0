//! What was rejected, to be mended and imported again. Every line is in a file of JSON Lines, with its
//! number and what was wrong beside its text; rows of a CSV file are in a second one as they were,
//! with what was wrong in a column more, which an import passes over.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::import::Problem;
use crate::error::{Error, ErrorCode, Result};

/// The most characters told of a row that could not be told into cells.
const MOST_TOLD: usize = 1_000;

/// Where the rows of a CSV file are, if the lines are in `lines`.
pub fn table_of(lines: &Path) -> PathBuf {
    lines.with_extension("csv")
}

/// Written when the first line is rejected. The files of an earlier run go before, because they say
/// nothing of this one.
pub(super) struct Rejects {
    lines: Kept,
    table: Option<Table>,
    /// Bytes that may still be written, if there is a bound.
    room: Option<u64>,
}

/// A line that was rejected.
pub(super) struct Rejected<'a> {
    pub line: u64,
    pub problems: &'a [Problem],
    /// Its text as it is in the file.
    pub raw: &'a [u8],
    /// Whether it could be told into cells.
    pub is_row: bool,
}

/// What a table begins with.
pub(super) struct Head {
    /// The header as it is in the file.
    pub raw: Vec<u8>,
    /// How many columns it has.
    pub width: usize,
    /// What stands between cells.
    pub separator: u8,
    /// Whether a byte order mark stands before it.
    pub is_marked: bool,
}

struct Table {
    kept: Kept,
    head: Head,
}

#[derive(Serialize)]
struct Entry<'a> {
    line: u64,
    problems: &'a [Problem],
    text: &'a str,
}

impl Rejects {
    pub fn new(path: PathBuf, most: Option<u64>) -> Result<Self> {
        for old in [table_of(&path), path.clone()] {
            match std::fs::remove_file(&old) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    let message = format!(
                        "{} is of an earlier import and cannot be removed: {error}. Nothing was changed.",
                        old.display()
                    );
                    return Err(Error::new(ErrorCode::InvalidRequest, message));
                }
                _ => {}
            }
        }
        Ok(Self { lines: Kept { path, file: None }, table: None, room: most })
    }

    /// Keeps rows of a CSV file as rows too.
    pub fn with_table(&mut self, head: Head) {
        let kept = Kept { path: table_of(&self.lines.path), file: None };
        self.table = Some(Table { kept, head });
    }

    /// Adds a line.
    pub fn add(&mut self, rejected: &Rejected<'_>) -> Result<()> {
        let text = String::from_utf8_lossy(rejected.raw);
        let Rejected { line, problems, .. } = *rejected;
        let mut entry =
            serde_json::to_vec(&Entry { line, problems, text: &text }).map_err(Error::internal)?;
        entry.push(b'\n');
        self.take_room(entry.len())?;
        self.lines.write(Vec::new, &entry)?;
        let Some(Table { kept, head }) = &mut self.table else { return Ok(()) };
        let row = head.row(rejected, &text);
        kept.write(|| head.begin(), &row)?;
        self.take_room(row.len())
    }

    fn take_room(&mut self, bytes: usize) -> Result<()> {
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(bytes as u64).ok_or_else(too_many)?;
        }
        Ok(())
    }

    /// Brings everything to the disk.
    pub fn finish(&mut self) -> Result<()> {
        self.lines.flush()?;
        self.table.as_mut().map_or(Ok(()), |table| table.kept.flush())
    }
}

impl Head {
    /// The header, with a column more.
    fn begin(&self) -> Vec<u8> {
        let mark: &[u8] = if self.is_marked { b"\xef\xbb\xbf" } else { b"" };
        [mark, &self.raw, &[self.separator], b"problem\n"].concat()
    }

    /// The row as it was, with what is wrong in a cell more. What could not be told into cells would
    /// take others with it, so that its text is in that cell too.
    fn row(&self, rejected: &Rejected<'_>, text: &str) -> Vec<u8> {
        let problems: Vec<_> = rejected.problems.iter().map(ToString::to_string).collect();
        let mut told = format!("line {}: {}", rejected.line, problems.join("; "));
        let separators = vec![self.separator; self.width.saturating_sub(1)];
        let cells = if rejected.is_row { rejected.raw } else { &separators };
        if !rejected.is_row {
            told.push_str(". The line was: ");
            told.extend(text.chars().take(MOST_TOLD));
        }
        let told = told.replace('"', "\"\"");
        [cells, &[self.separator, b'"'], told.as_bytes(), b"\"\n"].concat()
    }
}

/// A file that is made when something is written to it.
struct Kept {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Kept {
    /// Adds `bytes`, and before the first of them what the file begins with.
    fn write(&mut self, begin: impl FnOnce() -> Vec<u8>, bytes: &[u8]) -> Result<()> {
        let done = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => create(&self.path).and_then(|file| {
                let file = self.file.insert(BufWriter::new(file));
                file.write_all(&begin()).and_then(|()| file.write_all(bytes))
            }),
        };
        done.map_err(|error| self.refused(&error))
    }

    fn flush(&mut self) -> Result<()> {
        let done = self.file.as_mut().map_or(Ok(()), Write::flush);
        done.map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &std::io::Error) -> Error {
        let message = format!("{} cannot be written: {error}", self.path.display());
        Error::new(ErrorCode::InvalidRequest, message)
    }
}

fn too_many() -> Error {
    let message = "More lines cannot be used than are worth keeping. Nothing was changed. Is it the \
                   right kind of file?";
    Error::new(ErrorCode::InvalidRequest, message)
}

/// Readable by its owner only: lines of contacts are about people.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
