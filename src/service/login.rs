//! Signing in, and proving again that it is you before a sensitive act.

use std::net::IpAddr;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::email;
use crate::domain::two_factor as rules;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::metrics::Failed;
use crate::service::refused::too_often;
use crate::service::throttle::{self, Limit};
use crate::service::two_factor::{self, Factor};
use crate::service::visit;
use crate::store::audit::{self, NewEntry};
use crate::store::sessions;
use crate::store::users::{self, UserRow};

/// The longest password that is hashed at all.
const LONGEST: usize = 1024;
/// How long a session is not asked again, if that was asked for.
const WINDOW_SECONDS: i64 = 300;
/// How long an address from which somebody signed in is known as theirs.
const REMEMBERED_SECONDS: i64 = 90 * 86_400;

/// Proof that the acting person has entered their own password, just now or in the window of this
/// session. Use cases that need it take it as an argument, so that none can be reached without.
#[derive(Debug)]
pub struct Reconfirmed {
    /// Who proved it.
    pub user: UserId,
}

impl Reconfirmed {
    /// Refuses a proof of somebody else than who acts.
    ///
    /// # Errors
    /// That it is our fault.
    pub fn check(&self, actor: &Actor) -> Result<()> {
        if Some(self.user) == actor.user {
            return Ok(());
        }
        Err(Error::internal("a password proof of somebody else"))
    }
}

/// How far a sign-in has come with the password.
#[derive(Debug)]
pub enum SignedIn {
    /// They are in.
    Done(UserRow),
    /// A code is needed, too: until it has come they are nobody.
    NeedsCode(UserRow),
}

/// The address that somebody signs in with, in its one spelling.
///
/// # Errors
/// Names `email`.
pub fn address(typed: &str) -> Result<String> {
    email::normalise(typed).map_err(|_| {
        Error::field(
            "email",
            "Enter the e-mail address you were invited with, like name@example.com.",
        )
    })
}

/// Signs a person in with address and password.
///
/// # Errors
/// One message for an unknown address and a wrong password (ASVS 6.3.8); `permission_denied` for a
/// suspended user, told only to who knows the password; or that there were too many attempts.
pub async fn sign_in(ctx: &Ctx, actor: &Actor, address: &str, password: &str) -> Result<SignedIn> {
    let address = self::address(address)?;
    if password.is_empty() {
        return Err(Error::field("password", "Enter your password."));
    }
    let limits = Limit::passwords(&address, actor.address);
    let user = find(ctx, limits.clone(), &address, actor.address).await;
    let guest = Actor { label: address.clone(), ..actor.clone() };
    let user = too_often(ctx, &guest, Action::SignIn, &address, &limits, user).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    // Whose address it is reads of it, whoever tried.
    let about = user.as_ref().map(|user| user.id.0);
    let matches = password.len() <= LONGEST && ctx.hasher.verify(password, hash).await?;
    let known = user.filter(|_| matches);
    let is_suspended = known.as_ref().is_some_and(|user| user.status() != UserStatus::Active);
    let user = known.filter(|_| !is_suspended);

    let now = ctx.clock.now();
    let mut actor = actor.clone();
    actor.label.clone_from(&address);
    actor.user = user.as_ref().map(|user| user.id);
    let signed_in = user.is_some();
    let needs_code = user.as_ref().is_some_and(|user| user.two_factor_at.is_some());
    ctx.db
        .write(move |conn| {
            let target = Target { kind: "user", id: about, label: actor.label.clone() };
            let outcome = if signed_in { Outcome::Ok } else { Outcome::Denied };
            audit::insert(
                conn,
                &NewEntry {
                    at: now,
                    actor: &actor,
                    action: if needs_code { Action::SecondFactorAsked } else { Action::SignIn },
                    target: Some(&target),
                    outcome,
                    detail: json!({ "suspended": is_suspended }),
                },
            )?;
            if signed_in { forget(conn, &limits, now) } else { Ok(()) }
        })
        .await?;
    let user = user.ok_or_else(|| {
        ctx.metrics.failed(Failed::SignIn);
        if is_suspended {
            return Error::new(
                ErrorCode::PermissionDenied,
                "Your account is suspended. Ask an administrator of this server to reactivate it.",
            );
        }
        Error::field(
            "password",
            "That address and password do not belong together. Check both and try again.",
        )
    })?;
    Ok(if needs_code { SignedIn::NeedsCode(user) } else { SignedIn::Done(user) })
}

