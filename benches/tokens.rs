//! Codes for tokens, and refresh tokens for the next ones, at the token endpoint: exchanges per
//! second, each answered after its commit, and how many failed, which must be none.
//!
//! `BENCH_ROUNDS` and `BENCH_SECONDS` say how often and how long each cell is measured.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on has nothing to tell"
)]

mod support {
    pub mod base;
    pub mod load;
    pub mod memory;
    pub mod report;
    pub mod server;
}

use std::net::SocketAddr;

use actix_web::rt::System;
use portcullis::db::Conn;
use portcullis::domain::scope::ScopeSet;
use portcullis::error::Result;
use portcullis::ids::{ClientRowId, ConsentId, TokenId, UserId};
use portcullis::secrets::{PlainSecret, SecretKind, sha256_base64url};
use portcullis::service::Ctx;
use portcullis::store::codes::{self, CodeRow};
use portcullis::store::refresh_tokens;
use serde_json::Value;
use support::load::{self, CONCURRENCY, Measured, Talk};
use support::{base, memory, report, server};

/// Codes of one round of a cell, which ends early when all are used.
const CODES: usize = 16_000;
const VERIFIER: &str = "a-verifier-of-a-benchmark-that-is-as-long-as-one-must-be";

fn main() {
    let (base, address) = server::application();
    let ctx = &base.ctx;
    println!("{} users and tokens, {} workers, SQLite", base::USERS, ctx.config.workers);
    println!("exchange    c   per second   p50 µs   p99 µs   errors");
    memory::forget_peak();
    for connections in CONCURRENCY {
        cell("code", address, || {
            let share = CODES / connections;
            let codes = prepare(ctx, move |ctx, conn| new_codes(ctx, conn, share * connections));
            codes.chunks(share).map(|codes| Redeemer { address, codes: codes.to_vec() }).collect()
        });
    }
    let mut families = 1..base::USERS;
    for connections in CONCURRENCY {
        cell("refresh", address, || {
            let tokens: Vec<_> = families.by_ref().take(connections).collect();
            let secrets = prepare(ctx, move |ctx, conn| new_families(ctx, conn, &tokens));
            secrets.into_iter().map(|(id, secret)| Refresher { address, id, secret }).collect()
        });
    }
    println!("peak memory (server and load generator): {}", memory::peak());
}

/// Measures one line of the table; every round has talkers of its own.
fn cell<T: Talk>(name: &str, address: SocketAddr, mut talkers: impl FnMut() -> Vec<T>) {
    let (mut all, mut rates, mut connections) = (Measured::default(), Vec::new(), 0);
    for _ in 0..report::rounds() {
        let mut talkers = talkers();
        connections = talkers.len();
        let measured = load::run(address, &mut talkers, report::time());
        rates.push(measured.per_second());
        all.add(measured);
    }
    println!(
        "{name:8} {connections:4} {:12.0} {:8} {:8} {:8}",
        report::median(rates),
        all.percentile(0.5),
        all.percentile(0.99),
        all.errors
    );
}

/// Redeems one code after the other.
struct Redeemer {
    address: SocketAddr,
    codes: Vec<(i64, String)>,
}

impl Talk for Redeemer {
    fn ask(&mut self) -> Option<Vec<u8>> {
        let (id, code) = self.codes.pop()?;
        let form = format!(
            "grant_type=authorization_code&client_id={}&code={code}&code_verifier={VERIFIER}",
            client(id)
        );
        Some(request(self.address, &form))
    }

    fn hear(&mut self, status: u16, _: &[u8]) -> bool {
        status == 200
    }
}

/// Refreshes one family over and over.
struct Refresher {
    address: SocketAddr,
    id: i64,
    secret: String,
}

impl Talk for Refresher {
    fn ask(&mut self) -> Option<Vec<u8>> {
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={}",
            client(self.id),
            self.secret
        );
        Some(request(self.address, &form))
    }

    fn hear(&mut self, status: u16, body: &[u8]) -> bool {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(next) = answer["refresh_token"].as_str() else { return false };
        self.secret = next.to_owned();
        status == 200
    }
}

fn request(address: SocketAddr, form: &str) -> Vec<u8> {
    format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .into_bytes()
}

fn client(user: i64) -> String {
    format!("client-{}", 1 + user % base::CLIENTS)
}

/// Runs `make` in one transaction.
fn prepare<T: Send + 'static>(
    ctx: &Ctx,
    make: impl Fn(&Ctx, &mut Conn) -> Result<T> + Send + 'static,
) -> T {
    let state = ctx.clone();
    System::new().block_on(ctx.db.write(move |conn| make(&state, conn))).unwrap()
}

/// Codes of users spread over the table, each with its user.
fn new_codes(ctx: &Ctx, conn: &mut Conn, count: usize) -> Result<Vec<(i64, String)>> {
    let now = ctx.clock.now();
    (0..count)
        .map(|place| {
            let user = 1 + i64::try_from(place).unwrap() * 17 % base::USERS;
            let code = PlainSecret::generate(SecretKind::AuthorizationCode);
            let row = CodeRow {
                code_hash: code.hash(),
                client_id: ClientRowId(1 + user % base::CLIENTS),
                user_id: UserId(user),
                consent_id: ConsentId(user),
                redirect_uri: "http://127.0.0.1/callback".into(),
                scopes: ScopeSet::of_resource().to_string(),
                code_challenge: sha256_base64url(VERIFIER.as_bytes()),
                resource: ctx.config.mcp_url.clone(),
                nonce: None,
                created_at: now,
                expires_at: now.plus_seconds(600),
                used_at: None,
                token_id: None,
                with_refresh: true,
                signed_in_at: Some(now),
            };
            codes::insert(conn, &row)?;
            Ok((user, code.expose().to_owned()))
        })
        .collect()
}

/// A live refresh token for each of `tokens`, with its user, who has the same number.
fn new_families(ctx: &Ctx, conn: &mut Conn, tokens: &[i64]) -> Result<Vec<(i64, String)>> {
    let now = ctx.clock.now();
    tokens
        .iter()
        .map(|token| {
            let secret = PlainSecret::generate(SecretKind::RefreshToken);
            refresh_tokens::insert(conn, TokenId(*token), &secret.hash(), now)?;
            Ok((*token, secret.expose().to_owned()))
        })
        .collect()
}
