//! The heart of the product: a bearer token becomes a [`Principal`], or is refused, by what the
//! database says now. One query; nothing about state is remembered between requests.
//!
//! A signature cannot be revoked, so verified signatures are remembered (bounded, by the hash of
//! the token); the claims behind them are checked against clock, key and database every time.

mod key;
mod person;

use std::net::IpAddr;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::access::UserStatus;
use crate::domain::grant::TokenStatus;
use crate::domain::scope::ScopeSet;
use crate::domain::settings::Settings;
use crate::domain::tool::Tool;
use crate::error::Result;
use crate::ids::{AccountId, ApiKeyId, ClientRowId, TokenId, UserId};
use crate::secrets::{PlainSecret, SecretKind, sha256_base64url};
use crate::service::keyring::AccessClaims;
use crate::service::{Ctx, Live};
use crate::store::accounts::Plan;
use crate::store::principal::{self, PrincipalRow};

pub use key::{Holder, RefusedKey, admit_key};
pub use person::{plan_without_calls, signed_in};

/// Clock skew allowed for `exp` and `iat`, seconds (contract §7).
const SKEW_SECONDS: i64 = 60;
/// The longest that an access token lives, whatever the setting; one that claims more is none of
/// ours.
const LONGEST_LIFE_SECONDS: i64 = 86_400;
/// Signatures remembered.
const REMEMBERED: usize = 20_000;
/// The longest token looked at, bytes.
const LONGEST_TOKEN: usize = 8192;

/// What somebody calls with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A token, at the MCP endpoint.
    Token(TokenId),
    /// A key, at the REST API.
    Key(ApiKeyId),
    /// A session, at the console.
    Session,
}

impl Credential {
    /// The token, if it is one.
    pub fn token(self) -> Option<TokenId> {
        match self {
            Self::Token(token) => Some(token),
            Self::Key(_) | Self::Session => None,
        }
    }

    /// The key, if it is one.
    pub fn key(self) -> Option<ApiKeyId> {
        match self {
            Self::Key(key) => Some(key),
            Self::Token(_) | Self::Session => None,
        }
    }
}

/// Who calls: everything a tool needs to know, as of this request.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user.
    pub user: UserId,
    /// The account that pays.
    pub account: AccountId,
    /// The account's plan.
    pub plan: Plan,
    /// The client, unless it is a personal access token.
    pub client: Option<ClientRowId>,
    /// What it calls with.
    pub credential: Credential,
    /// What the credential allows now.
    pub scopes: ScopeSet,
    /// The tools that the user's role allows.
    pub tools: Vec<Tool>,
    /// The user's last tool call before this one.
    pub last_tool_at: Option<Timestamp>,
    /// The credential's last call before this one.
    pub last_used_at: Option<Timestamp>,
}

/// What arrives at the gate, besides the body.
#[derive(Debug, Clone)]
pub struct Knock {
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// `Origin`, if a browser sent one.
    pub origin: Option<String>,
    /// `Host`.
    pub host: Option<String>,
    /// What came as `Authorization`.
    pub bearer: Bearer,
}

/// What came as `Authorization`.
#[derive(Clone, PartialEq, Eq)]
pub enum Bearer {
    /// Nothing.
    Missing,
    /// Something that is no single bearer token.
    Malformed,
    /// A token.
    Token(String),
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "Missing",
            Self::Malformed => "Malformed",
            Self::Token(_) => "Token(…)",
        })
    }
}

/// Why the gate stays down, in the order of the contract's checks (§7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 1: the master switch is off.
    Disabled,
    /// 2: the address is not on the allow list.
    Address,
    /// 3: a browser page that is not allowed, or not our host.
    Origin,
    /// 4: no token.
    NoToken,
    /// 4 and 5: a token that is not good, with what the log may know of it.
    BadToken(BadToken),
}

