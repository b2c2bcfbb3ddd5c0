//! A large invented index for the demo and for measuring, made inside SQLite: the same every time.
//! Row by row through the import it would take an hour.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::connection::Conn;

/// The lists that values are taken from, a word each; those early in a list are taken most.
const LISTS: [(&str, &str); 10] = [
    ("country", "US GB DE CA AU FR NL SE ES IT JP BR IN NZ PL AT CH BE DK NO"),
    (
        "category",
        "apparel home-garden beauty food-drink jewelry pets sports toys electronics stationery outdoor books",
    ),
    ("platform", "shopify woocommerce bigcommerce magento prestashop custom"),
    ("theme", "dawn impulse prestige sense storefront craft studio refresh"),
    (
        "app",
        "Klaviyo Yotpo Gorgias Recharge Loox Privy Omnisend AfterShip Smile Klarna Tidio Zendesk Attentive PageFly Stamped ShipStation",
    ),
    ("pixel", "Meta Google TikTok Pinterest Microsoft Snapchat Reddit"),
    (
        "word",
        "Amber Birch Cobalt Driftwood Ember Fern Golden Hazel Indigo Juniper Kindred Lantern Maple Nimbus Ochre Pebble Quartz Rustic Saffron Thistle Umber Velvet Willow Zephyr Anvil Basket Candle Dial Easel Flask Garden Harbor Inkwell Jar Kettle Loom Mitten Needle Orchard Parasol Quilt Ribbon Saddle Teapot Urn Vase Wagon Yarn",
    ),
    ("role", "marketing founder ecommerce operations support purchasing technology finance"),
    ("seniority", "manager owner head staff director c-level"),
    ("status", "valid valid valid catch_all guessed unknown bounced suppressed"),
];
/// Apps beyond those with a name, each rarer than the one before.
const MORE_APPS: u32 = 280;
/// Ids of stores begin here, above those of a smaller sample.
const FIRST_STORE: i64 = 100_000;
/// Ids of contacts begin here.
const FIRST_CONTACT: i64 = 1_000_000;

/// Adds `stores` stores, about six technologies and three contacts to each. Contacts know their
/// entries; the entries themselves are still to be written.
///
/// # Errors
/// On PostgreSQL, or when the sample is there already.
pub fn fill(conn: &mut Conn, stores: u32, now: i64) -> QueryResult<()> {
    let Conn::Sqlite(conn) = conn else {
        let message = "the large sample is made on SQLite only".into();
        return Err(diesel::result::Error::QueryBuilderError(message));
    };
    conn.batch_execute(&lists())?;
    conn.batch_execute(&rows(stores, now))?;
    conn.batch_execute("DROP TABLE temp.list")
}

fn lists() -> String {
    let mut sql = String::from(
        "CREATE TEMP TABLE list (of TEXT, place INTEGER, word TEXT, PRIMARY KEY (of, place)) WITHOUT ROWID;",
    );
    for (of, words) in LISTS {
        for (place, word) in words.split(' ').enumerate() {
            sql.push_str(&format!("INSERT INTO list VALUES ('{of}', {place}, '{word}');"));
        }
    }
    for more in 0..MORE_APPS {
        sql.push_str(&format!("INSERT INTO list VALUES ('app', {}, 'App {more}');", 16 + more));
    }
    sql
}

/// A number below `below` that looks random and is the same for the same row `of` and column `salt`.
fn random(of: &str, salt: u32, below: u32) -> String {
    let first = format!("(({of}) * 1664525 + {salt} * 1013904223 & 4294967295)");
    let second = format!("(({first} >> 9) * 69069 + {first} * 40503 + {salt} & 4294967295)");
    format!("(((({second} >> 13) * 1103515 + {second} * 25173 & 2147483647) >> 5) % {below})")
}

/// A word of a list, evenly.
fn even(of: &str, salt: u32, list: &str) -> String {
    let count = LISTS
        .iter()
        .find(|(name, _)| *name == list)
        .map_or(1, |(_, words)| u32::try_from(words.split(' ').count()).unwrap_or(1));
    word(list, &random(of, salt, count))
}

