//! A secret that came a second time: whoever holds it, its family ends, and people are told.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::error::Result;
use crate::ids::{TokenId, UserId};
use crate::service::notify::{self, News, Recipient};
use crate::service::{Ctx, revoke};
use crate::store::audit::{self, NewEntry};
use crate::store::clients::ClientRow;
use crate::store::users;

/// What came again.
pub(super) struct Replay<'a> {
    /// The client that presented it.
    pub(super) client: &'a ClientRow,
    /// Whose token it was.
    pub(super) owner: UserId,
    /// The token.
    pub(super) token: TokenId,
    /// Which secret.
    pub(super) reason: EndReason,
}

/// Ends the token, writes it down and tells its owner, inside the caller's transaction.
pub(super) fn alarm(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    replay: &Replay<'_>,
    now: Timestamp,
) -> Result<()> {
    let Replay { client, owner, token, reason } = *replay;
    let ended = revoke::end_token(conn, token, owner, reason, now)?;
    if ended && let Some(user) = users::by_id(conn, owner)? {
        let to = Recipient { name: &user.name, email: &user.email };
        notify::tell(conn, &ctx.config, to, News::ReuseAlarm { client: &client.name }, now)?;
    }
    if ended {
        // Inside the transaction: one that is made again after a failure counts twice, and wakes
        // whoever watches all the same.
        ctx.metrics.reuse_alarm();
    }
    let target = Target { kind: "token", id: Some(token.0), label: client.name.clone() };
    let detail = json!({ "reason": reason.as_str(), "user_id": owner.0, "ended": ended });
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::ReuseAlarm,
        target: Some(&target),
        outcome: Outcome::Denied,
        detail,
    };
    audit::insert(conn, &entry)?;
    Ok(())
}
