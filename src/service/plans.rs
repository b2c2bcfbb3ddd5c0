//! Plans: what they say, and who is on them. A change acts on the next call of every account on the
//! plan, because the gate reads the plan with each.

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::plan::{self, LIMITS, Terms};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::PlanId;
use crate::service::Ctx;
use crate::service::failure::{is_gone, is_taken};
use crate::service::login::Reconfirmed;
use crate::store::accounts::Plan;
use crate::store::audit::{self, NewEntry};
use crate::store::plans as store;

/// A plan and who is on it.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The plan.
    pub plan: Plan,
    /// Whether it comes with the product; then it keeps its name and stays.
    pub built_in: bool,
    /// Accounts that are on it.
    pub accounts: i64,
}

/// All plans, in the order in which they were made.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(ctx: &Ctx) -> Result<Vec<Offered>> {
    ctx.db
        .read(|conn| {
            let counts = store::accounts_by_plan(conn)?;
            let accounts = |id: PlanId| {
                counts.iter().find(|(plan, _)| *plan == id).map_or(0, |(_, accounts)| *accounts)
            };
            let all = store::all(conn)?.into_iter();
            Ok(all
                .map(|(plan, built_in)| Offered { accounts: accounts(plan.id), plan, built_in })
                .collect())
        })
        .await
}

/// A plan.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn by_id(ctx: &Ctx, id: PlanId) -> Result<Offered> {
    ctx.db
        .read(move |conn| {
            let (plan, built_in) = find(conn, id)?;
            Ok(Offered { accounts: store::accounts_on(conn, id)?, plan, built_in })
        })
        .await
}

fn find(conn: &mut Conn, id: PlanId) -> Result<(Plan, bool)> {
    store::find(conn, id)?.ok_or_else(|| Error::not_found("There is no such plan."))
}

/// Refuses what no plan may say.
fn check(terms: &Terms) -> Result<()> {
    plan::check_name(&terms.name).map_err(|message| Error::field("name", message))?;
    match plan::problems(terms).into_iter().next() {
        Some((field, message)) => Err(Error::field(field, message)),
        None => Ok(()),
    }
}

/// Refuses a name that another plan has, in whatever case.
fn check_free(conn: &mut Conn, name: &str, id: Option<PlanId>) -> Result<()> {
    let folded = name.to_lowercase();
    let is_other = |plan: &Plan| Some(plan.id) != id && plan.name.to_lowercase() == folded;
    if store::all(conn)?.iter().any(|(plan, _)| is_other(plan)) {
        return Err(taken());
    }
    Ok(())
}

fn taken() -> Error {
    Error {
        param: Some("name".into()),
        ..Error::new(ErrorCode::Conflict, "Name: another plan has it. Choose another name.")
    }
}

/// Adds a plan.
///
/// # Errors
/// Names the field that is wrong; `conflict` if the name is taken.
pub async fn create(ctx: &Ctx, actor: &Actor, proof: Reconfirmed, terms: Terms) -> Result<PlanId> {
    proof.check(actor)?;
    check(&terms)?;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            check_free(conn, &terms.name, None)?;
            let id = store::insert(conn, &terms)
                .map_err(|error| if is_taken(&error) { taken() } else { error.into() })?;
            let detail = serde_json::to_value(&terms).map_err(Error::internal)?;
            record(conn, &actor, Action::PlanCreated, (id, &terms.name), detail, now)?;
            Ok(id)
        })
        .await
}

/// Makes a plan say something else; from the next call on for every account on it.
///
/// # Errors
/// Names the field that is wrong; `not_found`; `conflict` if somebody else changed it meanwhile.
pub async fn change(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    id: PlanId,
    was: Terms,
    becomes: Terms,
) -> Result<()> {
    proof.check(actor)?;
    check(&becomes)?;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let (_, built_in) = find(conn, id)?;
            if built_in && was.name != becomes.name {
                return Err(Error::field("name", "Name: a built-in plan keeps its name."));
            }
            check_free(conn, &becomes.name, Some(id))?;
            let changed = store::replace(conn, id, &was, &becomes)
                .map_err(|error| if is_taken(&error) { taken() } else { error.into() })?;
            if changed == 0 {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "Somebody else changed this plan while you were editing. Nothing of yours was saved. Open it again and check.",
                ));
            }
            let accounts = store::accounts_on(conn, id)?;
            let detail = json!({ "changes": differences(&was, &becomes), "accounts": accounts });
            record(conn, &actor, Action::PlanChanged, (id, &becomes.name), detail, now)
        })
        .await
}

/// Every field that changes, with its two values.
fn differences(was: &Terms, becomes: &Terms) -> Map<String, Value> {
    let mut changes = Map::new();
    let mut add = |name: &str, old: Value, new: Value| {
        if old != new {
            changes.insert(name.to_owned(), json!({ "old": old, "new": new }));
        }
    };
    add("name", json!(was.name), json!(becomes.name));
    add("api_access", json!(was.api_access), json!(becomes.api_access));
    for limit in &LIMITS {
        add(limit.name, json!((limit.get)(was)), json!((limit.get)(becomes)));
    }
    changes
}

/// Removes a plan that no account is on.
///
/// # Errors
/// `not_found`; `conflict` for a built-in plan and one that is in use.
pub async fn delete(ctx: &Ctx, actor: &Actor, proof: Reconfirmed, id: PlanId) -> Result<String> {
    proof.check(actor)?;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::plan(conn, id)?;
            let (plan, built_in) = find(conn, id)?;
            if built_in {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    format!("{} is built in and stays. Its limits can be changed.", plan.name),
                ));
            }
            let removed = store::delete(conn, id);
            if removed.as_ref().is_err_and(is_gone) || removed? == 0 {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    format!("Accounts are still on {}. Put them on another plan first.", plan.name),
                ));
            }
            let detail = serde_json::to_value(plan.terms()).map_err(Error::internal)?;
            record(conn, &actor, Action::PlanDeleted, (id, &plan.name), detail, now)?;
            Ok(plan.name)
        })
        .await
}

fn record(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    (id, name): (PlanId, &str),
    detail: Value,
    now: Timestamp,
) -> Result<()> {
    let target = Target { kind: "plan", id: Some(id.0), label: name.to_owned() };
    let entry =
        NewEntry { at: now, actor, action, target: Some(&target), outcome: Outcome::Ok, detail };
    Ok(audit::insert(conn, &entry)?)
}
