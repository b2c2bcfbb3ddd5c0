//! The command line (contract §3): parse, call one service, print.
//!
//! Exit codes: 0 success, 1 failure, 2 wrong usage. Errors go to standard error in one line that
//! says what to do.

mod backup;
mod config;
mod demo;
mod demo_data;
mod doctor;
mod export;
pub mod import;
mod index;
mod keys;
mod log;
mod part;
mod serve;
mod user;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{Loaded, Missing, load_for};
use crate::db::DatabaseUrl;
use crate::error::{Error, Result};
use crate::service::{Ctx, bootstrap};

/// Prints a line. Whoever reads may have seen enough and closed the pipe; the work goes on.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout().lock(), $($text)*);
    }};
}
pub(crate) use say;

/// A self-hosted gate between AI agents and a store index.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, arg_required_else_help = true)]
struct Arguments {
    /// Configuration file (default: portcullis.toml in the working folder, if there is one).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server.
    Serve,
    /// Start with sample data and no configuration at all.
    Demo(demo::DemoArgs),
    /// Create and manage people.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Import stores or contacts from CSV or JSON Lines.
    Import(import::ImportArgs),
    /// Write activity or audit as CSV or JSON Lines.
    Export(export::ExportArgs),
    /// Copy the database into one file while the server serves.
    Backup(backup::BackupArgs),
    /// Look after what searches go through.
    #[command(subcommand)]
    Index(index::IndexCommand),
    /// List and rotate the keys that sign access tokens.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Check configuration, database, keys, mail and what clients see; say what to mend.
    Doctor,
    /// Bring the database to this version's schema.
    Migrate,
    /// Print the effective configuration, secrets masked.
    Config,
}

impl Command {
    /// What the command does where there is no database yet: only what begins with one makes it.
    fn missing(&self) -> Missing {
        match self {
            Self::Serve | Self::Demo(_) | Self::Import(_) | Self::Migrate => Missing::Make,
            Self::User(user::UserCommand::Create(_)) => Missing::Make,
            Self::Export(_) | Self::Index(_) | Self::Keys(_) => Missing::MakeBeside,
            // Dropping the gate needs no secret.
            Self::User(_) | Self::Backup(_) => Missing::LeaveOut,
            Self::Doctor | Self::Config => Missing::Missed,
        }
    }

    /// Whether the command is about a database that is there.
    fn needs_database(&self) -> bool {
        match self {
            Self::User(command) => !matches!(command, user::UserCommand::Create(_)),
            Self::Export(_) | Self::Index(_) | Self::Keys(_) => true,
            _ => false,
        }
    }
}

/// Refuses a path where no database is: it is mistyped, or another folder was meant.
fn check_database(database: &DatabaseUrl) -> Result<()> {
    match database {
        DatabaseUrl::Sqlite(path) if !Path::new(path).exists() => Err(Error::field(
            "DATABASE_URL",
            format!(
                "there is no database at {path}; start portcullis serve once, or check PORTCULLIS_DATABASE_URL"
            ),
        )),
        _ => Ok(()),
    }
}

/// The command line as a whole: what the manual's examples are held to.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Runs the program.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("portcullis: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    if let Command::Demo(demo) = arguments.command {
        return demo::run(demo).await;
    }
    let missing = arguments.command.missing();
    let needs_database = arguments.command.needs_database();
    let loaded = load_for(arguments.config.as_deref(), std::env::vars(), missing);
    if let Command::Doctor = arguments.command {
        return doctor::run(loaded).await;
    }
    let loaded = loaded?;
    log::init(&loaded.config);
    if needs_database {
        check_database(&loaded.config.database_url)?;
    }
    match arguments.command {
        Command::Serve => serve::run(loaded.config).await,
        Command::User(command) => user::run(&open_sealed(loaded).await?, command).await,
        Command::Import(import) => {
            let ctx = open(loaded).await?;
            import::run(&ctx.db, &ctx.clock, &import).await
        }
        Command::Backup(backup) => backup::run(&loaded.config, &backup).await,
        Command::Export(export) => export::run(&open(loaded).await?, &export).await,
        Command::Index(command) => index::run(&open(loaded).await?.db, &command).await,
        // Also where the secret is lost.
        Command::Keys(command @ keys::KeysCommand::Rotate { leaked: true }) => {
            keys::run(&open_sealed(loaded).await?, &command).await
        }
        Command::Keys(command) => keys::run(&open(loaded).await?, &command).await,
        Command::Migrate => {
            open(loaded).await?;
            say!("The database has this version's schema.");
            Ok(ExitCode::SUCCESS)
        }
        Command::Config => {
            config::print(&loaded);
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(_) | Command::Doctor => Ok(ExitCode::SUCCESS),
    }
}

async fn open_sealed(loaded: Loaded) -> Result<Ctx> {
    bootstrap::open_sealed(loaded.config, Clock::system()).await
}

async fn open(loaded: Loaded) -> Result<Ctx> {
    bootstrap::open(loaded.config, Clock::system()).await
}
