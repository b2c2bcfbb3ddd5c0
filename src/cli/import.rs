//! `portcullis import stores|contacts FILE` (contract §3).

use crate::cli::say;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::Clock;
use crate::db::Db;
use crate::domain::audit::Actor;
use crate::domain::import::Entity;
use crate::error::{Error, ErrorCode, Result};
use crate::service::import::{self, Format, Import, Report};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Stores, keyed by `domain`.
    Stores,
    /// Contacts, keyed by `external_id`.
    Contacts,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// Comma-separated values with a header.
    Csv,
    /// A JSON object on every line.
    Jsonl,
}

/// Imports stores or contacts: new ones are added, changed ones updated, columns the file does not
/// have are left alone. Running it twice changes nothing.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// What the file holds.
    #[arg(value_enum)]
    pub what: What,
    /// CSV or JSON Lines, gzip or not; - reads standard input.
    pub file: PathBuf,
    /// Stop at the first bad line and change nothing.
    #[arg(long)]
    pub strict: bool,
    /// The format, where neither the file's name nor its beginning tells it.
    #[arg(long, value_enum)]
    pub format: Option<FormatName>,
}

impl ImportArgs {
    fn plan(&self) -> Import {
        let stdin = self.file.as_os_str() == "-";
        let name = self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy();
        let name = if stdin { "stdin".to_owned() } else { name.into_owned() };
        let mut rejects = if stdin { "stdin".into() } else { self.file.clone().into_os_string() };
        rejects.push(".rejected.jsonl");
        let format = self.format.map(|format| match format {
            FormatName::Csv => Format::Csv,
            FormatName::Jsonl => Format::JsonLines,
        });
        Import {
            entity: match self.what {
                What::Stores => Entity::Stores,
                What::Contacts => Entity::Contacts,
            },
            format: format.or_else(|| Format::of_name(&name)),
            strict: self.strict,
            name,
            rejects: rejects.into(),
            limits: None,
        }
    }

    /// The input, and its size in bytes where it has one.
    fn open(&self) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
        if self.file.as_os_str() == "-" {
            return Ok((Box::new(std::io::stdin()), None));
        }
        let open = || {
            let file = File::open(&self.file)?;
            let found = file.metadata()?;
            if found.is_dir() {
                return Err(std::io::Error::other("it is a folder"));
            }
            Ok((file, found))
        };
        let (file, found) = open().map_err(|error| {
            let message = format!("{} cannot be read: {error}", self.file.display());
            Error::new(ErrorCode::InvalidRequest, message)
        })?;
        // A pipe or device says that it has no bytes.
        Ok((Box::new(file), found.is_file().then_some(found.len())))
    }
}

