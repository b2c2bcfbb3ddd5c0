//! The list of MCP users with 100,000 users, 300,000 clients and 1,000,000 tokens: pages, orders,
//! filters and searches over HTTP, sign-in and rendering included, then an act on 10,000 people.
//!
//! The database is made once, under `target/bench-console/`; `--quick` takes 2,000 users, `BENCH_USERS`
//! another number. `BENCH_DATABASE_URL` names an empty PostgreSQL database to measure instead.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to tell")]

mod support {
    pub mod memory;
    pub mod people;
}

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

use actix_web::rt::System;
use diesel::connection::SimpleConnection;
use portcullis::clock::{Clock, Timestamp};
use portcullis::config;
use portcullis::db::Conn;
use portcullis::domain::audit::Actor;
use portcullis::service::people::{self as accounts, NewPerson};
use portcullis::service::{Ctx, bootstrap, clients};
use reqwest::Client;
use support::{memory, people};

/// Answers measured of every page.
const TIMES: usize = 25;
const PASSWORD: &str = "a password of a benchmark";
const EMAIL: &str = "bench@bench.example";
const LIST: &str = "/admin/mcp/users";

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let users = std::env::var("BENCH_USERS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(if quick { 2_000 } else { 100_000 });
    System::new().block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let ctx = open(users, &base).await;
        settle(&ctx).await;
        actix_web::rt::spawn(portcullis::app::serve(&ctx, listener).unwrap());
        let browser = Browser::sign_in(base).await;
        println!("{users} users, {} clients, {} tokens", 3 * users, 10 * users);
        println!("{:58} {:>8} {:>8} {:>8}", "ms, answered whole", "least", "p50", "p95");
        memory::forget_peak();
        let only_act = std::env::args().any(|argument| argument == "--act");
        for query in queries(users / 50).iter().filter(|_| !only_act) {
            measure(&browser, query).await;
        }
        println!("most memory: {}", memory::peak());
        memory::forget_peak();
        act(&browser).await;
        println!("most memory: {}", memory::peak());
    });
}

/// The server's state over the database, which is made unless it is there.
async fn open(users: i64, base: &str) -> Ctx {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-console");
    std::fs::create_dir_all(&folder).unwrap();
    let url = std::env::var("BENCH_DATABASE_URL")
        .unwrap_or_else(|_| format!("sqlite://{}/{users}.db", folder.display()));
    let variables = BTreeMap::from([
        ("PORTCULLIS_DATABASE_URL", url),
        ("PORTCULLIS_DATA_FOLDER", folder.display().to_string()),
        ("PORTCULLIS_BIND", base.trim_start_matches("http://").to_owned()),
        ("PORTCULLIS_SECRET", "a secret of a benchmark, nobody else's".to_owned()),
    ]);
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    let config = config::load(None, variables).unwrap().config;
    let clock = Clock::fixed(Timestamp(people::NOW));
    let ctx = bootstrap::open(config, clock).await.unwrap();
    if accounts::by_address(&ctx, EMAIL).await.is_ok() {
        return ctx;
    }
    let start = Instant::now();
    // One transaction: a half-made database would look like a whole one.
    ctx.db
        .write(move |conn| {
            if let Conn::Postgres(conn) = conn {
                conn.batch_execute("SET LOCAL statement_timeout = 0")?;
            }
            for (what, sql) in people::statements(users) {
                let start = Instant::now();
                conn.batch_execute(&sql)?;
                println!("made {what} in {:.1} s", start.elapsed().as_secs_f64());
            }
            Ok(())
        })
        .await
        .unwrap();
    let person = NewPerson {
        email: EMAIL.into(),
        name: "Bench Administrator".into(),
        password: Some(PASSWORD.into()),
        role: "Administrator".into(),
        account: "Bench".into(),
        mcp_enabled: true,
    };
    accounts::create(&ctx, &Actor::operator(), person).await.unwrap();
    println!("made in {:.0} s", start.elapsed().as_secs_f64());
    ctx
}

