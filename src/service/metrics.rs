//! What the server counts of itself, for `/metrics`.
//!
//! Whoever counts touches an atomic and nothing else: every series is looked up once, when it is made,
//! and kept in a table by number. No label tells of a person, a client, a host or an address: there
//! are as many series as the tables here have rows, whoever calls.

mod area;
mod refused;
mod scrape;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

use crate::clock::Timestamp;
use crate::domain::audit::Outcome;
use crate::domain::tool::{TOOLS, Tool};
use crate::error::{Error, Result};
use crate::service::calls::Surface;

pub use area::{AREAS, Area};
pub use refused::{REFUSED, Refused};
pub use scrape::{CONTENT_TYPE, text};

/// Upper ends of the latency histogram, seconds.
const BUCKETS: [f64; 13] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const SURFACES: [Surface; 3] = [Surface::Mcp, Surface::Rest, Surface::Console];
const OUTCOMES: [Outcome; 4] = [Outcome::Ok, Outcome::Denied, Outcome::Limited, Outcome::Error];
/// Statuses by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What somebody failed to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// Address and password at the sign-in.
    SignIn,
    /// The code of the second factor.
    SecondFactor,
    /// The own password, asked for again.
    Reconfirm,
    /// A client at the token endpoint: its own secret, a code or a refresh token.
    Client,
}

const FAILED: [(Failed, &str); 4] = [
    (Failed::SignIn, "sign_in"),
    (Failed::SecondFactor, "second_factor"),
    (Failed::Reconfirm, "reconfirm"),
    (Failed::Client, "client"),
];

/// For what a token was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// An authorization code.
    Code,
    /// A refresh token.
    Refresh,
    /// A person asked for it: a personal access token.
    Personal,
}

const GRANTS: [(Grant, &str); 3] = [
    (Grant::Code, "authorization_code"),
    (Grant::Refresh, "refresh_token"),
    (Grant::Personal, "personal"),
];

/// The counters of a server. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: IntCounterVec,
    latency: Vec<Histogram>,
    calls: Vec<IntCounter>,
    unknown_tools: IntCounter,
    refused: Vec<IntCounter>,
    failed: Vec<IntCounter>,
    issued: Vec<IntCounter>,
    alarms: IntCounter,
    started: Timestamp,
}

impl Metrics {
    /// Counters at nought, of a server that starts now.
    ///
    /// # Errors
    /// When two families here have one name: our own mistake.
    pub fn new(started: Timestamp) -> Result<Self> {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let requests = counters(
            "portcullis_http_requests_total",
            "Requests answered, by route and class of status.",
            &["route", "status"],
        );
        let calls = counters(
            "portcullis_calls_total",
            "Calls of tools, by the way they came, tool and outcome.",
            &["surface", "tool", "outcome"],
        );
        let refused = counters(
            "portcullis_gate_refusals_total",
            "Requests refused before any call, at the MCP endpoint and the REST API.",
            &["surface", "code", "reason"],
        );
        let failed = counters(
            "portcullis_auth_failures_total",
            "Failed attempts to prove who one is.",
            &["kind"],
        );
        let issued = counters(
            "portcullis_tokens_issued_total",
            "Access tokens and personal access tokens given out.",
            &["grant"],
        );
        let alarms = counters(
            "portcullis_reuse_alarms_total",
            "Connections ended because a used refresh token or code came again.",
            &[],
        );
        let build = || {
            let calls = calls?;
            let unknown = [Surface::Mcp.as_str(), "unknown", Outcome::Error.as_str()];
            Ok::<_, prometheus::Error>(Inner {
                latency: latency(&registry)?,
                unknown_tools: calls.get_metric_with_label_values(&unknown)?,
                calls: series(&calls, combinations())?,
                refused: series(&refused?, REFUSED.map(|row| [row.surface, row.code, row.reason]))?,
                failed: series(&failed?, FAILED.map(|(_, name)| [name]))?,
                issued: series(&issued?, GRANTS.map(|(_, name)| [name]))?,
                alarms: alarms?.get_metric_with_label_values::<&str>(&[])?,
                started,
                requests: requests?,
                registry: registry.clone(),
            })
        };
        build().map(|inner| Self(Arc::new(inner))).map_err(Error::internal)
    }

