//! `portcullis doctor`: what is wrong with this server, and the mend.

use crate::cli::say;
use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Loaded;
use crate::error::Result;
use crate::service::doctor::{self, Finding, Level};

/// Prints a line for each check; fails if one failed.
pub(super) async fn run(loaded: Result<Loaded>) -> Result<ExitCode> {
    let findings = match loaded {
        Ok(loaded) => {
            super::log::init(&loaded.config);
            doctor::examine(&loaded.config, &Clock::system()).await
        }
        Err(error) => vec![Finding::wrong_configuration(&error)],
    };
    for finding in &findings {
        say!("{finding}");
    }
    let failed = findings.iter().filter(|finding| finding.level == Level::Fail).count();
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("portcullis: {failed} of {} checks failed; mend them from the top", findings.len());
    Ok(ExitCode::FAILURE)
}
