use serde_json::json;

use super::*;
use crate::clock::Timestamp;
use crate::domain::filter::Tier;
use crate::domain::import::{Entity, Record};
use crate::store::index_write::upsert;
use crate::store::testing::databases;

fn fill(conn: &mut Conn) {
    let stores = json!([
        {"domain": "cups.example", "name": "Cups & Co", "country": "DE", "category": "Home Garden",
         "platform": "Shopify", "monthly_visits": 500, "revenue_usd": 90_000, "theme": "Dawn",
         "plus": false, "ads": true, "apps": "Klaviyo;Judge Me", "pixels": "Meta"},
        {"domain": "tea.example", "name": "100% Tea", "country": "US", "category": "food",
         "platform": "shopify", "monthly_visits": 20_000, "plus": true, "apps": "Klaviyo"},
        {"domain": "bare.example"},
        {"domain": "bikes.example", "country": "US", "platform": "WooCommerce",
         "monthly_visits": 20_000, "revenue_usd": 5_000_000, "pixels": "TikTok",
         "description": "Bikes, CUPS_holders"},
    ]);
    let contacts = json!([{"external_id": "c1", "store_domain": "tea.example"}]);
    for (entity, rows) in [(Entity::Stores, stores), (Entity::Contacts, contacts)] {
        let records: Vec<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| Record::from_json(entity, row.as_object().unwrap()).unwrap())
            .collect();
        conn.transaction(|conn| upsert(conn, entity, &records, Timestamp(1))).unwrap();
    }
}

fn domains(found: &[Found]) -> Vec<&str> {
    found.iter().map(|found| found.profile.domain.trim_end_matches(".example")).collect()
}

fn expect(conn: &mut Conn, filter: serde_json::Value, expected: &[&str]) {
    let parsed: StoreFilter = serde_json::from_value(filter.clone()).unwrap();
    let found = search(conn, &parsed, StoreSort::Added, None, 100).unwrap();
    assert_eq!(domains(&found), expected, "{filter}");
}

#[test]
fn every_filter_narrows() {
    for mut base in databases() {
        let conn = &mut base.conn;
        fill(conn);
        expect(conn, json!({}), &["cups", "tea", "bare", "bikes"]);
        expect(conn, json!({"country": ["us"]}), &["tea", "bikes"]);
        expect(conn, json!({"country": ["US", "DE"]}), &["cups", "tea", "bikes"]);
        expect(conn, json!({"category": ["home garden"]}), &["cups"]);
        expect(conn, json!({"category": ["home-garden", "Food"]}), &["cups", "tea"]);
        expect(conn, json!({"platform": ["SHOPIFY"]}), &["cups", "tea"]);
        expect(conn, json!({"theme": ["dawn"]}), &["cups"]);
        expect(conn, json!({"traffic": ["micro"]}), &["cups"]);
        expect(conn, json!({"traffic": ["micro", "medium"]}), &["cups", "tea", "bikes"]);
        expect(conn, json!({"revenue": ["medium"]}), &["bikes"]);
        expect(conn, json!({"apps": ["judge me", "nothing"]}), &["cups"]);
        expect(conn, json!({"apps": ["klaviyo"]}), &["cups", "tea"]);
        expect(conn, json!({"pixels": ["Meta", "tiktok"]}), &["cups", "bikes"]);
        expect(conn, json!({"missing_apps": ["judge-me"]}), &["tea", "bare", "bikes"]);
        expect(conn, json!({"missing_apps": ["judge-me", "klaviyo"]}), &["bare", "bikes"]);
        expect(conn, json!({"missing_pixels": ["meta"]}), &["tea", "bare", "bikes"]);
        expect(conn, json!({"ads": true}), &["cups"]);
        expect(conn, json!({"plus": false}), &["cups"]);
        expect(conn, json!({"has_contacts": true}), &["tea"]);
        expect(conn, json!({"has_contacts": false}), &["cups", "bare", "bikes"]);
    }
}

#[test]
fn different_filters_mean_all_of_them() {
    for mut base in databases() {
        let conn = &mut base.conn;
        fill(conn);
        expect(
            conn,
            json!({"country": ["US"], "traffic": ["medium"], "has_contacts": true}),
            &["tea"],
        );
        expect(conn, json!({"apps": ["klaviyo"], "missing_pixels": ["meta"]}), &["tea"]);
        expect(conn, json!({"platform": ["shopify"], "q": "bike"}), &[]);
    }
}

