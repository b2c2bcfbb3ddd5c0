//! Cursors: a place in the list of one query of one caller, signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::domain::cursor::Position;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::{MasterSecret, sha256_base64url};

/// The purpose that cursors are signed for.
const PURPOSE: &str = "cursor";
/// The longest cursor looked at, in bytes; ours are under 300, under 900 while
/// stores are added during a walk through contacts.
const LONGEST_CURSOR: usize = 1_000;

/// What a cursor says: a place in the list of one query of one caller.
#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(rename = "p")]
    position: Position,
    #[serde(rename = "q")]
    query: String,
    #[serde(rename = "u")]
    caller: UserId,
}

/// A short name of a query: what is searched, filter and order. Lists of a filter are compared as
/// they were given.
pub(super) fn digest(query: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(query).map_err(Error::internal)?;
    Ok(sha256_base64url(text.as_bytes()))
}

/// Makes a cursor.
pub(super) fn seal(
    secret: &MasterSecret,
    caller: UserId,
    query: String,
    position: Position,
) -> Result<String> {
    let json = serde_json::to_vec(&Payload { position, query, caller }).map_err(Error::internal)?;
    let payload = URL_SAFE_NO_PAD.encode(json);
    let signature = secret.sign(PURPOSE, payload.as_bytes());
    Ok(format!("{payload}.{signature}"))
}

/// Reads a cursor.
pub(super) fn open(
    secret: &MasterSecret,
    caller: UserId,
    query: &str,
    text: &str,
) -> Result<Position> {
    let wrong = || Error {
        param: Some("cursor".into()),
        ..Error::new(
            ErrorCode::InvalidCursor,
            "This cursor is of another search. Search again without a cursor, then pass next_cursor back with the same filters and sort.",
        )
    };
    let payload: Payload = text
        .split_once('.')
        .filter(|_| text.len() <= LONGEST_CURSOR)
        .filter(|(payload, signature)| secret.verify(PURPOSE, payload.as_bytes(), signature))
        .and_then(|(payload, _)| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(wrong)?;
    if payload.caller != caller || payload.query != query {
        return Err(wrong());
    }
    Ok(payload.position)
}