/// A word of the first `count` of a list, the early ones much more often.
fn early(of: &str, salt: u32, list: &str, count: u32) -> String {
    let share = format!("{} / 10007.0", random(of, salt, 10_007));
    word(list, &format!("CAST({count} * ({share}) * ({share}) * ({share}) AS INTEGER)"))
}

fn word(list: &str, place: &str) -> String {
    format!("(SELECT word FROM list WHERE of = '{list}' AND place = {place})")
}

fn rows(stores: u32, now: i64) -> String {
    let many = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {stores})"
    );
    let (first, last) = (even("i", 1, "word"), even("i", 2, "word"));
    let magnitude = format!(
        "CASE {} WHEN 0 THEN 100 WHEN 1 THEN 1000 WHEN 2 THEN 10000 ELSE 100000 END",
        random("i", 3, 4)
    );
    let visits = format!("({} + 100) * {magnitude} / 100", random("i", 4, 900));
    let unknown = format!("{} < 8", random("i", 5, 100));
    let technologies = "SELECT i, j FROM n CROSS JOIN (SELECT 1 AS j UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)";
    let domain = format!("lower({first} || '-' || {last}) || '-' || i || '.example'");
    let person = "c.i * 8 + c.j";
    format!(
        "INSERT INTO stores (id, domain, name, platform, country, category, monthly_visits, revenue_usd, theme, plus, ads, products,
             description, updated_at, imported_at)
           {many} SELECT {FIRST_STORE} + i, {domain}, {first} || ' ' || {last} || ' ' || i, {platform}, {country}, {category},
             CASE WHEN {unknown} THEN NULL ELSE {visits} END,
             CASE WHEN {unknown} THEN NULL ELSE {visits} * ({dollars} + 6) END,
             {theme}, {plus} = 0, {ads} < 45, {products},
             {first} || ' sells what ' || {third} || ' and ' || {fourth} || ' are made of. An invented store.', {now}, {now} FROM n;
         INSERT OR IGNORE INTO store_technologies (store_id, kind, slug, name)
           SELECT store_id, 'app', replace(lower(name), ' ', '-'), name FROM
             ({many} SELECT {FIRST_STORE} + i AS store_id, {app} AS name FROM ({technologies}));
         INSERT OR IGNORE INTO store_technologies (store_id, kind, slug, name)
           SELECT store_id, 'pixel', lower(name), name FROM
             ({many} SELECT {FIRST_STORE} + i AS store_id, {pixel} AS name FROM ({technologies}) WHERE j < 4);
         INSERT INTO contacts (id, external_id, entry_id, store_domain, first_name, last_name, title, role, seniority, country,
             email, email_status, phone, imported_at)
           SELECT {FIRST_CONTACT} + {person}, 'many-' || c.i || '-' || c.j, s.id, s.domain, {forename}, {surname} || lower({ending}),
             {role} || ' ' || {seniority}, {role}, {seniority}, s.country,
             'person' || c.j || '@' || s.domain, {status}, CASE WHEN {phone} < 4 THEN '+1 555 01' || ({phone} + 10) END, {now}
           FROM ({many} SELECT i, j FROM n CROSS JOIN (SELECT 1 AS j UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
             UNION ALL SELECT 5 UNION ALL SELECT 6) WHERE {none} >= 15 AND j <= 1 + {count}) AS c
           JOIN stores AS s ON s.id = {FIRST_STORE} + c.i;",
        platform = early("i", 6, "platform", 6),
        country = early("i", 7, "country", 20),
        category = even("i", 8, "category"),
        dollars = random("i", 9, 54),
        theme = even("i", 10, "theme"),
        plus = random("i", 11, 20),
        ads = random("i", 12, 100),
        products = random("i", 13, 4_000),
        third = even("i", 14, "word"),
        fourth = even("i", 15, "word"),
        app = early("i * 4 + j", 16, "app", 16 + MORE_APPS),
        pixel = early("i * 4 + j", 17, "pixel", 7),
        forename = even(person, 18, "word"),
        surname = even(person, 19, "word"),
        ending = even(person, 26, "word"),
        role = early(person, 20, "role", 8),
        seniority = early(person, 21, "seniority", 6),
        status = even(person, 22, "status"),
        phone = random(person, 23, 10),
        none = random("i", 24, 100),
        count = random("i", 25, 6),
    )
}
