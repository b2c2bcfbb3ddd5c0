//! What the gate is compared with: a bare answer of actix-web, and the SDK's own server behind a
//! token that never changes and without a database.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use rmcp_actix_web::transport::StreamableHttpService;
use serde_json::Value;

use crate::TOOLS;

/// The token of the SDK's server.
pub const TOKEN: &str = "a-token-that-never-changes";

/// What each tool answers, in the order of [`TOOLS`].
pub type Answers = Arc<[Value; 2]>;

/// Answers `POST /NAME` with the whole answer of that tool. It reads the body, or the connection
/// would not be kept.
pub fn bare(listener: TcpListener, workers: usize, answers: Answers) -> Server {
    HttpServer::new(move || {
        let route = |place: usize| {
            let answers = answers.clone();
            web::post().to(move |_: web::Bytes| {
                let answer = HttpResponse::Ok().json(&answers[place]);
                async move { answer }
            })
        };
        App::new().route(TOOLS[0], route(0)).route(TOOLS[1], route(1))
    })
    .workers(workers)
    .tcp_nodelay(true)
    .listen(listener)
    .unwrap()
    .run()
}

/// The SDK's own server; its tools return `outputs`.
pub fn sdk(listener: TcpListener, workers: usize, outputs: Answers) -> Server {
    HttpServer::new(move || {
        let outputs = outputs.clone();
        let service = StreamableHttpService::builder()
            .service_factory(Arc::new(move || Ok(Fixed { outputs: outputs.clone() })))
            .session_manager(Arc::new(LocalSessionManager::default()))
            .stateful_mode(false)
            .json_response(true)
            .disable_sse_retry()
            .build();
        App::new().service(service.scope_with_path("/mcp").wrap(from_fn(check)))
    })
    .workers(workers)
    .tcp_nodelay(true)
    .listen(listener)
    .unwrap()
    .run()
}

async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let token = request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes());
    if token.and_then(|value| value.strip_prefix(b"Bearer ")) == Some(TOKEN.as_bytes()) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    Ok(request.into_response(HttpResponse::Unauthorized()))
}

struct Fixed {
    outputs: Answers,
}

impl ServerHandler for Fixed {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let place = TOOLS.iter().position(|tool| *tool == request.name).unwrap();
        let output = self.outputs[place].clone();
        let mut result = CallToolResult::success(vec![ContentBlock::text(output.to_string())]);
        result.structured_content = Some(output);
        Ok(result.into())
    }
}
