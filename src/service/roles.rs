//! Roles: what they allow and who has them. A change acts on the next request of everybody who has the
//! role, in the console and through AI clients, because both read the role with each.
//!
//! Nobody gives or takes what their own role does not allow, so that a role is no way to another one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::{ADMINISTRATOR, MEMBER, Permission, parse_permissions};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::role::{self, RoleTerms};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::RoleId;
use crate::service::Ctx;
use crate::service::failure::is_taken;
use crate::service::login::Reconfirmed;
use crate::service::mass::Fingerprint;
use crate::store::audit::{self, NewEntry};
use crate::store::roles::{self as store, RoleRow};
use crate::store::users;

/// A role and who has it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The role.
    pub role: RoleRow,
    /// How many people have it.
    pub people: i64,
}

/// All roles, in the order in which they were made.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(ctx: &Ctx) -> Result<Vec<Held>> {
    ctx.db
        .read(|conn| {
            let counts = store::people_by_role(conn)?;
            let people = |id: RoleId| {
                counts.iter().find(|(role, _)| *role == id).map_or(0, |(_, people)| *people)
            };
            let all = store::all(conn)?.into_iter();
            Ok(all.map(|role| Held { people: people(role.id), role }).collect())
        })
        .await
}

/// A role.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn by_id(ctx: &Ctx, id: RoleId) -> Result<Held> {
    ctx.db
        .read(move |conn| {
            let role = find(conn, id)?;
            Ok(Held { people: store::people_with(conn, id)?, role })
        })
        .await
}

fn find(conn: &mut Conn, id: RoleId) -> Result<RoleRow> {
    store::by_id(conn, id)?.ok_or_else(|| Error::not_found("There is no such role."))
}

/// Refuses what no role may say.
fn check(terms: &RoleTerms) -> Result<()> {
    role::check_name(&terms.name).map_err(|message| Error::field("name", message))?;
    role::check_description(&terms.description)
        .map_err(|message| Error::field("description", message))?;
    Ok(())
}

/// Refuses a name that another role has, in whatever case.
fn check_free(conn: &mut Conn, name: &str, id: Option<RoleId>) -> Result<()> {
    let folded = name.to_lowercase();
    let is_other = |role: &RoleRow| Some(role.id) != id && role.name.to_lowercase() == folded;
    if store::all(conn)?.iter().any(is_other) { Err(taken()) } else { Ok(()) }
}

fn taken() -> Error {
    Error {
        param: Some("name".into()),
        ..Error::new(ErrorCode::Conflict, "Name: another role has it. Choose another name.")
    }
}

/// Refuses to give or take permissions that the acting person's own role does not have.
fn check_own(conn: &mut Conn, actor: &Actor, touched: &BTreeSet<Permission>) -> Result<()> {
    let Some(id) = actor.user else { return Ok(()) };
    let row = users::by_id(conn, id)?
        .ok_or_else(|| Error::new(ErrorCode::SignInRequired, "Sign in first."))?;
    let own = parse_permissions(&row.permissions);
    let beyond: BTreeSet<_> = touched.difference(&own).copied().collect();
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Error {
        param: Some("permission".into()),
        ..Error::new(
            ErrorCode::PermissionDenied,
            format!(
                "Your own role does not include {}, so you can neither give nor take it. Ask an administrator.",
                role::titles(&beyond).join(", ")
            ),
        )
    })
}

/// Refuses to ask whether a role is to be deleted that allows more than the acting person's own.
///
/// # Errors
/// `permission_denied`, or that the database cannot answer.
pub async fn stand_over(ctx: &Ctx, actor: &Actor, role: &RoleRow) -> Result<()> {
    let (actor, held) = (actor.clone(), role.terms().permissions());
    ctx.db.read(move |conn| check_own(conn, &actor, &held)).await
}

/// Carries out a change, or writes down that it was refused.
async fn decide<T: Send + 'static>(
    ctx: &Ctx,
    actor: &Actor,
    action: Action,
    label: String,
    change: impl Fn(&mut Conn, &Actor, Timestamp) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (acting, now) = (actor.clone(), ctx.clock.now());
    let done = ctx.db.write(move |conn| change(conn, &acting, now)).await;
    if let Err(error) = &done
        && error.code == ErrorCode::PermissionDenied
    {
        let (acting, why) = (actor.clone(), error.message.to_string());
        ctx.db
            .write(move |conn| {
                let target = Target { kind: "role", id: None, label: label.clone() };
                let entry = NewEntry {
                    at: now,
                    actor: &acting,
                    action,
                    target: Some(&target),
                    outcome: Outcome::Denied,
                    detail: json!({ "why": why }),
                };
                Ok(audit::insert(conn, &entry)?)
            })
            .await?;
    }
    done
}

/// Adds a role.
///
/// # Errors
/// Names the field that is wrong; `conflict` if the name is taken; `permission_denied` if it allows
/// more than the acting person's own.
pub async fn create(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    terms: RoleTerms,
) -> Result<RoleId> {
    proof.check(actor)?;
    check(&terms)?;
    decide(ctx, actor, Action::RoleCreated, terms.name.clone(), move |conn, actor, now| {
        check_own(conn, actor, &terms.permissions())?;
        check_free(conn, &terms.name, None)?;
        let id = store::insert(conn, &terms)
            .map_err(|error| if is_taken(&error) { taken() } else { error.into() })?;
        let detail = json!({
            "description": terms.description,
            "permissions": names(&terms.permissions),
            "tools": names(&terms.tools),
        });
        record(conn, actor, Action::RoleCreated, (id, &terms.name), detail, now)?;
        Ok(id)
    })
    .await
}

/// A stored list, for the log.
fn names(stored: &str) -> Value {
    serde_json::from_str(stored).unwrap_or_default()
}

