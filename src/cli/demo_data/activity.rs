//! Thirty days of tool calls of the sample, reveals among them, and the usage they add up to.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::connections::Token;
use super::credits::Spent;
use super::people::Person;
use super::random::Random;
use super::{DAY, MINUTE};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{activity, usage_windows};
use crate::domain::audit::Outcome;
use crate::domain::quota::Span;
use crate::domain::tool::{TOOLS, Tool};
use crate::error::Result;

/// Calls drawn; those that fall outside the life of their token are left out.
const DRAWN: i64 = 3_600;

struct Call {
    at: i64,
    person: usize,
    token: usize,
    tool: Tool,
    outcome: Outcome,
    error: Option<&'static str>,
    status: i32,
    rows: i64,
    credits: i64,
    /// Its request, if something else names it.
    request_id: Option<String>,
}

/// Writes the calls, oldest first, and notes each token's last answered one. Returns how many.
pub(super) fn load(
    conn: &mut Conn,
    random: &mut Random,
    now: Timestamp,
    people: &[Person],
    tokens: &mut [Token],
    spent: Vec<Spent>,
) -> Result<usize> {
    let mut calls: Vec<Call> = Vec::new();
    let most = i64::try_from(tokens.len()).unwrap_or(1).max(1) - 1;
    for _ in 0..DRAWN {
        let place = usize::try_from(random.between(0, most)).unwrap_or_default();
        let Some(token) = tokens.get(place) else { continue };
        let Some(person) = people.get(token.person) else { continue };
        let begin = token.created_at.max(now.0 - 30 * DAY);
        // Minutes before now, so that the page does not begin with calls of this very moment.
        let end = token.ended.map_or(now.0 - 2 * MINUTE, |(at, _)| at);
        if begin < end {
            let at = random.between(begin, end - 1);
            calls.push(call(random, place, token.person, person.has_api, at));
        }
    }
    for reveal in spent {
        let person = tokens.get(reveal.token).map_or(0, |token| token.person);
        calls.push(Call {
            at: reveal.at,
            person,
            token: reveal.token,
            tool: Tool::RevealContacts,
            outcome: Outcome::Ok,
            error: None,
            status: 200,
            rows: 0,
            credits: reveal.credits,
            request_id: Some(reveal.request_id),
        });
    }
    calls.sort_by_key(|call| call.at);
    for (number, call) in calls.iter().enumerate() {
        let (Some(token), Some(person)) = (tokens.get_mut(call.token), people.get(call.person))
        else {
            continue;
        };
        if call.outcome == Outcome::Ok {
            token.first_used_at.get_or_insert(call.at);
            token.last_used_at = Some(call.at);
        }
        let drawn = format!("demo-request-{number:05}");
        diesel::insert_into(activity::table)
            .values((
                activity::request_id.eq(call.request_id.as_ref().unwrap_or(&drawn)),
                activity::at.eq(call.at),
                activity::account_id.eq(person.account),
                activity::user_id.eq(person.id),
                activity::client_id.eq(token.client),
                activity::token_id.eq(token.id),
                activity::address.eq(random.address().to_string()),
                activity::surface.eq("mcp"),
                activity::operation.eq(call.tool.row().name),
                activity::outcome.eq(call.outcome.as_str()),
                activity::status.eq(call.status),
                activity::error_code.eq(call.error),
                activity::rows_returned.eq(call.rows),
                activity::credits_spent.eq(call.credits),
                activity::latency_us.eq(random.between(900, 18_000)),
            ))
            .execute(conn)?;
    }
    count_usage(conn, now, people, &calls)?;
    Ok(calls.len())
}

fn call(random: &mut Random, token: usize, person: usize, has_api: bool, at: i64) -> Call {
    // Searches are what agents do most.
    let tool = if !has_api && !random.percent(4) {
        // What costs is refused to them, which agents learn soon.
        Tool::GetUsage
    } else if random.percent(55) {
        Tool::SearchStores
    } else {
        let place = usize::try_from(random.between(0, 3)).unwrap_or_default();
        TOOLS.get(place).map_or(Tool::GetStore, |row| row.tool)
    };
    let costs = tool.row().costs_request;
    let (outcome, status, error) = match random.between(1, 1_000) {
        _ if costs && !has_api => (Outcome::Denied, 200, Some("api_access_disabled")),
        1..=8 => (Outcome::Denied, 403, Some("insufficient_scope")),
        9..=18 if costs => (Outcome::Limited, 200, Some("rate_limit_exceeded")),
        19..=24 if costs => (Outcome::Limited, 200, Some("row_quota_exceeded")),
        25..=28 => (Outcome::Error, 200, Some("internal_error")),
        29..=60 if tool == Tool::GetStore => (Outcome::Error, 200, Some("not_found")),
        _ => (Outcome::Ok, 200, None),
    };
    let rows = match tool {
        Tool::SearchStores if outcome == Outcome::Ok => random.between(0, 25),
        _ => 0,
    };
    Call { at, person, token, tool, outcome, error, status, rows, credits: 0, request_id: None }
}

/// The windows of this day and month, as metering would have counted them: answered calls only.
fn count_usage(conn: &mut Conn, now: Timestamp, people: &[Person], calls: &[Call]) -> Result<()> {
    for span in [Span::Day, Span::Month] {
        let start = span.start(now).0;
        let mut used: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
        for call in calls {
            let counts = call.at >= start && call.outcome == Outcome::Ok;
            if let (true, Some(person)) = (counts, people.get(call.person)) {
                let (requests, rows, credits) = used.entry(person.account).or_default();
                *requests += i64::from(call.tool.row().costs_request);
                *rows += call.rows;
                // Only the month counts them.
                *credits += if span == Span::Month { call.credits } else { 0 };
            }
        }
        for (account, (requests, rows, credits)) in used {
            diesel::insert_into(usage_windows::table)
                .values((
                    usage_windows::account_id.eq(account),
                    usage_windows::span.eq(span.as_str()),
                    usage_windows::starts_at.eq(start),
                    usage_windows::requests.eq(requests),
                    usage_windows::rows_returned.eq(rows),
                    usage_windows::credits.eq(credits),
                ))
                .execute(conn)?;
        }
    }
    Ok(())
}
