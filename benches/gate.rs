//! `tools/call` through the whole gate, its durable activity row included, beside a bare answer of
//! actix-web of the same size and beside the SDK's own server with a token that never changes and
//! no database. All three run in this process with the same number of workers and take turns.
//!
//! `BENCH_ROUNDS` and `BENCH_SECONDS` say how often and how long each cell is measured; the time on
//! the processors is that of the whole process, load generator included.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on has nothing to tell"
)]

mod support {
    pub mod base;
    pub mod cpu;
    pub mod load;
    pub mod memory;
    pub mod plain;
    pub mod report;
    pub mod server;
}

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt::System;
use portcullis::domain::scope::ScopeSet;
use portcullis::service::Ctx;
use portcullis::service::keyring::{AccessClaims, Audience};
use serde_json::{Value, json};
use support::load::{self, CONCURRENCY, Measured, Talk};
use support::{base, cpu, memory, plain, report, server};

/// The tools called.
pub const TOOLS: [&str; 2] = ["get_usage", "search_stores"];
/// Tokens that call, spread over all.
const CALLERS: i64 = 1_000;

/// A server, as the load generator knows it.
struct Side {
    name: &'static str,
    address: SocketAddr,
    path: fn(&str) -> String,
    tokens: Arc<Vec<String>>,
}

/// A connection's talk: the same tool over and over, with one token after the other.
struct Caller {
    requests: Arc<Vec<Vec<u8>>>,
    next: usize,
    least: usize,
}

impl Talk for Caller {
    fn ask(&mut self) -> Option<Vec<u8>> {
        self.next = (self.next + 1) % self.requests.len();
        Some(self.requests[self.next].clone())
    }

    fn hear(&mut self, status: u16, body: &[u8]) -> bool {
        // A refusal is much shorter than an answer.
        status == 200 && body.len() >= self.least
    }
}

fn main() {
    let (base, address) = server::application();
    let workers = base.ctx.config.workers;
    let tokens = System::new().block_on(tokens(&base.ctx));
    let gate = Side { name: "gate", address, path: |_| "/mcp".into(), tokens: Arc::new(tokens) };

    let answers = TOOLS.map(|tool| sample(&gate, tool));
    let outputs =
        Arc::new(answers.clone().map(|answer| answer["result"]["structuredContent"].clone()));
    let lengths = answers.clone().map(|answer| answer.to_string().len());
    let answers = Arc::new(answers);
    let sides = [
        gate,
        Side {
            name: "sdk",
            address: started(move |listener| plain::sdk(listener, workers, outputs.clone())),
            path: |_| "/mcp".into(),
            tokens: Arc::new(vec![plain::TOKEN.into()]),
        },
        Side {
            name: "bare",
            address: started(move |listener| plain::bare(listener, workers, answers.clone())),
            path: |tool| format!("/{tool}"),
            tokens: Arc::new(vec![plain::TOKEN.into()]),
        },
    ];

    println!("{} users and tokens, {workers} workers, SQLite", base::USERS);
    println!(
        "tool           side   c   requests/s   p50 µs   p99 µs   cpu µs   errors   to bare   to sdk"
    );
    memory::forget_peak();
    for (tool, length) in TOOLS.into_iter().zip(lengths) {
        for concurrency in CONCURRENCY {
            cell(&sides, tool, length, concurrency);
        }
    }
    println!("peak memory (servers and load generator): {}", memory::peak());
}

/// Measures all sides in turns and prints a line for each.
fn cell(sides: &[Side; 3], tool: &str, length: usize, concurrency: usize) {
    let requests = sides.each_ref().map(|side| Arc::new(requests(side, tool)));
    let once = |place: usize, time: Duration| {
        let mut callers: Vec<_> = (0..concurrency)
            .map(|caller| Caller {
                requests: requests[place].clone(),
                next: caller * requests[place].len() / concurrency,
                least: length * 9 / 10,
            })
            .collect();
        load::run(sides[place].address, &mut callers, time)
    };
    let mut rates = [const { Vec::new() }; 3];
    let mut busy = [Duration::ZERO; 3];
    let mut all = [const { None }; 3].map(|none: Option<Measured>| none.unwrap_or_default());
    for place in 0..sides.len() {
        once(place, Duration::from_millis(300));
    }
    for round in 0..report::rounds() {
        for turn in 0..sides.len() {
            let place = if round % 2 == 0 { turn } else { sides.len() - 1 - turn };
            let before = cpu::used();
            let measured = once(place, report::time());
            busy[place] += cpu::used().saturating_sub(before);
            rates[place].push(measured.per_second());
            all[place].add(measured);
        }
    }
    let ratio = |place: usize, other: usize| {
        report::median(rates[place].iter().zip(&rates[other]).map(|(a, b)| a / b).collect())
    };
    for (place, side) in sides.iter().enumerate() {
        println!(
            "{tool:13}  {:4} {concurrency:3} {:12.0} {:8} {:8} {:8.0} {:8} {:9.2} {:8.2}",
            side.name,
            report::median(rates[place].clone()),
            all[place].percentile(0.5),
            all[place].percentile(0.99),
            busy[place].as_secs_f64() * 1e6 / all[place].latencies.len().max(1) as f64,
            all[place].errors,
            ratio(place, 2),
            ratio(place, 1),
        );
    }
}

/// The requests of a side: one for each of its tokens.
fn requests(side: &Side, tool: &str) -> Vec<Vec<u8>> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } })
        .to_string();
    let (address, path, length) = (side.address, (side.path)(tool), body.len());
    side.tokens
        .iter()
        .map(|token| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
                 Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        })
        .collect()
}

/// One answer of the gate, which must be right.
fn sample(gate: &Side, tool: &str) -> Value {
    struct Once(Option<Vec<u8>>, Value);
    impl Talk for Once {
        fn ask(&mut self) -> Option<Vec<u8>> {
            self.0.take()
        }
        fn hear(&mut self, status: u16, body: &[u8]) -> bool {
            self.1 = serde_json::from_slice(body).unwrap();
            status == 200 && self.1["result"]["isError"] == json!(false)
        }
    }
    let mut once = [Once(requests(gate, tool).pop(), Value::Null)];
    let measured = load::run(gate.address, &mut once, Duration::from_secs(5));
    let [Once(_, answer)] = once;
    assert_eq!(measured.errors, 0, "{answer}");
    answer
}

/// Access tokens of users spread over the table.
async fn tokens(ctx: &Ctx) -> Vec<String> {
    let live = ctx.live_now().await.unwrap();
    let now = ctx.clock.now().seconds();
    (0..CALLERS)
        .map(|caller| 1 + caller * (base::USERS / CALLERS))
        .map(|id| AccessClaims {
            iss: ctx.config.public_url.clone(),
            sub: format!("subject-{id}"),
            aud: Audience::One(ctx.config.mcp_url.clone()),
            client_id: format!("client-{}", 1 + id % base::CLIENTS),
            scope: ScopeSet::of_resource().to_string(),
            jti: id.to_string(),
            iat: now,
            exp: now + 3600,
            tid: id,
        })
        .map(|claims| live.keys.sign(&claims).unwrap())
        .collect()
}

/// Starts a server to compare with and returns where.
fn started(make: impl FnOnce(TcpListener) -> Server + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    server::start(listener, async |listener| make(listener).await.unwrap());
    address
}