/// Completes the sign-in of a person who gave their password, with a code of their app or a
/// recovery code.
///
/// # Errors
/// Names the field; that there were too many attempts; `sign_in_required` if there is nothing to
/// complete any more.
pub async fn second_factor(
    ctx: &Ctx,
    actor: &Actor,
    user: UserId,
    text: &str,
) -> Result<(UserRow, Factor)> {
    if text.trim().is_empty() {
        return Err(Error::field("code", "Enter the code of your authenticator app."));
    }
    let (state, by, text, now) = (ctx.clone(), actor.clone(), text.to_owned(), ctx.clock.now());
    let limits: Vec<Limit> =
        [Limit::codes_of(user)].into_iter().chain(actor.address.map(Limit::codes_from)).collect();
    let done = ctx
        .db
        .write(move |conn| {
            let row = users::by_id(conn, user)?
                .filter(|row| row.status() == UserStatus::Active && row.two_factor_at.is_some())
                .ok_or_else(|| Error::new(ErrorCode::SignInRequired, "Sign in again."))?;
            let from = by.address.map(Limit::codes_from);
            from.iter().try_for_each(|limit| throttle::check(conn, limit, now))?;
            let factor = take_code(&state, conn, user, &text, now)?;
            if factor.is_none() {
                from.iter().try_for_each(|limit| throttle::count(conn, limit, now).map(|_| ()))?;
            }
            let actor = Actor { user: Some(user), label: row.email.clone(), ..by.clone() };
            let target = Target { kind: "user", id: Some(user.0), label: row.email.clone() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::SignIn,
                target: Some(&target),
                outcome: if factor.is_some() { Outcome::Ok } else { Outcome::Denied },
                detail: json!({ "second_factor": factor.map_or("wrong", Factor::as_str) }),
            };
            audit::insert(conn, &entry)?;
            Ok(factor.map(|factor| (row, factor)))
        })
        .await;
    let row = ctx.db.read(move |conn| Ok(users::by_id(conn, user)?)).await?;
    let email = row.map(|row| row.email).unwrap_or_default();
    let guest = Actor { label: email.clone(), ..actor.clone() };
    let done = too_often(ctx, &guest, Action::SignIn, &email, &limits, done).await?;
    done.ok_or_else(|| {
        ctx.metrics.failed(Failed::SecondFactor);
        Error::field(
            "code",
            "That code is not right, or it was used before. Enter the code that the app shows now.",
        )
    })
}

/// Takes a code or recovery code. Every attempt counts before it is judged, so that attempts at the
/// same moment are as few as those one after the other.
fn take_code(
    ctx: &Ctx,
    conn: &mut Conn,
    user: UserId,
    text: &str,
    now: Timestamp,
) -> Result<Option<Factor>> {
    throttle::count_or_refuse(conn, &Limit::codes_of(user), now)?;
    let factor = two_factor::take(ctx, conn, user, text, now)?;
    if factor.is_some() {
        throttle::clear(conn, &Limit::codes_of(user))?;
    }
    Ok(factor)
}

