//! From an authorization request to the person's decision (RFC 6749 §4.1, checklist part E).
//!
//! `check` judges the request without touching anything; `park` keeps it while nobody is signed
//! in; `present` binds it to the person and session that see it; `decide` uses it up.

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::pkce::Challenge;
use crate::domain::redirect;
use crate::domain::scope::{Scope, ScopeSet};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::{Ctx, metadata_document};
use crate::store::audit::NewEntry;
use crate::store::clients::{self, ClientRow};
use crate::store::codes::CodeRow;
use crate::store::{audit, codes, consents, requests, users};

/// How long a person may take to sign in and decide, seconds.
const DECISION_SECONDS: i64 = 900;
/// The longest `state` and `nonce` kept, in characters.
const LONGEST_STATE: usize = 4096;

/// The parameters of an authorization request as they came; each at most once.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `client_id`.
    pub client_id: Option<String>,
    /// `redirect_uri`.
    pub redirect_uri: Option<String>,
    /// `response_type`.
    pub response_type: Option<String>,
    /// `response_mode`.
    pub response_mode: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// `state`.
    pub state: Option<String>,
    /// `code_challenge`.
    pub code_challenge: Option<String>,
    /// `code_challenge_method`.
    pub code_challenge_method: Option<String>,
    /// `resource`, which may repeat (RFC 8707).
    pub resource: Vec<String>,
    /// `nonce`.
    pub nonce: Option<String>,
    /// A parameter that came twice.
    pub repeated: Option<String>,
}

/// A request that may be shown to a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The requested redirect URI, which matched a registered one.
    pub redirect_uri: String,
    /// The scopes asked for, space-separated; never empty.
    pub scopes: String,
    /// The client's state, handed back byte for byte.
    pub state: Option<String>,
    /// PKCE challenge.
    pub code_challenge: String,
    /// Our own resource.
    pub resource: String,
    /// OpenID nonce.
    pub nonce: Option<String>,
}

/// Why a request cannot be shown.
#[derive(Debug)]
pub enum Refused {
    /// Client or redirect URI are not good: a page, never a redirect (checklist E4).
    Page(Error),
    /// Everything else goes back to the client.
    Redirect {
        /// The checked redirect URI with the error in it.
        location: String,
    },
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Page(error)
    }
}

/// Judges a request.
///
/// # Errors
/// See [`Refused`].
pub async fn check(ctx: &Ctx, asked: Asked) -> Result<(Request, ClientRow), Refused> {
    let page =
        |message: &'static str| Refused::Page(Error::new(ErrorCode::InvalidRequest, message));
    if matches!(asked.repeated.as_deref(), Some("client_id" | "redirect_uri")) {
        return Err(page(
            "The program sent its own name or address twice. Nothing was authorized.",
        ));
    }
    let client_id = asked
        .client_id
        .clone()
        .ok_or_else(|| page("The program did not say which one it is (client_id is missing)."))?;
    let wanted = client_id.clone();
    let registered = ctx.db.read(move |conn| Ok(clients::by_client_id(conn, &wanted)?)).await?;
    let client = match registered {
        Some(client) => Some(client),
        None => metadata_document::find(ctx, &client_id).await?,
    };
    let client = client.ok_or_else(|| {
        page("This server does not know that program. Remove the connection in the program and add it again.")
    })?;
    let redirect_uri = match &asked.redirect_uri {
        Some(uri) => uri.clone(),
        None => {
            return Err(page(
                "The program did not say where to send you back to (redirect_uri is missing).",
            ));
        }
    };
    if !client.redirect_uris().any(|registered| redirect::matches(registered, &redirect_uri)) {
        return Err(page(
            "The program asked to send you to an address that it has not registered. Nothing was authorized.",
        ));
    }
    if client.is_blocked() {
        return Err(Refused::Page(blocked()));
    }
    match check_rest(ctx, &asked, &redirect_uri) {
        Ok(request) => Ok((request, client)),
        Err(error) => Err(Refused::Redirect {
            location: error_location(ctx, &redirect_uri, asked.state.as_deref(), &error)?,
        }),
    }
}

fn blocked() -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        "An administrator has blocked this program on this server. Nothing was authorized.",
    )
}

