//! Stores and contacts of the sample, through the same rules and statements as an import.

use serde_json::{Value, json};

use super::DAY;
use super::random::Random;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::import::{Entity, Record};
use crate::error::{Error, Result};
use crate::store::index_write::upsert;

/// Records of one statement that looks up what is there.
const BATCH: usize = 400;

const FIRST_WORDS: [&str; 24] = [
    "Amber",
    "Birch",
    "Cobalt",
    "Driftwood",
    "Ember",
    "Fern",
    "Golden",
    "Hazel",
    "Indigo",
    "Juniper",
    "Kindred",
    "Lantern",
    "Maple",
    "Nimbus",
    "Ochre",
    "Pebble",
    "Quartz",
    "Rustic",
    "Saffron",
    "Thistle",
    "Umber",
    "Velvet",
    "Willow",
    "Zephyr",
];
const LAST_WORDS: [&str; 24] = [
    "Anvil", "Basket", "Candle", "Dial", "Easel", "Flask", "Garden", "Harbor", "Inkwell", "Jar",
    "Kettle", "Loom", "Mitten", "Needle", "Orchard", "Parasol", "Quilt", "Ribbon", "Saddle",
    "Teapot", "Urn", "Vase", "Wagon", "Yarn",
];
/// The first ones are picked most.
const COUNTRIES: [&str; 14] =
    ["US", "GB", "DE", "CA", "AU", "FR", "NL", "SE", "ES", "IT", "JP", "BR", "IN", "NZ"];
const CATEGORIES: [(&str, &str); 12] = [
    ("apparel", "clothing for every day"),
    ("home-garden", "things for the house and the garden"),
    ("beauty", "skin and hair care in small batches"),
    ("food-drink", "tea, coffee and pantry goods"),
    ("jewelry", "rings and necklaces made to order"),
    ("pets", "toys and food for cats and dogs"),
    ("sports", "gear for running and climbing"),
    ("toys", "wooden toys and board games"),
    ("electronics", "cables, chargers and lamps"),
    ("stationery", "notebooks, pens and paper"),
    ("outdoor", "tents, stoves and warm blankets"),
    ("books", "new and second-hand books"),
];
const PLATFORMS: [&str; 6] =
    ["shopify", "woocommerce", "bigcommerce", "magento", "prestashop", "custom"];
const THEMES: [&str; 8] =
    ["dawn", "impulse", "prestige", "sense", "storefront", "craft", "studio", "refresh"];
const APPS: [&str; 18] = [
    "Klaviyo",
    "Judge Me",
    "Yotpo",
    "Gorgias",
    "Recharge",
    "Loox",
    "Privy",
    "Omnisend",
    "AfterShip",
    "Smile",
    "Klarna",
    "Tidio",
    "Zendesk",
    "Attentive",
    "Bold Upsell",
    "PageFly",
    "Stamped",
    "ShipStation",
];
const PIXELS: [&str; 7] =
    ["Meta", "Google Analytics", "TikTok", "Pinterest", "Microsoft Ads", "Snapchat", "Reddit"];

const FIRST_NAMES: [&str; 30] = [
    "Ada", "Bruno", "Clara", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya",
    "Liam", "Mara", "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Sami", "Tessa", "Umar", "Vera",
    "Wim", "Xenia", "Yusuf", "Zora", "Anouk", "Bela", "Cleo", "Dana",
];
const LAST_NAMES: [&str; 26] = [
    "Applewick",
    "Bramblecote",
    "Cinderford",
    "Dovetail",
    "Elderquay",
    "Foxmantle",
    "Gorsefield",
    "Hollowbrook",
    "Ivymere",
    "Jasperwell",
    "Kestrelby",
    "Larkspire",
    "Mossgrove",
    "Nettlecombe",
    "Oakenshaw",
    "Pennywhistle",
    "Quillfeather",
    "Rookhaven",
    "Silverthorn",
    "Tumbleweir",
    "Underhillock",
    "Vinterby",
    "Wrenlock",
    "Yarrowby",
    "Zinnwald",
    "Thornapple",
];
const JOBS: [(&str, &str, &str); 8] = [
    ("Founder", "founder", "owner"),
    ("Head of E-commerce", "ecommerce", "head"),
    ("Marketing Manager", "marketing", "manager"),
    ("Chief Technology Officer", "technology", "c-level"),
    ("Buyer", "purchasing", "staff"),
    ("Customer Service Lead", "support", "manager"),
    ("Head of Growth", "marketing", "head"),
    ("Operations Director", "operations", "director"),
];
const STATUSES: [&str; 10] = [
    "valid",
    "valid",
    "valid",
    "valid",
    "valid",
    "catch_all",
    "guessed",
    "unknown",
    "bounced",
    "suppressed",
];

