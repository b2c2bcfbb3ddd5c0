//! What is done periodically, one file a job. Every job is safe to run twice and on every replica.

mod count_calls;
mod deliver_mail;
mod expire_tokens;
mod fold_clients;
mod purge;
mod rotate_keys;
mod tidy_imports;

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::service::Ctx;

/// How often mail is looked for.
const MAIL_EVERY: Duration = Duration::from_secs(5);
/// How often everything else is looked after.
const EVERY: Duration = Duration::from_secs(60);

/// Starts the jobs; they end when the handle is aborted.
pub fn start(ctx: &Ctx) -> JoinHandle<()> {
    let ctx = ctx.clone();
    actix_web::rt::spawn(async move {
        let mut mail = tokio::time::interval(MAIL_EVERY);
        let mut rest = tokio::time::interval(EVERY);
        for ticks in [&mut mail, &mut rest] {
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                _ = mail.tick() => deliver(&ctx).await,
                _ = rest.tick() => run_all(&ctx).await,
            }
        }
    })
}

/// Runs every job once; a job that fails is logged and tried again next time.
pub async fn run_all(ctx: &Ctx) {
    if let Err(error) = expire_tokens::run(ctx).await {
        log::error!("job expire_tokens: {error}");
    }
    if let Err(error) = fold_clients::run(ctx).await {
        log::error!("job fold_clients: {error}");
    }
    if let Err(error) = count_calls::run(ctx).await {
        log::error!("job count_calls: {error}");
    }
    if let Err(error) = rotate_keys::run(ctx).await {
        log::error!("job rotate_keys: {error}");
    }
    if let Err(error) = purge::run(ctx).await {
        log::error!("job purge: {error}");
    }
    if let Err(error) = tidy_imports::run(ctx).await {
        log::error!("job tidy_imports: {error}");
    }
}

/// Hands waiting mail over once.
pub async fn deliver(ctx: &Ctx) {
    if let Err(error) = deliver_mail::run(ctx).await {
        log::error!("job deliver_mail: {error}");
    }
}
