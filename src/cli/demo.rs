//! `portcullis demo`: sample data, no configuration, on loopback only.

use crate::cli::say;
use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use crate::cli::{demo_data, log, serve};
use crate::clock::Clock;
use crate::config::{Missing, load_variables};
use crate::error::{Error, Result};
use crate::service::{Ctx, bootstrap, index, people};

/// Passwords of the demo's two people; the demo listens on loopback only.
const ADMINISTRATOR: (&str, &str) = (demo_data::ADMIN_EMAIL, "raise the portcullis");
const MEMBER: (&str, &str) = (demo_data::MEMBER_EMAIL, "walk through the gate");

/// How to run the demo.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Forget the demo's data and start anew.
    #[arg(long)]
    reset: bool,
    /// Add so many invented stores, with three contacts each, to see how a large index behaves.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    stores: Option<u32>,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
}

/// Makes or reuses the sample database and serves it.
pub(super) async fn run(args: DemoArgs) -> Result<ExitCode> {
    let (ctx, early) = open(&args).await?;
    let listener = early.map_or_else(|| serve::listen(&ctx.config), Ok)?;
    let url = &ctx.config.public_url;
    say!("Portcullis demo: {url}");
    say!("  administrator  {}  password: {}", ADMINISTRATOR.0, ADMINISTRATOR.1);
    say!("  member         {}  password: {}", MEMBER.0, MEMBER.1);
    say!("Add it to Claude Code:");
    say!("  claude mcp add --transport http portcullis {}", ctx.config.mcp_url);
    say!("Stop with Ctrl-C.");
    if !args.no_open
        && std::io::stdout().is_terminal()
        && let Err(error) = open::that_detached(url)
    {
        ::log::info!("no browser was opened: {error}");
    }
    serve::until_stopped(&ctx, listener).await
}

async fn open(args: &DemoArgs) -> Result<(Ctx, Option<TcpListener>)> {
    let found = load_variables(data_folder_only(), Missing::LeaveOut)?;
    let folder = found.config.data_folder.join("demo");
    let database = folder.join("demo.db");
    if args.reset {
        forget(&folder, &database)?;
    }
    let variables = [
        ("PORTCULLIS_DATABASE_URL", format!("sqlite://{}", database.display())),
        ("PORTCULLIS_BIND", format!("127.0.0.1:{}", args.port)),
        ("PORTCULLIS_LOG", std::env::var("PORTCULLIS_LOG").unwrap_or_else(|_| "warn".into())),
        ("PORTCULLIS_DATA_FOLDER", folder.display().to_string()),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    let (config, early) = serve::any_port(load_variables(variables, Missing::Make)?.config)?;
    log::init(&config);
    let ctx = bootstrap::open(config, Clock::system()).await?;
    if ctx.db.read(|conn| Ok(demo_data::is_loaded(conn)?)).await? {
        if args.stores.is_some() {
            return Err(Error::field("--stores", "needs --reset, because there is a demo already"));
        }
        return Ok((ctx, early));
    }
    let admin = people::hash_password(&ctx, ADMINISTRATOR.1).await?;
    let member = people::hash_password(&ctx, MEMBER.1).await?;
    let (now, resource) = (ctx.clock.now(), ctx.config.mcp_url.clone());
    ctx.db
        .write(move |conn| demo_data::load(conn, now, &resource, &admin, &member).map(|_| ()))
        .await?;
    if let Some(stores) = args.stores {
        index::add_sample(&ctx.db, stores, now).await?;
    }
    Ok((ctx, early))
}

/// The demo takes no configuration but the folder it may be kept in, for tests and tidy people.
fn data_folder_only() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| name == "PORTCULLIS_DATA_FOLDER")
}

/// Removes the demo's database with its log files and secret, the mail that it wrote and the files
/// of rejected lines that it kept.
fn forget(folder: &Path, database: &Path) -> Result<()> {
    let files =
        ["db", "db-wal", "db-shm", "db-turn", "secret"].map(|end| database.with_extension(end));
    for path in files {
        removed(&path, std::fs::remove_file(&path))?;
    }
    for path in ["outbox", "imports"].map(|name| folder.join(name)) {
        removed(&path, std::fs::remove_dir_all(&path))?;
    }
    Ok(())
}

fn removed(path: &Path, done: std::io::Result<()>) -> Result<()> {
    match done {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::field("--reset", format!("{} cannot be removed: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_leaves_nothing_of_the_demo() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let database = folder.join("demo.db");
        for kept in ["outbox", "imports"] {
            std::fs::create_dir(folder.join(kept)).unwrap();
            std::fs::write(folder.join(kept).join("one"), "x").unwrap();
        }
        for file in ["demo.db", "demo.db-wal", "demo.secret", "mine.txt"] {
            std::fs::write(folder.join(file), "x").unwrap();
        }
        forget(folder, &database).unwrap();
        forget(folder, &database).unwrap();
        let left: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(left, ["mine.txt"]);
    }
}
