//! The gate: the checks of contract §7 in their order, before the SDK sees a byte.
//!
//! 1 master switch, 2 address, 3 origin and host, 4 token, 5 state in the database (all in
//! `service::verify`, one trip to the database); then method, media types and message form; then
//! 7 scope, on the HTTP level. 6 (role) and 8 (plan and quotas) answer inside the protocol.

use std::net::IpAddr;
use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage, HttpResponse};
use futures_util::StreamExt;
use serde_json::Value;

use crate::domain::scope::ScopeSet;
use crate::domain::tool::Tool;
use crate::error::{Error, ErrorCode};
use crate::mcp::answer::{self, Answer};
use crate::mcp::envelope::{self, Envelope, Kind};
use crate::mcp::{LARGEST_BODY, resources, state};
use crate::service::calls::{Caller, Recorded, Surface, micros};
use crate::service::metrics::Refused;
use crate::service::verify::{self, BadToken, Knock, Refusal};
use crate::service::{Ctx, free_calls, meter, strangers};
use crate::store::activity::NewActivity;
use crate::web::outer::RequestId;
use crate::web::paced::came_late;
use crate::web::{address, credential};

/// What a check lets pass, or the answer that it stays down with.
type Pass<T> = Result<T, Answer>;

/// Headers a browser page may send and read (checklist A47).
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID";
const EXPOSED_HEADERS: &str = "WWW-Authenticate, Mcp-Session-Id, X-Request-Id";

/// The revision whose requests carry their version themselves, and whose headers are checked.
const MODERN: &str = "2026-07-28";

/// The methods that hand out lists by pages.
const LISTS: [&str; 4] =
    ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

/// The middleware in front of the SDK.
pub(super) async fn gate<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> actix_web::Result<ServiceResponse<EitherBody<B>>> {
    let arrived = Instant::now();
    let Some(ctx) = state(&request) else {
        return Err(actix_web::error::ErrorInternalServerError("no state"));
    };
    let request_id =
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let origin = header_text(&request, &header::ORIGIN);
    let allowed_origin = match &origin {
        Some(origin) if is_origin_allowed(&ctx, origin).await => Some(origin.clone()),
        _ => None,
    };
    let mut response = if request.method() == Method::OPTIONS {
        request.into_response(preflight(allowed_origin.is_some())).map_into_right_body()
    } else {
        match pass(&ctx, &mut request, &request_id, arrived).await {
            Ok(passed) => {
                let response = next.call(request).await?;
                let response = tidy(response, &request_id, passed.id.clone()).await;
                note_malformed(&ctx, &passed, response.status()).await;
                response
            }
            Err(response) => request.into_response(*response).map_into_right_body(),
        }
    };
    if let Some(origin) = allowed_origin
        && let Ok(value) = header::HeaderValue::from_str(&origin)
    {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::VARY, header::HeaderValue::from_static("Origin"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::HeaderValue::from_static(EXPOSED_HEADERS),
        );
    }
    Ok(response)
}

async fn is_origin_allowed(ctx: &Ctx, origin: &str) -> bool {
    ctx.live_now().await.is_ok_and(|live| verify::is_origin_allowed(ctx, &live.settings, origin))
}

fn preflight(is_allowed: bool) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    if is_allowed {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"));
    }
    response.finish()
}

/// What passed.
struct Passed {
    /// The message's id.
    id: Option<Value>,
    /// Whether it calls a tool.
    is_call: bool,
    /// Who sent it.
    caller: Caller,
}

/// Runs the checks; what passes is ready for the SDK.
async fn pass(
    ctx: &Ctx,
    request: &mut ServiceRequest,
    request_id: &str,
    arrived: Instant,
) -> Pass<Passed> {
    let mut caller = admit(ctx, request, request_id, arrived).await?;
    if let Err(error) = free_calls::take(ctx, &caller, "gate").await {
        ctx.metrics.refused(Refused::TooMany);
        return Err(answer::error(&error, request_id));
    }
    if request.method() != Method::POST {
        return Err(answer::error(
            &Error::new(ErrorCode::MethodNotAllowed, "Send JSON-RPC messages with POST."),
            request_id,
        ));
    }
    let body = noted(ctx, &caller, body_of(request, request_id).await).await?;
    if came_late(request) {
        caller = admit(ctx, request, request_id, arrived).await?;
    }
    let read = envelope::parse(&body).map_err(|broken| answer::broken(broken, request_id));
    let envelope = noted(ctx, &caller, read).await?;
    match envelope.kind {
        Kind::Request => {}
        // Without sessions there is nothing that a notification or an answer could act on.
        Kind::Notification => return Err(answer::accepted()),
        Kind::Response => {
            return Err(answer::rpc_error(
                400,
                -32600,
                "this server asks nothing, so it takes no answers",
                request_id,
                None,
            ));
        }
    }
    check_scope(ctx, &caller, &envelope, request_id).await?;
    if is_absent(&envelope) {
        // The SDK knows these, and looks at headers and parameters first (checklist A31, A32).
        return Err(answer::rpc_error(404, -32601, &envelope.method, request_id, envelope.id));
    }
    if envelope.has_odd_cursor && LISTS.contains(&envelope.method.as_str()) {
        let told = "a cursor is a text of ours; leave it out for the first page";
        return Err(answer::rpc_error(200, -32602, told, request_id, envelope.id));
    }
    prepare(ctx, request, &envelope, body);
    request.extensions_mut().insert(caller.clone());
    Ok(Passed { id: envelope.id, is_call: envelope.method == "tools/call", caller })
}

