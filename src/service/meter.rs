//! Counting and writing down: every call costs what it costs exactly once, and nothing that was
//! answered is missing from the log. One group-committed write a call.

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::Outcome;
use crate::domain::quota::{Span, Used};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::AccountId;
use crate::service::verify::{Credential, Principal};
use crate::service::{Ctx, credits};
use crate::store::accounts::{self, Plan};
use crate::store::activity::{self, NewActivity};
use crate::store::usage::{self, Addition};
use crate::store::{api_keys, tokens, users};

/// What a call costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests.
    pub requests: i64,
    /// Search rows.
    pub rows: i64,
}

/// Refuses, before it runs, a call that the plan does not allow or that could return more rows
/// than are left. What is counted is decided again, with the answer, in [`settle`].
///
/// # Errors
/// `api_access_disabled`, `rate_limit_exceeded`, `daily_limit_exceeded`, `row_quota_exceeded`.
pub async fn precheck(ctx: &Ctx, principal: &Principal, wanted: Cost) -> Result<()> {
    if wanted == Cost::default() {
        return Ok(());
    }
    let (account, now) = (principal.account, ctx.clock.now());
    let used = ctx.db.glance(move |conn| Ok(usage::used(conn, account, now)?)).await?;
    check(&principal.plan, used, wanted, now)
}

/// Refuses whoever is on a plan without API access, or cut off from it.
///
/// # Errors
/// `api_access_disabled`.
pub(super) fn access(plan: &Plan) -> Result<()> {
    if !plan.api_access {
        return Err(Error::new(
            ErrorCode::ApiAccessDisabled,
            format!(
                "This account has no API access: its plan, {}, gives none, or an administrator has switched it off. An administrator can change that.",
                plan.name
            ),
        ));
    }
    Ok(())
}

/// Whether the plan allows the call and the windows have room for it.
///
/// # Errors
/// As [`precheck`].
pub(super) fn check(plan: &Plan, used: Used, wanted: Cost, now: Timestamp) -> Result<()> {
    access(plan)?;
    let until = |span: Span| (span.reset(now).0 - now.0).div_euclid(1000) + 1;
    if used.minute + wanted.requests > plan.requests_per_minute {
        return Err(Error::new(
            ErrorCode::RateLimitExceeded,
            format!("At most {} requests a minute. Wait and try again.", plan.requests_per_minute),
        )
        .retry_after(until(Span::Minute)));
    }
    if used.day + wanted.requests > plan.requests_per_day {
        return Err(Error::new(
            ErrorCode::DailyLimitExceeded,
            format!(
                "The {} requests of today are used up. They start again at midnight UTC.",
                plan.requests_per_day
            ),
        )
        .retry_after(until(Span::Day)));
    }
    let left = (plan.rows_per_month - used.rows).max(0);
    if wanted.rows > left {
        // Which argument asks for rows is the call's to say.
        return Err(Error::new(
            ErrorCode::RowQuotaExceeded,
            format!(
                "{left} search rows are left this month and up to {} were asked for. Ask for fewer.",
                wanted.rows
            ),
        )
        .retry_after(until(Span::Month)));
    }
    Ok(())
}

/// Counts a call's cost and writes the call down, in one transaction with "last used". If the
/// account has run out meanwhile, the refusal is written down instead and returned; the caller
/// must then not answer with the result.
///
/// # Errors
/// Only when the database cannot answer; running out is an answer.
pub async fn settle(
    ctx: &Ctx,
    principal: &Principal,
    cost: Cost,
    call: NewActivity,
) -> Result<Result<(), Error>> {
    let principal = principal.clone();
    let now = ctx.clock.now();
    ctx.db
        .join_batch(move |conn| {
            let refused = if cost == Cost::default() {
                None
            } else {
                count(conn, principal.account, &principal.plan, cost, 0, now)?
            };
            let mut call = call.clone();
            if let Some(error) = &refused {
                turn_down(&mut call, error);
            }
            activity::insert(conn, &call)?;
            touch(conn, &principal, now)?;
            Ok(refused.map_or(Ok(()), Err))
        })
        .await
}

