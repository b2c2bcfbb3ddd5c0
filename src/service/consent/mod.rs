//! From an authorization request to the person's decision (RFC 6749 §4.1, checklist part E).
//!
//! `check` judges the request without touching anything; `park` keeps it while nobody is signed
//! in (`waiting` when it cannot be judged before); `present` binds it to the person and session
//! that see it; `decide` uses it up; `remembered` answers without a page where the settings and an
//! earlier decision allow it.

mod answer;
mod decide;
mod parked;
pub mod waiting;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::domain::audit::Actor;
use crate::domain::metadata_document::is_url_like;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::pkce::Challenge;
use crate::domain::prompt::Prompt;
use crate::domain::scope::{Scope, ScopeSet};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::PlainSecret;
use crate::service::{Ctx, metadata_document};
use crate::store::clients::{self, ClientRow};

pub use answer::{denied_location, error_location};
pub use decide::{Decider, Decision, decide, remembered};
pub use parked::{park, present, shown, unpark};

/// The longest `state` and `nonce` kept, in characters.
const LONGEST_STATE: usize = 4096;

/// The parameters of an authorization request as they came; each at most once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    /// `prompt` (OpenID Connect Core §3.1.2.1).
    pub prompt: Option<String>,
    /// `max_age`, likewise.
    pub max_age: Option<String>,
    /// Whether `request` came, which is not offered (OpenID Connect Core §6).
    pub has_request: bool,
    /// Whether `request_uri` came, likewise.
    pub has_request_uri: bool,
    /// When it was asked, if it waited since.
    pub asked_at: Option<Timestamp>,
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
    /// Whether a page may be shown.
    #[serde(default)]
    pub prompt: Prompt,
    /// The person must have signed in no earlier than this.
    #[serde(default)]
    pub signed_in_since: Option<Timestamp>,
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
    /// It cannot be judged before somebody has signed in.
    SignInFirst {
        /// Names the request meanwhile.
        handle: PlainSecret,
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
pub async fn check(
    ctx: &Ctx,
    actor: &Actor,
    asked: Asked,
) -> Result<(Request, ClientRow), Refused> {
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
    // What is meant as a URL is a document's and nothing else (checklist D26).
    let client = if is_url_like(&client_id) {
        metadata_document::find(ctx, actor, &client_id).await?
    } else {
        ctx.db.read(move |conn| Ok(clients::by_client_id(conn, &client_id)?)).await?
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
    if !client.redirects_to(&redirect_uri) {
        return Err(Refused::Page(not_registered()));
    }
    if client.is_blocked() {
        return Err(Refused::Page(blocked()));
    }
    match check_rest(ctx, &asked, &redirect_uri) {
        Ok(request) => Ok((request, client)),
        Err(error) => Err(Refused::Redirect {
            location: answer::refusal(ctx, &redirect_uri, asked.state.as_deref(), &error)?,
        }),
    }
}

fn not_registered() -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        "The program asked to send you to an address that it has not registered. Nothing was authorized.",
    )
}

fn turned_away() -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        "An administrator has turned programs of this kind away on this server. Nothing was authorized.",
    )
}

fn blocked() -> Error {
    Error::new(
        ErrorCode::ClientBlocked,
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
    if asked.has_request {
        return Err(OAuthError::new(
            OAuthErrorCode::RequestNotSupported,
            "send the parameters themselves, not a request object",
        ));
    }
    if asked.has_request_uri {
        return Err(OAuthError::new(
            OAuthErrorCode::RequestUriNotSupported,
            "send the parameters themselves, not a request_uri",
        ));
    }
    let challenge =
        Challenge::parse(asked.code_challenge.as_deref(), asked.code_challenge_method.as_deref())
            .map_err(|reason| invalid(reason.into()))?;
    if asked.nonce.as_ref().is_some_and(|nonce| nonce.contains('\0')) {
        return Err(invalid("nonce must not contain NUL".into()));
    }
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
    let now = asked.asked_at.unwrap_or_else(|| ctx.clock.now());
    let prompt = Prompt::parse(asked.prompt.as_deref()).map_err(|reason| invalid(reason.into()))?;
    let youngest = match asked.max_age.as_deref().map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(now.plus_seconds(-i64::from(seconds))),
        Some(Err(_)) => return Err(invalid("max_age must be a number of seconds".into())),
    };
    Ok(Request {
        redirect_uri: redirect_uri.to_owned(),
        scopes: scopes.to_string(),
        state: asked.state.clone(),
        code_challenge: challenge.as_str().to_owned(),
        resource: ctx.config.mcp_url.clone(),
        nonce: asked.nonce.clone(),
        signed_in_since: if prompt == Prompt::SignIn { Some(now) } else { youngest },
        prompt,
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
