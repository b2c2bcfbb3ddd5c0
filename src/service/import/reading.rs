//! The first step of an import: from lines to records in the scratch table.

use std::io::{self, Read};

use serde_json::{Map, Value};

use super::csv::{Fault, Rows, separator};
use super::lines::{Format, Line, Lines};
use super::progress::Progress;
use super::rejects::{Head, Rejected, Rejects};
use super::{Import, LineProblem, Report, TOLD};
use crate::db::stage::Stage;
use crate::domain::import::{Column, Entity, Problem, Record, header};
use crate::error::{Error, ErrorCode, Result};

/// Reads everything. The counts of what is written are still zero.
pub(super) fn read(
    import: &Import,
    input: Box<dyn Read + Send>,
    progress: &Progress,
) -> Result<(Stage, Report)> {
    let failed = |error: io::Error| {
        let message = format!("{} cannot be read: {error}. Nothing was changed.", import.name);
        Error::new(ErrorCode::InvalidRequest, message)
    };
    let mut stage = Stage::open()?;
    let mut report = Report::default();
    let mut rejects =
        Rejects::new(import.rejects.clone(), import.limits.map(|limits| limits.rejects))?;
    let mut lines = Lines::open(input, import.limits.map(|limits| limits.text)).map_err(failed)?;
    let format = match import.format {
        Some(format) => format,
        None => lines.format().map_err(failed)?,
    };
    let mut source = match format {
        Format::JsonLines => Source::Json,
        Format::Csv => csv(import, &mut lines, &mut rejects, failed)?,
    };
    while let Some(item) = source.next(import.entity, &mut lines).map_err(failed)? {
        report.read += 1;
        progress.line()?;
        match item.record {
            Ok(record) => {
                report.cut += u64::from(record.is_cut);
                if !put(&mut stage, record)? {
                    report.repeated += 1;
                }
            }
            Err(problems) => {
                let told = |problem| LineProblem { line: item.line, problem };
                if let (true, Some(first)) = (import.strict, problems.first()) {
                    let problem = told(first.clone());
                    let message = format!("{}: {problem}. Nothing was changed.", import.name);
                    return Err(Error::new(ErrorCode::InvalidRequest, message));
                }
                report.rejected += 1;
                rejects.add(&Rejected {
                    line: item.line,
                    problems: &problems,
                    raw: &item.raw,
                    is_row: item.is_row,
                })?;
                let room = TOLD.saturating_sub(report.problems.len());
                report.problems.extend(problems.into_iter().map(told).take(room));
            }
        }
    }
    rejects.finish()?;
    Ok((stage, report))
}

/// Reads the header, without which no row means anything.
fn csv(
    import: &Import,
    lines: &mut Lines,
    rejects: &mut Rejects,
    failed: impl Fn(io::Error) -> Error,
) -> Result<Source> {
    let wrong = |problems: &[Problem]| {
        let all = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let names = import.entity.columns().iter().map(|column| column.name);
        let known = names.collect::<Vec<_>>().join(", ");
        let message = format!(
            "{}: header: {all}. The columns are {known}. Nothing was changed.",
            import.name
        );
        Error::new(ErrorCode::InvalidRequest, message)
    };
    let first = lines.next_filled().map_err(&failed)?;
    let separator = first.as_ref().map_or(b',', |line| separator(line, import.entity));
    lines.hand_back(first.into_iter());
    let mut rows = Rows::new(separator);
    // A file without a line has no bad line either.
    let Some(row) = rows.next(lines, None).map_err(failed)? else {
        return Ok(Source::Csv { rows: Box::new(rows), columns: Vec::new() });
    };
    let names = row.cells.map_err(|fault| wrong(&[fault.in_columns(&[])]))?;
    let titles = || names.iter().map(String::as_str);
    let columns = header(import.entity, titles()).map_err(|problems| {
        if import.entity.is_of_the_other(titles()) {
            let message =
                format!("{}: {}. Nothing was changed.", import.name, other(import.entity));
            return Error::new(ErrorCode::InvalidRequest, message);
        }
        wrong(&problems)
    })?;
    rejects.with_table(Head {
        raw: row.raw,
        width: columns.len(),
        separator,
        is_marked: lines.is_marked,
    });
    Ok(Source::Csv { rows: Box::new(rows), columns })
}

