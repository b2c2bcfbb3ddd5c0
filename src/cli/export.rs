//! `portcullis export activity|audit [FILE]` (contract §3).

use crate::cli::part::Part;
use crate::cli::say;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{Days, NaiveDate, NaiveTime};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::import::FormatName;
use crate::clock::Timestamp;
use crate::domain::audit::Actor;
use crate::domain::export::{self as file, Format};
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::service::records::export::{self, Exported};
use crate::service::records::{activity, audit};
use crate::store::activity_grid::ActivityQuery;
use crate::store::audit_grid::AuditQuery;

/// Rows read at once.
const BATCH: i64 = 1000;

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Tool and REST calls.
    Activity,
    /// What people and the authorization server did.
    Audit,
}

/// Writes a log as CSV or JSON Lines, the newest row first.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Which log.
    #[arg(value_enum)]
    pub what: What,
    /// Where to; standard output without one, or with -. A file that is there is not overwritten.
    pub file: Option<PathBuf>,
    /// The form of the rows.
    #[arg(long, value_enum, default_value = "csv")]
    pub format: FormatName,
    /// The first day, UTC.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    /// The last day, UTC.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

impl ExportArgs {
    fn format(&self) -> Format {
        match self.format {
            FormatName::Csv => Format::Csv,
            FormatName::Jsonl => Format::JsonLines,
        }
    }

    fn times(&self) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to < from
        {
            return Err(Error::field("--to", "is before --from."));
        }
        let midnight =
            |day: NaiveDate| Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        let until = self.to.and_then(|day| day.checked_add_days(Days::new(1)));
        Ok((self.from.map(midnight), until.map(midnight)))
    }

    fn filters(&self) -> Vec<(&'static str, String)> {
        [("from", self.from), ("to", self.to)]
            .into_iter()
            .filter_map(|(name, day)| Some((name, day?.to_string())))
            .collect()
    }

    fn cannot_write(&self, error: &std::io::Error) -> Error {
        let place =
            self.file.as_ref().map_or("standard output".into(), |path| path.display().to_string());
        let why = match error.kind() {
            ErrorKind::AlreadyExists => {
                "it is there already; choose another name or remove it".to_owned()
            }
            _ => error.to_string(),
        };
        Error::new(ErrorCode::InvalidRequest, format!("{place} cannot be written: {why}"))
    }

    fn open(&self) -> Result<(Box<dyn Write>, Option<Part>)> {
        let Some(path) = self.file.as_ref().filter(|path| path.as_os_str() != "-") else {
            return Ok((Box::new(std::io::stdout().lock()), None));
        };
        let (part, file) = Part::begin(path, false).map_err(|error| self.cannot_write(&error))?;
        Ok((Box::new(file), Some(part)))
    }
}

/// Writes the log, with a bar on standard error if that is a terminal.
///
/// # Errors
/// When the file cannot be written or the database cannot answer.
pub async fn run(ctx: &Ctx, args: &ExportArgs) -> Result<ExitCode> {
    let (from, until) = args.times()?;
    match args.what {
        What::Activity => {
            let query = ActivityQuery { from, until, ..ActivityQuery::default() };
            let asked = activity::Asked { query, ..activity::Asked::default() };
            write::<ActivityQuery>(ctx, args, asked).await
        }
        What::Audit => {
            let query = AuditQuery { from, until, ..AuditQuery::default() };
            let asked = audit::Asked { query, ..audit::Asked::default() };
            write::<AuditQuery>(ctx, args, asked).await
        }
    }
}

async fn write<L: Exported>(ctx: &Ctx, args: &ExportArgs, asked: L::Asked) -> Result<ExitCode> {
    let format = args.format();
    let (out, part) = args.open()?;
    let mut out = BufWriter::new(out);
    let begun = export::begin::<L>(ctx, &Actor::operator(), asked, format, args.filters()).await?;
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{spinner} {human_pos} rows, {per_sec}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let mut bytes = file::head(format, L::COLUMNS);
    let mut next = Some(begun.first);
    let mut written = 0_usize;
    loop {
        match out.write_all(&bytes) {
            // Whoever reads has enough: `| head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            done => done.map_err(|error| args.cannot_write(&error))?,
        }
        let Some(span) = next else { break };
        let (rows, following) = begun.batch(ctx, span, BATCH).await?;
        bytes = file::rows(format, L::COLUMNS, &rows);
        written += rows.len();
        bar.inc(u64::try_from(rows.len()).unwrap_or_default());
        next = following;
    }
    match out.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            return Err(args.cannot_write(&error));
        }
        _ => bar.finish_and_clear(),
    }
    if let Some((path, part)) = args.file.as_ref().zip(part) {
        part.finish().map_err(|error| args.cannot_write(&error))?;
        say!("{}: {written} rows of {}.", path.display(), L::NAME);
    }
    Ok(ExitCode::SUCCESS)
}
