//! Searches of a large index on SQLite: a page of 25 for every filter and for combinations, first
//! pages and later ones, through the service, cursor and all. The database is made once, under
//! `target/bench-index/`, of 1,000,000 stores and 3,000,000 contacts; `--quick` takes 50,000 stores.
//! `BENCH_STORES` sets another number, `--only TEXT` measures the queries with that text alone.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to tell")]

use std::path::Path;
use std::time::Instant;

use actix_web::rt::System;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::Text;
use portcullis::clock::Timestamp;
use portcullis::db::{DatabaseUrl, Db, migrate};
use portcullis::domain::filter::{ContactFilter, StoreSort};
use portcullis::ids::UserId;
use portcullis::secrets::MasterSecret;
use portcullis::service::index;
use serde_json::{Value, json};

/// First pages measured of every query.
const FIRST: usize = 30;
/// Later pages measured of every query, each after the one before.
const LATER: usize = 30;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let stores = std::env::var("BENCH_STORES")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(if quick { 50_000 } else { 1_000_000 });
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    let is_asked = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    System::new().block_on(async {
        let db = open(stores).await;
        println!("{stores} stores");
        println!(
            "{:62} {:>9} {:>9} {:>9} {:>9}",
            "ms for a page of 25", "first p50", "first p95", "later p50", "later p95"
        );
        for (sort, filter) in store_queries() {
            let name = format!("{sort:?} {filter}");
            if is_asked(&name) {
                measure(&db, &name, &filter, Some(sort)).await;
            }
        }
        for filter in contact_queries() {
            let name = format!("contacts {filter}");
            if is_asked(&name) {
                measure(&db, &name, &filter, None).await;
            }
        }
        let start = Instant::now();
        index::taxonomy(&db).await.unwrap();
        println!("{:62} {:9.2}", "taxonomy", start.elapsed().as_secs_f64() * 1e3);
        plans(&db).await;
    });
}

/// The database, made unless it is there.
async fn open(stores: u32) -> Db {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-index");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{stores}.db"));
    let unfinished = folder.join(format!("{stores}.making.db"));
    if !path.exists() {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", unfinished.display()));
        }
        let start = Instant::now();
        let db = Db::open(&DatabaseUrl::Sqlite(unfinished.display().to_string()), 2).unwrap();
        db.maintain(migrate::run).await.unwrap();
        index::add_sample(&db, stores, Timestamp(1_797_336_030_000)).await.unwrap();
        db.maintain(|conn| Ok(diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn)?))
            .await
            .unwrap();
        drop(db);
        println!("made in {:.0} s", start.elapsed().as_secs_f64());
        std::fs::rename(&unfinished, &path).unwrap();
    }
    // A server that has run for a while has it in memory; that of a disk is not what is measured.
    std::io::copy(&mut std::fs::File::open(&path).unwrap(), &mut std::io::sink()).unwrap();
    Db::open(&DatabaseUrl::Sqlite(path.display().to_string()), 2).unwrap()
}

/// Store searches: every filter alone, then what people combine.
fn store_queries() -> Vec<(StoreSort, Value)> {
    let alone = [
        json!({}),
        json!({"country": ["DE"]}),
        json!({"country": ["NO", "DK"]}),
        json!({"category": ["pets"]}),
        json!({"platform": ["magento"]}),
        json!({"traffic": ["micro"]}),
        json!({"revenue": ["enterprise"]}),
        json!({"apps": ["klaviyo"]}),
        json!({"apps": ["app-270"]}),
        json!({"pixels": ["reddit"]}),
        json!({"missing_apps": ["klaviyo"]}),
        json!({"missing_pixels": ["meta", "google"]}),
        json!({"theme": ["craft"]}),
        json!({"ads": true}),
        json!({"plus": true}),
        json!({"has_contacts": false}),
        json!({"q": "lantern"}),
        json!({"q": "lantern-thistle-9"}),
        json!({"q": "invented"}),
    ];
    let together = [
        (
            StoreSort::Added,
            json!({"country": ["DE"], "category": ["pets"], "missing_apps": ["klaviyo"]}),
        ),
        (StoreSort::Added, json!({"q": "lantern", "country": ["NO"]})),
        (
            StoreSort::Added,
            json!({"apps": ["app-200"], "pixels": ["reddit"], "country": ["NO"], "plus": true}),
        ),
        (StoreSort::TrafficDesc, json!({"apps": ["yotpo"], "missing_pixels": ["meta"]})),
        (
            StoreSort::TrafficDesc,
            json!({"country": ["DE"], "category": ["pets"], "missing_apps": ["klaviyo"]}),
        ),
        (StoreSort::RevenueDesc, json!({"apps": ["app-270"]})),
        (StoreSort::TrafficDesc, json!({"traffic": ["micro"]})),
        (StoreSort::TrafficDesc, json!({"revenue": ["micro"]})),
        (StoreSort::RevenueDesc, json!({"q": "lantern", "has_contacts": true})),
    ];
    let sorts = [StoreSort::Added, StoreSort::TrafficDesc];
    let alone = alone.into_iter().flat_map(|filter| sorts.map(|sort| (sort, filter.clone())));
    alone.chain(together).collect()
}

