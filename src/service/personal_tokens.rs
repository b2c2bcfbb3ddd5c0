//! Personal access tokens: static bearers for clients that cannot log in (contract §6, §9). Off
//! unless an administrator allows them; made by the person alone, with their password; shown once.

use serde_json::json;

use crate::db::lock;
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::scope::ScopeSet;
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::audit::{self, NewEntry};
use crate::store::tokens::NewToken;
use crate::store::{tokens, users};

/// The longest name, in characters.
const LONGEST_NAME: usize = 60;
/// Active personal tokens of one person at most.
const MOST_ACTIVE: i64 = 20;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is for, for the person's own lists.
    pub name: String,
    /// What it allows; scopes of the resource only.
    pub scopes: ScopeSet,
    /// How long it works, days.
    pub days: i64,
}

/// Makes a token for the person who has just re-entered their password.
///
/// # Errors
/// Names the field that is wrong; `permission_denied` while the setting is off or the person has
/// no MCP access.
pub async fn create(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    wanted: Wanted,
) -> Result<PlainSecret> {
    let name = wanted.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)
    {
        return Err(Error::field("name", "Say in 1 to 60 characters what the token is for."));
    }
    let scopes = wanted.scopes.intersection(&ScopeSet::of_resource());
    if scopes.is_empty() {
        return Err(Error::field("scope", "Tick at least one permission."));
    }
    let secret = PlainSecret::generate(SecretKind::PersonalAccessToken);
    let (state, actor, hash, now) = (ctx.clone(), actor.clone(), secret.hash(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let settings = &state.live(conn)?.settings;
            if !settings.personal_access_tokens {
                return Err(refused("Personal access tokens are turned off on this server."));
            }
            if !(1..=settings.personal_token_days).contains(&wanted.days) {
                let most = settings.personal_token_days;
                return Err(Error::field("days", format!("Choose 1 to {most} days.")));
            }
            lock::user(conn, proof.user)?;
            let user = users::by_id(conn, proof.user)?
                .filter(|user| user.mcp_enabled && user.status() == UserStatus::Active)
                .ok_or_else(|| refused("Your MCP access is disabled. Ask an administrator."))?;
            if tokens::count_active_personal(conn, user.id, now)? >= MOST_ACTIVE {
                return Err(Error::field(
                    "name",
                    "You have 20 tokens that work. Revoke one first.",
                ));
            }
            let expires_at = now.plus_seconds(wanted.days * 86_400);
            let token = NewToken {
                kind: "personal",
                user_id: user.id,
                client_id: None,
                consent_id: None,
                label: &name,
                secret_hash: Some(hash),
                scopes: &scopes.to_string(),
                resource: &state.config.mcp_url,
                state: "active",
                created_at: now,
                expires_at,
                absolute_expires_at: expires_at,
            };
            let id = tokens::insert(conn, &token)?;
            users::count_new_token(conn, user.id)?;
            let target = Target { kind: "token", id: Some(id.0), label: name };
            let detail = json!({ "scopes": scopes.to_string(), "days": wanted.days });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::PersonalTokenCreated,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await?;
    Ok(secret)
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorCode::PermissionDenied, message)
}
