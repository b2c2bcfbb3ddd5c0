//! What the endpoints that programs post forms to have in common: the form and who sent it.

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::oauth::parameters::Parameters;
use crate::secrets::PlainSecret;
use crate::service::issue::Credentials;

/// The largest form, bytes.
const LARGEST: usize = 16 * 1024;

/// Reads a form-encoded request whose parameters each come once.
///
/// # Errors
/// `invalid_request`.
pub(super) async fn read_form(
    request: &HttpRequest,
    body: web::Payload,
) -> Result<Parameters, OAuthError> {
    let invalid = |text: &'static str| OAuthError::new(OAuthErrorCode::InvalidRequest, text);
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("send the request as application/x-www-form-urlencoded"));
    }
    let body = body
        .to_bytes_limited(LARGEST)
        .await
        .map_err(|_| invalid("the request is larger than 16 KiB"))?
        .map_err(|_| invalid("the request did not arrive whole"))?;
    let parameters = Parameters::parse(&body);
    match parameters.repeated() {
        Some(name) => Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            format!("{} must not be repeated", printable(&name)),
        )),
        None => Ok(parameters),
    }
}

/// How the client presents itself; two ways at once are refused (OAuth 2.1 §2.4).
///
/// # Errors
/// `invalid_client`, `invalid_request`.
pub(super) fn credentials(
    request: &HttpRequest,
    parameters: &Parameters,
) -> Result<Credentials, OAuthError> {
    let in_body = parameters.get("client_id");
    let secret = parameters.get("client_secret");
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next();
    if values.next().is_some() {
        return Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            "the Authorization header must come once",
        ));
    }
    let Some(value) = value else {
        let client_id = in_body.ok_or_else(|| {
            OAuthError::new(OAuthErrorCode::InvalidClient, "client_id is missing")
        })?;
        let method = if secret.is_some() { "client_secret_post" } else { "none" };
        return Ok(Credentials { client_id, secret: secret.map(PlainSecret::presented), method });
    };
    let broken = || {
        OAuthError::new(
            OAuthErrorCode::InvalidClient,
            "the Authorization header is no valid Basic authentication",
        )
    };
    let (client_id, basic_secret) =
        value.to_str().ok().and_then(decode_basic).ok_or_else(broken)?;
    if secret.is_some() || in_body.is_some_and(|in_body| in_body != client_id) {
        return Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            "the client must authenticate in one way only",
        ));
    }
    Ok(Credentials {
        client_id,
        secret: Some(PlainSecret::presented(basic_secret)),
        method: "client_secret_basic",
    })
}

/// Who a request says it is of.
#[derive(Debug, Default)]
pub(super) struct Presented {
    /// The client, whether it is the one or not; empty if none is named.
    pub client_id: String,
    /// Whether it brings a secret.
    pub with_secret: bool,
}

/// Who `request` says it is of.
pub(super) fn presented(request: &HttpRequest, parameters: &Parameters) -> Presented {
    credentials(request, parameters)
        .map(|credentials| Presented {
            with_secret: credentials.secret.is_some(),
            client_id: credentials.client_id,
        })
        .unwrap_or_default()
}

/// User and password of Basic authentication, each form-decoded (RFC 6749 §2.3.1).
fn decode_basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((form_decode(user), form_decode(password)))
}

fn form_decode(text: &str) -> String {
    let pair = format!("x={}", text.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Only what an `error_description` may hold (RFC 6749 §5.2).
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !"\"\\".contains(*c)).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::decode_basic;

    #[test]
    fn basic_credentials_are_form_decoded() {
        // "a%3Ab:c+d%26"
        assert_eq!(decode_basic("Basic YSUzQWI6YytkJTI2"), Some(("a:b".into(), "c d&".into())));
        assert_eq!(decode_basic("bearer x"), None);
        assert_eq!(decode_basic("Basic !!"), None);
    }
}