/// Checks the acting person's own password before a sensitive act. Without one it is enough that
/// the session is in its window; with one, the form may have asked to open it.
///
/// # Errors
/// `wrong_password`, or that there were too many attempts. Nothing has changed then, and the log
/// has an entry.
pub async fn reconfirm(ctx: &Ctx, actor: &Actor, password: &str) -> Result<Reconfirmed> {
    let visit = visit::current();
    let (Some(id), Some(session)) = (actor.user, visit.session) else {
        return confirm_anew(ctx, actor, password).await;
    };
    if password.is_empty()
        && let Some(proof) = in_window(ctx, actor, id, session.clone()).await?
    {
        return Ok(proof);
    }
    check(ctx, actor, password, visit.keeps.then_some(session)).await
}

/// [`reconfirm`] for what the window does not do for: changing how a person signs in.
///
/// # Errors
/// As [`reconfirm`].
pub async fn confirm_anew(ctx: &Ctx, actor: &Actor, password: &str) -> Result<Reconfirmed> {
    check(ctx, actor, password, None).await
}

/// Ends the window of the acting person's session; whether there was one.
///
/// # Errors
/// When the database cannot answer.
pub async fn end_window(ctx: &Ctx, actor: &Actor) -> Result<bool> {
    let Some((user, session)) = actor.user.zip(visit::current().session) else {
        return Ok(false);
    };
    let now = ctx.clock.now();
    ctx.db
        .write(move |conn| {
            let is_running = sessions::window(conn, user, &session, now)?.is_some();
            sessions::set_window(conn, user, &session, None)?;
            Ok(is_running)
        })
        .await
}

/// The proof that the window of a session is, while it runs and nobody guesses passwords.
async fn in_window(
    ctx: &Ctx,
    actor: &Actor,
    user: UserId,
    session: String,
) -> Result<Option<Reconfirmed>> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let Some((_, until)) = sessions::window(conn, user, &session, now)? else {
                return Ok(None);
            };
            throttle::check(conn, &Limit::confirmations_of(user), now)?;
            let detail = json!({ "confirmed_until": until.to_rfc3339() });
            write_down(conn, &actor, true, detail, now)?;
            Ok(Some(Reconfirmed { user }))
        })
        .await
}

/// Checks a password. If it is right, the session named stays confirmed for a while; if it is
/// wrong, none of the request does.
async fn check(
    ctx: &Ctx,
    actor: &Actor,
    password: &str,
    keep: Option<String>,
) -> Result<Reconfirmed> {
    let Some(id) = actor.user else {
        return Err(Error::new(ErrorCode::SignInRequired, "Sign in first."));
    };
    if password.is_empty() {
        return Err(wrong_password("Enter your password to confirm."));
    }
    let own = Limit::confirmations_of(id);
    let user = find(ctx, vec![own.clone()], &actor.label, actor.address).await;
    let limits = [own.clone()];
    let user =
        too_often(ctx, actor, Action::PasswordReentered, &actor.label, &limits, user).await?;
    // Whoever was suspended since the request began confirms nothing.
    let user = user.filter(|user| user.id == id && user.status() == UserStatus::Active);
    // A code stands for the password where there is one. No password is as short as one of the app;
    // one may look like a recovery code.
    let has_codes = user.as_ref().is_some_and(|user| user.two_factor_at.is_some());
    let hash = user.and_then(|user| user.password_hash);
    let of_app = rules::code(password).filter(|_| has_codes);
    let is_password =
        of_app.is_none() && password.len() <= LONGEST && ctx.hasher.verify(password, hash).await?;
    let code = of_app.or_else(|| rules::recovery(password).filter(|_| has_codes && !is_password));

    let now = ctx.clock.now();
    let is_code = rules::code(password).is_some() && code.is_some();
    let (state, by, session) = (ctx.clone(), actor.clone(), visit::current().session);
    let counted = own.clone();
    let matches = ctx
        .db
        .write(move |conn| {
            let taken = match &code {
                Some(code) => take_code(&state, conn, id, code, now)?,
                None => None,
            };
            let matches = is_password || taken.is_some();
            let with = match taken {
                Some(factor) => factor.as_str(),
                None if is_code => Factor::Code.as_str(),
                None => "password",
            };
            let mut detail = json!({ "with": with });
            if matches && let Some(session) = &keep {
                let until = now.plus_seconds(WINDOW_SECONDS);
                sessions::set_window(conn, id, session, Some((now, until)))?;
                detail = json!({ "with": with, "confirmed_until": until.to_rfc3339() });
            } else if !matches && let Some(session) = &session {
                sessions::set_window(conn, id, session, None)?;
            }
            write_down(conn, &by, matches, detail, now)?;
            // Wrong ones count for the sign-in, too (contract §9), and a right one makes them forgotten;
            // those of the sign-in never count here.
            let of_sign_in = Limit::passwords(&by.label, by.address);
            if matches {
                throttle::clear(conn, &counted)?;
                of_sign_in.first().map_or(Ok(()), |limit| throttle::clear(conn, limit))?;
            } else {
                of_sign_in
                    .iter()
                    .try_for_each(|limit| throttle::count(conn, limit, now).map(|_| ()))?;
            }
            Ok(matches)
        })
        .await;
    if matches!(&matches, Err(error) if error.code == ErrorCode::RateLimitExceeded) {
        // Others may have used the codes up. What was not even looked at is no failure with passwords.
        ctx.db.write(move |conn| throttle::take_back(conn, &own, now)).await?;
    }
    let limits = [Limit::codes_of(id)];
    let matches =
        too_often(ctx, actor, Action::PasswordReentered, &actor.label, &limits, matches).await?;
    if !matches {
        ctx.metrics.failed(Failed::Reconfirm);
    }
    match (matches, is_code) {
        (true, _) => Ok(Reconfirmed { user: id }),
        (false, false) => Err(wrong_password("That is not your password. Nothing was changed.")),
        (false, true) => Err(wrong_password(
            "That code is not right, or it was used before. Nothing was changed.",
        )),
    }
}

