//! The answer to whoever scrapes: what was counted, and what is so at this moment.

use std::time::Duration;

use prometheus::{Encoder, Gauge, GaugeVec, Opts, Registry, TextEncoder};
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::service::{Ctx, deliver};
use crate::store::outbox;

/// How long the database may take; a scraper waits no longer than some seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The media type of the answer.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Everything, in the text format of Prometheus.
///
/// # Errors
/// Only by our own mistake. A database that does not answer is told as such, and leaves out what it
/// would have to say.
pub async fn text(ctx: &Ctx) -> Result<String> {
    let waiting = ctx.db.read(|conn| Ok(outbox::count_waiting(conn, deliver::MOST_ATTEMPTS)?));
    let waiting = timeout(PATIENCE, waiting).await.ok().and_then(Result::ok);
    write(ctx, waiting).map_err(Error::internal)
}

fn write(ctx: &Ctx, mail_waiting: Option<i64>) -> Result<String, prometheus::Error> {
    let inner = &ctx.metrics.0;
    let moment = Registry::new();
    let one = |name: &str, help: &str, value: f64| {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        moment.register(Box::new(gauge))
    };
    one(
        "process_start_time_seconds",
        "When the process began to serve.",
        inner.started.0 as f64 / 1000.0,
    )?;
    one(
        "portcullis_database_up",
        "Whether the database answers.",
        f64::from(u8::from(mail_waiting.is_some())),
    )?;
    if let Some(waiting) = mail_waiting {
        let help = "Mails that wait to be handed over.";
        one("portcullis_outbox_waiting", help, waiting as f64)?;
    }
    let build = GaugeVec::new(Opts::new("portcullis_build_info", "The version."), &["version"])?;
    build.get_metric_with_label_values(&[env!("CARGO_PKG_VERSION")])?.set(1.0);
    moment.register(Box::new(build))?;
    database(ctx, &moment)?;

    let mut families = inner.registry.gather();
    families.extend(moment.gather());
    let mut text = Vec::new();
    TextEncoder::new().encode(&families, &mut text)?;
    String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
}

/// What the database is busy with.
fn database(ctx: &Ctx, moment: &Registry) -> Result<(), prometheus::Error> {
    let figures = ctx.db.figures();
    let lanes = |name: &str, help: &str| {
        let family = GaugeVec::new(Opts::new(name, help), &["pool"])?;
        moment.register(Box::new(family.clone()))?;
        Ok::<_, prometheus::Error>(family)
    };
    let in_use = lanes("portcullis_database_connections_in_use", "Connections in use.")?;
    let most = lanes("portcullis_database_connections_max", "Connections at most.")?;
    for lane in &figures.lanes {
        in_use.get_metric_with_label_values(&[lane.name])?.set(f64::from(lane.in_use));
        most.get_metric_with_label_values(&[lane.name])?.set(f64::from(lane.size));
    }
    let writer = figures.writer;
    let waiting = Gauge::new("portcullis_writer_waiting", "Writes in line for a batch.")?;
    waiting.set(writer.waiting as f64);
    moment.register(Box::new(waiting))?;
    let count = |name: &str, help: &str, value: u64| {
        let counter = prometheus::IntCounter::new(name, help)?;
        counter.inc_by(value);
        moment.register(Box::new(counter))
    };
    count("portcullis_writer_batches_total", "Batches written.", writer.batches)?;
    count("portcullis_writer_batched_writes_total", "Writes made in batches.", writer.together)?;
    count("portcullis_writer_immediate_writes_total", "Writes made at once.", writer.alone)
}
