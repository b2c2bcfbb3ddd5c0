//! Rows as they leave the house: CSV for spreadsheets, JSON Lines for programs.

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180), UTF-8, with a header row.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// The format of that name, as addresses and the command line spell it.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text, from anywhere.
    Text(String),
    /// A number.
    Number(i64),
    /// A moment, written as RFC 3339 in UTC.
    Time(Timestamp),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl Cell {
    /// As a spreadsheet gets it. A text that a spreadsheet would take for a formula starts with an
    /// apostrophe, so that opening the file runs nothing (ASVS 1.2.10).
    fn to_csv(&self) -> String {
        match self {
            Self::Text(text)
                if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_phone(text) =>
            {
                format!("'{text}")
            }
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(at) => at.to_rfc3339(),
            Self::Flag(flag) => flag.to_string(),
            Self::Empty => String::new(),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Time(at) => at.to_rfc3339().into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Empty => Value::Null,
        }
    }
}

/// Whether a text is a telephone number as the world writes it, which runs nothing either: what was
/// paid for leaves as it is.
fn is_phone(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else { return false };
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'-');
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits) && number.bytes().all(is_plain)
}

/// What stands before the rows: the names of the columns in CSV, nothing in JSON Lines.
pub fn head(format: Format, columns: &[&str]) -> Vec<u8> {
    match format {
        Format::Csv => csv(std::iter::once(columns.iter().map(|name| (*name).to_owned()))),
        Format::JsonLines => Vec::new(),
    }
}

/// Rows in the order of `columns`.
pub fn rows(format: Format, columns: &[&str], rows: &[Vec<Cell>]) -> Vec<u8> {
    match format {
        Format::Csv => csv(rows.iter().map(|row| row.iter().map(Cell::to_csv))),
        Format::JsonLines => {
            let mut lines = Vec::new();
            for row in rows {
                let object: Map<String, Value> = columns
                    .iter()
                    .zip(row)
                    .map(|(name, cell)| ((*name).to_owned(), cell.to_json()))
                    .collect();
                lines.extend_from_slice(Value::Object(object).to_string().as_bytes());
                lines.push(b'\n');
            }
            lines
        }
    }
}

fn csv<R: Iterator<Item = String>>(records: impl Iterator<Item = R>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for record in records {
        // Writing to memory does not fail, and lengths may differ.
        let _ = writer.write_record(record);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 3] = ["name", "calls", "seen"];

    fn sample() -> Vec<Vec<Cell>> {
        vec![
            vec!["=HYPERLINK(\"x\")".into(), 3.into(), Timestamp(0).into()],
            vec!["Ann, \"A\"".into(), (-3).into(), Cell::Empty],
        ]
    }

    #[test]
    fn a_spreadsheet_runs_nothing_of_it() {
        let text = String::from_utf8(rows(Format::Csv, &COLUMNS, &sample())).unwrap();
        assert_eq!(
            text,
            "\"'=HYPERLINK(\"\"x\"\")\",3,1970-01-01T00:00:00Z\r\n\"Ann, \"\"A\"\"\",-3,\r\n"
        );
        for start in ["=", "+", "-", "@", "\t", "\r", "\n"] {
            assert!(Cell::from(format!("{start}1")).to_csv().starts_with('\''), "{start:?}");
        }
        for phone in ["+1 555 0188", "+49 (30) 555-0188", "+15550188"] {
            assert_eq!(Cell::from(phone).to_csv(), phone);
        }
        for other in ["+1 555 0188*2", "+12+34567890", "+1", "-1 555 0188", "+A1(5550188)"] {
            assert_eq!(Cell::from(other).to_csv(), format!("'{other}"));
        }
    }

    #[test]
    fn a_line_is_an_object_with_the_columns_as_names() {
        let text = String::from_utf8(rows(Format::JsonLines, &COLUMNS, &sample())).unwrap();
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(
            first,
            serde_json::json!({ "name": "=HYPERLINK(\"x\")", "calls": 3, "seen": "1970-01-01T00:00:00Z" })
        );
        assert_eq!(text.lines().count(), 2);
        assert_eq!(head(Format::Csv, &COLUMNS), b"name,calls,seen\r\n");
        assert!(head(Format::JsonLines, &COLUMNS).is_empty());
    }
}