/// Makes a role say something else; from the next request on for everybody who has it.
///
/// # Errors
/// Names the field that is wrong; `not_found`; `conflict` if somebody else changed it meanwhile;
/// `permission_denied` for what the acting person's own role does not allow.
pub async fn change(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    id: RoleId,
    was: RoleTerms,
    becomes: RoleTerms,
) -> Result<()> {
    proof.check(actor)?;
    check(&becomes)?;
    decide(ctx, actor, Action::RoleEdited, was.name.clone(), move |conn, actor, now| {
        let role = find(conn, id)?;
        if role.built_in && !only_tools_differ(&role.terms(), &becomes) {
            return Err(Error::new(
                ErrorCode::Conflict,
                format!(
                    "{} is built in: only its tools can be changed. Duplicate it for a role of your own.",
                    role.name
                ),
            ));
        }
        let touched = &was.permissions() ^ &becomes.permissions();
        check_own(conn, actor, &touched)?;
        check_free(conn, &becomes.name, Some(id))?;
        let changed = store::replace(conn, id, &was, &becomes)
            .map_err(|error| if is_taken(&error) { taken() } else { error.into() })?;
        if changed == 0 {
            return Err(Error::new(
                ErrorCode::Conflict,
                "Somebody else changed this role while you were editing. Nothing of yours was saved. Open it again and check.",
            ));
        }
        let people = store::people_with(conn, id)?;
        let detail = json!({ "changes": differences(&was, &becomes), "people": people });
        record(conn, actor, Action::RoleEdited, (id, &becomes.name), detail, now)
    })
    .await
}

/// Whether nothing but the tools of a role differs.
fn only_tools_differ(was: &RoleTerms, becomes: &RoleTerms) -> bool {
    was.name == becomes.name
        && was.description == becomes.description
        && was.permissions() == becomes.permissions()
}

/// Every field that changes, with its two values.
fn differences(was: &RoleTerms, becomes: &RoleTerms) -> Map<String, Value> {
    [
        ("name", json!(was.name), json!(becomes.name)),
        ("description", json!(was.description), json!(becomes.description)),
        ("permissions", names(&was.permissions), names(&becomes.permissions)),
        ("tools", names(&was.tools), names(&becomes.tools)),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(name, old, new)| (name.to_owned(), json!({ "old": old, "new": new })))
    .collect()
}

/// What deleting a role did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Its name.
    pub name: String,
    /// People who had it and have another now.
    pub moved: i64,
    /// The one that they have.
    pub to: String,
}

/// Who has a role, so that it can be told later whether they are still the same.
///
/// # Errors
/// When the database cannot answer.
pub async fn holders(ctx: &Ctx, id: RoleId) -> Result<Fingerprint> {
    ctx.db.read(move |conn| Ok(Fingerprint::of(&store::holders(conn, id)?))).await
}

/// Removes a role. Whoever has it gets the role `to`; `seen` is whom the acting person was shown.
///
/// # Errors
/// `not_found`; names `to` if it is needed or cannot be given; `conflict` for a built-in role, or if
/// others than `seen` have it by now;
/// `permission_denied` for a role that allows more than the acting person's own.
pub async fn delete(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    id: RoleId,
    to: Option<RoleId>,
    seen: Fingerprint,
) -> Result<Deleted> {
    proof.check(actor)?;
    let label = by_id(ctx, id).await?.role.name;
    decide(ctx, actor, Action::RoleDeleted, label, move |conn, actor, now| {
        let both: Vec<RoleId> = std::iter::once(id).chain(to).collect();
        // In the order in which a person's role is changed.
        lock::holders(conn, ADMINISTRATOR.name)?;
        lock::roles(conn, &both, id)?;
        let role = find(conn, id)?;
        if role.built_in {
            return Err(Error::new(
                ErrorCode::Conflict,
                format!("{} is built in and stays.", role.name),
            ));
        }
        let now_held = Fingerprint::of(&store::holders(conn, id)?);
        let people = now_held.people;
        // The rows of deleted people stay, and name a role like any other.
        let other = match people {
            0 => store::by_name(conn, MEMBER.name)?,
            _ => to.filter(|to| *to != id),
        };
        let other = other.map(|other| store::by_id(conn, other)).transpose()?.flatten();
        let Some(other) = other else {
            return Err(Error::field(
                "to",
                "Role: choose which one the people who have this role get.",
            ));
        };
        let mut touched = role.terms().permissions();
        touched.extend(other.terms().permissions());
        check_own(conn, actor, &touched)?;
        if now_held != seen {
            return Err(Error::new(
                ErrorCode::Conflict,
                format!(
                    "Since you opened this page, who has the role {} has changed. Nothing was changed. Read it again, and delete the role if it is still to go.",
                    role.name
                ),
            ));
        }
        store::move_people(conn, id, other.id)?;
        if store::delete(conn, id)? == 0 {
            return Err(Error::new(
                ErrorCode::Conflict,
                "Somebody got this role in the meantime. Nothing was changed. Try again.",
            ));
        }
        let detail = json!({
            "permissions": names(&role.permissions),
            "tools": names(&role.tools),
            "people": people,
            "moved_to": (people > 0).then_some(&other.name),
        });
        record(conn, actor, Action::RoleDeleted, (id, &role.name), detail, now)?;
        Ok(Deleted { name: role.name, moved: people, to: other.name })
    })
    .await
}

fn record(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    (id, name): (RoleId, &str),
    detail: Value,
    now: Timestamp,
) -> Result<()> {
    let target = Target { kind: "role", id: Some(id.0), label: name.to_owned() };
    let entry =
        NewEntry { at: now, actor, action, target: Some(&target), outcome: Outcome::Ok, detail };
    Ok(audit::insert(conn, &entry)?)
}
