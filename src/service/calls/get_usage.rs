//! `get_usage`: plan and quotas. Costs nothing, so that looking never makes it worse.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Caller, Done, NoInput, output};
use crate::domain::quota::Span;
use crate::error::Result;
use crate::service::Ctx;
use crate::service::meter::{self, Cost};

/// A quota: how much, how much of it is used, and when it starts again.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Quota {
    /// The most in one period.
    limit: i64,
    /// Used in this period.
    used: i64,
    /// Left in this period.
    remaining: i64,
    /// When the next period begins, RFC 3339.
    resets_at: String,
}

/// The current month.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Period {
    /// Its start, RFC 3339.
    start: String,
    /// Its end, RFC 3339.
    end: String,
}

/// What `get_usage` returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Name of the account's plan.
    plan: String,
    /// Whether the plan gives access to tools at all.
    api_access: bool,
    /// The month that rows and credits are counted in.
    period: Period,
    /// Requests in this minute.
    requests_per_minute: Quota,
    /// Requests on this day.
    requests_per_day: Quota,
    /// Search rows in this month.
    search_rows: Quota,
    /// Credits in this month.
    credits: Quota,
}

pub(super) async fn run(ctx: &Ctx, caller: &Caller, _: NoInput) -> Result<Done> {
    let now = ctx.clock.now();
    let plan = &caller.principal.plan;
    let used = meter::used_by(ctx, &caller.principal).await?;
    let quota = |limit: i64, used: i64, span: Span| Quota {
        limit,
        used,
        remaining: (limit - used).max(0),
        resets_at: span.reset(now).to_rfc3339(),
    };
    let usage = Output {
        plan: plan.name.clone(),
        api_access: plan.api_access,
        period: Period {
            start: Span::Month.start(now).to_rfc3339(),
            end: Span::Month.reset(now).to_rfc3339(),
        },
        requests_per_minute: quota(plan.requests_per_minute, used.minute, Span::Minute),
        requests_per_day: quota(plan.requests_per_day, used.day, Span::Day),
        search_rows: quota(plan.rows_per_month, used.rows, Span::Month),
        credits: quota(used.credits.limit, used.credits.used, Span::Month),
    };
    Ok(Done { output: output(&usage)?, cost: Cost::default() })
}
