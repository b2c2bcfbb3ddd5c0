//! Lines of a file, bounded in length; gzip and the format are told by the first bytes.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Cursor, Error, ErrorKind, Read, Result};

use flate2::bufread::GzDecoder;

/// The longest line read, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// A JSON object on every line.
    JsonLines,
}

impl Format {
    /// The format that a file's name tells, `.gz` at its end or not.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// A line without its end.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes; cut off if it is not whole.
    pub bytes: Vec<u8>,
    /// Whether it fits in [`LONGEST`].
    pub whole: bool,
}

impl Line {
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }
}

/// Text of bounded length: a small packed file may hold endless text.
struct Bounded {
    text: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.text.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| Error::other("it holds more text than may be imported at once"))?;
        Ok(read)
    }
}

/// The text of gzip files, which may be joined end to end. Zeros after the last one are no part of
/// them: tapes and archives fill their blocks so.
enum Unzipped<R> {
    Member(GzDecoder<R>),
    End,
}

impl<R: BufRead> Read for Unzipped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Self::Member(member) = self else { return Ok(0) };
            let read = member.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            // This one is at its end.
            if let Self::Member(member) = std::mem::replace(self, Self::End) {
                let mut rest = member.into_inner();
                if is_more(&mut rest)? {
                    *self = Self::Member(GzDecoder::new(rest));
                }
            }
        }
    }
}

/// Whether there is more than zeros, which are passed over.
fn is_more(rest: &mut impl BufRead) -> Result<bool> {
    let mut has_zeros = false;
    loop {
        let bytes = match rest.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        };
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros < bytes.len() {
            return if has_zeros || zeros > 0 {
                Err(Error::new(
                    ErrorKind::InvalidData,
                    "something follows the end of its gzip text",
                ))
            } else {
                Ok(true)
            };
        }
        if zeros == 0 {
            return Ok(false);
        }
        has_zeros = true;
        rest.consume(zeros);
    }
}

/// Reads lines; lines may be handed back to be read again.
pub(super) struct Lines {
    reader: BufReader<Bounded>,
    read: u64,
    /// Whether the file begins with a byte order mark.
    pub is_marked: bool,
    handed_back: VecDeque<Line>,
}

impl Lines {
    /// Opens a file whose text, unpacked, may have `most` bytes.
    pub fn open(mut input: Box<dyn Read + Send>, most: Option<u64>) -> Result<Self> {
        let mut head = Vec::new();
        input.by_ref().take(2).read_to_end(&mut head)?;
        let zipped = match head.as_slice() {
            b"PK" => return Err(Error::other("it is a ZIP or Excel file; save it as CSV (UTF-8)")),
            [0xff, 0xfe] | [0xfe, 0xff] => {
                return Err(Error::other("it is UTF-16 text; save it as UTF-8"));
            }
            head => head == [0x1f, 0x8b],
        };
        let whole = Cursor::new(head).chain(input);
        let text: Box<dyn Read + Send> = if zipped {
            Box::new(Unzipped::Member(GzDecoder::new(BufReader::new(whole))))
        } else {
            Box::new(whole)
        };
        let bounded = Bounded { text, left: most.unwrap_or(u64::MAX) };
        let reader = BufReader::with_capacity(1 << 16, bounded);
        Ok(Self { reader, read: 0, is_marked: false, handed_back: VecDeque::new() })
    }

    /// The next line that is not blank.
    pub fn next_filled(&mut self) -> Result<Option<Line>> {
        loop {
            match self.next()? {
                Some(line) if line.is_blank() => {}
                other => return Ok(other),
            }
        }
    }

    pub fn next(&mut self) -> Result<Option<Line>> {
        if let Some(line) = self.handed_back.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let limit = LONGEST as u64 + 1;
        if self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.read += 1;
        let ended = bytes.last() == Some(&b'\n');
        let whole = ended || bytes.len() <= LONGEST;
        if !whole {
            self.skip_to_end_of_line()?;
        }
        if ended {
            bytes.pop();
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if self.read == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
            self.is_marked = true;
        }
        Ok(Some(Line { number: self.read, bytes, whole }))
    }

    fn skip_to_end_of_line(&mut self) -> Result<()> {
        let mut skipped = Vec::new();
        loop {
            skipped.clear();
            let read = self.reader.by_ref().take(1 << 16).read_until(b'\n', &mut skipped)?;
            if read == 0 || skipped.last() == Some(&b'\n') {
                return Ok(());
            }
        }
    }

    /// Hands lines back, to be read next, in this order.
    pub fn hand_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        for line in lines.rev() {
            self.handed_back.push_front(line);
        }
    }

    /// The format that the first line's first character tells.
    pub fn format(&mut self) -> Result<Format> {
        let Some(line) = self.next_filled()? else { return Ok(Format::JsonLines) };
        let first = line.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let format = if first == Some(&b'{') { Format::JsonLines } else { Format::Csv };
        self.hand_back(std::iter::once(line));
        Ok(format)
    }
}
