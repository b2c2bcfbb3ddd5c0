//! The MCP endpoint: our own gate in front of the SDK's transport, and the tools behind it.
//!
//! `gate` does everything that must happen before the SDK: who calls, from where, with which
//! scope, and the HTTP manners the SDK leaves open (dossier §5.3). `server` is the SDK's handler.

mod answer;
mod envelope;
mod gate;
mod prompts;
pub mod reference;
mod resources;
mod server;
mod tools;

use std::sync::Arc;

use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::middleware::from_fn;
use actix_web::{HttpMessage, HttpRequest};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp_actix_web::transport::StreamableHttpService;

use crate::service::Ctx;
use crate::service::calls::Caller;
use crate::service::metrics::RouteCounters;
use server::PortcullisServer;

/// The largest request body, bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// `/mcp` and `/mcp/`, neither of which ever redirects.
pub fn scope(ctx: &Ctx) -> impl HttpServiceFactory + use<> {
    let state = ctx.clone();
    scope_of(ctx, move || PortcullisServer::new(state.clone()))
}

/// The gate and the transport of `/mcp` in front of any handler, which is made anew for each
/// request: the protocol's conformance suite asks for tools and prompts that this product has not,
/// and is to meet the very same way to them.
pub fn scope_of<S, F>(ctx: &Ctx, handler: F) -> impl HttpServiceFactory + use<S, F>
where
    S: ServerHandler,
    F: Fn() -> S + Send + Sync + 'static,
{
    StreamableHttpService::builder()
        .service_factory(Arc::new(move || Ok(handler())))
        .session_manager(Arc::new(LocalSessionManager::default()))
        // No sessions and plain JSON: nothing for a client to lose, and no empty events, on which
        // older SDKs die (dossier §0, decisions 3 and 4).
        .stateful_mode(false)
        .json_response(true)
        .disable_sse_retry()
        .max_request_body_bytes(LARGEST_BODY)
        .allowed_hosts(ctx.config.hosts.clone())
        .on_request_fn(|request: &HttpRequest, extensions| {
            if let Some(caller) = request.extensions().get::<Caller>() {
                extensions.insert(caller.clone());
            }
        })
        .build()
        .scope_with_path("/mcp")
        .app_data(RouteCounters::new("/mcp"))
        .wrap(from_fn(gate::gate))
}

/// The state of a request.
fn state(request: &ServiceRequest) -> Option<Ctx> {
    request.app_data::<actix_web::web::Data<Ctx>>().map(|ctx| Ctx::clone(ctx))
}