/// Imports the file: progress on standard error if that is a terminal, rejected lines there too,
/// the summary on standard output. Rejected lines are no failure unless `--strict` says so, or
/// there are no others.
///
/// # Errors
/// When the file cannot be read, `--strict` meets a bad line, or the database refuses.
pub async fn run(db: &Db, clock: &Clock, args: &ImportArgs) -> Result<ExitCode> {
    let (input, size) = args.open()?;
    let plan = args.plan();
    let rejects = plan.rejects.clone();
    let (name, entity) = (plan.name.clone(), plan.entity);

    // Hidden by itself where standard error is no terminal.
    let reading = size.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    reading.set_style(style("reading {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}"));
    let writing = ProgressBar::no_length();
    writing.set_style(style("writing {bar:30} {human_pos}/{human_len} {per_sec} {eta}"));
    let input = Box::new(reading.wrap_read(input));
    let report = import::run(db, clock, &Actor::operator(), plan, input, &|done, total| {
        reading.finish_and_clear();
        writing.set_length(total);
        writing.set_position(done);
    })
    .await;
    reading.finish_and_clear();
    writing.finish_and_clear();

    let report = report?;
    for problem in &report.problems {
        eprintln!("{problem}");
    }
    let rows = Some(import::table_of(&rejects)).filter(|rows| rows.exists());
    say!("{}", summary(&name, entity, &report, &rejects, rows.as_deref()));
    if report.is_nothing() {
        eprintln!(
            "portcullis: every line of {name} was rejected; is it a file of {}?",
            entity.name()
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A progress bar's look.
pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// What became of the lines; `rejects` are those that were put aside, `rows` the same as CSV.
fn summary(
    name: &str,
    entity: Entity,
    report: &Report,
    rejects: &Path,
    rows: Option<&Path>,
) -> String {
    let mut text = format!(
        "{name}: {} {} read: {} inserted, {} updated, {} unchanged",
        report.read,
        entity.name(),
        report.inserted,
        report.updated,
        report.unchanged
    );
    if report.repeated > 0 {
        text.push_str(&format!(", {} repeated an earlier key", report.repeated));
    }
    text.push_str(&format!(", {} rejected.", report.rejected));
    if report.rejected > 0 {
        let others =
            if report.is_nothing() { "nothing was changed" } else { "all others were imported" };
        text.push_str(&format!(" Rejected lines are in {}; {others}.", rejects.display()));
        let mended = rows.unwrap_or(rejects);
        text.push_str(&format!(" Mend them in {} and import that file.", mended.display()));
    }
    if report.cut > 0 {
        let what = if report.cut == 1 {
            "1 description was"
        } else {
            &format!("{} descriptions were", report.cut)
        };
        text.push_str(&format!(" Warning: {what} too long; the first 4,000 characters are kept."));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::clock::Timestamp;
    use crate::store::testing::sqlite;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        import: ImportArgs,
    }

    fn args(line: &[&str]) -> ImportArgs {
        Line::try_parse_from([&["import"], line].concat()).unwrap().import
    }

    #[test]
    fn the_command_line_tells_kind_format_and_place_of_rejects() {
        let plan = args(&["contacts", "dir/people.csv.gz", "--strict"]).plan();
        assert_eq!((plan.entity, plan.strict), (Entity::Contacts, true));
        assert_eq!(plan.format, Some(Format::Csv));
        assert_eq!(plan.rejects, PathBuf::from("dir/people.csv.gz.rejected.jsonl"));
        let plan = args(&["stores", "-", "--format", "jsonl"]).plan();
        assert_eq!((plan.name.as_str(), plan.format), ("stdin", Some(Format::JsonLines)));
        assert!(Line::try_parse_from(["import", "people", "x"]).is_err());
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_an_error_and_rejected_lines_are_not() {
        let base = sqlite();
        let (db, clock) = (base.db(), Clock::fixed(Timestamp(1)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.csv");
        let path = file.to_str().unwrap();
        assert!(run(&db, &clock, &args(&["stores", path])).await.is_err());
        assert!(
            run(&db, &clock, &args(&["stores", folder.path().to_str().unwrap()])).await.is_err()
        );

        std::fs::write(&file, "domain\na.example\nnope\n").unwrap();
        assert!(run(&db, &clock, &args(&["stores", path, "--strict"])).await.is_err());
        assert!(run(&db, &clock, &args(&["stores", path])).await.is_ok());
        assert!(folder.path().join("s.csv.rejected.jsonl").exists());
    }

    #[test]
    fn the_summary_says_what_became_of_every_line() {
        let report = Report {
            read: 6,
            inserted: 1,
            updated: 2,
            unchanged: 1,
            rejected: 2,
            ..Report::default()
        };
        assert_eq!(
            summary(
                "s.csv",
                Entity::Stores,
                &report,
                Path::new("s.csv.rejected.jsonl"),
                Some(Path::new("s.csv.rejected.csv"))
            ),
            "s.csv: 6 stores read: 1 inserted, 2 updated, 1 unchanged, 2 rejected. \
             Rejected lines are in s.csv.rejected.jsonl; all others were imported. \
             Mend them in s.csv.rejected.csv and import that file."
        );
        let report = Report { read: 2, inserted: 2, cut: 2, ..Report::default() };
        assert_eq!(
            summary("s.csv", Entity::Stores, &report, Path::new("-"), None),
            "s.csv: 2 stores read: 2 inserted, 0 updated, 0 unchanged, 0 rejected. \
             Warning: 2 descriptions were too long; the first 4,000 characters are kept."
        );
    }
}
