//! People: creating, inviting, changing, suspending and deleting them, and their passwords.

pub mod admit;
pub mod edit;
pub mod fields;
pub(super) mod guard;
pub mod invite;
mod link;
pub mod own;
pub mod reset;
pub mod standing;

use diesel::result::{DatabaseErrorKind, Error as DatabaseFailure};
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::access::{ADMINISTRATOR, BuiltInRole};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::email;
use crate::domain::grant::EndReason;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::{PlainSecret, random_text};
use crate::service::bootstrap::SETUP_PURPOSE;
use crate::service::failure::is_gone;
use crate::service::notify::{self, News, Recipient};
use crate::service::{Ctx, api_keys, revoke};
use crate::store::audit::{self, NewEntry};
use crate::store::users::{self, NewUser, UserRow};
use crate::store::{accounts, links, roles, sessions};

pub use link::Link;

/// The plan of an account that is made along with a person.
const FIRST_PLAN: &str = "Business";

/// A person to be created.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// E-mail address, in any spelling.
    pub email: String,
    /// Full name.
    pub name: String,
    /// Password; none leaves the person without one.
    pub password: Option<String>,
    /// Name of a built-in role.
    pub role: String,
    /// Name of the account; made if there is none.
    pub account: String,
    /// Whether their AI clients may call.
    pub mcp_enabled: bool,
}

/// A checked person.
struct Checked {
    email: String,
    name: String,
    hash: Option<String>,
    role: &'static BuiltInRole,
    account: String,
    mcp_enabled: bool,
}

/// Creates a person.
///
/// # Errors
/// Names the field that is wrong; `conflict` if the address is taken.
pub async fn create(ctx: &Ctx, actor: &Actor, person: NewPerson) -> Result<UserId> {
    let checked = check(ctx, person).await?;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db.write(move |conn| insert(conn, &actor, &checked, now)).await
}

/// Creates the first administrator with the one-time `/setup` link, which is used up.
///
/// # Errors
/// Names the field that is wrong; `not_found` if the link is not (or no longer) good.
pub async fn set_up(
    ctx: &Ctx,
    actor: &Actor,
    link: &PlainSecret,
    person: NewPerson,
) -> Result<UserId> {
    let person = NewPerson { role: ADMINISTRATOR.name.into(), mcp_enabled: true, ..person };
    let checked = check(ctx, person).await?;
    let actor = Actor { label: "the setup link".into(), ..actor.clone() };
    let (now, link) = (ctx.clock.now(), link.hash());
    ctx.db
        .write(move |conn| {
            if links::consume(conn, &link, SETUP_PURPOSE, now)? == 0 || users::any(conn)? {
                return Err(Error::not_found("This setup link has been used or is too old. Restart the server to get a new one."));
            }
            insert(conn, &actor, &checked, now)
        })
        .await
}

/// Sets a person's password, and ends their sessions and tokens: whoever knew the old one may have
/// connected a client with it.
///
/// # Errors
/// Names the field that is wrong; `not_found` if there is no such person.
pub async fn set_password(ctx: &Ctx, actor: &Actor, address: &str, new: &str) -> Result<()> {
    let user = by_address(ctx, address).await?;
    fields::password("password", new, &user.email, &user.name)?;
    let hash = ctx.hasher.hash(new).await?;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db.write(move |conn| replace_password(&state, conn, &actor, &user, &hash, now)).await
}

/// Replaces a password, inside the caller's transaction: sessions, tokens and waiting links end.
fn replace_password(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    user: &UserRow,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    let tokens = revoke::end_everything_of(conn, user.id, EndReason::PasswordChanged, now)?;
    let keys = api_keys::end_all_of(conn, user.id, EndReason::PasswordChanged, now)?;
    users::set_password(conn, user.id, hash)?;
    let ended = sessions::delete_of_user(conn, user.id)?;
    links::delete_of_user(conn, user.id)?;
    let to = Recipient { name: &user.name, email: &user.email };
    notify::tell(conn, &ctx.config, to, News::PasswordChanged, now)?;
    let detail =
        json!({ "sessions_ended": ended, "tokens_revoked": tokens, "api_keys_revoked": keys });
    record(conn, actor, Action::PasswordSet, user, detail, now)
}

/// Writes down what was done to a person.
pub(super) fn record(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    user: &UserRow,
    detail: Value,
    now: Timestamp,
) -> Result<()> {
    let target = target_of(user);
    let entry =
        NewEntry { at: now, actor, action, target: Some(&target), outcome: Outcome::Ok, detail };
    Ok(audit::insert(conn, &entry)?)
}

/// A person as the audit log names them.
pub(super) fn target_of(user: &UserRow) -> Target {
    Target { kind: "user", id: Some(user.id.0), label: user.email.clone() }
}