/// Loads them and says how many.
pub(super) fn load(conn: &mut Conn, random: &mut Random, now: Timestamp) -> Result<(usize, usize)> {
    let mut stores = Vec::new();
    let mut contacts = Vec::new();
    for (place, first) in FIRST_WORDS.iter().enumerate() {
        for (other, last) in LAST_WORDS.iter().enumerate() {
            // A few pairs stay unused, so that the list is no table of all combinations.
            if (place + 2 * other) % 13 == 0 {
                continue;
            }
            let domain = format!("{}-{}.example", first.to_lowercase(), last.to_lowercase());
            let country = random.pick_early(&COUNTRIES);
            stores.push(store(random, now, &domain, &format!("{first} {last}"), country));
            let people = if random.percent(15) { 0 } else { random.between(1, 5) };
            for _ in 0..people {
                contacts.push(contact(random, contacts.len() + 1, &domain, country));
            }
        }
    }
    for (entity, rows) in [(Entity::Stores, &stores), (Entity::Contacts, &contacts)] {
        let records = rows.iter().map(|row| record(entity, row)).collect::<Result<Vec<_>>>()?;
        for batch in records.chunks(BATCH) {
            upsert(conn, entity, batch, now)?;
        }
    }
    Ok((stores.len(), contacts.len()))
}

fn record(entity: Entity, row: &Value) -> Result<Record> {
    let object = row.as_object().ok_or_else(|| Error::internal("a sample row is no object"))?;
    Record::from_json(entity, object).map_err(|problems| {
        Error::internal(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })
}

fn store(random: &mut Random, now: Timestamp, domain: &str, name: &str, country: &str) -> Value {
    let (category, sells) = random.pick(&CATEGORIES);
    let platform = random.pick_early(&PLATFORMS);
    // Each magnitude as often as the next, as among real stores.
    let magnitude = u32::try_from(random.between(2, 6)).unwrap_or(2);
    let visits = random.between(1, 9) * 10_i64.pow(magnitude) / 2 + random.between(0, 49);
    let revenue = visits * random.between(6, 60);
    let mut names = |all: &'static [&'static str], most| {
        let count = random.between(0, most);
        (0..count).map(|_| random.pick_early(all)).collect::<Vec<_>>()
    };
    let (apps, pixels) = (names(&APPS, 7), names(&PIXELS, 4));
    let known = random.percent(92);
    json!({
        "domain": domain,
        "name": name,
        "platform": platform,
        "country": country,
        "category": category,
        "monthly_visits": known.then_some(visits),
        "revenue_usd": (known && random.percent(85)).then_some(revenue),
        "theme": random.percent(80).then(|| random.pick(&THEMES)),
        "plus": platform == "shopify" && visits > 400_000,
        "ads": random.percent(45),
        "products": random.between(5, 4_000),
        "apps": apps,
        "pixels": pixels,
        "description": format!("{name} sells {sells}. An invented store of the demo."),
        "updated_at": Timestamp(now.0 - random.between(0, 90) * DAY).to_rfc3339(),
    })
}

fn contact(random: &mut Random, number: usize, domain: &str, country: &str) -> Value {
    let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
    let (title, role, seniority) = random.pick(&JOBS);
    let email = format!("{}.{}@{domain}", first.to_lowercase(), last.to_lowercase());
    let with_email = random.percent(88);
    json!({
        "external_id": format!("demo-{number:05}"),
        "store_domain": domain,
        "first_name": first,
        "last_name": last,
        "title": title,
        "role": role,
        "seniority": seniority,
        "country": country,
        "email": with_email.then_some(email),
        "email_status": if with_email { random.pick(&STATUSES) } else { "unknown" },
        // The block of numbers that the North American plan keeps for fiction.
        "phone": random.percent(40).then(|| format!("+1 555 01{:02}", random.between(0, 99))),
    })
}