    /// Counts a request that was answered.
    pub fn request(&self, route: &RouteCounters, status: u16, took: Duration) {
        let class = usize::from(status / 100).saturating_sub(1).min(CLASSES.len() - 1);
        if let (Some(cell), Some(name)) = (route.cells.get(class), CLASSES.get(class)) {
            cell.get_or_init(|| self.0.requests.with_label_values(&[route.route, *name])).inc();
        }
        if let Some(histogram) = self.0.latency.get(route.area as usize) {
            histogram.observe(took.as_secs_f64());
        }
    }

    /// Counts a call by what came of it.
    pub fn call(&self, surface: Surface, tool: Tool, outcome: Outcome) {
        let place = (surface as usize * TOOLS.len() + tool as usize) * OUTCOMES.len();
        add(&self.0.calls, place + outcome as usize);
    }

    /// Counts a call of a tool that nobody has.
    pub fn unknown_tool(&self) {
        self.0.unknown_tools.inc();
    }

    /// Counts a request that was refused before any call.
    pub fn refused(&self, why: Refused) {
        add(&self.0.refused, why as usize);
    }

    /// Counts a failed attempt to prove who one is.
    pub fn failed(&self, what: Failed) {
        add(&self.0.failed, what as usize);
    }

    /// Counts a token given out.
    pub fn issued(&self, grant: Grant) {
        add(&self.0.issued, grant as usize);
    }

    /// Counts a connection that was ended because its secret came twice.
    pub fn reuse_alarm(&self) {
        self.0.alarms.inc();
    }
}

/// The counters of one route, which stand with the route and find themselves once.
pub struct RouteCounters {
    route: &'static str,
    area: Area,
    cells: [OnceLock<IntCounter>; 5],
}

impl RouteCounters {
    /// Those of a route as the table writes it.
    pub fn new(route: &'static str) -> Self {
        Self { route, area: Area::of(route), cells: Default::default() }
    }
}

fn add(counters: &[IntCounter], place: usize) {
    if let Some(counter) = counters.get(place) {
        counter.inc();
    }
}

/// The series of a family, in the order of their numbers.
fn series<const N: usize>(
    family: &IntCounterVec,
    rows: impl IntoIterator<Item = [&'static str; N]>,
) -> Result<Vec<IntCounter>, prometheus::Error> {
    rows.into_iter().map(|labels| family.get_metric_with_label_values(&labels)).collect()
}

/// The labels of every call there can be, in the order of their numbers.
fn combinations() -> impl Iterator<Item = [&'static str; 3]> {
    SURFACES.into_iter().flat_map(|surface| {
        TOOLS.iter().flat_map(move |row| {
            OUTCOMES.map(|outcome| [surface.as_str(), row.name, outcome.as_str()])
        })
    })
}

fn latency(registry: &Registry) -> Result<Vec<Histogram>, prometheus::Error> {
    let options = HistogramOpts::new(
        "portcullis_http_request_duration_seconds",
        "Time from a request's arrival to the head of its answer.",
    )
    .buckets(BUCKETS.to_vec());
    let family = HistogramVec::new(options, &["area"])?;
    registry.register(Box::new(family.clone()))?;
    AREAS.iter().map(|area| family.get_metric_with_label_values(&[area.as_str()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series is found by the number of its row, so every table stands in the order of its type.
    #[test]
    fn every_table_is_in_the_order_of_its_numbers() {
        assert!(SURFACES.iter().enumerate().all(|(place, surface)| *surface as usize == place));
        assert!(TOOLS.iter().enumerate().all(|(place, row)| row.tool as usize == place));
        assert!(OUTCOMES.iter().enumerate().all(|(place, outcome)| *outcome as usize == place));
        assert!(FAILED.iter().enumerate().all(|(place, (what, _))| *what as usize == place));
        assert!(GRANTS.iter().enumerate().all(|(place, (grant, _))| *grant as usize == place));
        assert!(AREAS.iter().enumerate().all(|(place, area)| *area as usize == place));
        assert!(REFUSED.iter().enumerate().all(|(place, row)| row.why as usize == place));
        Metrics::new(Timestamp(0)).unwrap();
    }
}
