//! The first step of an import: from lines to records in the scratch table.

use std::io::{self, Read};

use serde_json::{Map, Value};

use super::csv::Rows;
use super::lines::{Format, Line, Lines};
use super::progress::Progress;
use super::rejects::Rejects;
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
        Format::Csv => csv(import, &mut lines, failed)?,
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
                rejects.add(item.line, &problems, &item.raw)?;
                let room = TOLD.saturating_sub(report.problems.len());
                report.problems.extend(problems.into_iter().map(told).take(room));
            }
        }
    }
    rejects.finish()?;
    Ok((stage, report))
}

/// Reads the header, without which no row means anything.
fn csv(import: &Import, lines: &mut Lines, failed: impl Fn(io::Error) -> Error) -> Result<Source> {
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
    let mut rows = Rows::new();
    let columns = match rows.next(lines, None).map_err(failed)?.map(|row| row.cells) {
        // A file without a line has no bad line either.
        None => Vec::new(),
        Some(Err(fault)) => return Err(wrong(&[fault.in_columns(&[])])),
        Some(Ok(names)) => header(import.entity, names.iter().map(String::as_str))
            .map_err(|problems| wrong(&problems))?,
    };
    Ok(Source::Csv { rows: Box::new(rows), columns })
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
            })),
            Self::Csv { rows, columns } => {
                Ok(rows.next(lines, Some(columns.len()))?.map(|row| Item {
                    line: row.line,
                    raw: row.raw,
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
    let text = std::str::from_utf8(&line.bytes)
        .map_err(|error| wrong(format!("is not UTF-8 text (byte {})", error.valid_up_to() + 1)))?;
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        wrong(match error.classify() {
            serde_json::error::Category::Data => "is JSON, but not an object".to_owned(),
            _ => format!("is not JSON (column {})", error.column()),
        })
    })?;
    Record::from_json(entity, &object)
}