/// Why a token is not good. The caller is told the same for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadToken {
    /// Not one of ours: form, signature, type, issuer, audience.
    NotOurs,
    /// A key of the REST API, which does not open this door.
    ApiKey,
    /// Its time has passed.
    Expired,
    /// It, its approval, its client or its user was ended.
    Ended {
        /// Whose it is, for the log.
        user: UserId,
        /// The account.
        account: AccountId,
        /// The client.
        client: Option<ClientRowId>,
        /// The token.
        token: TokenId,
    },
}

/// Verified signatures. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SignatureCache(Arc<Cache<String, Arc<(AccessClaims, String)>>>);

impl SignatureCache {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Cache::new(REMEMBERED)))
    }

    /// The claims of a token whose signature is good, and the key that it is good under.
    fn claims(&self, live: &Live, token: &str) -> Option<Arc<(AccessClaims, String)>> {
        let name = sha256_base64url(token.as_bytes());
        if let Some(known) = self.0.get(&name) {
            return Some(known);
        }
        let checked = Arc::new(live.keys.check_signature(token)?);
        self.0.insert(name, checked.clone());
        Some(checked)
    }
}

/// Checks 1 to 5 of the gate.
///
/// # Errors
/// Only when the database cannot answer; a refusal is an answer.
pub fn admit(ctx: &Ctx, conn: &mut Conn, knock: &Knock) -> Result<Result<Principal, Refusal>> {
    let live = ctx.live(conn)?;
    if let Err(refusal) = check_caller(ctx, &live.settings, knock) {
        return Ok(Err(refusal));
    }
    let token = match &knock.bearer {
        Bearer::Missing => return Ok(Err(Refusal::NoToken)),
        Bearer::Malformed => return Ok(Err(Refusal::BadToken(BadToken::NotOurs))),
        Bearer::Token(token) => token,
    };
    Ok(bearer(ctx, conn, &live, token, &ctx.config.mcp_url)?.map_err(Refusal::BadToken))
}

/// Checks 4 and 5: a token that is good for `audience`, and all it stands on, as of now.
///
/// # Errors
/// Only when the database cannot answer; a bad token is an answer.
pub fn bearer(
    ctx: &Ctx,
    conn: &mut Conn,
    live: &Live,
    token: &str,
    audience: &str,
) -> Result<Result<Principal, BadToken>> {
    let now = ctx.clock.now();
    if token.starts_with(SecretKind::PersonalAccessToken.prefix()) {
        // Personal tokens are for the endpoint alone, and only while the setting allows them.
        if !live.settings.personal_access_tokens || audience != ctx.config.mcp_url {
            return Ok(Err(BadToken::NotOurs));
        }
        let row = principal::by_secret(conn, &PlainSecret::presented(token).hash())?;
        return Ok(row.ok_or(BadToken::NotOurs).and_then(|row| {
            let granted = ScopeSet::parse_known(&row.scopes);
            judge(row, &granted, now)
        }));
    }
    if token.starts_with(SecretKind::ApiKey.prefix()) {
        return Ok(Err(BadToken::ApiKey));
    }
    let checked = match check_claims(ctx, live, token, audience, now) {
        Ok(checked) => checked,
        Err(bad) => return Ok(Err(bad)),
    };
    let claims = &checked.0;
    let row = principal::by_token(conn, TokenId(claims.tid))?;
    Ok(row.filter(|row| is_of(claims, row)).ok_or(BadToken::NotOurs).and_then(|row| {
        let granted =
            ScopeSet::parse_known(&claims.scope).intersection(&ScopeSet::parse_known(&row.scopes));
        judge(row, &granted, now)
    }))
}

/// Checks 1 to 3: before the token is looked at.
fn check_caller(ctx: &Ctx, settings: &Settings, knock: &Knock) -> Result<(), Refusal> {
    check_address(settings, knock.address)?;
    if let Some(origin) = &knock.origin
        && !is_origin_allowed(ctx, settings, origin)
    {
        return Err(Refusal::Origin);
    }
    let is_ours =
        |host: &String| ctx.config.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
    if !knock.host.as_ref().is_some_and(is_ours) {
        return Err(Refusal::Origin);
    }
    Ok(())
}

