//! What is done periodically, one file a job. Every job is safe to run twice and on every replica.

mod count_calls;
mod deliver_mail;
mod expire_tokens;
mod fold_clients;
mod purge;
mod rotate_keys;
mod tidy_imports;
mod tidy_words;

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::service::Ctx;

/// How often mail is looked for.
const MAIL_EVERY: Duration = Duration::from_secs(5);
/// How often everything else is looked after.
const EVERY: Duration = Duration::from_secs(60);

/// Starts the jobs; they end when the handle is aborted. Mail waits for no other job, and none waits
/// for the words of a large index.
pub fn start(ctx: &Ctx) -> JoinHandle<()> {
    let ctx = ctx.clone();
    actix_web::rt::spawn(async move {
        tokio::join!(
            again_and_again(MAIL_EVERY, async || deliver(&ctx).await),
            again_and_again(EVERY, async || run_all(&ctx).await),
            again_and_again(EVERY, async || tidy(&ctx).await),
        );
    })
}

async fn again_and_again(every: Duration, job: impl AsyncFn()) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        job().await;
    }
}

/// Runs every short job once; a job that fails is logged and tried again next time.
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

/// Tidies the search index once, which can take minutes.
pub async fn tidy(ctx: &Ctx) {
    if let Err(error) = tidy_words::run(ctx).await {
        log::error!("job tidy_words: {error}");
    }
}

/// Hands waiting mail over once.
pub async fn deliver(ctx: &Ctx) {
    if let Err(error) = deliver_mail::run(ctx).await {
        log::error!("job deliver_mail: {error}");
    }
}