/// The person with that id, inside a transaction.
pub(super) fn find(conn: &mut Conn, id: UserId) -> Result<UserRow> {
    users::by_id(conn, id)?.ok_or_else(no_such_user)
}

fn no_such_user() -> Error {
    Error::not_found("There is no such user.")
}

/// The person with that address.
///
/// # Errors
/// Names the field that is wrong; `not_found` if there is none.
pub async fn by_address(ctx: &Ctx, address: &str) -> Result<UserRow> {
    let address = email::normalise(address).map_err(|reason| Error::field("email", reason))?;
    ctx.db
        .read(move |conn| {
            users::by_email(conn, &address)?
                .ok_or_else(|| Error::not_found("There is no user with that e-mail address."))
        })
        .await
}

/// The person with that id.
///
/// # Errors
/// `not_found` if there is none.
pub async fn by_id(ctx: &Ctx, id: UserId) -> Result<UserRow> {
    ctx.db.read(move |conn| find(conn, id)).await
}

/// Refuses to ask what an act on that person would refuse: they may do more than the acting person.
///
/// # Errors
/// `permission_denied`, or that the database cannot answer.
pub async fn stand_over(ctx: &Ctx, actor: &Actor, user: &UserRow) -> Result<()> {
    let (actor, user) = (actor.clone(), user.clone());
    ctx.db.read(move |conn| guard::over(conn, &actor, &user)).await
}

/// Hashes a password for a person who is created in bulk, by the demo.
///
/// # Errors
/// When too many passwords wait to be hashed.
pub async fn hash_password(ctx: &Ctx, password: &str) -> Result<String> {
    ctx.hasher.hash(password).await
}

/// Names and addresses of administrators, for whoever needs to ask one; a handful is enough.
///
/// # Errors
/// When the database cannot answer.
pub async fn administrators(ctx: &Ctx) -> Result<Vec<(String, String)>> {
    ctx.db.read(|conn| Ok(users::active_with_role(conn, ADMINISTRATOR.name, 3)?)).await
}

async fn check(ctx: &Ctx, person: NewPerson) -> Result<Checked> {
    let email = fields::address(&person.email)?;
    let name = fields::own_name(&person.name)?;
    let account = fields::account(&person.account)?;
    let role = BuiltInRole::parse(&person.role)
        .ok_or_else(|| Error::field("role", "must be Administrator, Auditor or Member"))?;
    let hash = match &person.password {
        None => None,
        Some(new) => {
            fields::password("password", new, &email, &name)?;
            Some(ctx.hasher.hash(new).await?)
        }
    };
    Ok(Checked { email, name, hash, role, account, mcp_enabled: person.mcp_enabled })
}

fn insert(conn: &mut Conn, actor: &Actor, person: &Checked, now: Timestamp) -> Result<UserId> {
    if users::by_email(conn, &person.email)?.is_some() {
        return Err(address_taken());
    }
    let role = roles::by_name(conn, person.role.name)?
        .ok_or_else(|| Error::internal("a built-in role is missing"))?;
    let account = match accounts::by_name(conn, &person.account)? {
        Some(account) => account,
        None => {
            let plan = accounts::plan_by_name(conn, FIRST_PLAN)?
                .ok_or_else(|| Error::internal("a built-in plan is missing"))?;
            accounts::insert(conn, &person.account, plan.id, now)?
        }
    };
    let subject = random_text();
    let id = users::insert(
        conn,
        &NewUser {
            subject: &subject,
            account,
            role,
            email: &person.email,
            name: &person.name,
            password_hash: person.hash.as_deref(),
            mcp_enabled: person.mcp_enabled,
            is_invited: false,
            now,
        },
    )
    .map_err(taken_meanwhile)?;
    let target = Target { kind: "user", id: Some(id.0), label: person.email.clone() };
    let detail = json!({ "role": person.role.name, "account": person.account, "mcp_enabled": person.mcp_enabled });
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::UserCreated,
        target: Some(&target),
        outcome: Outcome::Ok,
        detail,
    };
    audit::insert(conn, &entry)?;
    Ok(id)
}

fn address_taken() -> Error {
    Error {
        param: Some("email".into()),
        ..Error::new(ErrorCode::Conflict, "There is already a user with that e-mail address.")
    }
}

/// On PostgreSQL somebody else may take an address, or remove a role, after it was looked for.
fn taken_meanwhile(error: DatabaseFailure) -> Error {
    match error {
        DatabaseFailure::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => address_taken(),
        error if is_gone(&error) => {
            Error::field("role", "Role: it was removed in the meantime. Choose another one.")
        }
        other => other.into(),
    }
}
