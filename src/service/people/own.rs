//! What a person changes about themselves: name and zone, address, password.

use serde_json::{Map, json};

use super::{address_taken, fields, find, record, replace_password, taken_meanwhile};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::Standing;
use crate::domain::audit::{Action, Actor};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::service::notify::{self, News, Recipient};
use crate::service::throttle::{self, Limit};
use crate::store::links;
use crate::store::users::{self, UserRow};

/// The purpose of a link that confirms a new address.
const ADDRESS: &str = "address_change";
/// How long such a link works, seconds.
const ADDRESS_SECONDS: i64 = 86_400;

/// Sets name and time zone; no zone is UTC. Whether anything changed.
///
/// # Errors
/// Names the field that is wrong.
pub async fn profile(
    ctx: &Ctx,
    actor: &Actor,
    user: UserId,
    name: &str,
    zone: &str,
) -> Result<bool> {
    let (name, zone) = (fields::own_name(name)?, fields::zone(zone)?);
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::user(conn, user)?;
            let row = find(conn, user)?;
            let mut detail = Map::new();
            if row.name != name {
                detail.insert("name".into(), json!({ "from": row.name, "to": name }));
            }
            if row.time_zone != zone {
                detail.insert("time_zone".into(), json!({ "from": row.time_zone, "to": zone }));
            }
            if detail.is_empty() {
                return Ok(false);
            }
            users::set_profile(conn, user, &name, zone.as_deref())?;
            record(conn, &actor, Action::UserEdited, &row, detail.into(), now)?;
            Ok(true)
        })
        .await
}

/// Sends a link to a new address; the address counts once it is followed. Whoever asks does not
/// learn whether somebody has the address already: then nothing is sent.
///
/// # Errors
/// Names the field that is wrong; that there were too many; `conflict` where no mail goes out.
pub async fn ask_for_address(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    address: &str,
) -> Result<String> {
    let email = fields::address(address)?;
    if ctx.config.smtp.is_none() {
        return Err(Error::new(
            ErrorCode::Conflict,
            "This server sends no mail, so a new address cannot be confirmed. Ask an administrator to change it.",
        ));
    }
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let user = find(conn, proof.user)?;
            if user.email == email {
                return Err(Error::field("email", "That is your address already."));
            }
            throttle::count_or_refuse(conn, &Limit::addresses_of(user.id), now)?;
            if users::by_email(conn, &email)?.is_none() {
                send_link(&state, conn, &user, &email, now)?;
            }
            let detail = json!({ "email": { "from": user.email, "to": email } });
            record(conn, &actor, Action::AddressChangeRequested, &user, detail, now)?;
            Ok(email.clone())
        })
        .await
}

fn send_link(
    ctx: &Ctx,
    conn: &mut Conn,
    user: &UserRow,
    email: &str,
    now: Timestamp,
) -> Result<()> {
    let secret = PlainSecret::generate(SecretKind::Handle);
    let until = now.plus_seconds(ADDRESS_SECONDS);
    links::delete_of(conn, user.id, ADDRESS)?;
    links::insert_about(conn, &secret.hash(), ADDRESS, (user.id, email), now, until)?;
    let link = ctx.config.url(&format!("/account/email/confirm?link={}", secret.expose()));
    let until = notify::in_words(until);
    let news = News::ConfirmAddress { link: &link, until: &until };
    notify::tell(conn, &ctx.config, Recipient { name: &user.name, email }, news, now)
}

/// Whose address a link changes, and to which.
///
/// # Errors
/// `not_found` if it is not, or no longer, good.
pub async fn look_at_address(ctx: &Ctx, secret: &PlainSecret) -> Result<(UserRow, String)> {
    let (hash, now) = (secret.hash(), ctx.clock.now());
    ctx.db.read(move |conn| owner(conn, &hash, now)).await
}

fn owner(conn: &mut Conn, link: &HashedSecret, now: Timestamp) -> Result<(UserRow, String)> {
    let (id, email) = links::about(conn, link, ADDRESS, now)?.ok_or_else(no_longer_good)?;
    let user = users::by_id(conn, id)?.ok_or_else(no_longer_good)?;
    if user.standing() == Standing::Active { Ok((user, email)) } else { Err(no_longer_good()) }
}

fn no_longer_good() -> Error {
    Error::not_found(
        "This link has been used, is older than a day, or was replaced by a later one. Ask for a new one under Account Setting.",
    )
}

/// Changes an address with a link, which is used up; the old address is told. Returns the new one.
///
/// # Errors
/// `not_found` if the link is not, or no longer, good; `conflict` if somebody has the address now.
pub async fn confirm_address(ctx: &Ctx, actor: &Actor, secret: &PlainSecret) -> Result<String> {
    let (state, actor, hash) = (ctx.clone(), actor.clone(), secret.hash());
    let now = ctx.clock.now();
    let (seen, _) = look_at_address(ctx, secret).await?;
    ctx.db
        .write(move |conn| {
            lock::user(conn, seen.id)?;
            let (user, email) = owner(conn, &hash, now)?;
            if links::consume(conn, &hash, ADDRESS, now)? == 0 {
                return Err(no_longer_good());
            }
            if users::by_email(conn, &email)?.is_some() {
                return Err(Error { param: None, ..address_taken() });
            }
            users::set_details(conn, user.id, &user.name, &email).map_err(taken_meanwhile)?;
            // Links that went to the old address are nobody's any more.
            links::delete_of_user(conn, user.id)?;
            let to = Recipient { name: &user.name, email: &user.email };
            notify::tell(conn, &state.config, to, News::AddressChanged { email: &email }, now)?;
            let actor = Actor { user: Some(user.id), label: user.email.clone(), ..actor.clone() };
            let detail = json!({ "email": { "from": user.email, "to": email } });
            record(conn, &actor, Action::UserEdited, &user, detail, now)?;
            Ok(email)
        })
        .await
}

/// Changes the acting person's password. Their sessions and tokens end, this session too: the
/// caller begins a new one.
///
/// # Errors
/// Names the field that is wrong.
pub async fn change_password(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    new: &str,
) -> Result<UserRow> {
    let user = ctx.db.read(move |conn| find(conn, proof.user)).await?;
    fields::password("new_password", new, &user.email, &user.name)?;
    let hash = ctx.hasher.hash(new).await?;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::user(conn, user.id)?;
            let row = find(conn, user.id)?;
            replace_password(&state, conn, &actor, &row, &hash, now)?;
            find(conn, user.id)
        })
        .await
}
