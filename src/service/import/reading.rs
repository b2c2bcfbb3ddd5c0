//! The first step of an import: from lines to records in the scratch table. Two threads share it, one
//! makes records of lines and one keeps them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde_json::{Map, Value};

use super::csv::{Fault, Rows, separator};
use super::lines::{Format, Line, Lines};
use super::progress::Progress;
use super::rejects::{Head, Rejected, Rejects};
use super::{Import, LineProblem, Report, TOLD};
use crate::db::stage::Stage;
use crate::domain::import::{Column, Entity, Problem, Record, header};
use crate::domain::members::Members;
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
    let source = match format {
        Format::JsonLines => Source::Json,
        Format::Csv => csv(import, &mut lines, &mut rejects, failed)?,
    };
    let parsed = parse_aside(source, import.entity, lines);
    loop {
        // Whoever parses says when it is done; to be gone without a word is to have failed.
        let batch = parsed.recv().map_err(Error::internal)?.map_err(failed)?;
        if batch.is_empty() {
            break;
        }
        for Parsed { line, record } in batch {
            report.read += 1;
            progress.line()?;
            match record {
                Ok(record) => {
                    report.cut += u64::from(record.is_cut);
                    if !put(&mut stage, &record)? {
                        report.repeated += 1;
                    }
                }
                Err(bad) => {
                    let told = |problem| LineProblem { line, problem };
                    if let (true, Some(first)) = (import.strict, bad.problems.first()) {
                        let problem = told(first.clone());
                        let message = format!("{}: {problem}. Nothing was changed.", import.name);
                        return Err(Error::new(ErrorCode::InvalidRequest, message));
                    }
                    report.rejected += 1;
                    let Bad { problems, raw, is_row } = bad;
                    rejects.add(&Rejected { line, problems: &problems, raw: &raw, is_row })?;
                    let room = TOLD.saturating_sub(report.problems.len());
                    report.problems.extend(problems.into_iter().map(told).take(room));
                }
            }
        }
    }
    rejects.finish()?;
    Ok((stage, report))
}

/// Lines that are handed over together, and how many such batches may wait.
const BATCH: usize = 200;
const WAITING: usize = 4;

/// A line as it is kept, or what is wrong with it.
struct Parsed {
    line: u64,
    record: Result<Staged, Bad>,
}

/// A record as the scratch table holds it.
struct Staged {
    key: String,
    text: String,
    is_cut: bool,
}

/// A line that is rejected.
struct Bad {
    problems: Vec<Problem>,
    raw: Vec<u8>,
    is_row: bool,
}

/// Makes records of lines on a thread of its own; an empty batch is the end. The thread ends by
/// itself when nobody listens any more, once its input has given what it waits for.
fn parse_aside(
    mut source: Source,
    entity: Entity,
    mut lines: Lines,
) -> Receiver<io::Result<Vec<Parsed>>> {
    let (sender, parsed) = sync_channel(WAITING);
    std::thread::spawn(move || {
        let done = parse_all(&mut source, entity, &mut lines, &sender);
        // Nobody may be listening any more.
        let _ = sender.send(done.map(|()| Vec::new()));
    });
    parsed
}

fn parse_all(
    source: &mut Source,
    entity: Entity,
    lines: &mut Lines,
    sender: &SyncSender<io::Result<Vec<Parsed>>>,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(item) = source.next(entity, lines)? {
        batch.push(Parsed { line: item.line, record: item.staged()? });
        if batch.len() == BATCH && sender.send(Ok(std::mem::take(&mut batch))).is_err() {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        let _ = sender.send(Ok(batch));
    }
    Ok(())
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
fn put(stage: &mut Stage, record: &Staged) -> Result<bool> {
    if stage.add(&record.key, &record.text)? {
        return Ok(true);
    }
    let read = |text: &str| serde_json::from_str::<Record>(text).map_err(Error::internal);
    let mut whole = read(&stage.get(&record.key)?)?;
    whole.merge(read(&record.text)?);
    let text = serde_json::to_string(&whole).map_err(Error::internal)?;
    stage.replace(&whole.key, &text)?;
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

impl Item {
    fn staged(self) -> io::Result<Result<Staged, Bad>> {
        match self.record {
            Ok(record) => {
                let text = serde_json::to_string(&record)?;
                Ok(Ok(Staged { text, is_cut: record.is_cut, key: record.key }))
            }
            Err(problems) => Ok(Err(Bad { problems, raw: self.raw, is_row: self.is_row })),
        }
    }
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
    let members: Members = serde_json::from_str(text).map_err(|error| {
        vec![Problem::line(match error.classify() {
            serde_json::error::Category::Data => "is JSON, but not an object".to_owned(),
            _ => format!("is not JSON (column {})", error.column()),
        })]
    })?;
    match members.twice {
        Some(name) => Err(vec![Problem::named(&name, "is in the line twice")]),
        None => Ok(members.object),
    }
}

/// The text of a line that an earlier import rejected and that somebody has mended there.
fn rejected_before(object: &Map<String, Value>) -> Option<&str> {
    object.get("problems")?.as_array()?;
    object.get("text")?.as_str()
}
