//! Dashboard → Usage: what is left of the account's quotas and credits, and what the person's own
//! calls were.

mod export;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts;
use crate::console::overview::chart::{Chart, Series};
use crate::domain::quota::Span;
use crate::domain::records::COUNTED_DAYS as DAYS;
use crate::domain::tool::Tool;
use crate::service::own_usage::{self, MOST_CALLS, OwnUsage};
use crate::service::{Ctx, directory, verify};
use crate::store::people::CallRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

pub use export::export;

/// Calls a page.
const PAGE: usize = 50;

/// A quota as it is shown.
struct Quota {
    label: &'static str,
    used: i64,
    limit: i64,
    /// When it begins anew.
    resets: Timestamp,
}

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    shell: Shell,
    /// The account's plan, if nothing may be called with it.
    no_calls: Option<String>,
    now: Timestamp,
    usage: OwnUsage,
    /// Whether the role includes revealing.
    may_reveal: bool,
    quotas: Vec<Quota>,
    chart: Chart,
    calls: Vec<CallRow>,
    is_first: bool,
    older: Option<i64>,
}

/// `GET /dashboard/usage`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let usage = own_usage::read(&ctx, viewer.user.id).await?;
    let before: Option<i64> = parameter(request.query_string(), "before").parse().ok();
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let from = before.unwrap_or(i64::MAX);
    let mut calls = directory::calls_of(&ctx, viewer.user.id, from, limit).await?;
    let is_more = calls.len() > PAGE;
    calls.truncate(PAGE);
    let now = ctx.clock.now();
    let template = UsagePage {
        shell: Shell::new(&ctx, &request, &viewer),
        no_calls: (!usage.plan.api_access).then(|| usage.plan.name.clone()),
        now,
        may_reveal: verify::signed_in(&ctx, viewer.user.id)
            .await?
            .tools
            .contains(&Tool::RevealContacts),
        quotas: quotas(&usage, now),
        chart: chart(&usage),
        is_first: before.is_none(),
        older: calls.last().map(|call| call.id).filter(|_| is_more),
        calls,
        usage,
    };
    Ok(render(&template)?)
}

fn quotas(usage: &OwnUsage, now: Timestamp) -> Vec<Quota> {
    let (plan, used) = (&usage.plan, &usage.used);
    let quota =
        |label, used, limit, span: Span| Quota { label, used, limit, resets: span.reset(now) };
    vec![
        quota("Requests this minute", used.minute, plan.requests_per_minute, Span::Minute),
        quota("Requests today", used.day, plan.requests_per_day, Span::Day),
        quota("Search rows this month", used.rows, plan.rows_per_month, Span::Month),
        quota("Credits this month", used.credits.used, used.credits.limit, Span::Month),
    ]
}

fn chart(usage: &OwnUsage) -> Chart {
    let series = vec![
        Series { class: "ok", label: "answered" },
        Series { class: "bad", label: "not answered" },
    ];
    let days = usage.days.iter().map(|(day, calls)| (*day, vec![calls.ok, calls.other])).collect();
    Chart::new("calls", "Calls", series, &days)
}