/// The checks whose failure the client is told about, in order.
fn check_rest(ctx: &Ctx, asked: &Asked, redirect_uri: &str) -> Result<Request, OAuthError> {
    let invalid = |text: String| OAuthError::new(OAuthErrorCode::InvalidRequest, text);
    if let Some(name) = &asked.repeated {
        return Err(invalid(format!("{name} must not be repeated")));
    }
    match asked.response_type.as_deref() {
        Some("code") => {}
        Some(_) => {
            return Err(OAuthError::new(
                OAuthErrorCode::UnsupportedResponseType,
                "response_type must be code",
            ));
        }
        None => return Err(invalid("response_type is missing".into())),
    }
    if !matches!(asked.response_mode.as_deref(), None | Some("query")) {
        return Err(invalid("response_mode must be query".into()));
    }
    let challenge =
        Challenge::parse(asked.code_challenge.as_deref(), asked.code_challenge_method.as_deref())
            .map_err(|reason| invalid(reason.into()))?;
    if [&asked.state, &asked.nonce].into_iter().flatten().any(|text| text.len() > LONGEST_STATE) {
        return Err(invalid("state and nonce must be at most 4096 characters".into()));
    }
    if !asked.resource.iter().all(|resource| is_own_resource(&ctx.config.mcp_url, resource)) {
        return Err(OAuthError::new(
            OAuthErrorCode::InvalidTarget,
            "resource must be the MCP endpoint of this server",
        ));
    }
    let scopes = match asked.scope.as_deref().map(str::trim) {
        None | Some("") => ScopeSet::suggested(),
        Some(text) => ScopeSet::parse_known(text),
    };
    if !scopes.allows_anything() {
        return Err(OAuthError::new(
            OAuthErrorCode::InvalidScope,
            "none of the requested scopes is offered here",
        ));
    }
    Ok(Request {
        redirect_uri: redirect_uri.to_owned(),
        scopes: scopes.to_string(),
        state: asked.state.clone(),
        code_challenge: challenge.as_str().to_owned(),
        resource: ctx.config.mcp_url.clone(),
        nonce: asked.nonce.clone(),
    })
}

/// Whether `requested` names our resource, whatever its trailing slash and the case of scheme and
/// host (dossier §2.5).
pub fn is_own_resource(own: &str, requested: &str) -> bool {
    match (Url::parse(own), Url::parse(requested)) {
        (Ok(own), Ok(requested)) => {
            own.origin() == requested.origin()
                && own.path().trim_end_matches('/') == requested.path().trim_end_matches('/')
                && requested.query().is_none()
                && requested.fragment().is_none()
                && requested.username().is_empty()
                && requested.password().is_none()
        }
        _ => false,
    }
}

/// Keeps a request until somebody has signed in; the answer names it.
///
/// # Errors
/// When the database cannot answer.
pub async fn park(ctx: &Ctx, request: &Request, client: &ClientRow) -> Result<PlainSecret> {
    save(ctx, request, client, None).await
}

/// A parked request with its client.
///
/// # Errors
/// `not_found` when it is too old or was never there.
pub async fn unpark(ctx: &Ctx, handle: &PlainSecret) -> Result<(Request, ClientRow)> {
    let (hash, now) = (handle.hash(), ctx.clock.now());
    let (parameters, client) = ctx
        .db
        .read(move |conn| {
            requests::unbound(conn, &hash, now)?.ok_or_else(|| {
                Error::not_found(
                    "This request is too old. Start again in the program that sent you here.",
                )
            })
        })
        .await?;
    if client.is_blocked() {
        return Err(blocked());
    }
    Ok((serde_json::from_str(&parameters).map_err(Error::internal)?, client))
}

/// Binds a request to the person and session that are about to see it; the answer is the
/// single-use handle for the form.
///
/// # Errors
/// When the database cannot answer.
pub async fn present(
    ctx: &Ctx,
    request: &Request,
    client: &ClientRow,
    user: UserId,
    session: &PlainSecret,
) -> Result<PlainSecret> {
    save(ctx, request, client, Some((user, session.hash()))).await
}

async fn save(
    ctx: &Ctx,
    request: &Request,
    client: &ClientRow,
    bound_to: Option<(UserId, HashedSecret)>,
) -> Result<PlainSecret> {
    let handle = PlainSecret::generate(SecretKind::Handle);
    let (hash, now, client) = (handle.hash(), ctx.clock.now(), client.id);
    let parameters = serde_json::to_string(request).map_err(Error::internal)?;
    ctx.db
        .write(move |conn| {
            let bound_to = bound_to.as_ref().map(|(user, session)| (*user, session));
            requests::insert(
                conn,
                &hash,
                client,
                &parameters,
                bound_to,
                now,
                now.plus_seconds(DECISION_SECONDS),
            )?;
            Ok(())
        })
        .await?;
    Ok(handle)
}

/// What the person decided.
#[derive(Debug, Clone)]
pub enum Decision {
    /// These of the scopes asked for.
    Authorize(ScopeSet),
    /// No.
    Deny,
}

