//! `portcullis serve`.

use crate::cli::say;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::service::import::upload;
use crate::service::{Ctx, bootstrap};
use crate::{app, jobs};

/// Serves until SIGTERM or Ctrl-C, then finishes running requests.
pub(super) async fn run(ctx: Ctx) -> Result<ExitCode> {
    let listener = listen(&ctx)?;
    if let Some(link) = bootstrap::setup_link(&ctx).await? {
        say!("There are no users yet. Create the first administrator within 24 hours:");
        say!("  {link}");
    }
    say!("Portcullis listens on {} and is known as {}", ctx.config.bind, ctx.config.public_url);
    until_stopped(&ctx, listener).await
}

/// Takes the address, so that nothing is promised before it is ours.
pub(super) fn listen(ctx: &Ctx) -> Result<TcpListener> {
    TcpListener::bind(ctx.config.bind).map_err(|error| {
        Error::field("BIND", format!("{} cannot be listened on: {error}", ctx.config.bind))
    })
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
