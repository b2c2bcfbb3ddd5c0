//! `portcullis index …`: what searches go through.

use crate::cli::say;
use std::process::ExitCode;

use clap::Subcommand;
use indicatif::ProgressBar;

use crate::cli::import::style;
use crate::db::Db;
use crate::error::Result;
use crate::service::index;

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum IndexCommand {
    /// Write all that searches go through anew, from the stores and contacts that are there. The
    /// server may go on serving meanwhile; what is stopped can be run again.
    Rebuild,
}

/// Runs the command: progress on standard error if that is a terminal, what was done on standard
/// output.
pub(super) async fn run(db: &Db, command: &IndexCommand) -> Result<ExitCode> {
    match command {
        IndexCommand::Rebuild => {
            // Hidden by itself where standard error is no terminal.
            let bar = ProgressBar::no_length();
            bar.set_style(style("writing {bar:30} {human_pos}/{human_len} {per_sec} {eta}"));
            let rebuilt = index::rebuild(db, &|done, all| {
                bar.set_length(all);
                bar.set_position(done);
            })
            .await;
            bar.finish_and_clear();
            say!("The search index is written: {} entries.", rebuilt?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
