//! Invitations: sending them again, taking them back, and taking them up.

use serde_json::json;

use super::link::{self, INVITATION, Link};
use super::{fields, find, guard, record, target_of};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::Standing;
use crate::domain::audit::{Action, Actor};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::PlainSecret;
use crate::service::forms::{self, Once, Sent};
use crate::service::notify::{self, News, Recipient};
use crate::service::{Ctx, refused};
use crate::store::links;
use crate::store::users::{self, UserRow};

/// Puts the mail with an invitation into the outbox.
pub(super) fn mail(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    user: &UserRow,
    link: &Link,
    now: Timestamp,
) -> Result<()> {
    let by = match actor.user {
        Some(id) => find(conn, id)?.name,
        None => "An administrator".to_owned(),
    };
    let until = notify::in_words(link.until);
    let news = News::Invited { by: &by, link: link.url.expose(), until: &until };
    let to = Recipient { name: &user.name, email: &user.email };
    notify::tell(conn, &ctx.config, to, news, now)
}

/// Invites somebody again who has not come yet; the earlier link stops working.
///
/// # Errors
/// `not_found`, or `conflict` if there is nothing to send again or this form has sent its link already.
pub async fn again(ctx: &Ctx, actor: &Actor, user: UserId, once: Once) -> Result<Link> {
    let by = actor;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = invited(conn, user)?;
            guard::over(conn, &actor, &row)?;
            let action = Action::UserInvited;
            let sent = Sent {
                once: &once,
                actor: &actor,
                action,
                target: target_of(&row),
                made: link::MADE,
            };
            forms::first_time(conn, &sent, now, |conn| {
                let link = link::make(&state, conn, INVITATION, Some(user), now)?;
                users::set_invited(conn, user, now)?;
                mail(&state, conn, &actor, &row, &link, now)?;
                record(conn, &actor, action, &row, json!({ "again": true }), now)?;
                Ok(link)
            })
        })
        .await;
    refused::over(ctx, by, Action::UserInvited, user, done).await?
}

/// Takes an invitation back: the link stops working, and the person is gone from the lists.
///
/// # Errors
/// `not_found`, or `conflict` if there is nothing to take back.
pub async fn cancel(ctx: &Ctx, actor: &Actor, user: UserId) -> Result<UserRow> {
    let by = actor;
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = invited(conn, user)?;
            guard::over(conn, &actor, &row)?;
            links::delete_of_user(conn, user)?;
            users::mark_deleted(conn, user, now)?;
            record(conn, &actor, Action::InvitationCancelled, &row, json!({}), now)?;
            Ok(row)
        })
        .await;
    refused::over(ctx, by, Action::InvitationCancelled, user, done).await
}

/// Somebody who was invited and has not come yet.
fn invited(conn: &mut Conn, user: UserId) -> Result<UserRow> {
    let row = find(conn, user)?;
    if row.invited_at.is_some() {
        return Ok(row);
    }
    Err(Error::new(
        ErrorCode::Conflict,
        format!("{} has a password already, so there is no invitation.", row.name),
    ))
}

/// Until when the last invitation of a person works; nothing if it has run out.
///
/// # Errors
/// When the database cannot answer.
pub async fn works_until(ctx: &Ctx, user: UserId) -> Result<Option<Timestamp>> {
    let now = ctx.clock.now();
    let until = ctx.db.read(move |conn| Ok(links::expiry_of(conn, user, INVITATION)?)).await?;
    Ok(until.filter(|until| *until > now))
}

/// Whom an invitation is for.
///
/// # Errors
/// `not_found` if it is not, or no longer, good.
pub async fn look(ctx: &Ctx, secret: &PlainSecret) -> Result<UserRow> {
    let (hash, now) = (secret.hash(), ctx.clock.now());
    ctx.db
        .read(move |conn| {
            let owner = links::owner(conn, &hash, INVITATION, now)?.ok_or_else(no_longer_good)?;
            let user = users::by_id(conn, owner)?.ok_or_else(no_longer_good)?;
            if user.standing() == Standing::Invited { Ok(user) } else { Err(no_longer_good()) }
        })
        .await
}

fn no_longer_good() -> Error {
    Error::not_found(
        "This invitation has been used, taken back, or is older than 7 days. Ask whoever invited you to send another.",
    )
}

/// Takes an invitation up: who was invited chooses a name and a password, and is in.
///
/// # Errors
/// Names the field that is wrong; `not_found` if the link is not, or no longer, good.
pub async fn accept(
    ctx: &Ctx,
    actor: &Actor,
    secret: &PlainSecret,
    name: &str,
    new: &str,
) -> Result<UserRow> {
    let user = look(ctx, secret).await?;
    let name = fields::own_name(name)?;
    fields::password("password", new, &user.email, &name)?;
    let hash = ctx.hasher.hash(new).await?;
    let (mut actor, now, link) = (actor.clone(), ctx.clock.now(), secret.hash());
    actor.user = Some(user.id);
    actor.label.clone_from(&user.email);
    ctx.db
        .write(move |conn| {
            lock::user(conn, user.id)?;
            let row = users::by_id(conn, user.id)?.ok_or_else(no_longer_good)?;
            if links::consume(conn, &link, INVITATION, now)? == 0
                || row.standing() != Standing::Invited
            {
                return Err(no_longer_good());
            }
            users::set_details(conn, row.id, &name, &row.email)?;
            users::set_password(conn, row.id, &hash)?;
            links::delete_of_user(conn, row.id)?;
            record(conn, &actor, Action::InvitationAccepted, &row, json!({}), now)?;
            find(conn, row.id)
        })
        .await
}
