//! Letting somebody in: with a password that is told to them, or with an invitation.

use serde_json::json;

use super::link::{self, INVITATION, Link};
use super::{address_taken, fields, guard, invite, record, taken_meanwhile};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::access::MEMBER;
use crate::domain::audit::{Action, Actor};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, RoleId, UserId};
use crate::secrets::random_text;
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::users::{self, NewUser, UserRow};
use crate::store::{accounts, roles};

/// Somebody who is to be let in.
#[derive(Debug, Clone)]
pub struct Admission {
    /// E-mail address, in any spelling.
    pub email: String,
    /// Full name; may be left to who is invited.
    pub name: String,
    /// Their role.
    pub role: RoleId,
    /// Their account.
    pub account: AccountId,
    /// Whether their AI clients may call.
    pub mcp_enabled: bool,
    /// A password that is told to them; none invites them.
    pub password: Option<String>,
}

/// Somebody who was let in.
#[derive(Debug)]
pub struct Admitted {
    /// Them.
    pub user: UserRow,
    /// Their invitation, if they are invited.
    pub link: Option<Link>,
}

struct Checked {
    email: String,
    name: String,
    hash: Option<String>,
}

/// Lets somebody in. Any role but Member needs the acting person's password.
///
/// # Errors
/// Names the field that is wrong; `conflict` if the address is taken; `wrong_password` without the
/// password where it is needed.
pub async fn admit(
    ctx: &Ctx,
    actor: &Actor,
    proof: Option<Reconfirmed>,
    admission: Admission,
) -> Result<Admitted> {
    if proof.as_ref().is_some_and(|proof| Some(proof.user) != actor.user) {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let (email, name) = check(&admission)?;
    let hash = match &admission.password {
        Some(new) => Some(ctx.hasher.hash(new).await?),
        None => None,
    };
    let checked = Checked { email, name, hash };
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let user = insert(conn, &actor, proof.is_some(), &admission, &checked, now)?;
            let link = match checked.hash {
                Some(_) => None,
                None => {
                    let link = link::make(&state, conn, INVITATION, Some(user.id), now)?;
                    invite::mail(&state, conn, &actor, &user, &link, now)?;
                    Some(link)
                }
            };
            Ok(Admitted { user, link })
        })
        .await
}

/// Whether somebody new can have the address, so that the form can say so beside all else that is
/// wrong with it; letting them in asks again.
///
/// # Errors
/// `conflict` if somebody has it; what is wrong with it; or that the database cannot answer.
pub async fn is_free(ctx: &Ctx, email: &str) -> Result<()> {
    let email = fields::address(email)?;
    let is_taken = ctx.db.glance(move |conn| Ok(users::by_email(conn, &email)?.is_some())).await?;
    if is_taken { Err(address_taken()) } else { Ok(()) }
}

/// The address in its one spelling, and the name.
fn check(admission: &Admission) -> Result<(String, String)> {
    let email = fields::address(&admission.email)?;
    let is_left_out = admission.password.is_none() && admission.name.trim().is_empty();
    let name = if is_left_out {
        email.split('@').next().unwrap_or_default().to_owned()
    } else {
        fields::their_name(&admission.name)?
    };
    if let Some(new) = &admission.password {
        fields::password("new_password", new, &email, &name)?;
    }
    Ok((email, name))
}

fn insert(
    conn: &mut Conn,
    actor: &Actor,
    is_confirmed: bool,
    admission: &Admission,
    checked: &Checked,
    now: Timestamp,
) -> Result<UserRow> {
    let (role, permissions) = roles::find(conn, admission.role)?
        .ok_or_else(|| Error::field("role", "Role: choose one of the list."))?;
    let account = accounts::find_name(conn, admission.account)?
        .ok_or_else(|| Error::field("account", "Account: choose one of the list."))?;
    if role != MEMBER.name && !is_confirmed {
        return Err(Error {
            param: Some("password".into()),
            ..Error::new(ErrorCode::WrongPassword, "Enter your password to give that role.")
        });
    }
    guard::hands_out(conn, actor, &permissions)?;
    if users::by_email(conn, &checked.email)?.is_some() {
        return Err(address_taken());
    }
    let subject = random_text();
    let new = NewUser {
        subject: &subject,
        account: admission.account,
        role: admission.role,
        email: &checked.email,
        name: &checked.name,
        password_hash: checked.hash.as_deref(),
        mcp_enabled: admission.mcp_enabled,
        is_invited: checked.hash.is_none(),
        now,
    };
    let id: UserId = users::insert(conn, &new).map_err(taken_meanwhile)?;
    let user = super::find(conn, id)?;
    let action = if checked.hash.is_some() { Action::UserCreated } else { Action::UserInvited };
    let detail = json!({ "role": role, "account": account, "mcp_enabled": admission.mcp_enabled });
    record(conn, actor, action, &user, detail, now)?;
    Ok(user)
}
