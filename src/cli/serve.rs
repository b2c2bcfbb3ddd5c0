//! `portcullis serve`.

use crate::cli::say;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::service::import::upload;
use crate::service::{Ctx, bootstrap};
use crate::{app, jobs};

/// Serves until SIGTERM or Ctrl-C, then finishes running requests.
pub(super) async fn run(config: Config) -> Result<ExitCode> {
    let (config, early) = any_port(config)?;
    let ctx = bootstrap::open(config, Clock::system()).await?;
    let listener = early.map_or_else(|| listen(&ctx.config), Ok)?;
    if let Some(link) = bootstrap::setup_link(&ctx).await? {
        say!("There are no users yet. Create the first administrator within 24 hours:");
        say!("  {link}");
    }
    say!("Portcullis listens on {} and is known as {}", ctx.config.bind, ctx.config.public_url);
    until_stopped(&ctx, listener).await
}

/// Takes the address, so that nothing is promised before it is ours.
pub(super) fn listen(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.bind).map_err(|error| {
        Error::field("BIND", format!("{} cannot be listened on: {error}", config.bind))
    })
}

/// Takes whatever port is free if the configuration asks for port 0, before anything is made from its
/// number: clients are told it.
pub(super) fn any_port(config: Config) -> Result<(Config, Option<TcpListener>)> {
    if config.bind.port() != 0 {
        return Ok((config, None));
    }
    let listener = listen(&config)?;
    let bind = listener.local_addr().map_err(Error::internal)?;
    Ok((config.bound_to(bind), Some(listener)))
}

/// How long an import that runs may go on when the server is told to stop.
const FINISH: Duration = Duration::from_secs(30);

/// Runs server and jobs.
pub(super) async fn until_stopped(ctx: &Ctx, listener: TcpListener) -> Result<ExitCode> {
    let server = app::serve(ctx, listener)?;
    let jobs = jobs::start(ctx);
    let ended = server.await.map_err(Error::internal);
    jobs.abort();
    // An import that is cut short does no harm, but one that is nearly done should end.
    if tokio::time::timeout(FINISH, upload::settle(ctx)).await.is_err() {
        ::log::warn!("an import was cut short; import the file again to complete it");
    }
    ended.map(|()| ExitCode::SUCCESS)
}