#[test]
fn text_is_found_anywhere_and_wildcards_mean_themselves() {
    for mut base in databases() {
        let conn = &mut base.conn;
        fill(conn);
        expect(conn, json!({"q": "CUPS"}), &["cups", "bikes"]);
        expect(conn, json!({"q": "100%"}), &["tea"]);
        expect(conn, json!({"q": "s_h"}), &["bikes"]);
        expect(conn, json!({"q": "c%s"}), &[]);
        expect(conn, json!({"q": "a\\b"}), &[]);
    }
}

#[test]
fn pages_join_up_without_gap_or_repeat_and_stores_without_traffic_come_last() {
    for mut base in databases() {
        let conn = &mut base.conn;
        fill(conn);
        let filter = StoreFilter::default();
        for (sort, expected) in [
            (StoreSort::Added, ["cups", "tea", "bare", "bikes"]),
            (StoreSort::TrafficDesc, ["bikes", "tea", "cups", "bare"]),
            (StoreSort::RevenueDesc, ["bikes", "cups", "bare", "tea"]),
        ] {
            for size in 1..=5 {
                let mut all = Vec::new();
                let mut after = None;
                loop {
                    let page = search(conn, &filter, sort, after.as_ref(), size).unwrap();
                    let Some(last) = page.last() else { break };
                    after = Some(last.position.clone());
                    all.extend(page);
                }
                assert_eq!(domains(&all), expected, "{sort:?} by {size}");
            }
        }
    }
}

/// The first stores by id say nothing of the others: text that all of these have, or none, is found
/// in the same order.
#[test]
fn text_that_most_of_the_first_stores_have_is_found_in_order() {
    for mut base in databases() {
        let conn = &mut base.conn;
        let row = |n: u32| {
            let name = if n < 700 || n.is_multiple_of(50) { "Lantern" } else { "Kettle" };
            // More traffic than the first, so that what has not the text comes first downstairs.
            let visits = if n < 700 { n } else { 1_000 + n };
            json!({"domain": format!("shop-{n:04}.example"), "name": name, "monthly_visits": visits})
        };
        let records: Vec<_> = (0..1_400)
            .map(|n| Record::from_json(Entity::Stores, row(n).as_object().unwrap()).unwrap())
            .collect();
        conn.transaction(|conn| upsert(conn, Entity::Stores, &records, Timestamp(1))).unwrap();
        let mut expected: Vec<u32> =
            (0..1_400_u32).filter(|n: &u32| *n < 700 || n.is_multiple_of(50)).collect();
        expected.sort_by_key(|n| std::cmp::Reverse(if *n < 700 { *n } else { 1_000 + n }));
        let expected: Vec<String> = expected.iter().map(|n| format!("shop-{n:04}")).collect();
        let filter: StoreFilter = serde_json::from_value(json!({"q": "lantern"})).unwrap();
        for size in [7, 100, 2_000] {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let sort = StoreSort::TrafficDesc;
                let page = search(conn, &filter, sort, after.as_ref(), size).unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.position.clone());
                all.extend(page);
            }
            assert_eq!(domains(&all), expected, "by {size}");
        }
    }
}

