//! Credits of an account: opened month by month, following the plan, granted and taken, and every
//! change of a balance in the ledger, in the same transaction.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::credit::{Credits, EntryKind, MOST_ADJUSTED, Month};
use crate::domain::name::is_name;
use crate::domain::plan::grouped;
use crate::domain::quota::Span;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, UserId};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::accounts::{self, Plan};
use crate::store::audit::{self, NewEntry as AuditEntry};
use crate::store::credits::{self, NewEntry};
use crate::store::ledger;

/// The longest reason, characters.
const LONGEST_REASON: usize = 200;

/// The account's credits of the month that holds `now`, as `plan` has them; right also before
/// anybody has opened the month or told it of the plan.
///
/// # Errors
/// When the database cannot answer.
pub fn state(conn: &mut Conn, account: AccountId, plan: &Plan, now: Timestamp) -> Result<Credits> {
    let month = credits::month(conn, account, Span::Month.start(now))?;
    Ok(Credits::of(month, plan.credits_per_month))
}

/// An account's month in a transaction that holds the account's lock and has brought the month up
/// to date, so that nothing changes it meanwhile.
pub(crate) struct Book<'a> {
    account: AccountId,
    period: Timestamp,
    now: Timestamp,
    request_id: Option<&'a str>,
    month: Month,
}

/// Who changes a balance, and why.
#[derive(Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) user: Option<UserId>,
    pub(crate) name: &'a str,
    pub(crate) reason: Option<&'a str>,
}

impl<'a> Book<'a> {
    /// Opens the month, if nobody has yet, and brings it to what the plan gives now. `plan` is to be
    /// read after [`lock::account`] was taken.
    pub(crate) fn open(
        conn: &mut Conn,
        account: AccountId,
        plan: &Plan,
        now: Timestamp,
        request_id: Option<&'a str>,
    ) -> Result<Self> {
        let (period, live) = (Span::Month.start(now), plan.credits_per_month);
        let system = Author { user: None, name: "system", reason: Some(&plan.name) };
        let known = credits::month(conn, account, period)?;
        let month = known.unwrap_or(Month { allowance: live, balance: live, spent: 0 });
        let mut book = Self { account, period, now, request_id, month };
        if known.is_none() {
            credits::open(conn, account, period, live)?;
            book.enter(conn, EntryKind::Allowance, live, live, system)?;
        }
        let difference = month.change_to(live);
        if difference != 0 {
            let balance = credits::follow_plan(conn, account, period, difference)?;
            book.enter(conn, EntryKind::PlanChange, difference, balance, system)?;
        }
        Ok(book)
    }

    /// Credits left.
    pub(crate) fn left(&self) -> i64 {
        self.month.balance.max(0)
    }

    /// Spends credits on contacts, all or none; false if there are fewer.
    pub(crate) fn spend(
        &mut self,
        conn: &mut Conn,
        amount: i64,
        author: Author<'_>,
    ) -> Result<bool> {
        let Some(balance) = credits::spend(conn, self.account, self.period, amount)? else {
            return Ok(false);
        };
        self.enter(conn, EntryKind::Reveal, -amount, balance, author)?;
        Ok(true)
    }

    /// Grants credits, or takes them if `amount` is negative; false if there are fewer.
    pub(crate) fn adjust(
        &mut self,
        conn: &mut Conn,
        amount: i64,
        author: Author<'_>,
    ) -> Result<bool> {
        let (kind, balance) = if amount > 0 {
            (EntryKind::Grant, Some(credits::give(conn, self.account, self.period, amount)?))
        } else {
            (EntryKind::Take, credits::take(conn, self.account, self.period, -amount)?)
        };
        let Some(balance) = balance else { return Ok(false) };
        self.enter(conn, kind, amount, balance, author)?;
        Ok(true)
    }

    fn enter(
        &mut self,
        conn: &mut Conn,
        kind: EntryKind,
        amount: i64,
        balance_after: i64,
        author: Author<'_>,
    ) -> Result<()> {
        credits::enter(
            conn,
            &NewEntry {
                account_id: self.account,
                period_start: self.period,
                at: self.now,
                kind: kind.as_str(),
                amount,
                balance_after,
                reason: author.reason,
                actor_id: author.user,
                actor: author.name,
                request_id: self.request_id,
            },
        )?;
        self.month.balance = balance_after;
        Ok(())
    }
}

/// Credits to be granted, or taken if the amount is negative.
#[derive(Debug, Clone)]
pub struct Adjustment {
    /// How many.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// The last entry of an administrator that whoever decides has seen, 0 for none. If there is a
    /// later one by now, nothing is done: the same form may have been sent twice.
    pub seen: Option<i64>,
}

/// Refuses what cannot be granted or taken.
///
/// # Errors
/// Names `amount`.
pub fn check_amount(amount: i64) -> Result<i64> {
    if amount == 0 || !(-MOST_ADJUSTED..=MOST_ADJUSTED).contains(&amount) {
        return Err(Error::field("amount", "Credits: enter a whole number from 1 to 1,000,000."));
    }
    Ok(amount)
}

/// Grants credits of the current month to an account, or takes them. Acts on the next call.
///
/// # Errors
/// Names `amount` or `reason`; `not_found` for an account that is none; `conflict` if somebody else
/// adjusted meanwhile; or that the database cannot answer.
pub async fn adjust(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    account: AccountId,
    wanted: Adjustment,
) -> Result<Credits> {
    proof.check(actor)?;
    let amount = check_amount(wanted.amount)?;
    let reason = check_reason(&wanted.reason)?;
    let seen = wanted.seen;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::account(conn, account)?;
            let name = accounts::name_of(conn, account)?;
            check_unseen(conn, account, seen, now)?;
            let plan = accounts::plan_of(conn, account)?;
            let mut book = Book::open(conn, account, &plan, now, actor.request_id.as_deref())?;
            let author =
                Author { user: actor.user, name: &actor.label, reason: Some(reason.as_str()) };
            if !book.adjust(conn, amount, author)? {
                let left = book.left();
                return Err(Error::field(
                    "amount",
                    format!(
                        "Credits: take at most {}. No more are left this month.",
                        grouped(left)
                    ),
                ));
            }
            let target = Target { kind: "account", id: Some(account.0), label: name };
            let entry = AuditEntry {
                at: now,
                actor: &actor,
                action: Action::CreditsAdjusted,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({
                    "amount": amount,
                    "reason": reason,
                    "balance": book.month.balance,
                }),
            };
            audit::insert(conn, &entry)?;
            state(conn, account, &plan, now)
        })
        .await
}

fn check_unseen(
    conn: &mut Conn,
    account: AccountId,
    seen: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    let last = ledger::last_adjustment(conn, account, Span::Month.start(now))?;
    match (seen, last) {
        (Some(seen), Some(last)) if last.id > seen => Err(Error::new(
            ErrorCode::Conflict,
            format!(
                "Meanwhile {} adjusted the credits by {}: “{}”. Nothing more was done. If yours is to come on top, send it again.",
                last.actor,
                grouped(last.amount),
                last.reason.unwrap_or_default()
            ),
        )),
        _ => Ok(()),
    }
}

/// The reason as it is kept.
///
/// # Errors
/// Names `reason`.
pub fn check_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if length == 0 {
        return Err(Error::field(
            "reason",
            "Reason: say why; the ledger keeps it with the credits.",
        ));
    }
    if length > LONGEST_REASON || !is_name(reason, LONGEST_REASON) {
        return Err(Error::field("reason", "Reason: use one line of at most 200 characters."));
    }
    Ok(reason.to_owned())
}