fn contact_queries() -> Vec<Value> {
    vec![
        json!({}),
        json!({"role": ["marketing"]}),
        json!({"role": ["finance"], "country": ["NO"]}),
        json!({"role": ["finance"], "seniority": ["c-level"], "country": ["NO"]}),
        json!({"seniority": ["owner"]}),
        json!({"country": ["DE"]}),
        json!({"technology": ["klaviyo"]}),
        json!({"technology": ["app-270"]}),
        json!({"store": {"country": ["DE"], "apps": ["yotpo"]}}),
        json!({"store": {"missing_apps": ["klaviyo"], "traffic": ["large"]}, "role": ["founder"]}),
        json!({"q": "lantern"}),
        json!({"q": "amber thistle"}),
        json!({"q": "amber thistle", "country": ["NO"]}),
    ]
}

/// Measures first and later pages of one query and prints a line.
async fn measure(db: &Db, name: &str, filter: &Value, sort: Option<StoreSort>) {
    let secret = MasterSecret::new(b"0123456789abcdef0123456789abcdef");
    let one = async |cursor: Option<String>| {
        let start = Instant::now();
        let next = match sort {
            Some(sort) => {
                let filter = serde_json::from_value(filter.clone()).unwrap();
                index::search_stores(db, &secret, UserId(1), filter, sort, 25, cursor.as_deref())
                    .await
                    .unwrap()
                    .next_cursor
            }
            None => {
                let filter: ContactFilter = serde_json::from_value(filter.clone()).unwrap();
                index::search_contacts(db, &secret, UserId(1), filter, 25, cursor.as_deref())
                    .await
                    .unwrap()
                    .next_cursor
            }
        };
        (start.elapsed().as_secs_f64() * 1e3, next)
    };
    let (mut first, mut later) = (Vec::new(), Vec::new());
    let mut cursor = None;
    for _ in 0..FIRST {
        let (time, next) = one(None).await;
        first.push(time);
        cursor = next;
    }
    for _ in 0..LATER {
        let Some(from) = cursor.take() else { break };
        let (time, next) = one(Some(from)).await;
        later.push(time);
        cursor = next;
    }
    let short: String = name.replace('"', "").chars().take(62).collect();
    print!("{short:62} {:9.2} {:9.2}", percentile(&mut first, 0.5), percentile(&mut first, 0.95));
    println!(" {:9.2} {:9.2}", percentile(&mut later, 0.5), percentile(&mut later, 0.95));
}

fn percentile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let place = (times.len() as f64 * share) as usize;
    times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Prints how SQLite goes about the statements that a search is made of.
async fn plans(db: &Db) {
    for sql in [
        "SELECT rowid FROM index_words WHERE index_words MATCH '(f1) AND (f2 OR f3)' AND rowid >= 1 AND rowid <= 9 ORDER BY rowid LIMIT 26",
        "SELECT * FROM stores WHERE id IN (1, 2, 3)",
        "SELECT * FROM store_technologies WHERE store_id IN (1, 2, 3) ORDER BY store_id, slug",
        "SELECT * FROM contacts WHERE entry_id IN (1, 2, 3) AND entry_id >= 1 AND (entry_id > 1 OR id > 1) ORDER BY entry_id, id LIMIT 200",
        "SELECT id, kind, value FROM facets WHERE value IN ('DE', 'klaviyo') AND entries > 0",
        "SELECT id, entries FROM facets WHERE kind = 'visits_step' AND value <= '00400' AND value <> 'none' ORDER BY value DESC",
    ] {
        println!("\n{sql}");
        let steps: Vec<Step> = db
            .read(
                move |conn| Ok(diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn)?),
            )
            .await
            .unwrap();
        for step in steps {
            println!("  {}", step.detail);
        }
    }
}
