//! Personal access tokens: static bearers for clients that cannot log in (contract §6, §9). Off
//! unless an administrator allows them; made by the person alone, with their password; shown once.

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::name::is_name;
use crate::domain::scope::ScopeSet;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{TokenId, UserId};
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::listed::Listed;
use crate::service::login::Reconfirmed;
use crate::service::metrics::Grant;
use crate::service::sessions::Acting;
use crate::store::audit::{self, NewEntry};
use crate::store::tokens::{NewToken, TokenRow};
use crate::store::{links, tokens, users};

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 60;
/// Active personal tokens of one person at most.
pub const MOST_ACTIVE: i64 = 20;
/// Personal tokens listed at most; working ones before others.
const MOST_LISTED: i64 = 100;
/// What the mark of a form that was sent is kept for, and how long, seconds.
const FORM_PURPOSE: &str = "personal token form";
const FORM_SECONDS: i64 = 86_400;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is for, for the person's own lists.
    pub name: String,
    /// What it allows; scopes of the resource only.
    pub scopes: ScopeSet,
    /// How long it works, days; none if what was entered is no number.
    pub days: Option<i64>,
    /// The random text of the form it was asked for with: one form makes one token.
    pub form: String,
}

impl Wanted {
    /// What is wrong with it, a field each; `most_days` is the setting's.
    pub fn problems(&self, most_days: i64) -> Vec<Error> {
        let mut problems = Vec::new();
        let name = self.name.trim();
        if !is_name(name, LONGEST_NAME) {
            problems.push(Error::field(
                "name",
                format!("Name: say in 1 to {LONGEST_NAME} characters what the token is for."),
            ));
        }
        if self.allowed().is_empty() {
            problems.push(Error::field("scope", "Permissions: tick at least one."));
        }
        if !self.days.is_some_and(|days| (1..=most_days).contains(&days)) {
            problems.push(Error::field(
                "days",
                format!("Days: enter a whole number from 1 to {most_days}."),
            ));
        }
        problems
    }

    /// The scopes that such a token can have.
    fn allowed(&self) -> ScopeSet {
        self.scopes.intersection(&ScopeSet::of_resource())
    }
}

/// Makes a token for the person who has just re-entered their password.
///
/// # Errors
/// Names the field that is wrong; `permission_denied` while the setting is off or the person has
/// no MCP access, which the log keeps; `conflict` if this form has made its token already, or the
/// person has as many as may be.
pub async fn create(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    wanted: Wanted,
) -> Result<PlainSecret> {
    if Some(proof.user) != actor.user {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let secret = PlainSecret::generate(SecretKind::PersonalAccessToken);
    let (state, actor, hash, now) = (ctx.clone(), actor.clone(), secret.hash(), ctx.clock.now());
    let acting = Acting::of(proof.user);
    ctx.db
        .write(move |conn| {
            lock::user(conn, proof.user)?;
            acting.goes_on(conn, now)?;
            let made = make(&state, conn, proof.user, &wanted, hash.clone(), now);
            let scopes = wanted.allowed().to_string();
            let (id, outcome, detail) = match &made {
                Ok(id) => {
                    (Some(id.0), Outcome::Ok, json!({ "scopes": scopes, "days": wanted.days }))
                }
                Err(error) if is_denial(error.code) => {
                    let detail = json!({ "scopes": scopes, "reason": error.message });
                    (None, Outcome::Denied, detail)
                }
                Err(_) => return made.map(Ok),
            };
            let target = Target { kind: "token", id, label: wanted.name.trim().to_owned() };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::PersonalTokenCreated,
                target: Some(&target),
                outcome,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(made)
        })
        .await??;
    ctx.metrics.issued(Grant::Personal);
    Ok(secret)
}

/// Whether a refusal says no to the person, and not to what they entered.
fn is_denial(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::PermissionDenied | ErrorCode::Conflict)
}

/// Makes the row, under the person's lock. A refusal has changed nothing.
fn make(
    ctx: &Ctx,
    conn: &mut Conn,
    person: UserId,
    wanted: &Wanted,
    hash: HashedSecret,
    now: Timestamp,
) -> Result<TokenId> {
    let live = ctx.live(conn)?;
    if !live.settings.personal_access_tokens {
        return Err(denied(
            "Personal access tokens are turned off on this server. Nothing was made.",
        ));
    }
    let user = users::by_id(conn, person)?
        .filter(|user| user.mcp_enabled && user.status() == UserStatus::Active)
        .ok_or_else(|| denied("Your MCP access is disabled. Nothing was made."))?;
    let days = match wanted.problems(live.settings.personal_token_days).pop() {
        Some(problem) => return Err(problem),
        None => wanted.days.unwrap_or_default(),
    };
    let form = PlainSecret::presented(format!("{person} {}", wanted.form)).hash();
    if links::is_known(conn, &form)? {
        return Err(Error::new(
            ErrorCode::Conflict,
            "This form was sent before, and its token was made then. A token is shown once: if you did not keep it, revoke it and make another.",
        ));
    }
    if tokens::count_active_personal(conn, user.id, now)? >= MOST_ACTIVE {
        return Err(Error::new(
            ErrorCode::Conflict,
            format!(
                "You have {MOST_ACTIVE} tokens that work, which is the most. Revoke one first."
            ),
        ));
    }
    links::insert(conn, &form, FORM_PURPOSE, now, now.plus_seconds(FORM_SECONDS))?;
    let expires_at = now.plus_seconds(days * 86_400);
    let id = tokens::insert(
        conn,
        &NewToken {
            kind: "personal",
            user_id: user.id,
            client_id: None,
            consent_id: None,
            label: wanted.name.trim(),
            secret_hash: Some(hash),
            scopes: &wanted.allowed().to_string(),
            resource: &ctx.config.mcp_url,
            state: "active",
            created_at: now,
            expires_at,
            absolute_expires_at: expires_at,
        },
    )?;
    users::count_new_token(conn, user.id)?;
    Ok(id)
}

/// A person's own tokens: those stored as active first, then the newest.
///
/// # Errors
/// When the database cannot answer.
pub async fn of_person(ctx: &Ctx, person: UserId) -> Result<Listed<TokenRow>> {
    ctx.db
        .read(move |conn| {
            let rows = tokens::personal_of_user(conn, person, MOST_LISTED)?;
            let count = |conn: &mut _| tokens::count_personal_of_user(conn, person);
            Ok(Listed::of(conn, rows, MOST_LISTED, count)?)
        })
        .await
}

/// One of a person's own tokens.
///
/// # Errors
/// `not_found` if there is none, it is somebody else's, or it is a client's.
pub async fn own_one(ctx: &Ctx, person: UserId, id: TokenId) -> Result<TokenRow> {
    ctx.db
        .read(move |conn| {
            tokens::by_id(conn, id)?
                .filter(|row| row.user_id == person && row.kind == "personal")
                .ok_or_else(|| Error::not_found("There is no such token."))
        })
        .await
}

fn denied(message: &'static str) -> Error {
    Error::new(ErrorCode::PermissionDenied, message)
}
