//! A request as bytes, for what no well-behaved client sends.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends `request` to the host and reads until the server closes. The request must ask for that.
pub async fn send(host: &str, request: impl Into<Vec<u8>>) -> String {
    let (host, request) = (host.to_owned(), request.into());
    actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(host).unwrap();
        // A server that refuses early may close before everything is sent.
        let _ = stream.write_all(&request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default()
}
