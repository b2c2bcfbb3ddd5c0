//! Turning a person's MCP access on and off. Off ends everything at once; on restores nothing.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::domain::name::is_name;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::service::login::Reconfirmed;
use crate::service::notify::{self, News, Recipient};
use crate::service::{Ctx, revoke};
use crate::store::audit::{self, NewEntry};
use crate::store::mass;
use crate::store::users::{self, UserRow};

/// The longest reason, characters.
const LONGEST_REASON: usize = 200;

/// What setting access did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Access is enabled now.
    Enabled,
    /// Access is disabled now, and so many tokens were revoked with it.
    Disabled {
        /// Tokens that were active until now.
        tokens: usize,
    },
    /// It was so already.
    Nothing,
}

/// How the acting person is known to be who they are.
#[derive(Debug)]
pub enum Authority {
    /// They re-entered their password.
    Password(Reconfirmed),
    /// They are at the server's command line.
    Operator,
}

/// Enables or disables a person's MCP access: switch, tokens, approvals and audit entry together.
///
/// # Errors
/// `not_found`; `conflict` for somebody who would disable their own access, or that of the last
/// administrator who has it; or that the database cannot answer.
pub async fn set(
    ctx: &Ctx,
    actor: &Actor,
    authority: Authority,
    user: UserId,
    enabled: bool,
) -> Result<Changed> {
    if let Authority::Password(proof) = &authority
        && Some(proof.user) != actor.user
    {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let is_person = matches!(authority, Authority::Password(_));
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            if is_person && !enabled {
                lock_with_administrators(conn, user)?;
            } else {
                lock::user(conn, user)?;
            }
            let row = users::by_id(conn, user)?
                .ok_or_else(|| Error::not_found("There is no such user."))?;
            if is_person
                && !enabled
                && let Err(refused) = may_disable(conn, &actor, &row)
            {
                write_refusal(conn, &actor, &row, &refused, now)?;
                return Ok(Err(refused));
            }
            if users::set_mcp_enabled(conn, user, enabled)? == 0 {
                return Ok(Ok(Changed::Nothing));
            }
            let (action, changed) = if enabled {
                users::set_mcp_added(conn, user, now)?;
                (Action::McpAccessEnabled, Changed::Enabled)
            } else {
                let tokens = revoke::end_everything_of(conn, user, EndReason::AccessDisabled, now)?;
                let to = Recipient { name: &row.name, email: &row.email };
                notify::tell(conn, &state.config, to, News::AccessDisabled, now)?;
                (Action::McpAccessDisabled, Changed::Disabled { tokens })
            };
            let detail = match &changed {
                Changed::Disabled { tokens } => json!({ "tokens": tokens }),
                _ => json!({}),
            };
            let target = Target { kind: "user", id: Some(user.0), label: row.email };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(Ok(changed))
        })
        .await?
}

/// The reason that somebody typed, if they did.
///
/// # Errors
/// Names the field `reason`.
pub fn check_reason(typed: &str) -> Result<Option<String>> {
    let reason = typed.trim();
    if !reason.is_empty() && !is_name(reason, LONGEST_REASON) {
        let told = format!("Reason: use one line of at most {LONGEST_REASON} characters.");
        return Err(Error::field("reason", told));
    }
    Ok((!reason.is_empty()).then(|| reason.to_owned()))
}

/// The acting person with the reason that they give.
///
/// # Errors
/// Names the field `reason`.
pub fn because(actor: &Actor, typed: &str) -> Result<Actor> {
    Ok(Actor { reason: check_reason(typed)?, ..actor.clone() })
}

/// Whether it is the acting person's own access, which they cannot disable.
pub fn is_own(actor: &Actor, user: UserId) -> bool {
    actor.user == Some(user)
}

/// Locks a person and the administrators, so that two of these cannot each take away the access of
/// the other.
fn lock_with_administrators(conn: &mut Conn, user: UserId) -> Result<()> {
    let mut all: Vec<UserId> = mass::administrators(conn)?.into_iter().map(|(id, _)| id).collect();
    all.push(user);
    Ok(lock::users(conn, &all)?)
}

/// Nobody disables their own access, and somebody who runs the place keeps it; under the lock.
fn may_disable(conn: &mut Conn, actor: &Actor, user: &UserRow) -> Result<()> {
    if is_own(actor, user.id) {
        return Err(Error::new(
            ErrorCode::Conflict,
            "You cannot disable your own MCP access. Ask another administrator to do it, or revoke your tokens under Settings → MCP.",
        ));
    }
    let administrators = mass::administrators(conn)?;
    if administrators.iter().all(|(id, _)| *id == user.id) && !administrators.is_empty() {
        return Err(Error::new(
            ErrorCode::Conflict,
            format!(
                "{} is the last active administrator with MCP access and keeps it. Enable it for another administrator first.",
                user.name
            ),
        ));
    }
    Ok(())
}

fn write_refusal(
    conn: &mut Conn,
    actor: &Actor,
    user: &UserRow,
    refused: &Error,
    now: Timestamp,
) -> Result<()> {
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::McpAccessDisabled,
        target: Some(&Target { kind: "user", id: Some(user.id.0), label: user.email.clone() }),
        outcome: Outcome::Denied,
        detail: json!({ "reason": refused.message }),
    };
    Ok(audit::insert(conn, &entry)?)
}
