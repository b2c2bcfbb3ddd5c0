//! Every filter, alone and combined, finds what the naive search finds, after rows came, changed and
//! moved in whatever order.

use std::collections::HashSet;

use portcullis::db::words;
use portcullis::domain::filter::StoreSort;
use portcullis::domain::import::Entity;
use portcullis::service::index;
use serde_json::{Value, json};

use super::data::{Random, all_contacts, all_stores, bring, contact, store};
use super::oracle;
use crate::support::{TestApp, both_databases};

const SORTS: [StoreSort; 3] = [StoreSort::Added, StoreSort::TrafficDesc, StoreSort::RevenueDesc];

struct Data {
    stores: Vec<Value>,
    contacts: Vec<Value>,
    with_contacts: HashSet<String>,
}

/// Rows in several files: contacts before their stores, then changes of both.
async fn filled(app: &TestApp, random: &mut Random) -> Data {
    let mut stores: Vec<Value> = (0..160).map(|number| store(random, number)).collect();
    let mut contacts: Vec<Value> =
        (0..240).map(|number| contact(random, number, &stores)).collect();
    bring(app, Entity::Stores, &stores[..80]).await;
    bring(app, Entity::Contacts, &contacts).await;
    bring(app, Entity::Stores, &stores[80..]).await;
    for place in (0..stores.len()).step_by(3) {
        let domain = stores[place]["domain"].clone();
        stores[place] = store(random, place);
        stores[place]["domain"] = domain;
    }
    for place in (0..contacts.len()).step_by(4) {
        contacts[place] = contact(random, place, &stores);
    }
    bring(app, Entity::Stores, &stores).await;
    bring(app, Entity::Contacts, &contacts).await;
    let domains = contacts.iter().filter_map(|contact| contact["store_domain"].as_str());
    Data { with_contacts: domains.map(str::to_owned).collect(), stores, contacts }
}

impl Data {
    async fn check_stores(&self, app: &TestApp, filter: &Value, sort: StoreSort, limit: i64) {
        let found = all_stores(app, filter, sort, limit).await;
        let expected = oracle::stores(filter, sort, &self.stores, &self.with_contacts);
        assert_eq!(found, expected, "{sort:?} by {limit}: {filter}");
    }

    async fn check_contacts(&self, app: &TestApp, filter: &Value, limit: i64) {
        let mut found = all_contacts(app, filter, limit).await;
        found.sort();
        let expected = oracle::contacts(filter, &self.stores, &self.contacts, &self.with_contacts);
        assert_eq!(found, expected, "by {limit}: {filter}");
    }
}

