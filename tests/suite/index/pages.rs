//! Pages join up while the index changes, and a cursor serves its own search only.

use portcullis::domain::filter::{ContactFilter, StoreFilter, StoreSort};
use portcullis::domain::import::Entity;
use portcullis::error::ErrorCode;
use portcullis::ids::UserId;
use portcullis::service::index;
use serde_json::{Value, json};

use super::data::{Random, bring, contact, contacts_page, store, stores_page};
use crate::support::both_databases;

fn domains(stores: &[Value]) -> Vec<String> {
    let mut domains: Vec<String> =
        stores.iter().map(|store| store["domain"].as_str().unwrap().to_owned()).collect();
    domains.sort();
    domains
}

both_databases! {
    async fn every_store_comes_once_while_others_are_added(app) {
        let mut random = Random(11);
        let mut number = 0;
        for sort in [StoreSort::Added, StoreSort::TrafficDesc, StoreSort::RevenueDesc] {
            let stores: Vec<Value> = (0..60).map(|_| { number += 1; store(&mut random, number) }).collect();
            bring(app, Entity::Stores, &stores).await;
            let (mut seen, mut cursor) = stores_page(app, &json!({}), sort, 13, None).await;
            while let Some(from) = cursor {
                // As many as could keep an endless list ahead of the reader, but for the first ones.
                if seen.len() < 40 {
                    number += 1;
                    bring(app, Entity::Stores, &[store(&mut random, number)]).await;
                }
                let (more, next) = stores_page(app, &json!({}), sort, 13, Some(&from)).await;
                seen.extend(more);
                cursor = next;
            }
            seen.sort();
            let once = { let mut once = seen.clone(); once.dedup(); once };
            assert_eq!(seen, once, "{sort:?}: none comes twice");
            for domain in domains(&stores) {
                assert!(seen.contains(&domain), "{sort:?}: {domain} was left out");
            }
        }
    }

    async fn every_contact_comes_once_while_others_come_and_go(app) {
        let mut random = Random(12);
        let stores: Vec<Value> = (0..40).map(|number| store(&mut random, number)).collect();
        let contacts: Vec<Value> = (0..120).map(|number| contact(&mut random, number, &stores)).collect();
        bring(app, Entity::Stores, &stores).await;
        bring(app, Entity::Contacts, &contacts).await;
        let (mut seen, mut cursor) = contacts_page(app, &json!({}), 11, None).await;
        let mut number = contacts.len();
        let mut gone = Vec::new();
        while let Some(from) = cursor {
            if number < 130 {
                number += 1;
                bring(app, Entity::Contacts, &[contact(&mut random, number, &stores)]).await;
                let victim = format!("Surname{}", random.below(120));
                app.sql(format!("DELETE FROM contacts WHERE last_name = '{victim}'")).await;
                gone.push(victim);
            }
            let (more, next) = contacts_page(app, &json!({}), 11, Some(&from)).await;
            seen.extend(more);
            cursor = next;
        }
        seen.sort();
        let once = { let mut once = seen.clone(); once.dedup(); once };
        assert_eq!(seen, once, "none comes twice");
        for number in 0..120 {
            let name = format!("Surname{number}");
            assert!(seen.contains(&name) || gone.contains(&name), "{name} was left out");
        }
    }

    /// Contacts without a store are first; a store that is added puts its contacts elsewhere.
    async fn every_contact_comes_once_while_its_store_is_added(app) {
        let mut random = Random(14);
        let stores: Vec<Value> = (0..30).map(|number| store(&mut random, number)).collect();
        let contacts: Vec<Value> = (0..120).map(|number| contact(&mut random, number, &stores)).collect();
        let (early, late) = stores.split_at(4);
        bring(app, Entity::Stores, early).await;
        bring(app, Entity::Contacts, &contacts).await;
        let (mut seen, mut cursor) = contacts_page(app, &json!({}), 7, None).await;
        // Some stores at once, some one after the other, some pages without any.
        let mut late = late.chunks(5);
        let mut page = 0;
        while let Some(from) = cursor {
            page += 1;
            if page % 3 != 0 && let Some(stores) = late.next() {
                bring(app, Entity::Stores, stores).await;
            }
            let (more, next) = contacts_page(app, &json!({}), 7, Some(&from)).await;
            seen.extend(more);
            cursor = next;
        }
        assert!(late.next().is_none(), "all stores came during the walk");
        seen.sort();
        let mut all: Vec<String> = (0..120).map(|number| format!("Surname{number}")).collect();
        all.sort();
        assert_eq!(seen, all, "none comes twice, none is left out");
    }

    async fn a_cursor_serves_its_own_search_and_caller_only(app) {
        let mut random = Random(13);
        let stores: Vec<Value> = (0..10).map(|number| store(&mut random, number)).collect();
        let contacts: Vec<Value> = (0..30).map(|number| contact(&mut random, number, &stores)).collect();
        bring(app, Entity::Stores, &stores).await;
        bring(app, Entity::Contacts, &contacts).await;
        let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
        let contacts = async |caller: i64, filter: Value, cursor: Option<&str>| {
            let filter: ContactFilter = serde_json::from_value(filter).unwrap();
            index::search_contacts(db, secret, UserId(caller), filter, 5, cursor).await
        };
        let stores = async |cursor: Option<&str>| {
            index::search_stores(db, secret, UserId(1), StoreFilter::default(), StoreSort::Added, 5, cursor).await
        };
        let of_contacts = contacts(1, json!({}), None).await.unwrap().next_cursor.unwrap();
        let of_stores = stores(None).await.unwrap().next_cursor.unwrap();
        assert!(contacts(1, json!({}), Some(&of_contacts)).await.is_ok());
        assert!(stores(Some(&of_stores)).await.is_ok());
        let refusals = [
            contacts(1, json!({}), Some(&of_stores)).await.unwrap_err(),
            contacts(2, json!({}), Some(&of_contacts)).await.unwrap_err(),
            contacts(1, json!({"role": ["founder"]}), Some(&of_contacts)).await.unwrap_err(),
            contacts(1, json!({}), Some(&format!("{of_contacts}x"))).await.unwrap_err(),
            contacts(1, json!({}), Some("")).await.unwrap_err(),
            stores(Some(&of_contacts)).await.unwrap_err(),
        ];
        for refused in refusals {
            assert_eq!((refused.code, refused.param.as_deref()), (ErrorCode::InvalidCursor, Some("cursor")));
        }
        for limit in [0, -1, 101] {
            let refused = index::search_contacts(db, secret, UserId(1), ContactFilter::default(), limit, None).await;
            assert_eq!(refused.unwrap_err().param.as_deref(), Some("limit"));
        }
    }
}
