//! What the gate answers itself: challenges, refusals, JSON-RPC errors that precede the SDK.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use serde_json::{Value, json};

use crate::domain::scope::ScopeSet;
use crate::error::{Error, ErrorCode};
use crate::mcp::envelope::Broken;
use crate::service::Ctx;
use crate::service::verify::{BadToken, Refusal};
use crate::web::outer::HelpOn;

/// An answer, boxed because most requests never need one.
pub(super) type Answer = Box<HttpResponse>;

/// The code of a token that is not good (RFC 6750 §3.1).
const INVALID: &str = "invalid_token";

/// The answer to a refusal of the checks 1 to 5.
pub(super) fn refusal(ctx: &Ctx, refusal: &Refusal, request_id: &str) -> Answer {
    match refusal {
        Refusal::Disabled => error(
            &Error::new(
                ErrorCode::McpDisabled,
                "An administrator has switched the MCP endpoint off. Try again later.",
            ),
            request_id,
        ),
        Refusal::Address => error(
            &Error::new(
                ErrorCode::IpNotAllowed,
                "This server accepts calls from listed addresses only.",
            ),
            request_id,
        ),
        Refusal::Origin => error(
            &Error::new(
                ErrorCode::OriginNotAllowed,
                "This page, or the host name it used, may not call this server.",
            ),
            request_id,
        ),
        // No error code when no token was sent (RFC 6750 §3.1).
        Refusal::NoToken => {
            let text = "No token was sent.";
            challenge(ctx, 401, INVALID, "", &ScopeSet::suggested(), text, request_id)
        }
        Refusal::BadToken(bad) => {
            let text = match bad {
                BadToken::Expired => "the token has expired",
                BadToken::ApiKey => "this is a key of the REST API; connect with OAuth here",
                BadToken::NotOurs | BadToken::Ended { .. } => "the token is not valid",
            };
            let error = format!("error=\"invalid_token\", error_description=\"{text}\", ");
            let code = match bad {
                BadToken::ApiKey => ErrorCode::WrongCredential.as_str(),
                _ => INVALID,
            };
            challenge(ctx, 401, code, &error, &ScopeSet::suggested(), text, request_id)
        }
    }
}

/// The status and code that a refusal is answered with, for the log.
pub(super) fn told(refusal: &Refusal) -> (u16, &'static str) {
    let of = |code: ErrorCode| (code.status(), code.as_str());
    match refusal {
        Refusal::Disabled => of(ErrorCode::McpDisabled),
        Refusal::Address => of(ErrorCode::IpNotAllowed),
        Refusal::Origin => of(ErrorCode::OriginNotAllowed),
        Refusal::BadToken(BadToken::ApiKey) => (401, ErrorCode::WrongCredential.as_str()),
        Refusal::NoToken | Refusal::BadToken(_) => (401, INVALID),
    }
}

/// A JSON-RPC error with the request's id in its data, where every error of ours has it.
pub(super) fn with_request_id(body: Bytes, request_id: &str) -> Bytes {
    let Ok(mut message) = serde_json::from_slice::<Value>(&body) else { return body };
    let Some(error) = message.get_mut("error").and_then(Value::as_object_mut) else { return body };
    let data = error.entry("data").or_insert(Value::Null);
    if data.is_null() {
        *data = json!({});
    }
    let Some(data) = data.as_object_mut() else { return body };
    data.insert("request_id".into(), json!(request_id));
    message.to_string().into()
}

/// 403 with all scopes the operation needs (checklist C16).
pub(super) fn insufficient_scope(ctx: &Ctx, needed: &ScopeSet, request_id: &str) -> Answer {
    let text = "the token does not allow this tool";
    let error = format!("error=\"insufficient_scope\", error_description=\"{text}\", ");
    let code = ErrorCode::InsufficientScope.as_str();
    challenge(ctx, 403, code, &error, needed, text, request_id)
}

/// One Bearer challenge, every value quoted (RFC 9728 §5.1, checklist C2).
fn challenge(
    ctx: &Ctx,
    status: u16,
    code: &'static str,
    error: &str,
    scopes: &ScopeSet,
    text: &str,
    request_id: &str,
) -> Answer {
    let value = format!(
        "Bearer {error}resource_metadata=\"{}\", scope=\"{scopes}\"",
        ctx.config.resource_metadata_url()
    );
    let kind = if status == 403 { "permission_error" } else { "authentication_error" };
    let body = json!({ "error": { "type": kind, "code": code, "message": text, "request_id": request_id } });
    let answer = build(status).insert_header((header::WWW_AUTHENTICATE, value)).json(body);
    with_help(answer, code)
}

/// A refusal that is not about the token, in the shape of the REST API (contract §8). Not a
/// JSON-RPC error: a client that probes for an era must not take it for one.
pub(super) fn error(error: &Error, request_id: &str) -> Answer {
    let mut response = build(error.code.status());
    if let Some(seconds) = error.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if error.code == ErrorCode::MethodNotAllowed {
        response.insert_header((header::ALLOW, "POST, OPTIONS"));
    }
    let answer = response.json(json!({ "error": {
        "type": error.code.kind(),
        "code": error.code.as_str(),
        "message": error.message,
        "request_id": request_id,
    } }));
    with_help(answer, error.code.as_str())
}

/// The answer, linked to what the manual says about its code.
fn with_help(mut answer: HttpResponse, code: &'static str) -> Answer {
    answer.extensions_mut().insert(HelpOn(code));
    Box::new(answer)
}

/// A body that is no JSON-RPC message.
pub(super) fn broken(broken: Broken, request_id: &str) -> Answer {
    let (code, message, id) = match broken {
        Broken::Json => (-32700, "the body is not JSON", None),
        Broken::Message(message) => (-32600, message, None),
        Broken::Params(message, id) => (-32600, message, id),
    };
    rpc_error(400, code, message, request_id, id)
}

/// A JSON-RPC error; `id` is the request's, where it is known (checklist A16).
pub(super) fn rpc_error(
    status: u16,
    code: i64,
    message: &str,
    request_id: &str,
    id: Option<Value>,
) -> Answer {
    Box::new(build(status).json(json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": { "code": code, "message": message, "data": { "request_id": request_id } },
    })))
}

/// A message that wants no answer.
pub(super) fn accepted() -> Answer {
    Box::new(HttpResponse::Accepted().finish())
}

fn build(status: u16) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(
        actix_web::http::StatusCode::from_u16(status)
            .unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR),
    )
}
