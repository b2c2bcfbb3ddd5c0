//! The load generator: connections that are kept open, each asking again as soon as it is answered.
//! All of them share one thread, and answers are taken apart no further than counting needs, so
//! that on a small machine most of the work measured is the server's.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Connections at a time.
pub const CONCURRENCY: [usize; 3] = [1, 8, 32];

/// One connection's side of the conversation.
pub trait Talk {
    /// The next request, whole; none when there is nothing left to ask.
    fn ask(&mut self) -> Option<Vec<u8>>;
    /// Whether the answer is the one hoped for.
    fn hear(&mut self, status: u16, body: &[u8]) -> bool;
}

/// What was measured.
#[derive(Default)]
pub struct Measured {
    /// Microseconds of each answer.
    pub latencies: Vec<u32>,
    /// Answers that were not as hoped for.
    pub errors: usize,
    /// How long it took.
    pub elapsed: Duration,
}

impl Measured {
    /// Answers per second.
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Adds another measurement's answers and errors.
    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors += other.errors;
        self.elapsed += other.elapsed;
    }

    /// The latency that `share` of the answers stayed below, microseconds.
    pub fn percentile(&mut self, share: f64) -> u32 {
        self.latencies.sort_unstable();
        let place = (self.latencies.len() as f64 * share) as usize;
        self.latencies.get(place.min(self.latencies.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

/// Lets every talker talk for `time` on a connection of its own.
pub fn run<T: Talk>(address: SocketAddr, talkers: &mut [T], time: Duration) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..talkers.len() {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let started = Instant::now();
        let end = started + time;
        let talks =
            talkers.iter_mut().zip(streams).map(|(talker, stream)| talk(talker, stream, end));
        let mut all = Measured::default();
        for one in futures_util::future::join_all(talks).await {
            all.add(one);
        }
        all.elapsed = started.elapsed();
        all
    })
}

async fn talk<T: Talk>(talker: &mut T, mut stream: TcpStream, end: Instant) -> Measured {
    let mut measured = Measured::default();
    let mut buffer = Vec::with_capacity(64 * 1024);
    while Instant::now() < end {
        let Some(request) = talker.ask() else { break };
        let asked = Instant::now();
        stream.write_all(&request).await.unwrap();
        let (status, body) = answer(&mut stream, &mut buffer).await;
        measured.latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap());
        if !talker.hear(status, &body) {
            measured.errors += 1;
        }
    }
    measured
}

/// Reads one answer: its status and body.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (u16, Vec<u8>) {
    buffer.clear();
    let head = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end + 4;
        }
        fill(stream, buffer).await;
    };
    let text = std::str::from_utf8(&buffer[..head]).unwrap().to_ascii_lowercase();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let end = head + length.parse::<usize>().unwrap();
        while buffer.len() < end {
            fill(stream, buffer).await;
        }
        return (status, buffer[head..end].to_vec());
    }
    let mut body = Vec::new();
    if !text.contains("transfer-encoding: chunked") {
        return (status, body);
    }
    let mut at = head;
    loop {
        let line = loop {
            if let Some(end) = find(&buffer[at..], b"\r\n") {
                break at + end;
            }
            fill(stream, buffer).await;
        };
        let size = std::str::from_utf8(&buffer[at..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        at = line + 2 + size + 2;
        while buffer.len() < at {
            fill(stream, buffer).await;
        }
        if size == 0 {
            return (status, body);
        }
        body.extend_from_slice(&buffer[line + 2..at - 2]);
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server closed the connection");
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
