//! Changing a person: name and address, role and account.

use serde_json::{Map, json};

use super::{address_taken, fields, find, guard, record, taken_meanwhile};
use crate::db::lock;
use crate::domain::access::{ADMINISTRATOR, Permission, parse_permissions};
use crate::domain::audit::{Action, Actor};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, RoleId, UserId};
use crate::service::login::Reconfirmed;
use crate::service::notify::{self, News, Recipient};
use crate::service::{Ctx, refused};
use crate::store::users::{self, UserRow};
use crate::store::{accounts, links, roles};

/// Sets name and address; whether anything changed. A new address is told to the old one, and
/// links that went to the old one stop working.
///
/// # Errors
/// Names the field that is wrong; `not_found`; `conflict` if the address is taken;
/// `wrong_password` for a new address without a proof.
pub async fn details(
    ctx: &Ctx,
    actor: &Actor,
    proof: Option<Reconfirmed>,
    user: UserId,
    name: &str,
    address: &str,
) -> Result<bool> {
    let by = actor;
    let (name, email) = (fields::their_name(name)?, fields::address(address)?);
    proof.iter().try_for_each(|proof| proof.check(actor))?;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = find(conn, user)?;
            guard::over(conn, &actor, &row)?;
            if row.name == name && row.email == email {
                return Ok(false);
            }
            let mut detail = Map::new();
            if row.name != name {
                detail.insert("name".into(), json!({ "from": row.name, "to": name }));
            }
            if row.email != email {
                if users::by_email(conn, &email)?.is_some() {
                    return Err(address_taken());
                }
                if proof.is_none() {
                    return Err(unproven());
                }
                links::delete_of_user(conn, user)?;
                let to = Recipient { name: &name, email: &row.email };
                notify::tell(conn, &state.config, to, News::AddressChanged { email: &email }, now)?;
                detail.insert("email".into(), json!({ "from": row.email, "to": email }));
            }
            users::set_details(conn, user, &name, &email).map_err(taken_meanwhile)?;
            record(conn, &actor, Action::UserEdited, &row, detail.into(), now)?;
            Ok(true)
        })
        .await;
    refused::over(ctx, by, Action::UserEdited, user, done).await
}

/// Sets role and account, confirmed with the acting person's password; whether anything changed.
/// What the new role forbids is refused from the next request on. `seen` is what the acting person
/// saw: of what somebody else has changed since, nothing is taken back unseen.
///
/// # Errors
/// Names the field that is wrong; `not_found`; `permission_denied` for a role without the
/// permission to give roles; `conflict` for the last active administrator, and where role or account
/// are others than those seen.
pub async fn place(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    user: UserId,
    seen: (RoleId, AccountId),
    (role, account): (RoleId, AccountId),
) -> Result<bool> {
    if Some(proof.user) != actor.user {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let by = actor;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            guard::lock_administrators(conn)?;
            lock::user(conn, user)?;
            let row = find(conn, user)?;
            guard::over(conn, &actor, &row)?;
            let (role_name, permissions) = roles::find(conn, role)?
                .ok_or_else(|| Error::field("role", "Role: choose one of the list."))?;
            let account_name = accounts::find_name(conn, account)?
                .ok_or_else(|| Error::field("account", "Account: choose one of the list."))?;
            if row.role_id == role && row.account_id == account {
                return Ok(false);
            }
            if (row.role_id, row.account_id) != seen {
                return Err(changed_meanwhile(&row, accounts::name_of(conn, row.account_id)?));
            }
            if row.role_id != role {
                if let Some(id) = actor.user {
                    may_give_roles(&find(conn, id)?.permissions)?;
                }
                guard::hands_out(conn, &actor, &permissions)?;
                if role_name != ADMINISTRATOR.name {
                    guard::keeps_an_administrator(conn, &row)?;
                }
                let detail = json!({ "from": row.role, "to": role_name });
                record(conn, &actor, Action::RoleChanged, &row, detail, now)?;
            }
            if row.account_id != account {
                let from = accounts::name_of(conn, row.account_id)?;
                let detail = json!({ "account": { "from": from, "to": account_name } });
                record(conn, &actor, Action::UserEdited, &row, detail, now)?;
            }
            users::set_place(conn, user, role, account)?;
            Ok(true)
        })
        .await;
    refused::over(ctx, by, Action::UserEdited, user, done).await
}

fn changed_meanwhile(row: &UserRow, account: String) -> Error {
    let told = format!(
        "Somebody changed this meanwhile: {} has the role {} and belongs to {account} now. Nothing was saved; choose again.",
        row.name, row.role
    );
    Error { param: Some("role".into()), ..Error::new(ErrorCode::Conflict, told) }
}

/// Refuses, before anything is asked, to take the last active administrator's role.
///
/// # Errors
/// `conflict`, or that the database cannot answer.
pub async fn may_step_down(ctx: &Ctx, user: &UserRow) -> Result<()> {
    let user = user.clone();
    ctx.db.read(move |conn| guard::keeps_an_administrator(conn, &user)).await
}

/// Whoever has the address can have the password reset, so a new one needs the own password.
fn unproven() -> Error {
    Error {
        param: Some("password".into()),
        ..Error::new(ErrorCode::WrongPassword, "Enter your password to change the address.")
    }
}

fn may_give_roles(permissions: &str) -> Result<()> {
    if parse_permissions(permissions).contains(&Permission::ManageRoles) {
        return Ok(());
    }
    Err(Error {
        param: Some("role".into()),
        ..Error::new(
            ErrorCode::PermissionDenied,
            "Your role does not include giving roles. Ask an administrator to do it.",
        )
    })
}
