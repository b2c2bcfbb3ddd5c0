//! Rows of a CSV file (RFC 4180), bounded in length, with the text of each for the rejected ones.
//!
//! A quote that is never closed would swallow the rest of the file. So where a row over several
//! lines does not come out well quoted and of as many cells as the header, only its first line is
//! refused and the others are read again.

use std::io;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::lines::{LONGEST, Line, Lines};
use crate::domain::import::{Column, Entity, Problem};

/// The most lines of one row.
const MOST_LINES: usize = 1_000;
/// The most cells of one row: well above the columns of any import.
const MOST_CELLS: usize = 64;

/// What is said of a cell in an encoding of old, with the mend.
const NO_TEXT: &str =
    "is not UTF-8 text; save the file as UTF-8 (in Excel: Save As, CSV UTF-8) and import it again";

/// What may stand between cells; programs of some countries write the others and call it CSV.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// What stands between the cells of a file, told by its first line: what makes the most columns of
/// it, a comma if in doubt.
pub(super) fn separator(first: &Line, entity: Entity) -> u8 {
    let text = String::from_utf8_lossy(&first.bytes);
    let columns = |separator: u8| {
        let titles = text.split(char::from(separator)).map(|title| title.trim().trim_matches('"'));
        entity.known(titles.clone()).max(entity.other().known(titles))
    };
    // Of equals the first.
    SEPARATORS.into_iter().rev().max_by_key(|one| columns(*one)).unwrap_or(b',')
}

/// The cells of a row, or what is wrong with it.
type Cells = Result<Vec<String>, Fault>;

/// What is wrong with a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// With all of it.
    Row(String),
    /// A cell, by its place from 0, is no UTF-8 text.
    Text(usize),
}

impl Fault {
    /// The problem, by the name of its column where that is known.
    pub fn in_columns(self, columns: &[&'static Column]) -> Problem {
        match self {
            Self::Row(reason) => Problem::line(reason),
            Self::Text(cell) => match columns.get(cell) {
                Some(column) if !column.name.is_empty() => Problem::field(column.name, NO_TEXT),
                _ => Problem::line(format!("{NO_TEXT} (cell {})", cell + 1)),
            },
        }
    }
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        Self::Row(reason.to_owned())
    }
}

/// A row, or why it is none.
pub(super) struct Row {
    /// Number of its first line.
    pub line: u64,
    /// Its text as it is in the file.
    pub raw: Vec<u8>,
    /// Its cells.
    pub cells: Cells,
}

/// Reads rows.
pub(super) struct Rows {
    parser: Reader,
    separator: u8,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Rows {
    /// Of a file with this between its cells.
    pub fn new(separator: u8) -> Self {
        let mut builder = ReaderBuilder::new();
        let parser = builder.terminator(Terminator::Any(b'\n')).delimiter(separator).build();
        Self { parser, separator, text: Vec::new(), ends: vec![0; MOST_CELLS] }
    }

    /// The next row; it must have `width` cells, if that is known.
    pub fn next(&mut self, lines: &mut Lines, width: Option<usize>) -> io::Result<Option<Row>> {
        let Some(first) = lines.next_filled()? else { return Ok(None) };
        let line = first.number;
        if !first.whole {
            let cells = Err("is longer than 1 MiB".into());
            return Ok(Some(Row { line, raw: first.bytes, cells }));
        }
        let (taken, cells) = self.gather(first, lines)?;
        let cells = cells.and_then(|cells| match width {
            Some(width) if width != cells.len() => {
                let has = cells.len();
                Err(Fault::Row(format!("needs {width} cells like the header, has {has}")))
            }
            _ => Ok(cells),
        });
        let mut taken = taken.into_iter();
        let mut raw = taken.next().map(|line| line.bytes).unwrap_or_default();
        if cells.is_err() {
            lines.hand_back(taken);
        } else {
            for more in taken {
                raw.push(b'\n');
                raw.extend_from_slice(&more.bytes);
            }
        }
        Ok(Some(Row { line, raw, cells }))
    }

    /// Takes lines until they make a row, and returns both.
    fn gather(&mut self, first: Line, lines: &mut Lines) -> io::Result<(Vec<Line>, Cells)> {
        const UNCLOSED: &str = "has a quote that is never closed";
        self.parser.reset();
        let (mut length, mut cells, mut size) = (0, 0, 0);
        let mut taken = Vec::new();
        let mut next = Some(first);
        loop {
            let Some(line) = next else { return Ok((taken, Err(UNCLOSED.into()))) };
            size += line.bytes.len();
            let fits = line.whole && size <= LONGEST && taken.len() < MOST_LINES;
            if !fits {
                taken.push(line);
                return Ok((taken, Err(UNCLOSED.into())));
            }
            let state = self.feed(&line.bytes, &mut length, &mut cells);
            taken.push(line);
            match state {
                ReadRecordResult::Record
                    if taken.len() > 1 && !well_quoted(&taken, self.separator) =>
                {
                    return Ok((taken, Err(UNCLOSED.into())));
                }
                ReadRecordResult::Record => return Ok((taken, self.cells(cells))),
                ReadRecordResult::InputEmpty => next = lines.next()?,
                _ => {
                    return Ok((
                        taken,
                        Err(Fault::Row(format!("has more than {MOST_CELLS} cells"))),
                    ));
                }
            }
        }
    }

    /// Gives a line to the parser, which adds to `length` bytes of text and to `cells` cells.
    fn feed(&mut self, bytes: &[u8], length: &mut usize, cells: &mut usize) -> ReadRecordResult {
        let needed = *length + bytes.len() + 2;
        if self.text.len() < needed {
            self.text.resize(needed, 0);
        }
        let mut state = ReadRecordResult::InputEmpty;
        for part in [bytes, b"\n"] {
            // No input would mean the end of the file to the parser.
            if part.is_empty() {
                continue;
            }
            let text = self.text.get_mut(*length..).unwrap_or_default();
            let ends = self.ends.get_mut(*cells..).unwrap_or_default();
            let (result, _, wrote, ended) = self.parser.read_record(part, text, ends);
            *length += wrote;
            *cells += ended;
            state = result;
        }
        state
    }

    fn cells(&self, count: usize) -> Cells {
        let mut from = 0;
        let mut cells = Vec::with_capacity(count);
        for end in self.ends.iter().take(count) {
            let bytes = self.text.get(from..*end).unwrap_or_default();
            let cell = std::str::from_utf8(bytes).map_err(|_| Fault::Text(cells.len()))?;
            cells.push(cell.to_owned());
            from = *end;
        }
        Ok(cells)
    }
}

/// Whether every quoted cell ends at a separator or at the end of the row. The parser does not mind, but
/// over several lines it is the sign of a quote that was closed by the first one of a later row.
fn well_quoted(row: &[Line], separator: u8) -> bool {
    let (mut quoted, mut cell_starts) = (false, true);
    for line in row {
        let mut bytes = line.bytes.iter().peekable();
        while let Some(byte) = bytes.next() {
            match (quoted, byte) {
                (true, b'"') if bytes.next_if_eq(&&b'"').is_none() => {
                    quoted = false;
                    if bytes.peek().is_some_and(|next| **next != separator) {
                        return false;
                    }
                }
                (true, _) => {}
                (false, b'"') if cell_starts => quoted = true,
                (false, _) => {}
            }
            cell_starts = !quoted && *byte == separator;
        }
    }
    !quoted
}
