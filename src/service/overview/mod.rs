//! What the overview shows: who is connected, what was called in thirty days, what needs somebody.

mod attention;
mod fold;

use std::collections::BTreeMap;

pub use attention::{ALARM_DAYS, Attention, Matter, attention};
pub use fold::fold;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::records::LOOKED_AT;
use crate::error::Result;
use crate::service::stop::{self, Standing};
use crate::service::{Ctx, clients};
use crate::store::activity_days::{self as store, Part};
use crate::store::client_grid::{ClientQuery, ClientRowOfGrid, ClientSort};
use crate::store::overview;

/// Days of the figures, today included.
pub const DAYS: i64 = 30;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// Clients in the list of those that call most.
const TOP_CLIENTS: i64 = 5;

/// The first day that counts, in days since the epoch.
fn first_day(now: Timestamp) -> i64 {
    now.0.div_euclid(DAY) - (DAYS - 1)
}

/// Calls by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Answered.
    pub ok: i64,
    /// Refused.
    pub denied: i64,
    /// Refused by a limit.
    pub limited: i64,
    /// Failed.
    pub error: i64,
    /// Rows returned.
    pub rows: i64,
    /// Credits spent.
    pub credits: i64,
}

impl Calls {
    fn add(&mut self, part: &Part) {
        let count = match part.outcome.as_str() {
            "ok" => &mut self.ok,
            "denied" => &mut self.denied,
            "limited" => &mut self.limited,
            _ => &mut self.error,
        };
        *count += part.calls;
        self.rows += part.rows;
        self.credits += part.credits;
    }

    /// All that were refused, by a limit or otherwise, or failed.
    pub fn refused(&self) -> i64 {
        self.denied + self.limited + self.error
    }

    /// All.
    pub fn all(&self) -> i64 {
        self.ok + self.refused()
    }
}

/// Calls of thirty days.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Each day, the oldest first: the moment it begins, and its calls.
    pub days: Vec<(Timestamp, Calls)>,
    /// Each tool or route, the most called first.
    pub tools: Vec<(String, Calls)>,
    /// All together.
    pub total: Calls,
    /// Calls after this moment are not counted yet: there are too many of them.
    pub counted_until: Option<Timestamp>,
}

/// Everything that the overview shows.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Whether the endpoint is switched on.
    pub is_on: bool,
    /// What works now.
    pub standing: Standing,
    /// Programs with active tokens.
    pub clients: i64,
    /// Calls of thirty days.
    pub figures: Figures,
    /// The clients that call most; look-alikes together.
    pub top: Vec<ClientRowOfGrid>,
}

/// Reads the overview. It looks at what is counted and at the calls of the last minutes, never at
/// the whole log.
///
/// # Errors
/// When the database cannot answer.
pub async fn read(ctx: &Ctx) -> Result<Overview> {
    let now = ctx.clock.now();
    let (figures, clients) = ctx
        .db
        .read(move |conn| Ok((figures(conn, now)?, overview::connected_clients(conn)?)))
        .await?;
    let query = ClientQuery {
        group: None,
        text: None,
        trust: None,
        registration: None,
        sort: ClientSort::Calls,
        descending: true,
        page: 1,
        page_size: TOP_CLIENTS,
    };
    let top = clients::grid(ctx, query).await?.rows;
    Ok(Overview {
        is_on: ctx.live_now().await?.settings.mcp_enabled,
        standing: stop::standing(ctx).await?,
        clients,
        figures,
        top: top.into_iter().filter(|row| row.figures.calls > 0).collect(),
    })
}

fn figures(conn: &mut Conn, now: Timestamp) -> Result<Figures> {
    let first = first_day(now);
    let mut parts = store::since(conn, first)?;
    let until = store::until(conn)?.max(Timestamp(first * DAY));
    let counted_until = match store::nth_newest(conn, until, LOOKED_AT)? {
        Some(_) => Some(until),
        None => {
            parts.extend(uncounted(conn, until, now)?);
            None
        }
    };
    let mut days: BTreeMap<i64, Calls> =
        (first..first + DAYS).map(|day| (day, Calls::default())).collect();
    let mut tools: BTreeMap<String, Calls> = BTreeMap::new();
    let mut total = Calls::default();
    for (day, part) in &parts {
        if let Some(calls) = days.get_mut(day) {
            calls.add(part);
            tools.entry(part.operation.clone()).or_default().add(part);
            total.add(part);
        }
    }
    let mut tools: Vec<(String, Calls)> = tools.into_iter().collect();
    tools.sort_by_key(|(_, calls)| -calls.all());
    let days = days.into_iter().map(|(day, calls)| (Timestamp(day * DAY), calls)).collect();
    Ok(Figures { days, tools, total, counted_until })
}

/// What the job has not counted yet, day by day.
fn uncounted(conn: &mut Conn, until: Timestamp, now: Timestamp) -> Result<Vec<(i64, Part)>> {
    let mut parts = Vec::new();
    let mut from = until;
    let end = Timestamp((now.0.div_euclid(DAY) + 1) * DAY);
    while from < end {
        let day = from.0.div_euclid(DAY);
        let next = Timestamp((day + 1) * DAY);
        parts.extend(store::between(conn, from, next)?.into_iter().map(|part| (day, part)));
        from = next;
    }
    Ok(parts)
}
