//! Rows per second of an import into SQLite: full profiles for the first time, the same file again,
//! and with a tenth of the rows changed; stores, then contacts. `ROWS` takes another number. The
//! processor's time is told too (on Linux): on a machine that does other work it is what compares.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to tell")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use portcullis::clock::Clock;
use portcullis::config;
use portcullis::domain::audit::Actor;
use portcullis::domain::import::Entity;
use portcullis::service::import::{self, Import};
use portcullis::service::{Ctx, bootstrap};
use serde_json::{Value, json};

const ROWS: u64 = 200_000;

#[actix_web::main]
async fn main() {
    let rows = std::env::var("ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROWS);
    let folder = tempfile::tempdir().unwrap();
    let ctx = open(folder.path()).await;
    println!("{rows} rows                      rows/s    reading    writing  processor");
    for (entity, make) in
        [(Entity::Stores, store as fn(u64, u64) -> Value), (Entity::Contacts, contact)]
    {
        let path = folder.path().join(entity.name());
        for (what, round) in [("first import", 0), ("unchanged", 0), ("a tenth changed", 1)] {
            write(&path, rows, |number| make(number, if number % 10 == 0 { round } else { 0 }));
            measure(&ctx, entity, &path, what, rows).await;
        }
    }
}

async fn measure(ctx: &Ctx, entity: Entity, path: &Path, what: &str, rows: u64) {
    let plan = Import {
        entity,
        format: None,
        strict: false,
        name: what.into(),
        rejects: path.with_extension("rejected"),
        limits: None,
    };
    let input = Box::new(File::open(path).unwrap());
    let read = OnceLock::new();
    let (started, worked) = (Instant::now(), processor_seconds());
    let told = |_, _| {
        read.get_or_init(|| started.elapsed());
    };
    let report =
        import::run(&ctx.db, &ctx.clock, &Actor::operator(), plan, input, &told).await.unwrap();
    let (whole, read) = (started.elapsed(), *read.get().unwrap());
    let worked = processor_seconds() - worked;
    assert_eq!((report.read, report.rejected), (rows, 0), "{report:?}");
    println!(
        "{:8} {what:16} {:14.0} {:8.2} s {:8.2} s {worked:8.2} s   {} new, {} changed, {} as they were",
        entity.name(),
        rows as f64 / whole.as_secs_f64(),
        read.as_secs_f64(),
        (whole - read).as_secs_f64(),
        report.inserted,
        report.updated,
        report.unchanged,
    );
}

/// What this process has taken of the processors so far, all threads together.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

async fn open(folder: &Path) -> Ctx {
    let variables = BTreeMap::from([
        ("PORTCULLIS_DATABASE_URL", format!("sqlite://{}", folder.join("bench.db").display())),
        ("PORTCULLIS_DATA_FOLDER", folder.display().to_string()),
        ("PORTCULLIS_SECRET", "a secret of a benchmark, nobody else's".into()),
    ]);
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    bootstrap::open(config::load(None, variables).unwrap().config, Clock::system()).await.unwrap()
}

fn write(path: &Path, rows: u64, row: impl Fn(u64) -> Value) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for number in 0..rows {
        writeln!(file, "{}", row(number)).unwrap();
    }
    file.flush().unwrap();
}

/// A store with every column; `round` changes one of them.
fn store(number: u64, round: u64) -> Value {
    // Rows of a real file do not come in the order of any of their columns.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    json!({
        "domain": format!("shop-{mixed:x}.example.com"),
        "name": format!("Shop number {number}"),
        "platform": pick(&["Shopify", "WooCommerce", "Magento"], mixed),
        "country": pick(&["US", "DE", "FR", "GB", "JP"], mixed),
        "category": format!("Category {}", mixed % 40),
        "monthly_visits": mixed % 5_000_000 + round,
        "revenue_usd": mixed % 90_000_000,
        "theme": format!("Theme {}", mixed % 60),
        "plus": mixed.is_multiple_of(7),
        "ads": mixed.is_multiple_of(2),
        "products": mixed % 900,
        "apps": (0..5).map(|n| format!("App {}", (mixed + n * 7) % 300)).collect::<Vec<_>>(),
        "pixels": ["Meta", format!("Pixel {}", mixed % 20)],
        "description": format!("Shop {number} sells cups, lamps and chairs of all kinds, sent to your door within three days. Since {}.", 1950 + mixed % 70),
        "updated_at": "2026-11-20T08:15:00Z",
    })
}

/// A contact with every column; `round` changes one of them.
fn contact(number: u64, round: u64) -> Value {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    json!({
        "external_id": format!("contact-{mixed:x}"),
        "store_domain": format!("shop-{mixed:x}.example.com"),
        "first_name": format!("Ann {}", mixed % 500),
        "last_name": format!("Example {}", mixed % 9_000),
        "title": pick(&["Founder", "Head of Marketing", "Buyer"], mixed),
        "role": "Marketing",
        "seniority": "Director",
        "country": pick(&["US", "DE", "FR", "GB", "JP"], mixed),
        "email": format!("ann.{mixed:x}@shop.example"),
        "email_status": "valid",
        "phone": format!("+1 555 01{:02} {}", mixed % 100, round),
        "linkedin_url": format!("https://www.linkedin.com/in/ann-{mixed:x}"),
    })
}

fn pick(words: &[&'static str], number: u64) -> &'static str {
    words.get((number % words.len() as u64) as usize).copied().unwrap()
}
