//! The outside of a JSON-RPC message: enough of it to know which tool is called, in which era, and
//! to refuse what is no message at all before the SDK sees it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::domain::members::Members;

/// Where a modern request says its protocol version.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Wants an answer.
    Request,
    /// Wants none.
    Notification,
    /// Answers something we never asked.
    Response,
}

/// A message's outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// What it is.
    pub(super) kind: Kind,
    /// Its id, if it has one.
    pub(super) id: Option<Value>,
    /// Its method; empty for a response.
    pub(super) method: String,
    /// `params.name`: the tool or prompt.
    pub(super) name: Option<String>,
    /// `params.uri`: the resource.
    pub(super) uri: Option<String>,
    /// Whether `params.cursor` is there and no text, which the SDK reads as none.
    pub(super) has_odd_cursor: bool,
    /// Whether it carries a per-request protocol version (2026-07-28 and later).
    pub(super) is_modern: bool,
}

/// Why a body is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// Not JSON (‑32700).
    Json,
    /// JSON, and no JSON-RPC message (‑32600).
    Message(&'static str),
    /// A message with that id, and with parameters that cannot be read (‑32600).
    Params(&'static str, Option<Value>),
}

#[derive(Deserialize)]
struct Outside<'a> {
    #[serde(default)]
    jsonrpc: Option<Value>,
    #[serde(default, borrow, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(default)]
    method: Option<Value>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow)]
    result: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// Keeps `null` apart from absence: an id of `null` is wrong, no id is a notification.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Parses a body's outside.
pub(super) fn parse(body: &[u8]) -> Result<Envelope, Broken> {
    // The whole body must be JSON of bounded depth, not only the members looked at here.
    let whole: &RawValue = serde_json::from_slice(body).map_err(|_| Broken::Json)?;
    match whole.get().trim_start().as_bytes().first() {
        Some(b'[') => return Err(Broken::Message("batches are not accepted; send one message")),
        Some(b'{') => {}
        _ => return Err(Broken::Message("a message must be an object")),
    }
    let outside: Outside<'_> = serde_json::from_str(whole.get())
        .map_err(|_| Broken::Message("a member comes twice or is malformed"))?;
    if outside.jsonrpc != Some(Value::from("2.0")) {
        return Err(Broken::Message("jsonrpc must be \"2.0\""));
    }
    let id = outside.id.map(check_id).transpose()?;
    let Some(method) = outside.method else {
        return if outside.id.is_some() && (outside.result.is_some() || outside.error.is_some()) {
            Ok(Envelope {
                kind: Kind::Response,
                id,
                method: String::new(),
                name: None,
                uri: None,
                has_odd_cursor: false,
                is_modern: false,
            })
        } else {
            Err(Broken::Message("method is missing"))
        };
    };
    let Value::String(method) = method else {
        return Err(Broken::Message("method must be a text"));
    };
    let params = match outside.params {
        Some(params) if params.get().starts_with('{') => match serde_json::from_str(params.get()) {
            Ok(Members { object, twice: None }) => object,
            // What was meant, and is paid for, is not ours to guess.
            Ok(_) => return Err(Broken::Params("a member of params comes twice", id)),
            Err(_) => return Err(Broken::Params("params is malformed", id)),
        },
        Some(params) if params.get() != "null" => {
            return Err(Broken::Params("params must be an object", id));
        }
        _ => Map::new(),
    };
    let text = |name| params.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Envelope {
        kind: if outside.id.is_some() { Kind::Request } else { Kind::Notification },
        id,
        method,
        name: text("name"),
        uri: text("uri"),
        has_odd_cursor: params
            .get("cursor")
            .is_some_and(|cursor| !cursor.is_null() && !cursor.is_string()),
        is_modern: params.get("_meta").is_some_and(|meta| meta.get(VERSION_KEY).is_some()),
    })
}

/// An id is a text or a whole number (MCP basic; JSON-RPC 2.0 §4).
fn check_id(id: &RawValue) -> Result<Value, Broken> {
    let value: Value = serde_json::from_str(id.get()).map_err(|_| Broken::Json)?;
    match &value {
        Value::String(_) => Ok(value),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(value),
        _ => Err(Broken::Message("id must be a text or a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_told_apart_from_what_is_no_json() {
        for broken in [&b"{\"a\":"[..], b"", b"\xff", b"{\"jsonrpc\":\"2.0\",}"] {
            assert_eq!(parse(broken), Err(Broken::Json));
        }
        for broken in [
            "[]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            "1",
            "null",
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"a","name":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"arguments":{"q":"a","q":"b"}}}"#,
        ] {
            let told = parse(broken.as_bytes());
            assert!(matches!(told, Err(Broken::Message(_) | Broken::Params(..))), "{broken}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn kinds_and_eras_are_recognised() {
        let call = parse(br#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"get_store","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#).unwrap();
        assert_eq!(
            (call.kind, call.name.as_deref(), call.is_modern),
            (Kind::Request, Some("get_store"), true)
        );
        let note = parse(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).unwrap();
        assert_eq!((note.kind, note.is_modern), (Kind::Notification, false));
        let answer = parse(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#).unwrap();
        assert_eq!(answer.kind, Kind::Response);
    }
}
