//! A request as bytes, for what no well-behaved client sends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

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

/// A request that was sent whole and is not answered yet.
pub struct Pending(TcpStream);

/// Sends `request` and does not wait for its answer.
pub async fn begin(host: &str, request: String) -> Pending {
    let host = host.to_owned();
    actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        Pending(stream)
    })
    .await
    .unwrap()
}

impl Pending {
    /// Hangs up, waits until the server has noticed, and returns what it still wrote.
    pub async fn hang_up(mut self) -> String {
        actix_web::rt::task::spawn_blocking(move || {
            self.0.shutdown(Shutdown::Write).unwrap();
            let mut rest = Vec::new();
            let _ = self.0.read_to_end(&mut rest);
            String::from_utf8_lossy(&rest).into_owned()
        })
        .await
        .unwrap()
    }
}

/// A request of which the last byte is held back.
pub struct Unfinished {
    stream: TcpStream,
    last: u8,
}

/// Sends `head`, whose `Content-Length` and end this adds, and all of `body` but its last byte, once
/// the server has taken the head.
pub async fn hold_back(host: &str, head: &str, body: &str) -> Unfinished {
    let host = host.to_owned();
    let length = body.len();
    let head = format!(
        "{head}Content-Length: {length}\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
    );
    let body = body.as_bytes().to_vec();
    actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).unwrap();
        assert_eq!(told, *b"HTTP/1.1 100 Continue\r\n\r\n");
        let (last, first) = body.split_last().unwrap();
        stream.write_all(first).unwrap();
        Unfinished { stream, last: *last }
    })
    .await
    .unwrap()
}

impl Unfinished {
    /// Sends the last byte and reads the answer.
    pub async fn finish(mut self) -> String {
        actix_web::rt::task::spawn_blocking(move || {
            self.stream.write_all(&[self.last]).unwrap();
            let mut answer = Vec::new();
            let _ = self.stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        })
        .await
        .unwrap()
    }
}