fn write_down(
    conn: &mut Conn,
    actor: &Actor,
    is_right: bool,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::PasswordReentered,
        target: None,
        outcome: if is_right { Outcome::Ok } else { Outcome::Denied },
        detail,
    };
    Ok(audit::insert(conn, &entry)?)
}

/// Writes down that a person signed out.
///
/// # Errors
/// When the database cannot answer.
pub async fn sign_out(ctx: &Ctx, actor: &Actor) -> Result<()> {
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::SignOut,
                target: None,
                outcome: Outcome::Ok,
                detail: json!({}),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await
}

fn wrong_password(message: &'static str) -> Error {
    Error { param: Some("password".into()), ..Error::new(ErrorCode::WrongPassword, message) }
}

/// Looks a person up whose password is about to be tried. The attempt counts before it is judged,
/// because hashing takes long: so attempts at the same moment are as few as those one after the
/// other.
async fn find(
    ctx: &Ctx,
    limits: Vec<Limit>,
    email: &str,
    from: Option<IpAddr>,
) -> Result<Option<UserRow>> {
    let (email, from, now) = (email.to_owned(), from.map(|from| from.to_string()), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let user = users::by_email(conn, &email)?;
            let since = now.plus_seconds(-REMEMBERED_SECONDS);
            for limit in &limits {
                throttle::count_password(conn, limit, now, |conn| match (&user, &from) {
                    (Some(user), Some(from)) => {
                        Ok(audit::has_signed_in(conn, user.id, from, since)?)
                    }
                    _ => Ok(false),
                })?;
            }
            Ok(user)
        })
        .await
}

/// Success forgets the person's failures, and of the others only itself: more people may be tried
/// from that address.
fn forget(conn: &mut Conn, limits: &[Limit], now: Timestamp) -> Result<()> {
    let Some((own, others)) = limits.split_first() else { return Ok(()) };
    throttle::clear(conn, own)?;
    others.iter().try_for_each(|limit| throttle::take_back(conn, limit, now))
}