/// What a server does by itself after a while: differences are brought into the clients' figures, and
/// PostgreSQL tidies up. SQLite goes without figures of its tables.
async fn settle(ctx: &Ctx) {
    clients::fold(ctx).await.unwrap();
    ctx.db
        .maintain(|conn| match conn {
            Conn::Postgres(conn) => Ok(conn.batch_execute("VACUUM ANALYZE")?),
            Conn::Sqlite(_) => Ok(()),
        })
        .await
        .unwrap();
}

/// Pages, every order both ways, every filter, searches.
fn queries(last: i64) -> Vec<String> {
    let pages = [1, 2, last / 2, last].map(|page| format!("page={page}"));
    let orders = ["user", "access", "role", "clients", "tokens", "credits", "added", "last_used"];
    let columns = "cols=role,tokens,credits";
    let orders = orders.into_iter().flat_map(|order| {
        let pages = [1, last / 2, last];
        ["", "-"].into_iter().flat_map(move |way| {
            pages.map(move |page| format!("{columns}&sort={way}{order}&page={page}"))
        })
    });
    let filters = [
        "status=enabled",
        "status=disabled",
        "role=Team+103",
        "client=Cursor",
        "client=Lantern+Agent",
        "client=nothing",
        "tokens=some",
        "tokens=none",
        "expired=yes",
        "credits=over80",
        "unused=never",
        "unused=90",
        "added_from=2026-11-01&added_to=2026-11-30",
        "used_from=2026-11-20",
        "used_to=2026-03-01",
        "status=disabled&role=Team+103&expired=yes",
        "status=enabled&sort=credits",
        "expired=yes&sort=user",
        "unused=90&sort=added",
        "q=Tilda+Lantern",
        "q=lantern",
        "q=tilda.lantern4242",
        "q=an",
        "q=zz",
        "q=shop12.example",
        "q=example",
        "q=nobody+of+that+name",
        "q=lantern&sort=user",
        "q=ember&status=enabled&sort=-credits",
    ];
    pages.into_iter().chain(orders).chain(filters.map(str::to_owned)).collect()
}

async fn measure(browser: &Browser, query: &str) {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        browser.get(&format!("{LIST}?{query}")).await;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let part = |percent: usize| times.get(TIMES * percent / 100).copied().unwrap_or_default();
    println!("{query:58} {:8.2} {:8.2} {:8.2}", part(0), part(50), part(95));
}

/// Revokes everything of a tenth of the people, those of the first role that has anything left.
async fn act(browser: &Browser) {
    for role in 100..100 + people::ROLES {
        let back = format!("role=Team+{role}&tokens=some");
        let choice = format!("all=yes&back={}", back.replace('&', "%26").replace('=', "%3D"));
        let start = Instant::now();
        let page = browser.get(&format!("{LIST}/act/revoke?{choice}")).await;
        let asked = start.elapsed();
        let (count, ids, csrf) =
            (hidden(&page, "count"), hidden(&page, "ids"), hidden(&page, "csrf"));
        if count.is_empty() {
            continue;
        }
        let fields = [
            ("all", "yes"),
            ("back", back.as_str()),
            ("count", count.as_str()),
            ("ids", ids.as_str()),
            ("typed", count.as_str()),
            ("csrf", csrf.as_str()),
        ];
        let start = Instant::now();
        let status = browser.post(&format!("{LIST}/act/revoke"), &fields).await;
        println!(
            "revoke everything of {count} people: asked in {:.0} ms, done in {:.0} ms, answered {status}",
            asked.as_secs_f64() * 1e3,
            start.elapsed().as_secs_f64() * 1e3
        );
        return;
    }
    println!("nobody has anything left to revoke: make the database anew");
}

struct Browser {
    client: Client,
    base: String,
}

impl Browser {
    async fn sign_in(base: String) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .cookie_store(true)
            .no_proxy()
            .build()
            .unwrap();
        let browser = Self { client, base };
        let csrf = hidden(&browser.get("/login").await, "csrf");
        let fields = [("email", EMAIL), ("password", PASSWORD), ("csrf", csrf.as_str())];
        assert_eq!(browser.post("/login", &fields).await, 303, "signing in");
        browser
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> u16 {
        let answer = self.client.post(format!("{}{path}", self.base)).form(fields).send();
        answer.await.unwrap().status().as_u16()
    }
}

/// The value of a hidden field; none, if there is no such field.
fn hidden(page: &str, name: &str) -> String {
    let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    field.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}
