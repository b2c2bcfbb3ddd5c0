//! Making an account and changing its name, plan and API access.

use serde_json::{Map, Value, json};

use super::find;
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, PlanId};
use crate::service::Ctx;
use crate::service::credits::Book;
use crate::service::failure::is_gone;
use crate::service::login::Reconfirmed;
use crate::service::people::fields::one_line;
use crate::store::accounts::{self, AccountTerms, Plan};
use crate::store::audit::{self, NewEntry};
use crate::store::plans;

/// A name on one line.
///
/// # Errors
/// Names `name`.
pub fn check_name(typed: &str) -> Result<String> {
    one_line("name", "a name, like that of the customer or team", typed)
}

fn plan_of(conn: &mut Conn, id: PlanId) -> Result<Plan> {
    Ok(plans::find(conn, id)?.ok_or_else(no_such_plan)?.0)
}

fn no_such_plan() -> Error {
    Error::field("plan", "Plan: choose one of the list. The one you chose is no longer there.")
}

/// The plan may have been removed between reading it and writing.
fn without_plan(error: diesel::result::Error) -> Error {
    if is_gone(&error) { no_such_plan() } else { error.into() }
}

/// Says that a name is in use. Names are for people, so two accounts that are named at the same
/// moment may still share one.
fn check_free(conn: &mut Conn, name: &str, own: Option<AccountId>) -> Result<()> {
    match accounts::by_name(conn, name)? {
        Some(other) if Some(other) != own => Err(Error {
            param: Some("name".into()),
            ..Error::new(
                ErrorCode::Conflict,
                "Name: another account has it. Choose one that tells them apart.",
            )
        }),
        _ => Ok(()),
    }
}

/// Makes an account.
///
/// # Errors
/// Names the field that is wrong; `conflict` if the name is taken.
pub async fn create(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    name: &str,
    plan: PlanId,
) -> Result<AccountId> {
    proof.check(actor)?;
    let name = check_name(name)?;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let plan = plan_of(conn, plan)?;
            check_free(conn, &name, None)?;
            let id = accounts::insert(conn, &name, plan.id, now).map_err(without_plan)?;
            let detail = json!({ "plan": plan.name });
            record(conn, &actor, Action::AccountCreated, (id, &name), detail, now)?;
            Ok(id)
        })
        .await
}

/// Changes an account; from its next call on. The month's credits follow the new plan at once, as a
/// line of the ledger.
///
/// # Errors
/// Names the field that is wrong; `not_found`; `conflict` if somebody else changed it meanwhile.
pub async fn change(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    id: AccountId,
    was: AccountTerms,
    becomes: AccountTerms,
) -> Result<()> {
    proof.check(actor)?;
    let becomes = AccountTerms { name: check_name(&becomes.name)?, ..becomes };
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::account(conn, id)?;
            let current = find(conn, id)?;
            if was.name != becomes.name {
                check_free(conn, &becomes.name, Some(id))?;
            }
            let new = plan_of(conn, becomes.plan_id)?;
            if accounts::replace(conn, id, &was, &becomes).map_err(without_plan)? == 0 {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "Somebody else changed this account while you were editing. Nothing of yours was saved. Open it again and check.",
                ));
            }
            let mut changes = Map::new();
            let mut add = |name: &str, old: Value, new: Value| {
                if old != new {
                    changes.insert(name.to_owned(), json!({ "old": old, "new": new }));
                }
            };
            add("name", json!(was.name), json!(becomes.name));
            add("api_access", json!(was.api_access), json!(becomes.api_access));
            if was.plan_id != becomes.plan_id {
                let old = plan_of(conn, current.plan_id)?;
                add("plan", json!(old.name), json!(new.name));
                Book::open(conn, id, &new, now, actor.request_id.as_deref())?;
            }
            let detail = json!({ "changes": changes });
            record(conn, &actor, Action::AccountChanged, (id, &becomes.name), detail, now)
        })
        .await
}

fn record(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    (id, name): (AccountId, &str),
    detail: Value,
    now: Timestamp,
) -> Result<()> {
    let target = Target { kind: "account", id: Some(id.0), label: name.to_owned() };
    let entry =
        NewEntry { at: now, actor, action, target: Some(&target), outcome: Outcome::Ok, detail };
    Ok(audit::insert(conn, &entry)?)
}
