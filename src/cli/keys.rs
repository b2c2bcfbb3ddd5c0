//! `portcullis keys …`: the keys that sign access tokens.

use crate::cli::say;
use std::process::ExitCode;

use clap::Subcommand;

use crate::domain::audit::Actor;
use crate::error::Result;
use crate::service::keys::{self, Old};
use crate::service::Ctx;

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a new signing key; tokens signed with the old one live out their time.
    Rotate {
        /// The old key may have been copied: forget it at once. Every access token ends, and every
        /// client that is connected gets itself another.
        #[arg(long)]
        leaked: bool,
    },
    /// List signing keys: id, algorithm, made, retired; tab-separated.
    List,
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, command: &KeysCommand) -> Result<ExitCode> {
    match command {
        KeysCommand::Rotate { leaked } => {
            let old = if *leaked { Old::Forgotten } else { Old::Verify };
            let kid = keys::rotate(ctx, &Actor::operator(), old).await?;
            say!("Signing with {kid} from now on.");
            if *leaked {
                say!("What other keys have signed is refused from now on.");
            }
        }
        KeysCommand::List => {
            for key in keys::list(ctx).await? {
                let retired = key.retired_at.map_or_else(|| "in use".into(), |at| at.to_rfc3339());
                say!("{}\t{}\t{}\t{retired}", key.kid, key.algorithm, key.created_at.to_rfc3339());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