/// The body of a message that is one by its headers.
async fn body_of(request: &mut ServiceRequest, request_id: &str) -> Pass<Bytes> {
    check_media_types(request)
        .map_err(|(status, told)| answer::rpc_error(status, -32600, told, request_id, None))?;
    read(request, request_id).await
}

/// What was read; what nobody could read may have been a call, and is written down as one of its
/// caller's.
async fn noted<T>(ctx: &Ctx, caller: &Caller, read: Pass<T>) -> Pass<T> {
    if let Err(answer) = &read {
        note_wrong(ctx, caller, "gate", answer.status()).await;
    }
    read
}

/// Whether the method is one that today's revision has no more, or that this server has not of it. The
/// older ones are the handler's to refuse.
fn is_absent(envelope: &Envelope) -> bool {
    let removed =
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"];
    let method = envelope.method.as_str();
    envelope.is_modern && (removed.contains(&method) || method.starts_with("tasks/"))
}

/// Checks 1 to 5, in one trip to the database.
async fn admit(
    ctx: &Ctx,
    request: &ServiceRequest,
    request_id: &str,
    arrived: Instant,
) -> Pass<Caller> {
    let address = address::caller(request.request().head(), &ctx.config.trusted_proxies);
    let knock = Knock {
        address,
        origin: header_text(request, &header::ORIGIN),
        host: address::host(request.request().head(), &ctx.config.trusted_proxies),
        bearer: credential::bearer(request.headers()),
    };
    let state = ctx.clone();
    let verdict = ctx
        .db
        .glance(move |conn| verify::admit(&state, conn, &knock))
        .await
        .map_err(|error| answer::error(&error, request_id))?;
    match verdict {
        Ok(principal) => {
            let surface = Surface::Mcp;
            Ok(Caller {
                principal,
                surface,
                request_id: request_id.to_owned(),
                address,
                arrived,
                recorded: Recorded::default(),
            })
        }
        Err(refusal) => {
            ctx.metrics.refused(Refused::from(&refusal));
            // What does not post calls nothing; and a client that has no token yet only looks for
            // the challenge, which is how a connection begins.
            if request.method() == Method::POST && refusal != Refusal::NoToken {
                note_refusal(ctx, &refusal, request_id, address, arrived).await;
            }
            Err(answer::refusal(ctx, &refusal, request_id))
        }
    }
}

/// A call with a token that was ended is somebody's call and belongs in their log; any other is a
/// stranger's.
async fn note_refusal(
    ctx: &Ctx,
    refusal: &Refusal,
    request_id: &str,
    address: Option<IpAddr>,
    arrived: Instant,
) {
    let (user, account, client, token) = match *refusal {
        Refusal::BadToken(BadToken::Ended { user, account, client, token }) => {
            (Some(user), Some(account), client, Some(token))
        }
        _ => (None, None, None, None),
    };
    let (status, code) = answer::told(refusal);
    let call = NewActivity {
        request_id: request_id.to_owned(),
        at: ctx.clock.now(),
        account_id: account,
        user_id: user,
        client_id: client,
        token_id: token,
        api_key_id: None,
        address: address.map(|address| address.to_string()),
        surface: "mcp",
        operation: "gate".into(),
        outcome: "denied",
        status: i32::from(status),
        error_code: Some(code.into()),
        rows_returned: 0,
        credits_spent: 0,
        latency_us: micros(arrived),
    };
    strangers::note(ctx, call).await;
}

/// A call that neither the gate nor a tool wrote down was refused on the way between them: its
/// headers or its parameters were not right.
async fn note_malformed(ctx: &Ctx, passed: &Passed, status: StatusCode) {
    if !passed.is_call || passed.caller.recorded.is_set() {
        return;
    }
    note_wrong(ctx, &passed.caller, "tools/call", status).await;
}

async fn note_wrong(ctx: &Ctx, caller: &Caller, operation: &str, status: StatusCode) {
    let (status, code) = (i32::from(status.as_u16()), ErrorCode::InvalidRequest.as_str());
    let call = caller.record(ctx, operation, "error", status, Some(code), 0);
    strangers::note(ctx, call).await;
}

