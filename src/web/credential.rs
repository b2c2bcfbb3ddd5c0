//! What a program calls with, as it came in the headers.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use crate::service::verify::Bearer;

/// One `Authorization` header with one token68; anything else is malformed (RFC 6750 §2.1).
pub fn bearer(headers: &HeaderMap) -> Bearer {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(value) = values.next() else { return Bearer::Missing };
    if values.next().is_some() {
        return Bearer::Malformed;
    }
    let Ok(text) = value.to_str() else { return Bearer::Malformed };
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        // Basic, put there by a proxy or a browser: no bearer token was sent at all.
        return Bearer::Missing;
    }
    let token = token.trim();
    let is_token68 = !token.is_empty()
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    if is_token68 { Bearer::Token(token.to_owned()) } else { Bearer::Malformed }
}
