//! The list of accounts with what each has used, page by page and as a file.

use std::collections::HashMap;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::credit::{Credits, Month};
use crate::domain::email;
use crate::domain::export::{Cell, Format};
use crate::domain::quota::{Span, Used};
use crate::error::{Error, Result};
use crate::ids::{AccountId, PlanId};
use crate::service::Ctx;
use crate::store::account_grid::{self as store, AccountQuery, AccountSort, Slice};
use crate::store::accounts::{AccountRow, Plan};
use crate::store::audit::{self, NewEntry};
use crate::store::{ledger, plans, users};

/// How an account stands with API access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Calls go through.
    On,
    /// The plan gives it and it is switched off for the account.
    SwitchedOff,
    /// The plan gives none.
    NotInPlan,
}

impl Access {
    /// How an account with that switch stands on a plan.
    pub fn of(plan: &Plan, switch: bool) -> Self {
        match (plan.api_access, switch) {
            (true, true) => Self::On,
            (true, false) => Self::SwitchedOff,
            (false, _) => Self::NotInPlan,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Text in the name, or the whole address of a person of the account.
    pub text: Option<String>,
    /// Whether who asks may see people, and so find an account by one of them.
    pub sees_people: bool,
    /// On this plan.
    pub plan: Option<PlanId>,
    /// That stand so.
    pub access: Option<Access>,
    /// That have spent four fifths of the month's credits.
    pub nearly_out: bool,
}

/// An account in the list.
#[derive(Debug, Clone)]
pub struct Line {
    /// The account.
    pub row: AccountRow,
    /// Its plan, as it is for everybody who is on it.
    pub plan: Plan,
    /// How many people it has.
    pub people: i64,
    /// What it used.
    pub used: Used,
}

impl Line {
    /// How it stands with API access.
    pub fn access(&self) -> Access {
        Access::of(&self.plan, self.row.api_access)
    }
}

/// A page of the list.
#[derive(Debug)]
pub struct Page {
    /// The accounts.
    pub rows: Vec<Line>,
    /// Accounts that match, on all pages.
    pub total: i64,
    /// The page shown: the one asked for, or the last one if there are not so many.
    pub page: i64,
}

/// Lists accounts.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    ctx: &Ctx,
    asked: Asked,
    (sort, descending): (AccountSort, bool),
    page: i64,
    size: i64,
) -> Result<Page> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let all = plans::all(conn)?;
            let query = resolve(conn, &asked, &all, now)?;
            let total = store::count(conn, &query)?;
            let page = page.clamp(1, (total - 1).max(0) / size + 1);
            let slice = Slice { offset: (page - 1) * size, limit: size };
            let rows = if sort == AccountSort::Credits {
                by_credits(conn, &query, Span::Month.start(now), total, descending, slice)?
            } else {
                by_index(conn, &query, (sort, descending), total, slice)?
            };
            Ok(Page { rows: with_usage(conn, rows, &all, now)?, total, page })
        })
        .await
}

fn resolve(
    conn: &mut Conn,
    asked: &Asked,
    all: &[(Plan, bool)],
    now: Timestamp,
) -> Result<AccountQuery> {
    let mut query = AccountQuery {
        nearly_out: asked.nearly_out.then(|| Span::Month.start(now)),
        ..AccountQuery::default()
    };
    match asked.text.as_deref().map(|text| (text, email::normalise(text))) {
        Some((_, Ok(address))) if asked.sees_people => {
            let person = users::by_email(conn, &address)?;
            // No account has this id: an address that nobody has is of no account.
            query.only = Some(person.map_or(AccountId(0), |person| person.account_id));
        }
        Some((text, _)) => query.text = Some(text.to_owned()),
        None => {}
    }
    let with_access = |wanted: bool| {
        let fits = all.iter().filter(move |(plan, _)| plan.api_access == wanted);
        Some(fits.map(|(plan, _)| plan.id).collect::<Vec<_>>())
    };
    (query.plans, query.switch) = match asked.access {
        Some(Access::On) => (with_access(true), Some(true)),
        Some(Access::SwitchedOff) => (with_access(true), Some(false)),
        Some(Access::NotInPlan) => (with_access(false), None),
        None => (None, None),
    };
    if let Some(plan) = asked.plan {
        let is_left = query.plans.is_none_or(|plans| plans.contains(&plan));
        query.plans = Some(if is_left { vec![plan] } else { Vec::new() });
    }
    Ok(query)
}

/// Reads from whichever end of the index is nearer, so that the last pages are as quick as the first.
fn by_index(
    conn: &mut Conn,
    query: &AccountQuery,
    (sort, descending): (AccountSort, bool),
    total: i64,
    slice: Slice,
) -> Result<Vec<AccountRow>> {
    if slice.offset <= total / 2 {
        return Ok(store::rows(conn, query, sort, descending, slice)?);
    }
    let end = (slice.offset + slice.limit).min(total);
    let from_end = Slice { offset: total - end, limit: end - slice.offset };
    let mut rows = store::rows(conn, query, sort, !descending, from_end)?;
    rows.reverse();
    Ok(rows)
}

