//! Passwords that were forgotten: a link by mail, and a new password with it.

use serde_json::json;

use super::link::{self, Link, RESET};
use super::{fields, find, guard, record, replace_password, target_of};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::Standing;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::PlainSecret;
use crate::service::forms::{self, Once, Sent};
use crate::service::login::Reconfirmed;
use crate::service::notify::{self, News, Recipient};
use crate::service::throttle::{self, Limit};
use crate::service::{Ctx, refused};
use crate::store::audit::{self, NewEntry};
use crate::store::users::{self, UserRow};
use crate::store::{links, outbox};

/// Sends a link to set a new password to that address, if it is an active person's. Whoever asks
/// learns nothing: for an address that nobody has, the same is written and then taken out again.
///
/// # Errors
/// That it is no address, or that there were too many; neither says who is here.
pub async fn request(ctx: &Ctx, actor: &Actor, address: &str) -> Result<()> {
    let address = fields::address(address)?;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            if let Some(from) = actor.address {
                throttle::count_or_refuse(conn, &Limit::resets_from(from), now)?;
            }
            throttle::count_or_refuse(conn, &Limit::resets_of(&address), now)?;
            let user =
                users::by_email(conn, &address)?.filter(|user| user.standing() == Standing::Active);
            let link = link::make(&state, conn, RESET, user.as_ref().map(|user| user.id), now)?;
            let name = user.as_ref().map_or("", |user| user.name.as_str());
            let mail = send_to(&state, conn, Recipient { name, email: &address }, &link, now)?;
            outbox::withdraw(conn, if user.is_some() { NO_MAIL } else { mail })?;
            let id = user.as_ref().map(|user| user.id.0);
            let target = Target { kind: "user", id, label: address.clone() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::PasswordResetRequested,
                target: Some(&target),
                outcome: if id.is_some() { Outcome::Ok } else { Outcome::Denied },
                detail: json!({}),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await
}

/// No mail has that id.
const NO_MAIL: i64 = 0;

fn send_to(
    ctx: &Ctx,
    conn: &mut Conn,
    to: Recipient<'_>,
    link: &Link,
    now: Timestamp,
) -> Result<i64> {
    let until = notify::in_words(link.until);
    let news = News::PasswordReset { link: link.url.expose(), until: &until };
    notify::write(conn, &ctx.config, to, news, now)
}

/// Sends a person a link to set a new password, on behalf of an administrator, who has entered
/// their own: whoever only found a screen unlocked must not come by the link.
///
/// # Errors
/// `not_found`, or `conflict` if the person cannot sign in anyway or this form has sent its link
/// already.
pub async fn send(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    user: UserId,
    once: Once,
) -> Result<Link> {
    proof.check(actor)?;
    if actor.user == Some(user) {
        return Err(Error::new(
            ErrorCode::Conflict,
            "This is you. Change your password under Account Setting.",
        ));
    }
    let by = actor;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = find(conn, user)?;
            guard::over(conn, &actor, &row)?;
            if row.standing() != Standing::Active {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    format!("{} cannot sign in now, so there is no password to reset.", row.name),
                ));
            }
            let action = Action::PasswordResetRequested;
            let sent = Sent {
                once: &once,
                actor: &actor,
                action,
                target: target_of(&row),
                made: link::MADE,
            };
            forms::first_time(conn, &sent, now, |conn| {
                let link = link::make(&state, conn, RESET, Some(user), now)?;
                let to = Recipient { name: &row.name, email: &row.email };
                send_to(&state, conn, to, &link, now)?;
                record(conn, &actor, action, &row, json!({}), now)?;
                Ok(link)
            })
        })
        .await;
    refused::over(ctx, by, Action::PasswordResetRequested, user, done).await?
}

/// Whose password a link sets.
///
/// # Errors
/// `not_found` if it is not, or no longer, good.
pub async fn look(ctx: &Ctx, secret: &PlainSecret) -> Result<UserRow> {
    let (hash, now) = (secret.hash(), ctx.clock.now());
    ctx.db
        .read(move |conn| {
            let owner = links::owner(conn, &hash, RESET, now)?.ok_or_else(no_longer_good)?;
            let user = users::by_id(conn, owner)?.ok_or_else(no_longer_good)?;
            if user.standing() == Standing::Active { Ok(user) } else { Err(no_longer_good()) }
        })
        .await
}

fn no_longer_good() -> Error {
    Error::not_found("This link has been used or is older than an hour. Ask for a new one.")
}

/// Sets a new password with a link, which is used up. Sessions and tokens of the person end.
///
/// # Errors
/// Names the field that is wrong; `not_found` if the link is not, or no longer, good.
pub async fn finish(ctx: &Ctx, actor: &Actor, secret: &PlainSecret, new: &str) -> Result<()> {
    let user = look(ctx, secret).await?;
    fields::password("password", new, &user.email, &user.name)?;
    let hash = ctx.hasher.hash(new).await?;
    let (state, mut actor, link) = (ctx.clone(), actor.clone(), secret.hash());
    actor.user = Some(user.id);
    actor.label.clone_from(&user.email);
    let now = ctx.clock.now();
    ctx.db
        .write(move |conn| {
            lock::user(conn, user.id)?;
            let row = users::by_id(conn, user.id)?.ok_or_else(no_longer_good)?;
            if links::consume(conn, &link, RESET, now)? == 0 || row.standing() != Standing::Active {
                return Err(no_longer_good());
            }
            // Whoever has the mailbox is who they say; failed guesses no longer count.
            for limit in Limit::passwords(&row.email, actor.address).iter().take(2) {
                throttle::clear(conn, limit)?;
            }
            replace_password(&state, conn, &actor, &row, &hash, now)
        })
        .await
}