/// Notes when user and credential were last used. It is told to the second; of the calls of one
/// second only the first writes it down, which spares a busy client half of all writing. A key's
/// calls are no tool calls of the user's AI clients.
fn touch(conn: &mut Conn, principal: &Principal, now: Timestamp) -> Result<()> {
    let is_known = |at: Option<Timestamp>| at.is_some_and(|at| at.seconds() == now.seconds());
    match principal.credential {
        Credential::Token(token) => {
            if !is_known(principal.last_tool_at) {
                users::touch(conn, principal.user, now)?;
            }
            if !is_known(principal.last_used_at) {
                tokens::touch(conn, token, now)?;
            }
        }
        Credential::Key(key) => {
            if !is_known(principal.last_used_at) {
                api_keys::touch(conn, key, now)?;
            }
        }
        Credential::Session => {}
    }
    Ok(())
}

/// What a call is that ended with that code.
pub(super) fn outcome(code: ErrorCode) -> Outcome {
    match (code, code.status()) {
        (_, 429) => Outcome::Limited,
        (ErrorCode::ConfirmationRequired, _) | (_, 402 | 403) => Outcome::Denied,
        _ => Outcome::Error,
    }
}

/// Makes the record of a call that was to be answered the record of a refusal.
pub(super) fn turn_down(call: &mut NewActivity, error: &Error) {
    call.outcome = outcome(error.code).as_str();
    call.error_code = Some(error.code.as_str().into());
    if call.surface != "mcp" {
        call.status = i32::from(error.code.status());
    }
    call.rows_returned = 0;
    call.credits_spent = 0;
}

/// Writes down a call that was refused before anybody was known to call, or without cost.
///
/// # Errors
/// When the database cannot answer.
pub async fn note(ctx: &Ctx, call: NewActivity) -> Result<()> {
    ctx.db
        .join_batch(move |conn| {
            activity::insert(conn, &call)?;
            Ok(())
        })
        .await
}

/// Counts in all three windows or in none: what was counted where there was room is taken back when
/// another window is full. Credits are noted with the month; what limits them is their balance.
pub(super) fn count(
    conn: &mut Conn,
    account: AccountId,
    plan: &Plan,
    cost: Cost,
    credits: i64,
    now: Timestamp,
) -> Result<Option<Error>> {
    let add = Addition {
        requests: cost.requests,
        rows: cost.rows,
        credits,
        most_a_minute: plan.requests_per_minute,
        most_a_day: plan.requests_per_day,
        most_rows: plan.rows_per_month,
    };
    // A window that does not exist yet has room for what the plan allows at all, and no more.
    if let Err(refused) = check(plan, Used::default(), cost, now) {
        return Ok(Some(refused));
    }
    let counted = usage::count(conn, account, &add, now)?;
    if counted.everywhere() {
        return Ok(None);
    }
    usage::take_back(conn, account, &add, counted, now)?;
    let used = usage::used(conn, account, now)?;
    // A window that was full a moment ago and is not any more: still nothing was counted.
    let busy = || Error::new(ErrorCode::Unavailable, "The call was not counted. Try again.");
    Ok(Some(check(plan, used, cost, now).err().unwrap_or_else(busy)))
}

/// What an account used in the current windows, and its credits as the live plan has them.
///
/// # Errors
/// When the database cannot answer.
pub async fn used(ctx: &Ctx, account: AccountId) -> Result<Used> {
    let now = ctx.clock.now();
    ctx.db
        .glance(move |conn| {
            let plan = accounts::plan_of(conn, account)?;
            used_on(conn, account, &plan, now)
        })
        .await
}

/// The same for a caller whose plan this request has read already.
///
/// # Errors
/// When the database cannot answer.
pub async fn used_by(ctx: &Ctx, principal: &Principal) -> Result<Used> {
    let (account, plan, now) = (principal.account, principal.plan.clone(), ctx.clock.now());
    ctx.db.glance(move |conn| used_on(conn, account, &plan, now)).await
}

fn used_on(conn: &mut Conn, account: AccountId, plan: &Plan, now: Timestamp) -> Result<Used> {
    let credits = credits::state(conn, account, plan, now)?;
    Ok(Used { credits, ..usage::used(conn, account, now)? })
}
