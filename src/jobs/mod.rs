//! What is done periodically, one file a job. Every job is safe to run twice and on every replica.

mod expire_tokens;
mod purge;
mod rotate_keys;

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::service::Ctx;

/// How often the jobs run.
const EVERY: Duration = Duration::from_secs(60);

/// Starts the jobs; they end when the handle is aborted.
pub fn start(ctx: &Ctx) -> JoinHandle<()> {
    let ctx = ctx.clone();
    actix_web::rt::spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            run_all(&ctx).await;
        }
    })
}

/// Runs every job once; a job that fails is logged and tried again next time.
pub async fn run_all(ctx: &Ctx) {
    if let Err(error) = expire_tokens::run(ctx).await {
        log::error!("job expire_tokens: {error}");
    }
    if let Err(error) = rotate_keys::run(ctx).await {
        log::error!("job rotate_keys: {error}");
    }
    if let Err(error) = purge::run(ctx).await {
        log::error!("job purge: {error}");
    }
}
