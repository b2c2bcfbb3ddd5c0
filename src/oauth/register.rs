//! `POST /oauth/register`: dynamic client registration (RFC 7591).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::domain::scope::ScopeSet;
use crate::oauth::caller;
use crate::service::Ctx;
use crate::service::register::{self, Registration};
use crate::web::error::Failure;

/// The largest registration, bytes.
const LARGEST: usize = 64 * 1024;

/// Registers a client from its JSON.
///
/// # Errors
/// `invalid_redirect_uri`, `invalid_client_metadata`, or too many registrations.
pub async fn register(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Failure> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(metadata_error("send the registration as application/json").into());
    }
    let body = body
        .to_bytes_limited(LARGEST)
        .await
        .map_err(|_| metadata_error("the registration is larger than 64 KiB"))?
        .map_err(|_| metadata_error("the registration did not arrive whole"))?;
    let wanted: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|_| metadata_error("the registration is not a JSON object"))?;
    let registration = Registration {
        client_name: text(&wanted, "client_name")?,
        redirect_uris: texts(&wanted, "redirect_uris")?,
        auth_method: text(&wanted, "token_endpoint_auth_method")?,
        client_uri: text(&wanted, "client_uri")?,
    };
    let redirect_uris = registration.redirect_uris.clone();
    let registered = register::dynamic(&ctx, &caller(&ctx, &request), registration).await?;

    let mut answer = json!({
        "client_id": registered.client_id,
        "client_id_issued_at": registered.issued_at,
        "client_name": registered.name,
        "redirect_uris": redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": registered.auth_method,
        "scope": ScopeSet::all().to_string(),
        "id_token_signed_response_alg": "ES256",
    });
    // Left out where it was not kept (RFC 7591 §3.2.1).
    if let (Some(uri), Some(members)) = (&registered.client_uri, answer.as_object_mut()) {
        members.insert("client_uri".into(), json!(uri));
    }
    if let (Some(secret), Some(members)) = (&registered.secret, answer.as_object_mut()) {
        members.insert("client_secret".into(), json!(secret.expose()));
        // An integer; 0 means never (RFC 7591 §3.2.1).
        members.insert("client_secret_expires_at".into(), json!(0));
    }
    Ok(HttpResponse::Created()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(answer))
}

fn metadata_error(text: impl Into<std::borrow::Cow<'static, str>>) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidClientMetadata, text)
}

fn text(wanted: &Map<String, Value>, name: &'static str) -> Result<Option<String>, OAuthError> {
    match wanted.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(metadata_error(format!("{name} must be a text"))),
    }
}

fn texts(wanted: &Map<String, Value>, name: &'static str) -> Result<Vec<String>, OAuthError> {
    let wrong = || {
        OAuthError::new(
            OAuthErrorCode::InvalidRedirectUri,
            format!("{name} must be a list of texts"),
        )
    };
    match wanted.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => {
            values.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}