/// Whatever is looked up and whatever is compared, a list is the one that a naive search makes.
#[test]
fn lists_by_numbers_are_the_same_however_they_are_found() {
    let pick = |n: u64, salt: u64, values: &[&'static str]| {
        values[((n + 7) * (salt * 2 + 1) * 2_654_435 / 128) as usize % values.len()]
    };
    let row = |n: u64| {
        let name = format!("{} {n}", pick(n, 1, &["Lantern", "Kettle", "Kettle"]));
        let spread = n * 2_654_435 % 9_000;
        json!({
            "domain": format!("shop-{n:04}.example"),
            "name": name,
            "country": pick(n, 2, &["DE", "DE", "DE", "US"]),
            "ads": pick(n, 3, &["yes", "yes", "no"]),
            "pixels": pick(n, 4, &["Meta", "Meta;Google", "TikTok"]),
            "monthly_visits": if n.is_multiple_of(9) { json!(null) } else { json!(spread * (n % 5)) },
            "revenue_usd": 100_000 + spread * 17,
        })
    };
    let rows: Vec<serde_json::Value> = (0..2_600).map(row).collect();
    let named = |row: &serde_json::Value, text| row["name"].as_str().unwrap().contains(text);
    type Test<'a> = &'a dyn Fn(&serde_json::Value) -> bool;
    let cases: [(serde_json::Value, Test<'_>); 6] = [
        (json!({}), &|_| true),
        (json!({"country": ["DE"], "ads": true}), &|row| {
            row["country"] == "DE" && row["ads"] == "yes"
        }),
        (json!({"missing_pixels": ["google", "tiktok"]}), &|row| row["pixels"] == "Meta"),
        (json!({"q": "lantern"}), &|row| named(row, "Lantern")),
        (json!({"q": "lantern", "country": ["DE"], "missing_pixels": ["tiktok"]}), &|row| {
            named(row, "Lantern") && row["country"] == "DE" && row["pixels"] != "TikTok"
        }),
        (json!({"q": "kettle", "traffic": ["micro", "small"]}), &|row| {
            named(row, "Kettle") && row["monthly_visits"].as_i64().is_some_and(|n| n < 10_000)
        }),
    ];
    let prices = [MEASURED, Prices { facets: 0.0, text: 0.0 }, Prices { facets: 0.0, text: 1e9 }];
    for mut base in databases() {
        let conn = &mut base.conn;
        let records: Vec<_> = rows
            .iter()
            .map(|row| Record::from_json(Entity::Stores, row.as_object().unwrap()).unwrap())
            .collect();
        conn.transaction(|conn| upsert(conn, Entity::Stores, &records, Timestamp(1))).unwrap();
        for (sort, number) in
            [(StoreSort::TrafficDesc, "monthly_visits"), (StoreSort::RevenueDesc, "revenue_usd")]
        {
            for (filter, matches) in &cases {
                let mut expected: Vec<_> =
                    rows.iter().enumerate().filter(|(_, row)| matches(row)).collect();
                expected.sort_by_key(|(id, row)| std::cmp::Reverse((row[number].as_i64(), *id)));
                let expected: Vec<_> = expected
                    .iter()
                    .map(|(_, row)| row["domain"].as_str().unwrap().trim_end_matches(".example"))
                    .collect();
                let parsed: StoreFilter = serde_json::from_value(filter.clone()).unwrap();
                for (prices, size) in prices.iter().zip([150, 90, 400]) {
                    let (mut all, mut after) = (Vec::new(), None);
                    loop {
                        let place = (sort, after.as_ref(), size);
                        let page = search_at(conn, &parsed, *prices, place).unwrap();
                        let Some(last) = page.last() else { break };
                        after = Some(last.position.clone());
                        all.extend(page);
                    }
                    assert_eq!(domains(&all), expected, "{sort:?} {filter} at {prices:?}");
                }
            }
        }
    }
}

#[test]
fn a_profile_holds_everything() {
    for mut base in databases() {
        let conn = &mut base.conn;
        fill(conn);
        let cups = by_domain(conn, "cups.example").unwrap().unwrap();
        assert_eq!(cups.apps, ["judge-me", "klaviyo"]);
        assert_eq!(cups.pixels, ["meta"]);
        assert_eq!((cups.traffic, cups.revenue), (Some(Tier::Micro), Some(Tier::Micro)));
        assert_eq!(by_domain(conn, "none.example"), Ok(None));
    }
}

#[test]
fn the_taxonomy_counts_values_most_frequent_first() {
    for mut base in databases() {
        let conn = &mut base.conn;
        fill(conn);
        let taxonomy = taxonomy(conn).unwrap();
        let pairs =
            |values: &[crate::domain::profile::TaxonomyValue]| -> Vec<(String, String, i64)> {
                values
                    .iter()
                    .map(|v| (v.value.clone(), v.label.clone(), v.stores.unwrap()))
                    .collect()
            };
        let triple = |a: &str, b: &str, n| (a.to_owned(), b.to_owned(), n);
        assert_eq!(
            pairs(&taxonomy.country),
            [triple("US", "United States", 2), triple("DE", "Germany", 1)]
        );
        assert_eq!(
            pairs(&taxonomy.apps),
            [triple("klaviyo", "Klaviyo", 2), triple("judge-me", "Judge Me", 1)]
        );
        assert_eq!(pairs(&taxonomy.category)[1].1, "Home & garden");
        assert_eq!(taxonomy.traffic.len(), 5);
    }
}
