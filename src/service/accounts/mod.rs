//! Accounts: what they have and have used, and changing what they have. What changes acts on the next
//! call, because the gate reads account and plan with each.

mod change;
pub mod choose;
mod ledger;
mod list;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::credit::{Credits, Month};
use crate::domain::quota::{Span, Used};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::store::account_grid::{self, MemberRow, Slice};
use crate::store::accounts::{self, AccountRow, Plan};
use crate::store::ledger::EntryRow;
use crate::store::{credits, ledger as entries, plans, usage};

pub use change::{change, check_name, create};
pub use ledger::{Cursor, Entries, batch as ledger_batch, begin as begin_ledger, ledger};
pub use list::{Access, Asked, Export, Line, Page, begin as begin_export, list};

/// An account with all that its page shows.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account.
    pub row: AccountRow,
    /// Its plan, as it is for everybody who is on it.
    pub plan: Plan,
    /// What it used in the minute, the day and the month of now.
    pub used: Used,
    /// Credits that were spent beyond what the plan gives now; grants make up for them first.
    pub owed: i64,
    /// Credits that administrators granted in the month.
    pub granted: i64,
    /// Credits that administrators withdrew in the month.
    pub withdrawn: i64,
    /// The last grant or withdrawal of the month.
    pub last_adjustment: Option<EntryRow>,
    /// How many people it has.
    pub people: i64,
}

impl Account {
    /// Whether calls of the account go through at all.
    pub fn has_access(&self) -> bool {
        self.plan.api_access && self.row.api_access
    }
}

/// An account.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn by_id(ctx: &Ctx, id: AccountId) -> Result<Account> {
    let now = ctx.clock.now();
    ctx.db.read(move |conn| read(conn, id, now)).await
}

fn read(conn: &mut Conn, id: AccountId, now: Timestamp) -> Result<Account> {
    let row = find(conn, id)?;
    let (plan, _) = plans::find(conn, row.plan_id)?
        .ok_or_else(|| Error::internal("an account without a plan"))?;
    let month = credits::month(conn, id, Span::Month.start(now))?;
    let used =
        Used { credits: Credits::of(month, plan.credits_per_month), ..usage::used(conn, id, now)? };
    let people = account_grid::people_of(conn, &[id])?.first().map_or(0, |(_, people)| *people);
    let adjusted = entries::adjustments(conn, id, Span::Month.start(now))?;
    Ok(Account {
        granted: adjusted.iter().filter(|amount| **amount > 0).sum(),
        withdrawn: -adjusted.iter().filter(|amount| **amount < 0).sum::<i64>(),
        owed: owed(month, plan.credits_per_month),
        last_adjustment: entries::last_adjustment(conn, id, Span::Month.start(now))?,
        row,
        plan,
        used,
        people,
    })
}

/// What a plan that gives `live` leaves a month short of.
fn owed(month: Option<Month>, live: i64) -> i64 {
    month.map_or(0, |month| -(month.balance + month.change_to(live))).max(0)
}

fn find(conn: &mut Conn, id: AccountId) -> Result<AccountRow> {
    accounts::find(conn, id)?.ok_or_else(|| Error::not_found("There is no such account."))
}

/// What the account would have of its month's credits on another plan.
///
/// # Errors
/// When the database cannot answer.
pub async fn credits_on(ctx: &Ctx, id: AccountId, plan: Plan) -> Result<Credits> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let month = credits::month(conn, id, Span::Month.start(now))?;
            Ok(Credits::of(month, plan.credits_per_month))
        })
        .await
}

/// A page of the people of an account.
///
/// # Errors
/// When the database cannot answer.
pub async fn members(ctx: &Ctx, id: AccountId, slice: Slice) -> Result<Vec<MemberRow>> {
    ctx.db.read(move |conn| Ok(account_grid::members(conn, id, slice)?)).await
}