/// Checks 1 and 2, which hold for every door.
fn check_address(settings: &Settings, address: Option<IpAddr>) -> Result<(), Refusal> {
    if !settings.mcp_enabled {
        return Err(Refusal::Disabled);
    }
    let is_allowed =
        |address: IpAddr| settings.allowed_ips.iter().any(|network| network.contains(&address));
    if !settings.allowed_ips.is_empty() && !address.is_some_and(is_allowed) {
        return Err(Refusal::Address);
    }
    Ok(())
}

/// Whether a browser page of `origin` may call the endpoint: our own pages, and those on the list.
pub fn is_origin_allowed(ctx: &Ctx, settings: &Settings, origin: &str) -> bool {
    origin == ctx.config.public_url
        || origin == ctx.config.mcp_origin()
        || settings.allowed_origins.iter().any(|allowed| allowed == origin)
}

/// Check 4: signature, type, key, issuer, time, audience.
fn check_claims(
    ctx: &Ctx,
    live: &Live,
    token: &str,
    audience: &str,
    now: Timestamp,
) -> Result<Arc<(AccessClaims, String)>, BadToken> {
    if token.len() > LONGEST_TOKEN {
        return Err(BadToken::NotOurs);
    }
    let checked = ctx.signatures.claims(live, token).ok_or(BadToken::NotOurs)?;
    let claims = &checked.0;
    if claims.iss != ctx.config.public_url || !claims.aud.contains(audience) {
        return Err(BadToken::NotOurs);
    }
    if now.seconds() >= claims.exp.saturating_add(SKEW_SECONDS) {
        return Err(BadToken::Expired);
    }
    // The key may have been forgotten or retired since the signature was looked at.
    let is_sound = claims.iat <= now.seconds() + SKEW_SECONDS
        && claims.exp.saturating_sub(claims.iat) <= LONGEST_LIFE_SECONDS
        && live.keys.vouches(&checked.1, claims.iat.saturating_sub(SKEW_SECONDS));
    if !is_sound {
        return Err(BadToken::NotOurs);
    }
    Ok(checked)
}

/// Whether a token of these claims can have been issued for the row: to that person and client, and
/// not before there was one. A key that was copied and retired thus opens nothing that is newer.
fn is_of(claims: &AccessClaims, row: &PrincipalRow) -> bool {
    row.subject == claims.sub
        && row.client_public_id.as_deref() == Some(claims.client_id.as_str())
        && claims.iat.saturating_add(SKEW_SECONDS) >= row.created_at.seconds()
}

/// Check 5: what the database says of the token and all it stands on.
fn judge(row: PrincipalRow, granted: &ScopeSet, now: Timestamp) -> Result<Principal, BadToken> {
    let works = TokenStatus::at(now, &row.state, row.expires_at) == TokenStatus::Active
        && row.consent_revoked_at.is_none()
        && row.client_trust.as_deref() != Some("blocked")
        && UserStatus::from_stored(&row.user_status) == UserStatus::Active
        && row.mcp_enabled;
    if !works {
        return Err(BadToken::Ended {
            user: row.user_id,
            account: row.account_id,
            client: row.client_id,
            token: row.token_id,
        });
    }
    let scopes = match &row.consent_scopes {
        Some(covered) => granted.intersection(&ScopeSet::parse_known(covered)),
        None => granted.clone(),
    };
    Ok(Principal {
        user: row.user_id,
        account: row.account_id,
        plan: row.plan.within(row.account_access),
        client: row.client_id,
        credential: Credential::Token(row.token_id),
        scopes,
        tools: tools_of(&row.tools),
        last_tool_at: row.last_tool_at,
        last_used_at: row.last_used_at,
    })
}

/// The tools of a role's row; names that this version does not know are none.
fn tools_of(json: &str) -> Vec<Tool> {
    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    names.iter().filter_map(|name| Tool::parse(name)).collect()
}
