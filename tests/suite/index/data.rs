//! Invented stores and contacts, random and the same every time, and getting them in and out.

use portcullis::domain::audit::Actor;
use portcullis::domain::filter::{ContactFilter, StoreFilter, StoreSort};
use portcullis::domain::import::Entity;
use portcullis::ids::UserId;
use portcullis::service::import::{self, Format, Import};
use portcullis::service::index;
use serde_json::{Value, json};

use crate::support::TestApp;

pub const COUNTRIES: [&str; 4] = ["DE", "US", "FR", "JP"];
pub const CATEGORIES: [&str; 3] = ["home-garden", "food", "pets"];
pub const PLATFORMS: [&str; 2] = ["shopify", "custom"];
pub const THEMES: [&str; 3] = ["dawn", "craft", "sense"];
pub const APPS: [&str; 5] = ["klaviyo", "judge-me", "yotpo", "loox", "größe"];
pub const PIXELS: [&str; 3] = ["meta", "tiktok", "klaviyo"];
pub const ROLES: [&str; 3] = ["marketing", "founder", "support"];
pub const SENIORITIES: [&str; 3] = ["head", "owner", "staff"];
const WORDS: [&str; 10] = [
    "Lantern",
    "Straße",
    "CAFÉ",
    "Москва",
    "100%",
    "a_b",
    "\"NEAR(",
    "🫖🫖🫖",
    "Σίσυφος",
    "f1 OR f2",
];

/// SplitMix64: numbers that look random and are the same every time.
pub struct Random(pub u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, below: usize) -> usize {
        (self.number() % below as u64) as usize
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn some(&mut self, items: &[&str]) -> Vec<String> {
        items.iter().filter(|_| self.percent(35)).map(|item| (*item).to_owned()).collect()
    }

    fn maybe(&mut self, items: &[&str]) -> Value {
        if self.percent(85) { json!(self.pick(items)) } else { Value::Null }
    }
}

/// A store with every column.
pub fn store(random: &mut Random, number: usize) -> Value {
    let visits =
        random.percent(80).then(|| random.below(40) * 10_usize.pow(random.below(6) as u32));
    let dollars =
        random.percent(80).then(|| random.below(40) * 10_usize.pow(random.below(8) as u32));
    json!({
        "domain": format!("{}{number}.test.example", random.pick(&["cup", "tea", "bike"])),
        "name": format!("{} {}", random.pick(&WORDS), random.pick(&WORDS)),
        "platform": random.maybe(&PLATFORMS),
        "country": random.maybe(&COUNTRIES),
        "category": random.maybe(&CATEGORIES),
        "theme": random.maybe(&THEMES),
        "monthly_visits": visits,
        "revenue_usd": dollars,
        "plus": random.percent(70).then(|| random.percent(30)),
        "ads": random.percent(70).then(|| random.percent(50)),
        "apps": random.some(&APPS),
        "pixels": random.some(&PIXELS),
        "description": format!("Sells {} and\n{}.", random.pick(&WORDS), random.pick(&WORDS)),
    })
}

/// A contact with every column, of one of `stores`, of a store nobody knows, or of none.
pub fn contact(random: &mut Random, number: usize, stores: &[Value]) -> Value {
    let domain = match random.below(10) {
        0 => Value::Null,
        1 => json!(format!("unknown{}.test.example", random.below(5))),
        _ => stores[random.below(stores.len())]["domain"].clone(),
    };
    json!({
        "external_id": format!("person{number}@mail.test.example"),
        "store_domain": domain,
        "first_name": random.pick(&WORDS),
        "last_name": format!("Surname{number}"),
        "title": format!("{} of {}", random.pick(&["Head", "Chief"]), random.pick(&WORDS)),
        "role": random.maybe(&ROLES),
        "seniority": random.maybe(&SENIORITIES),
        "country": random.maybe(&COUNTRIES),
        "email": format!("secret{number}@mail.test.example"),
        "email_status": random.pick(&["valid", "catch_all", "guessed", "bounced", "suppressed", "unknown"]),
        "phone": format!("+1 555 01{number:04}"),
        "linkedin_url": format!("https://www.linkedin.com/in/profile{number}"),
    })
}

/// Imports rows, as from a file.
pub async fn bring(app: &TestApp, entity: Entity, rows: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let plan = Import {
        entity,
        format: Some(Format::JsonLines),
        strict: true,
        name: "rows.jsonl".into(),
        limits: None,
        rejects: folder.path().join("rejects.jsonl"),
    };
    let input = Box::new(std::io::Cursor::new(lines.join("\n")));
    import::run(&app.ctx.db, &app.ctx.clock, &Actor::operator(), plan, input, &|_, _| ())
        .await
        .unwrap();
}

const CALLER: UserId = UserId(1);

/// A page of a store search: domains without those of the fixture, and the next cursor.
pub async fn stores_page(
    app: &TestApp,
    filter: &Value,
    sort: StoreSort,
    limit: i64,
    cursor: Option<&str>,
) -> (Vec<String>, Option<String>) {
    let parsed: StoreFilter = serde_json::from_value(filter.clone()).unwrap();
    let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
    let page = index::search_stores(db, secret, CALLER, parsed, sort, limit, cursor).await.unwrap();
    let domains = page.stores.into_iter().map(|store| store.domain);
    (domains.filter(|domain| domain.ends_with(".test.example")).collect(), page.next_cursor)
}

/// A page of a contact search: last names, and the next cursor.
pub async fn contacts_page(
    app: &TestApp,
    filter: &Value,
    limit: i64,
    cursor: Option<&str>,
) -> (Vec<String>, Option<String>) {
    let parsed: ContactFilter = serde_json::from_value(filter.clone()).unwrap();
    let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
    let page = index::search_contacts(db, secret, CALLER, parsed, limit, cursor).await.unwrap();
    let names = page.contacts.into_iter().map(|contact| contact.last_name.unwrap());
    (names.collect(), page.next_cursor)
}

/// All pages of a store search.
pub async fn all_stores(app: &TestApp, filter: &Value, sort: StoreSort, limit: i64) -> Vec<String> {
    let (mut all, mut cursor) = stores_page(app, filter, sort, limit, None).await;
    while let Some(from) = cursor {
        let (more, next) = stores_page(app, filter, sort, limit, Some(&from)).await;
        all.extend(more);
        cursor = next;
    }
    all
}

/// All pages of a contact search.
pub async fn all_contacts(app: &TestApp, filter: &Value, limit: i64) -> Vec<String> {
    let (mut all, mut cursor) = contacts_page(app, filter, limit, None).await;
    while let Some(from) = cursor {
        let (more, next) = contacts_page(app, filter, limit, Some(&from)).await;
        all.extend(more);
        cursor = next;
    }
    all
}
