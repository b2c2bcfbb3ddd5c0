//! Servers on threads of their own, for as long as the process lives.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

use actix_web::rt::System;

use crate::support::base::{self, Base};

/// Starts the whole application over a filled database.
pub fn application() -> (Base, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, receive) = mpsc::channel();
    start(listener, async move |listener| {
        let base = base::open(address).await;
        let server = portcullis::app::serve(&base.ctx, listener).unwrap();
        send.send(base).unwrap();
        server.await.unwrap();
    });
    (receive.recv().unwrap(), address)
}

/// Runs what `serve` makes of a listener.
pub fn start(listener: TcpListener, serve: impl AsyncFnOnce(TcpListener) + Send + 'static) {
    std::thread::spawn(move || System::new().block_on(serve(listener)));
}
