//! Signing in with a second factor: codes of an authenticator app, each taken once, and recovery
//! codes for whoever has lost the app.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor};
use crate::domain::two_factor::{self as rules, RECOVERY_BYTES, RECOVERY_CODES, SECRET_BYTES};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::{PlainSecret, fill_random};
use crate::service::forms::{self, Once, Sent};
use crate::service::login::Reconfirmed;
use crate::service::notify::{self, News, Recipient};
use crate::service::people::{find, guard, record, target_of};
use crate::service::throttle::{self, Limit};
use crate::service::{Ctx, refused};
use crate::store::two_factor as store;
use crate::store::users::{self, UserRow};

/// What a secret is sealed for while it is being set up.
const SET_UP: &str = "two-factor setup";
/// How long setting up may take, seconds.
const SET_UP_SECONDS: i64 = 900;

/// What proved the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A code of the app.
    Code,
    /// A recovery code, which is used up.
    RecoveryCode,
}

impl Factor {
    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// A secret that is being set up: nothing is kept of it until a code has proved that the app has it.
#[derive(Debug)]
pub struct SetUp {
    /// The secret for the form, encrypted; the password went before it.
    pub sealed: String,
    /// What the app reads from the picture.
    pub uri: PlainSecret,
    /// The same to be typed by hand.
    pub key: PlainSecret,
}

#[derive(Serialize, Deserialize)]
struct Draft {
    user: UserId,
    until: Timestamp,
    secret: String,
}

/// Makes a secret for the acting person's app.
///
/// # Errors
/// `conflict` if two-factor sign-in is on already.
pub async fn set_up(ctx: &Ctx, proof: Reconfirmed) -> Result<SetUp> {
    let user = ctx.db.read(move |conn| find(conn, proof.user)).await?;
    refuse_if_on(&user)?;
    let mut secret = [0_u8; SECRET_BYTES];
    fill_random(&mut secret);
    let draft = Draft {
        user: user.id,
        until: ctx.clock.now().plus_seconds(SET_UP_SECONDS),
        secret: URL_SAFE_NO_PAD.encode(secret),
    };
    let text = serde_json::to_vec(&draft).map_err(Error::internal)?;
    let sealed = ctx.config.secret.seal(SET_UP, &text).map_err(Error::internal)?;
    shown(sealed, &secret, &user)
}

/// The same secret once more: a code was mistyped.
///
/// # Errors
/// `form_expired` if it was made too long ago, or not for this person.
pub async fn set_up_again(ctx: &Ctx, actor: &Actor, sealed: &str) -> Result<SetUp> {
    let secret = opened(ctx, actor, sealed)?;
    let id = signed_in(actor)?;
    let user = ctx.db.read(move |conn| find(conn, id)).await?;
    refuse_if_on(&user)?;
    shown(sealed.to_owned(), &secret, &user)
}

fn shown(sealed: String, secret: &[u8], user: &UserRow) -> Result<SetUp> {
    let uri = rules::key_uri(secret, &user.email)
        .ok_or_else(|| Error::internal("a key cannot be written as an address"))?;
    let (uri, key) = (PlainSecret::presented(uri), rules::key_in_groups(secret));
    Ok(SetUp { sealed, uri, key: PlainSecret::presented(key) })
}

fn opened(ctx: &Ctx, actor: &Actor, sealed: &str) -> Result<Vec<u8>> {
    let expired = || {
        Error::new(
            ErrorCode::FormExpired,
            "Setting up took longer than 15 minutes. Nothing was changed. Begin again under Account Setting.",
        )
    };
    let text = ctx.config.secret.open(SET_UP, sealed).map_err(|_| expired())?;
    let draft: Draft = serde_json::from_slice(&text).map_err(|_| expired())?;
    if Some(draft.user) != actor.user || draft.until <= ctx.clock.now() {
        return Err(expired());
    }
    URL_SAFE_NO_PAD.decode(draft.secret).map_err(|_| expired())
}

/// Turns two-factor sign-in on, once a code shows that the app has the secret. Returns the recovery
/// codes, which are shown this once.
///
/// # Errors
/// Names the field if the code is wrong; `form_expired`; `conflict` if it is on already.
pub async fn turn_on(
    ctx: &Ctx,
    actor: &Actor,
    sealed: &str,
    code: &str,
) -> Result<Vec<PlainSecret>> {
    let (secret, id) = (opened(ctx, actor, sealed)?, signed_in(actor)?);
    let now = ctx.clock.now();
    let step = rules::code(code).and_then(|code| rules::step_of(&secret, &code, now)).ok_or_else(|| {
        Error::field(
            "code",
            "That is not the code that the app shows now. Check that the clock of your phone is right, and enter the next code.",
        )
    })?;
    let sealed = ctx.config.secret.seal(&purpose(id), &secret).map_err(Error::internal)?;
    let (state, actor, codes) = (ctx.clone(), actor.clone(), new_codes());
    let kept = codes.clone();
    ctx.db
        .write(move |conn| {
            lock::user(conn, id)?;
            let user = find(conn, id)?;
            if users::begin_two_factor(conn, id, now)? == 0 {
                return Err(already_on());
            }
            store::insert(conn, id, &sealed, step)?;
            keep_codes(conn, id, &kept)?;
            let to = Recipient { name: &user.name, email: &user.email };
            notify::tell(conn, &state.config, to, News::TwoFactorOn, now)?;
            record(conn, &actor, Action::TwoFactorOn, &user, json!({}), now)
        })
        .await?;
    Ok(codes)
}

/// Turns the acting person's two-factor sign-in off; whether it was on.
///
/// # Errors
/// When the database cannot answer.
pub async fn turn_off(ctx: &Ctx, actor: &Actor, proof: Reconfirmed) -> Result<bool> {
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let user = locked(conn, proof.user)?;
            end(&state, conn, &actor, &user, Action::TwoFactorOff, now)
        })
        .await
}

