//! The checks of the REST API: like the gate's, with a key for a token. One query; nothing about
//! state is remembered between requests.

use super::{Bearer, Credential, Principal, Refusal, check_address, tools_of};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::access::UserStatus;
use crate::domain::grant::TokenStatus;
use crate::domain::scope::ScopeSet;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, ApiKeyId, UserId};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::store::api_keys::{self, HolderRow};

use std::net::IpAddr;

/// Whose a key is that does not work any more, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub user: UserId,
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
}

/// Why a call is not let in.
#[derive(Debug)]
pub struct RefusedKey {
    /// What the caller is told.
    pub error: Error,
    /// Whose key it was, if it was one.
    pub holder: Option<Holder>,
}

impl From<Error> for RefusedKey {
    fn from(error: Error) -> Self {
        Self { error, holder: None }
    }
}

/// The master switch, the address, and then the key with all it stands on, as of now.
///
/// # Errors
/// Outside, only when the database cannot answer; inside, the refusal.
pub fn admit_key(
    ctx: &Ctx,
    conn: &mut Conn,
    address: Option<IpAddr>,
    bearer: &Bearer,
) -> Result<Result<Principal, RefusedKey>> {
    let live = ctx.live(conn)?;
    if let Err(refusal) = check_address(&live.settings, address) {
        return Ok(Err(told(&refusal).into()));
    }
    let secret = match read(bearer) {
        Ok(secret) => secret,
        Err(error) => return Ok(Err(error.into())),
    };
    let row = api_keys::holder(conn, &secret.hash())?;
    Ok(row.ok_or_else(|| not_ours().into()).and_then(|row| judge(row, ctx.clock.now())))
}

fn told(refusal: &Refusal) -> Error {
    match refusal {
        Refusal::Disabled => Error::new(
            ErrorCode::McpDisabled,
            "An administrator has switched this server's endpoints off. Try again later.",
        ),
        _ => Error::new(
            ErrorCode::IpNotAllowed,
            "This server accepts calls from listed addresses only.",
        ),
    }
}

/// The key that was sent. What opens another door is told so, whether it works there or not.
fn read(bearer: &Bearer) -> Result<PlainSecret> {
    let text = match bearer {
        Bearer::Missing => {
            return Err(Error::new(
                ErrorCode::MissingApiKey,
                "Send your API key as the header Authorization: Bearer pc_key_….",
            ));
        }
        Bearer::Malformed => return Err(not_ours()),
        Bearer::Token(text) => text,
    };
    if text.starts_with(SecretKind::ApiKey.prefix()) {
        return Ok(PlainSecret::presented(text.clone()));
    }
    let others =
        [SecretKind::PersonalAccessToken, SecretKind::RefreshToken, SecretKind::AuthorizationCode];
    let is_jwt = text.starts_with("eyJ") && text.matches('.').count() == 2;
    if is_jwt || others.iter().any(|kind| text.starts_with(kind.prefix())) {
        return Err(Error::new(
            ErrorCode::WrongCredential,
            "The REST API takes API keys (pc_key_…). OAuth tokens and personal access tokens are for the MCP endpoint.",
        ));
    }
    Err(not_ours())
}

fn not_ours() -> Error {
    Error::new(
        ErrorCode::InvalidApiKey,
        "This is no API key of this server. Check that it is whole.",
    )
}

fn judge(row: HolderRow, now: Timestamp) -> Result<Principal, RefusedKey> {
    let is_active = UserStatus::from_stored(&row.user_status) == UserStatus::Active
        && row.user_deleted_at.is_none();
    let error = match row.status(now) {
        TokenStatus::Active if is_active => {
            return Ok(Principal {
                user: row.user_id,
                account: row.account_id,
                plan: row.plan.within(row.account_access),
                client: None,
                credential: Credential::Key(row.key_id),
                scopes: ScopeSet::parse_known(&row.scopes),
                tools: tools_of(&row.tools),
                last_tool_at: None,
                last_used_at: row.last_used_at,
            });
        }
        TokenStatus::Expired => Error::new(
            ErrorCode::InvalidApiKey,
            "This API key has expired. Its owner can make another under Settings, API keys.",
        ),
        TokenStatus::Active | TokenStatus::Blocked | TokenStatus::Revoked => Error::new(
            ErrorCode::RevokedApiKey,
            "This API key was revoked. Its owner can make another under Settings, API keys.",
        ),
    };
    let holder = Holder { user: row.user_id, account: row.account_id, key: row.key_id };
    Err(RefusedKey { error, holder: Some(holder) })
}
