//! What the protocol's conformance suite wants to find at a server, behind the product's own gate
//! and transport: tools, prompts and resources under the names its scenarios fix.

mod handler;
mod prompts;
mod resources;
mod rounds;
mod tools;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use portcullis::mcp;
use portcullis::service::Ctx;
use portcullis::web::outer::outer;
use serde_json::Value;

use handler::Handler;

/// The server.
pub struct Conformance {
    pub base: String,
    server: ServerHandle,
}

impl Conformance {
    /// Over the state of an application, whose people and tokens it knows.
    pub fn over(ctx: &Ctx) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (ctx, shared) = (ctx.clone(), Arc::default());
        let server = HttpServer::new(move || {
            let shared = Arc::clone(&shared);
            App::new()
                .app_data(web::Data::new(ctx.clone()))
                .service(mcp::scope_of(&ctx, move || Handler::new(&shared)))
                .wrap(from_fn(outer))
        })
        .workers(1)
        .tcp_nodelay(true)
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { base, server: handle }
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

/// Reads what the wire would carry.
fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}
