//! What a person used: the account's quotas, and their own calls of thirty days by day, tool and
//! client.

use std::collections::{BTreeMap, HashMap};

use crate::clock::Timestamp;
use crate::domain::quota::Used;
use crate::domain::records::{COUNTED_DAYS, counted_from};
use crate::error::Result;
use crate::ids::{ClientRowId, UserId};
use crate::service::{Ctx, meter, verify};
use crate::store::accounts::{self, Plan};
use crate::store::own_usage::{self, Part};

/// Calls that are looked through at most; the newest.
pub const MOST_CALLS: i64 = 20_000;

const DAY_MILLIS: i64 = 86_400_000;

/// Calls that were answered, and others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Answered.
    pub ok: i64,
    /// Refused, limited or failed.
    pub other: i64,
}

impl Calls {
    fn add(&mut self, part: &Part) {
        match part.outcome.as_str() {
            "ok" => self.ok += part.calls,
            _ => self.other += part.calls,
        }
    }
}

/// A person's usage.
#[derive(Debug)]
pub struct OwnUsage {
    /// The account's name.
    pub account: String,
    /// Its plan.
    pub plan: Plan,
    /// What the account used of it.
    pub used: Used,
    /// The person's calls day by day, oldest first.
    pub days: Vec<(Timestamp, Calls)>,
    /// By tool, most first.
    pub tools: Vec<(String, Calls)>,
    /// By client, most first.
    pub clients: Vec<(String, Calls)>,
    /// Whether there are older calls in these days that were not looked through.
    pub is_cut: bool,
}

/// Reads it.
///
/// # Errors
/// When the database cannot answer.
pub async fn read(ctx: &Ctx, user: UserId) -> Result<OwnUsage> {
    let principal = verify::signed_in(ctx, user).await?;
    let used = meter::used_by(ctx, &principal).await?;
    let account = principal.account;
    let today = ctx.clock.now().0.div_euclid(DAY_MILLIS);
    let since = counted_from(ctx.clock.now());
    let (account, parts, names, is_cut) = ctx
        .db
        .read(move |conn| {
            let oldest = own_usage::nth_newest(conn, user, MOST_CALLS)?;
            let parts = own_usage::parts(conn, user, oldest.unwrap_or(0), since)?;
            let mut clients: Vec<ClientRowId> = parts.iter().filter_map(|p| p.client).collect();
            clients.sort_unstable();
            clients.dedup();
            let names = own_usage::client_names(conn, &clients)?;
            let counted: i64 = parts.iter().map(|part| part.calls).sum();
            let is_cut = oldest.is_some() && counted >= MOST_CALLS;
            Ok((accounts::name_of(conn, account)?, parts, names, is_cut))
        })
        .await?;
    let names: HashMap<_, _> = names.into_iter().collect();
    let mut days: BTreeMap<i64, Calls> =
        (today - COUNTED_DAYS + 1..=today).map(|day| (day, Calls::default())).collect();
    let mut tools: BTreeMap<String, Calls> = BTreeMap::new();
    let mut clients: BTreeMap<String, Calls> = BTreeMap::new();
    for part in &parts {
        days.entry(part.day).or_default().add(part);
        tools.entry(part.operation.clone()).or_default().add(part);
        clients.entry(caller(part, &names)).or_default().add(part);
    }
    Ok(OwnUsage {
        account,
        plan: principal.plan,
        used,
        days: days.into_iter().map(|(day, calls)| (Timestamp(day * DAY_MILLIS), calls)).collect(),
        tools: most_first(tools),
        clients: most_first(clients),
        is_cut,
    })
}

/// What called, in words.
fn caller(part: &Part, names: &HashMap<ClientRowId, String>) -> String {
    match (part.client, part.surface.as_str()) {
        (Some(client), _) => names.get(&client).map_or("A removed client", String::as_str).into(),
        (None, "console") => "This site, in the browser".into(),
        (None, "rest") => "API keys".into(),
        (None, _) => "Personal access tokens".into(),
    }
}

fn most_first(calls: BTreeMap<String, Calls>) -> Vec<(String, Calls)> {
    let mut calls: Vec<_> = calls.into_iter().collect();
    calls.sort_by_key(|(_, calls)| std::cmp::Reverse(calls.ok + calls.other));
    calls
}