/// What is said of a file or line of the other kind.
fn other(entity: Entity) -> String {
    let (is, not) = (entity.other().name(), entity.name());
    format!("it is of {is} and not of {not}; import it as {is}")
}

/// Adds a record, or folds it into the one of its key; says whether it is the first of its key.
fn put(stage: &mut Stage, record: Record) -> Result<bool> {
    let text = |record: &Record| serde_json::to_string(record).map_err(Error::internal);
    if stage.add(&record.key, &text(&record)?)? {
        return Ok(true);
    }
    let mut whole: Record =
        serde_json::from_str(&stage.get(&record.key)?).map_err(Error::internal)?;
    whole.merge(record);
    stage.replace(&whole.key, &text(&whole)?)?;
    Ok(false)
}

/// A line as a record, or what is wrong with it.
struct Item {
    line: u64,
    raw: Vec<u8>,
    /// Whether it could be told into cells.
    is_row: bool,
    record: Result<Record, Vec<Problem>>,
}

enum Source {
    Json,
    Csv { rows: Box<Rows>, columns: Vec<&'static Column> },
}

impl Source {
    fn next(&mut self, entity: Entity, lines: &mut Lines) -> io::Result<Option<Item>> {
        match self {
            Self::Json => Ok(lines.next_filled()?.map(|line| Item {
                line: line.number,
                record: json(entity, &line),
                raw: line.bytes,
                is_row: false,
            })),
            Self::Csv { rows, columns } => {
                Ok(rows.next(lines, Some(columns.len()))?.map(|row| Item {
                    line: row.line,
                    raw: row.raw,
                    is_row: !matches!(row.cells, Err(Fault::Row(_))),
                    record: row.cells.map_err(|fault| vec![fault.in_columns(columns)]).and_then(
                        |cells| {
                            Record::from_cells(entity, columns, cells.iter().map(String::as_str))
                        },
                    ),
                }))
            }
        }
    }
}

fn json(entity: Entity, line: &Line) -> Result<Record, Vec<Problem>> {
    let wrong = |reason: String| vec![Problem::line(reason)];
    if !line.whole {
        return Err(wrong("is longer than 1 MiB".to_owned()));
    }
    let text = std::str::from_utf8(&line.bytes).map_err(|error| {
        let place = error.valid_up_to() + 1;
        wrong(format!("is not UTF-8 text (byte {place}); save the file as UTF-8"))
    })?;
    let mut object = object(text)?;
    if let Some(before) = rejected_before(&object) {
        if !before.trim_start().starts_with('{') {
            let reason = "was a row of a CSV file; mend it in the file that ends in .rejected.csv";
            return Err(wrong(reason.to_owned()));
        }
        object = self::object(before)?;
    }
    Record::from_json(entity, &object).map_err(|problems| {
        let is_other = entity.is_of_the_other(object.keys().map(String::as_str));
        if is_other { wrong(other(entity)) } else { problems }
    })
}

fn object(text: &str) -> Result<Map<String, Value>, Vec<Problem>> {
    serde_json::from_str(text).map_err(|error| {
        vec![Problem::line(match error.classify() {
            serde_json::error::Category::Data => "is JSON, but not an object".to_owned(),
            _ => format!("is not JSON (column {})", error.column()),
        })]
    })
}

/// The text of a line that an earlier import rejected and that somebody has mended there.
fn rejected_before(object: &Map<String, Value>) -> Option<&str> {
    object.get("problems")?.as_array()?;
    object.get("text")?.as_str()
}