/// Turns somebody else's two-factor sign-in off, for whoever has lost both app and codes; whether
/// it was on. Without a proof it is the operator at the command line.
///
/// # Errors
/// `not_found`; `permission_denied` for somebody who may do more; `conflict` for oneself.
pub async fn reset(
    ctx: &Ctx,
    actor: &Actor,
    proof: Option<Reconfirmed>,
    user: UserId,
) -> Result<bool> {
    if proof.map(|proof| proof.user) != actor.user {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let by = actor;
    let (state, actor, now) = (ctx.clone(), actor.clone(), ctx.clock.now());
    let done = ctx
        .db
        .write(move |conn| {
            let row = locked(conn, user)?;
            if actor.user == Some(user) {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "Your own two-factor sign-in is turned off under Account Setting.",
                ));
            }
            guard::over(conn, &actor, &row)?;
            end(&state, conn, &actor, &row, Action::TwoFactorReset, now)
        })
        .await;
    refused::over(ctx, by, Action::TwoFactorReset, user, done).await
}

fn locked(conn: &mut Conn, user: UserId) -> Result<UserRow> {
    lock::user(conn, user)?;
    find(conn, user)
}

fn end(
    ctx: &Ctx,
    conn: &mut Conn,
    actor: &Actor,
    user: &UserRow,
    action: Action,
    now: Timestamp,
) -> Result<bool> {
    // In the order in which a sign-in takes them: its attempts first, then the secret.
    throttle::clear(conn, &Limit::codes_of(user.id))?;
    if users::end_two_factor(conn, user.id)? == 0 {
        return Ok(false);
    }
    forget(conn, user.id)?;
    let to = Recipient { name: &user.name, email: &user.email };
    let by = if actor.user == Some(user.id) { "you" } else { "an administrator" };
    notify::tell(conn, &ctx.config, to, News::TwoFactorOff { by }, now)?;
    record(conn, actor, action, user, json!({}), now)?;
    Ok(true)
}

