//! Dynamic client registration (RFC 7591). Registering gives no rights: every client is unverified
//! and every user is asked (checklist D17).

use serde_json::json;

use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::lookalike::Lookalike;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::{client_name, redirect};
use crate::error::{Error, ErrorCode};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::throttle::{self, Limit};
use crate::store::audit;
use crate::store::audit::NewEntry;
use crate::store::client_groups;
use crate::store::clients::{self, NewClient};

/// Redirect URIs of one client at most.
const MOST_REDIRECT_URIS: usize = 10;
/// Registrations without any approval that are kept at the same time.
const MOST_UNUSED: i64 = 10_000;
/// So many of the oldest make room when there are as many, seconds of age at least and number.
const YOUNG_SECONDS: i64 = 900;
const ROOM: i64 = 100;
/// How a client without a name is listed.
const NAMELESS: &str = "Unnamed client";

/// What a client asks to be registered as; members we do not use are ignored.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// Its name.
    pub client_name: Option<String>,
    /// Where it wants to be sent back to.
    pub redirect_uris: Vec<String>,
    /// How it wants to authenticate; absent means `client_secret_basic` (RFC 7591 §2).
    pub auth_method: Option<String>,
    /// Its home page.
    pub client_uri: Option<String>,
}

/// A registered client, as told to it once.
#[derive(Debug)]
pub struct Registered {
    /// Its `client_id`.
    pub client_id: String,
    /// Its secret, if it has one.
    pub secret: Option<PlainSecret>,
    /// When, seconds.
    pub issued_at: i64,
    /// Its name as kept.
    pub name: String,
    /// How it authenticates.
    pub auth_method: String,
    /// Its page, if it named one that may be shown.
    pub client_uri: Option<String>,
}

/// Registers a client.
///
/// # Errors
/// `invalid_redirect_uri`, `invalid_client_metadata`, or that there were too many registrations.
pub async fn dynamic(
    ctx: &Ctx,
    actor: &Actor,
    wanted: Registration,
) -> Result<Registered, OAuthError> {
    check_redirect_uris(&wanted.redirect_uris)?;
    let auth_method = wanted.auth_method.unwrap_or_else(|| "client_secret_basic".into());
    let secret = match auth_method.as_str() {
        "none" => None,
        "client_secret_basic" | "client_secret_post" => {
            Some(PlainSecret::generate(SecretKind::ClientSecret))
        }
        _ => {
            return Err(OAuthError::new(
                OAuthErrorCode::InvalidClientMetadata,
                "token_endpoint_auth_method must be none, client_secret_basic or client_secret_post",
            ));
        }
    };
    let name = wanted.client_name.as_deref().and_then(client_name::clean);
    let name = name.unwrap_or_else(|| NAMELESS.into());
    let client_uri = wanted
        .client_uri
        .filter(|uri| uri.len() <= 2048 && redirect::check(uri) == Ok(redirect::Kind::Web));
    let registered = Registered {
        client_uri: client_uri.clone(),
        client_id: uuid::Uuid::now_v7().to_string(),
        secret,
        issued_at: ctx.clock.now().seconds(),
        name,
        auth_method,
    };

    let ctx_ = ctx.clone();
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let (client_id, name, auth_method) =
        (registered.client_id.clone(), registered.name.clone(), registered.auth_method.clone());
    let secret_hash = registered.secret.as_ref().map(PlainSecret::hash);
    ctx.db
        .write(move |conn| {
            if !ctx_.live(conn)?.settings.dynamic_registration {
                return Ok(Err(OAuthError::new(
                    OAuthErrorCode::AccessDenied,
                    "dynamic registration is turned off on this server",
                )));
            }
            if let Some(address) = actor.address
                && let Err(refused) =
                    throttle::count_or_refuse(conn, &Limit::registrations_from(address), now)
            {
                // The count is kept: an answer, not a failure of the transaction.
                return Ok(Err(refused.into()));
            }
            // Whoever registers to no end pushes out their own, and not whoever comes after them.
            if clients::count_unused(conn)? >= MOST_UNUSED
                && clients::remove_oldest_unused(conn, now.plus_seconds(-YOUNG_SECONDS), ROOM)? == 0
            {
                return Err(Error::new(
                    ErrorCode::Unavailable,
                    "Too many unused registrations. Try again later.",
                )
                .retry_after(3600));
            }
            let redirect_uris = wanted.redirect_uris.join("\n");
            let alike = Lookalike::of("dynamic", &client_id, &name, &redirect_uris);
            let group = client_groups::keep(conn, &alike)?;
            let id = clients::insert(
                conn,
                &NewClient {
                    client_id: &client_id,
                    name: &name,
                    registration: "dynamic",
                    auth_method: &auth_method,
                    secret_hash: secret_hash.as_ref(),
                    redirect_uris: &redirect_uris,
                    trust: "unverified",
                    group,
                    client_uri: client_uri.as_deref(),
                    address: actor.address.map(|address| address.to_string()),
                    now,
                },
            )?;
            let target = Target { kind: "client", id: Some(id.0), label: name.clone() };
            let detail = json!({ "redirect_uris": wanted.redirect_uris });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::ClientRegistered,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(Ok(()))
        })
        .await??;
    Ok(registered)
}

fn check_redirect_uris(uris: &[String]) -> Result<(), OAuthError> {
    let Some(wrong) = wrong_redirect_uris(uris) else { return Ok(()) };
    let place = wrong.place.map(|place| format!("[{place}]")).unwrap_or_default();
    Err(OAuthError::new(
        OAuthErrorCode::InvalidRedirectUri,
        format!("redirect_uris{place} {}", wrong.reason),
    ))
}

/// What is wrong with redirect URIs.
pub(crate) struct WrongRedirectUris {
    /// With which of them, if it is one.
    pub place: Option<usize>,
    /// What, in words that follow its name.
    pub reason: String,
}

/// What is wrong with these redirect URIs, if anything is.
pub(crate) fn wrong_redirect_uris(uris: &[String]) -> Option<WrongRedirectUris> {
    if uris.is_empty() {
        return Some(WrongRedirectUris {
            place: None,
            reason: "must hold at least one URI".into(),
        });
    }
    if uris.len() > MOST_REDIRECT_URIS {
        let reason = format!("must hold at most {MOST_REDIRECT_URIS} URIs");
        return Some(WrongRedirectUris { place: None, reason });
    }
    uris.iter().enumerate().find_map(|(place, uri)| {
        let reason = redirect::check(uri).err()?.to_owned();
        Some(WrongRedirectUris { place: Some(place), reason })
    })
}