/// JSON in; anything that does not exclude both of our answer types out (checklist A8, A12).
fn check_media_types(request: &ServiceRequest) -> Result<(), (u16, &'static str)> {
    let kind = header_text(request, &header::CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err((415, "Content-Type must be application/json"));
    }
    let accept: Vec<String> = request
        .headers()
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|part| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .filter(|part| !part.is_empty())
        .collect();
    let takes_ours = |part: &String| {
        matches!(
            part.as_str(),
            "*/*" | "application/*" | "application/json" | "text/*" | "text/event-stream"
        )
    };
    if !accept.is_empty() && !accept.iter().any(takes_ours) {
        return Err((406, "Accept must allow application/json"));
    }
    Ok(())
}

/// Reads the body, stopping at the limit whatever its declared length.
async fn read(request: &mut ServiceRequest, request_id: &str) -> Pass<Bytes> {
    let mut payload = request.take_payload();
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            answer::rpc_error(400, -32700, "the body did not arrive whole", request_id, None)
        })?;
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(answer::rpc_error(
                413,
                -32600,
                "the body is larger than 1 MiB",
                request_id,
                None,
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Check 7: a tool, or the resource that repeats it, that the role allows and the token does not asks for more scope, on the HTTP
/// level, where clients look for it.
async fn check_scope(
    ctx: &Ctx,
    caller: &Caller,
    envelope: &Envelope,
    request_id: &str,
) -> Pass<()> {
    let wanted = match envelope.method.as_str() {
        "tools/call" => envelope.name.as_deref().and_then(Tool::parse),
        "resources/read" => envelope.uri.as_deref().and_then(resources::tool_of),
        _ => None,
    };
    let Some(tool) = wanted else { return Ok(()) };
    let scope = tool.row().scope;
    if !caller.principal.tools.contains(&tool) || caller.principal.scopes.contains(scope) {
        return Ok(());
    }
    ctx.metrics.refused(Refused::Scope);
    let call = caller.record(ctx, tool.row().name, "denied", 403, Some("insufficient_scope"), 0);
    meter::note(ctx, call).await.map_err(|error| answer::error(&error, request_id))?;
    let needed: ScopeSet = caller
        .principal
        .scopes
        .iter()
        .filter(|held| held.row().of_resource)
        .chain([scope])
        .collect();
    Err(answer::insufficient_scope(ctx, &needed, request_id))
}

/// Puts the body back and smooths what clients do that the SDK is strict about.
fn prepare(ctx: &Ctx, request: &mut ServiceRequest, envelope: &Envelope, body: Bytes) {
    let headers = request.headers_mut();
    // The host was checked above; the SDK checks it again and knows no proxies.
    if let Some(Ok(host)) = ctx.config.hosts.first().map(|host| header::HeaderValue::from_str(host))
    {
        headers.insert(header::HOST, host);
    }
    // Whatever it listed, it takes JSON, and JSON is what it gets.
    headers.insert(
        header::ACCEPT,
        header::HeaderValue::from_static("application/json, text/event-stream"),
    );
    let says_modern = headers
        .get("mcp-protocol-version")
        .is_some_and(|version| version.as_bytes().trim_ascii() == MODERN.as_bytes());
    if !envelope.is_modern && !says_modern {
        // Some send them on legacy traffic, where they mean nothing (checklist A30).
        headers.remove("mcp-method");
        headers.remove("mcp-name");
    }
    // Sessions do not exist here; a stale id or position is ignored (checklist A36, A37).
    headers.remove("mcp-session-id");
    headers.remove("last-event-id");
    request.set_payload(Payload::from(body));
}

/// Gives the SDK's own refusals, many of which are plain text, the form of every other answer.
async fn tidy<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    request_id: &str,
    id: Option<Value>,
) -> ServiceResponse<EitherBody<B>> {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| {
            kind.starts_with("application/json") || kind.starts_with("text/event-stream")
        });
    if !(status.is_client_error() || status.is_server_error()) {
        return response.map_into_left_body();
    }
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let text = match actix_web::body::to_bytes_limited(body, LARGEST_BODY).await {
        Ok(Ok(bytes)) => bytes,
        _ => Bytes::new(),
    };
    if is_json {
        let response = head.set_body(answer::with_request_id(text, request_id));
        return ServiceResponse::new(request, response.map_into_boxed_body()).map_into_right_body();
    }
    let tidied = if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        // The media type was checked before; this is how the SDK says that it cannot read the
        // body: nested too deeply, for one.
        *answer::rpc_error(400, -32600, "the message is malformed", request_id, id)
    } else if text.first() == Some(&b'{') {
        HttpResponse::build(status).content_type("application/json").body(text)
    } else {
        let text = String::from_utf8_lossy(&text);
        let code = if status.is_server_error() { -32603 } else { -32600 };
        let message = if status.is_server_error() { "internal error" } else { text.trim() };
        *answer::rpc_error(status.as_u16(), code, message, request_id, id)
    };
    ServiceResponse::new(request, tidied).map_into_right_body()
}

fn header_text(request: &ServiceRequest, name: &header::HeaderName) -> Option<String> {
    request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