/// Removes everything a second factor is checked against, inside the caller's transaction.
pub(super) fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    store::delete(conn, user)?;
    store::delete_codes(conn, user)?;
    Ok(())
}

/// Replaces the acting person's recovery codes; the earlier ones stop working.
///
/// # Errors
/// `conflict` if two-factor sign-in is off, or if this form has made its codes already.
pub async fn renew_codes(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    once: Once,
) -> Result<Vec<PlainSecret>> {
    let (actor, now, codes) = (actor.clone(), ctx.clock.now(), new_codes());
    let kept = codes.clone();
    ctx.db
        .write(move |conn| {
            let user = locked(conn, proof.user)?;
            let sent = Sent {
                once: &once,
                actor: &actor,
                action: Action::RecoveryCodesMade,
                target: target_of(&user),
                made: "its codes were made then. They work and are shown once: if you did not keep them, make new ones.",
            };
            forms::first_time(conn, &sent, now, |conn| {
                if user.two_factor_at.is_none() {
                    return Err(Error::new(
                        ErrorCode::Conflict,
                        "Two-factor sign-in is off, so there are no recovery codes.",
                    ));
                }
                store::delete_codes(conn, user.id)?;
                keep_codes(conn, user.id, &kept)?;
                record(conn, &actor, Action::RecoveryCodesMade, &user, json!({}), now)
            })
        })
        .await??;
    Ok(codes)
}

/// How many recovery codes a person has left.
///
/// # Errors
/// When the database cannot answer.
pub async fn codes_left(ctx: &Ctx, user: UserId) -> Result<i64> {
    ctx.db.read(move |conn| Ok(store::codes_left(conn, user)?)).await
}

/// Takes a code or recovery code of a person, inside the caller's transaction; each works once.
pub(super) fn take(
    ctx: &Ctx,
    conn: &mut Conn,
    user: UserId,
    text: &str,
    now: Timestamp,
) -> Result<Option<Factor>> {
    if let Some(code) = rules::code(text) {
        let Some(sealed) = store::sealed(conn, user)? else { return Ok(None) };
        let secret = ctx.config.secret.open(&purpose(user), &sealed).map_err(Error::internal)?;
        let Some(step) = rules::step_of(&secret, &code, now) else { return Ok(None) };
        return Ok((store::use_step(conn, user, step)? == 1).then_some(Factor::Code));
    }
    let Some(code) = rules::recovery(text) else { return Ok(None) };
    let hash = PlainSecret::presented(code).hash();
    Ok((store::use_code(conn, user, &hash)? == 1).then_some(Factor::RecoveryCode))
}

/// What a person's secret is sealed for; one person's does not open as another's.
fn purpose(user: UserId) -> String {
    format!("two-factor secret of user {user}")
}

fn new_codes() -> Vec<PlainSecret> {
    let code = || {
        let mut random = [0_u8; RECOVERY_BYTES];
        fill_random(&mut random);
        PlainSecret::presented(rules::recovery_code(random))
    };
    std::iter::repeat_with(code).take(RECOVERY_CODES).collect()
}

fn keep_codes(conn: &mut Conn, user: UserId, codes: &[PlainSecret]) -> Result<()> {
    for code in codes.iter().filter_map(|code| rules::recovery(code.expose())) {
        store::insert_code(conn, user, &PlainSecret::presented(code).hash())?;
    }
    Ok(())
}

fn refuse_if_on(user: &UserRow) -> Result<()> {
    match user.two_factor_at {
        None => Ok(()),
        Some(_) => Err(already_on()),
    }
}

fn already_on() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "Two-factor sign-in is on already. Turn it off first to set up another app.",
    )
}

fn signed_in(actor: &Actor) -> Result<UserId> {
    actor.user.ok_or_else(|| Error::new(ErrorCode::SignInRequired, "Sign in first."))
}