both_databases! {
    async fn every_combination_of_filters_finds_what_a_naive_search_finds(app) {
        let mut random = Random(7);
        let data = filled(app, &mut random).await;
        data.check_stores(app, &json!({}), StoreSort::TrafficDesc, 100).await;
        data.check_contacts(app, &json!({}), 100).await;
        for _ in 0..150 {
            let filter = oracle::store_filter(&mut random, &data.stores);
            let (sort, limit) = (SORTS[random.below(3)], [7, 40, 100][random.below(3)]);
            data.check_stores(app, &filter, sort, limit).await;
            let filter = oracle::contact_filter(&mut random, &data.stores, &data.contacts);
            data.check_contacts(app, &filter, limit).await;
        }
    }

    async fn a_value_counts_as_many_stores_as_a_search_for_it_finds(app) {
        let mut random = Random(8);
        filled(app, &mut random).await;
        let taxonomy = serde_json::to_value(index::taxonomy(&app.ctx.db).await.unwrap()).unwrap();
        for key in ["country", "category", "platform", "theme", "apps", "pixels"] {
            assert!(!taxonomy[key].as_array().unwrap().is_empty());
            for value in taxonomy[key].as_array().unwrap() {
                let filter = json!({key: [value["value"]]});
                let parsed = serde_json::from_value(filter).unwrap();
                let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
                let caller = portcullis::ids::UserId(1);
                let mut found = 0;
                let mut cursor: Option<String> = None;
                loop {
                    let page = index::search_stores(db, secret, caller,
                        Clone::clone(&parsed), StoreSort::Added, 100, cursor.as_deref()).await.unwrap();
                    found += page.stores.len() as i64;
                    cursor = page.next_cursor;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(value["stores"], json!(found), "{key} {value}");
            }
        }
    }

    /// What is true or false is a filter like any other, with as many stores as a search finds.
    async fn the_taxonomy_has_every_filter(app) {
        bring(app, Entity::Stores, &[
            json!({"domain": "a.test.example", "ads": true, "plus": false, "country": "UK"}),
            json!({"domain": "b.test.example", "ads": false, "plus": false}),
            json!({"domain": "c.test.example", "ads": true}),
        ]).await;
        let taxonomy = serde_json::to_value(index::taxonomy(&app.ctx.db).await.unwrap()).unwrap();
        for (key, counts) in [("ads", [json!(2), json!(1)]), ("plus", [json!(0), json!(2)]), ("has_contacts", [Value::Null, Value::Null])] {
            let values = taxonomy[key].as_array().unwrap();
            assert_eq!([&values[0]["value"], &values[1]["value"]], ["true", "false"]);
            assert_eq!([&values[0]["stores"], &values[1]["stores"]], [&counts[0], &counts[1]], "{key}");
        }
        let britain = json!({"value": "GB", "label": "United Kingdom", "stores": 1});
        assert!(taxonomy["country"].as_array().unwrap().contains(&britain), "{taxonomy}");
        assert_eq!(taxonomy["truncated"], json!([]));
    }

    /// Lists that do not hold every value say so, and what is not on them is found all the same.
    async fn a_list_of_values_says_where_it_ends_early(app) {
        let stores: Vec<Value> = (0..205)
            .map(|number| json!({"domain": format!("s{number:03}.test.example"), "category": format!("c{number:03}"), "theme": "dawn"}))
            .collect();
        bring(app, Entity::Stores, &stores).await;
        let taxonomy = serde_json::to_value(index::taxonomy(&app.ctx.db).await.unwrap()).unwrap();
        // The stores that are there already have one of their own.
        assert_eq!(taxonomy["truncated"], json!([{"filter": "category", "listed": 200, "values": 206}]));
        assert_eq!(taxonomy["category"].as_array().unwrap().len(), 200);
        for (screen, id) in [("stores", "category"), ("contacts", "store-category")] {
            let page = app.member().await.get(&format!("/dashboard/{screen}")).await.text;
            let hint = format!("id=\"{id}-hint\">The 200 most frequent of 206 are offered");
            assert!(page.contains(&hint) && page.contains(&format!("aria-describedby=\"{id}-hint\"")), "{screen}");
        }
        let found = all_stores(app, &json!({"category": ["c204"]}), StoreSort::Added, 10).await;
        assert_eq!(found, ["s204.test.example"]);
    }

    async fn what_a_version_without_the_search_index_left_is_indexed_at_the_start(app) {
        let mut random = Random(9);
        let data = filled(app, &mut random).await;
        app.sql("DELETE FROM index_entries").await;
        app.sql("DELETE FROM facets").await;
        app.sql("UPDATE contacts SET entry_id = 0").await;
        if app.backend == crate::support::database::Backend::Sqlite {
            app.sql("INSERT INTO index_words (index_words) VALUES ('delete-all')").await;
        }
        assert!(all_stores(app, &json!({}), StoreSort::Added, 100).await.is_empty());
        index::complete(&app.ctx.db).await.unwrap();
        for _ in 0..20 {
            let filter = oracle::store_filter(&mut random, &data.stores);
            data.check_stores(app, &filter, StoreSort::Added, 50).await;
            let filter = oracle::contact_filter(&mut random, &data.stores, &data.contacts);
            data.check_contacts(app, &filter, 50).await;
        }
        // Once more changes nothing, and tidying up is harmless.
        index::rebuild(&app.ctx.db, &|_, _| ()).await.unwrap();
        while app.ctx.db.write(|conn| Ok(words::merge(conn, true)?)).await.unwrap() {}
        data.check_stores(app, &json!({}), StoreSort::RevenueDesc, 50).await;
    }
}