/// Carries a decision out and returns where to send the browser: with a code, or with
/// `access_denied`.
///
/// # Errors
/// `conflict` when the request was decided already, is too old, or was shown to somebody else.
pub async fn decide(
    ctx: &Ctx,
    actor: &Actor,
    user: UserId,
    session: &PlainSecret,
    handle: &PlainSecret,
    decision: Decision,
) -> Result<String> {
    let code = PlainSecret::generate(SecretKind::AuthorizationCode);
    let (state, code_, session, handle) = (ctx.clone(), code.hash(), session.hash(), handle.hash());
    let (actor, now) = (actor.clone(), ctx.clock.now());
    let (request, granted) = ctx
        .db
        .write(move |conn| {
            let (client, parameters) = requests::decide(conn, &handle, user, &session, now)?.ok_or_else(|| {
                Error::new(ErrorCode::Conflict, "This request was answered already, or is too old. Start again in the program that sent you here.")
            })?;
            lock::user(conn, user)?;
            let request: Request = serde_json::from_str(&parameters).map_err(Error::internal)?;
            // Both may have changed while the page was open.
            let is_blocked = clients::is_blocked(conn, client)?;
            let granted = match decision {
                Decision::Authorize(chosen) if !is_blocked && may_grant(conn, user)? => {
                    Some(chosen.intersection(&ScopeSet::parse_known(&request.scopes)))
                }
                _ => None,
            };
            let outcome = if granted.is_some() { Outcome::Ok } else { Outcome::Denied };
            let target = Target { kind: "client", id: Some(client.0), label: redirect::shown_host(&request.redirect_uri) };
            let detail = json!({ "asked": request.scopes, "granted": granted.as_ref().map(ToString::to_string) });
            audit::insert(conn, &NewEntry { at: now, actor: &actor, action: Action::ConsentDecided, target: Some(&target), outcome, detail })?;
            if let Some(scopes) = &granted {
                let scopes = scopes.to_string();
                let consent = match consents::live(conn, user, client)? {
                    Some((id, _)) => {
                        consents::update(conn, id, &request.redirect_uri, &scopes, now)?;
                        id
                    }
                    None => consents::insert(conn, user, client, &request.redirect_uri, &scopes, now)?,
                };
                clients::note_consent(conn, client, now)?;
                let seconds = state.live(conn)?.settings.code_seconds;
                codes::insert(
                    conn,
                    &CodeRow {
                        code_hash: code_,
                        client_id: client,
                        user_id: user,
                        consent_id: consent,
                        redirect_uri: request.redirect_uri.clone(),
                        scopes,
                        code_challenge: request.code_challenge.clone(),
                        resource: request.resource.clone(),
                        nonce: request.nonce.clone(),
                        created_at: now,
                        expires_at: now.plus_seconds(seconds),
                        used_at: None,
                        token_id: None,
                    },
                )?;
            }
            Ok((request, granted.is_some()))
        })
        .await?;
    if granted {
        location(ctx, &request.redirect_uri, request.state.as_deref(), &[("code", code.expose())])
    } else {
        denied_location(ctx, &request)
    }
}

/// Where a refused person may send the browser back to.
///
/// # Errors
/// When the stored URI is no URI, which the checks exclude.
pub fn denied_location(ctx: &Ctx, request: &Request) -> Result<String> {
    let error = OAuthError::new(OAuthErrorCode::AccessDenied, "the request was denied");
    error_location(ctx, &request.redirect_uri, request.state.as_deref(), &error)
}

/// Whether the person's status lets them approve anything.
fn may_grant(conn: &mut Conn, user: UserId) -> Result<bool> {
    Ok(users::by_id(conn, user)?
        .is_some_and(|user| user.mcp_enabled && user.status() == UserStatus::Active))
}

fn error_location(
    ctx: &Ctx,
    redirect_uri: &str,
    state: Option<&str>,
    error: &OAuthError,
) -> Result<String> {
    location(
        ctx,
        redirect_uri,
        state,
        &[("error", error.code.as_str()), ("error_description", &error.description)],
    )
}

/// The redirect URI with the answer, the client's `state` and our `iss` (RFC 9207) added to
/// whatever query it has.
fn location(
    ctx: &Ctx,
    redirect_uri: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> Result<String> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", &ctx.config.public_url);
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    Ok(format!("{redirect_uri}{joint}{}", query.finish()))
}

/// The scopes of a request, for the page: what only reads, then what can spend credits.
pub fn grouped(request: &Request) -> (Vec<Scope>, Vec<Scope>) {
    ScopeSet::parse_known(&request.scopes).iter().partition(|scope| *scope != Scope::ContactsReveal)
}

#[cfg(test)]
mod tests {
    use super::is_own_resource;

    #[test]
    fn our_resource_is_recognised_in_every_usual_spelling() {
        let own = "https://gate.example/mcp";
        for same in [
            own,
            "https://gate.example/mcp/",
            "https://GATE.example/mcp",
            "HTTPS://gate.example:443/mcp",
        ] {
            assert!(is_own_resource(own, same), "{same}");
        }
        for other in [
            "https://gate.example",
            "https://gate.example/mcp/x",
            "http://gate.example/mcp",
            "https://evil.example/mcp",
            "https://gate.example/mcp?x=1",
            "https://gate.example/mcp#x",
            "https://u@gate.example/mcp",
            "mcp",
            "",
        ] {
            assert!(!is_own_resource(own, other), "{other}");
        }
    }
}
