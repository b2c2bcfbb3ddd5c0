//! The log on standard error: text or JSON lines, values never able to begin a line of their own.

use std::io::Write;

use log::LevelFilter;

use crate::config::Config;

/// What writes lines of its own about every request, besides ours: four of them from the SDK, which
/// also warns of every refusal, with what the caller had sent, and calls it an error when a caller
/// hangs up. `LOG` brings them back by name.
const CHATTY: [(&str, LevelFilter); 3] = [
    ("rmcp", LevelFilter::Error),
    ("rmcp::service", LevelFilter::Off),
    ("tracing::span", LevelFilter::Warn),
];

/// Starts the log. A second call does nothing.
pub(super) fn init(config: &Config) {
    let mut builder = env_logger::Builder::new();
    for (module, level) in CHATTY {
        builder.filter_module(module, level);
    }
    builder.parse_filters(&config.log);
    let is_json = config.log_json;
    builder.format(move |out, record| {
        let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let text = record.args().to_string();
        if is_json {
            let line = serde_json::json!({ "at": at, "level": record.level().as_str(), "target": record.target(), "message": text });
            writeln!(out, "{line}")
        } else {
            // Line breaks in what callers sent must not look like lines of ours (ASVS 16.4.1).
            let text = text.replace(|c: char| c.is_control(), "\u{fffd}");
            writeln!(out, "{at} {:5} {} {text}", record.level(), record.target())
        }
    });
    // Fails only when a log was started before, which then goes on.
    let _ = builder.try_init();
}