/// Those that have spent any are few, and sorted; the rest have spent the same, which is nothing.
fn by_credits(
    conn: &mut Conn,
    query: &AccountQuery,
    period: Timestamp,
    total: i64,
    descending: bool,
    slice: Slice,
) -> Result<Vec<AccountRow>> {
    let spenders = store::count_spenders(conn, query, period)?;
    let first = if descending { spenders } else { total - spenders };
    let of_first = (first - slice.offset).clamp(0, slice.limit);
    let one = Slice { limit: of_first, ..slice };
    let two = Slice { offset: (slice.offset - first).max(0), limit: slice.limit - of_first };
    let (of_spenders, of_savers) = if descending { (one, two) } else { (two, one) };
    let mut spent = Vec::new();
    if of_spenders.limit > 0 {
        spent = store::spender_rows(conn, query, period, descending, of_spenders)?;
    }
    let mut saved = Vec::new();
    if of_savers.limit > 0 {
        saved = store::saver_rows(conn, query, period, descending, of_savers)?;
    }
    let (mut rows, rest) = if descending { (spent, saved) } else { (saved, spent) };
    rows.extend(rest);
    Ok(rows)
}

/// Adds plans, people and what was used.
fn with_usage(
    conn: &mut Conn,
    rows: Vec<AccountRow>,
    all: &[(Plan, bool)],
    now: Timestamp,
) -> Result<Vec<Line>> {
    let ids: Vec<AccountId> = rows.iter().map(|row| row.id).collect();
    let people: HashMap<AccountId, i64> = store::people_of(conn, &ids)?.into_iter().collect();
    let months: HashMap<AccountId, Month> =
        ledger::months_of(conn, &ids, Span::Month.start(now))?.into_iter().collect();
    let mut used: HashMap<AccountId, Used> = HashMap::new();
    for span in [Span::Minute, Span::Day, Span::Month] {
        for (id, requests, returned) in store::windows_of(conn, &ids, span, span.start(now))? {
            let of_account = used.entry(id).or_default();
            match span {
                Span::Minute => of_account.minute = requests,
                Span::Day => of_account.day = requests,
                Span::Month => of_account.rows = returned,
            }
        }
    }
    rows.into_iter()
        .map(|row| {
            let (plan, _) = all
                .iter()
                .find(|(plan, _)| plan.id == row.plan_id)
                .ok_or_else(|| Error::unavailable("a plan was made while accounts were read"))?;
            let credits = Credits::of(months.get(&row.id).copied(), plan.credits_per_month);
            Ok(Line {
                people: people.get(&row.id).copied().unwrap_or_default(),
                used: Used { credits, ..used.get(&row.id).copied().unwrap_or_default() },
                plan: plan.clone(),
                row,
            })
        })
        .collect()
}

/// A file of accounts that has begun.
#[derive(Debug, Clone)]
pub struct Export {
    asked: Asked,
    /// How many accounts it has.
    pub rows: i64,
}

impl Export {
    /// Stable names of the columns.
    pub const COLUMNS: &[&str] = &[
        "id",
        "name",
        "plan",
        "api_access",
        "switched_off",
        "people",
        "created_at",
        "requests_today",
        "requests_per_day",
        "rows_this_month",
        "rows_per_month",
        "credits_used",
        "credits_limit",
        "credits_left",
    ];

    /// Reads the accounts after that one, by id, and tells the last one if there may be more.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn batch(
        &self,
        ctx: &Ctx,
        after: AccountId,
        limit: i64,
    ) -> Result<(Vec<Vec<Cell>>, Option<AccountId>)> {
        let (asked, now) = (self.asked.clone(), ctx.clock.now());
        ctx.db
            .read(move |conn| {
                let all = plans::all(conn)?;
                let query = resolve(conn, &asked, &all, now)?;
                let rows = store::after(conn, &query, after, limit)?;
                let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
                let last = rows.last().map(|row| row.id).filter(|_| is_full);
                let lines = with_usage(conn, rows, &all, now)?;
                Ok((lines.into_iter().map(cells).collect(), last))
            })
            .await
    }
}

fn cells(line: Line) -> Vec<Cell> {
    let (plan, used) = (&line.plan, line.used);
    vec![
        line.row.id.0.into(),
        line.row.name.as_str().into(),
        plan.name.as_str().into(),
        (line.access() == Access::On).into(),
        (!line.row.api_access).into(),
        line.people.into(),
        line.row.created_at.into(),
        used.day.into(),
        plan.requests_per_day.into(),
        used.rows.into(),
        plan.rows_per_month.into(),
        used.credits.used.into(),
        used.credits.limit.into(),
        used.credits.remaining.into(),
    ]
}

/// Begins a file and writes down that somebody took it.
///
/// # Errors
/// When the database cannot answer.
pub async fn begin(
    ctx: &Ctx,
    actor: &Actor,
    asked: Asked,
    format: Format,
    filters: Vec<(&'static str, String)>,
) -> Result<Export> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let wanted = asked.clone();
    let rows = ctx
        .db
        .read(move |conn| {
            let all = plans::all(conn)?;
            let query = resolve(conn, &wanted, &all, now)?;
            Ok(store::count(conn, &query)?)
        })
        .await?;
    ctx.db
        .write(move |conn| {
            let target = Target { kind: "accounts", id: None, label: "accounts".to_owned() };
            let filters: serde_json::Map<_, _> = filters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                .collect();
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::RecordsExported,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({ "format": format.extension(), "filters": filters }),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await?;
    Ok(Export { asked, rows })
}
