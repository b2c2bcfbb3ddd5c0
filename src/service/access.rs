//! Turning a person's MCP access on and off. Off ends everything at once; on restores nothing.

use serde_json::json;

use crate::db::lock;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::login::Reconfirmed;
use crate::service::notify::{self, News, Recipient};
use crate::service::{Ctx, revoke};
use crate::store::audit::{self, NewEntry};
use crate::store::users;

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
/// `not_found`, or that the database cannot answer.
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
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = users::by_id(conn, user)?
                .ok_or_else(|| Error::not_found("There is no such user."))?;
            if users::set_mcp_enabled(conn, user, enabled)? == 0 {
                return Ok(Changed::Nothing);
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
            Ok(changed)
        })
        .await
}
