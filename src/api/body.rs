//! Reading what was sent: a bounded body that is a JSON object, and the header for repeating.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};

use crate::domain::credit::is_idempotency_key;
use crate::domain::members::Members;
use crate::error::{Error, ErrorCode};
use crate::service::calls::JsonObject;

/// The largest body, bytes.
pub(super) const LARGEST: usize = 1024 * 1024;
/// The header whose value makes a repeated reveal free.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Reads the body, stopping at the limit whatever its declared length.
pub(super) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<JsonObject, Error> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "Send the body as Content-Type: application/json.",
        ));
    }
    let body = payload
        .to_bytes_limited(LARGEST)
        .await
        .map_err(|_| Error::new(ErrorCode::BodyTooLarge, "The body is larger than 1 MiB."))?
        .map_err(|_| Error::new(ErrorCode::InvalidRequest, "The body did not arrive whole."))?;
    match serde_json::from_slice(&body) {
        Ok(Members { object, twice: None }) => Ok(object),
        // Which of the two is meant, and paid for, is not ours to guess.
        Ok(Members { twice: Some(name), .. }) => {
            let message = format!("{name} comes twice in the body; send it once.");
            Err(Error::field(name, message))
        }
        Err(error) if error.is_data() => Err(Error::new(
            ErrorCode::InvalidRequest,
            "The body must be a JSON object, {} if there is nothing to say.",
        )),
        Err(error) => Err(Error::new(
            ErrorCode::InvalidRequest,
            format!("The body is not JSON, from line {} on.", error.line()),
        )),
    }
}

/// The value of `Idempotency-Key`, if it was sent.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Error> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| is_idempotency_key(key));
    match key {
        Some(key) if values.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(Error::field(
            IDEMPOTENCY_KEY,
            "Idempotency-Key takes one value of 1 to 255 letters, digits and signs of ASCII, without spaces.",
        )),
    }
}
