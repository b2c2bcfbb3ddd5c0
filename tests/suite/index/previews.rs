//! Previews tell who there is, and no way to reach them (contract §7).

use portcullis::domain::contact::safe_channels;
use portcullis::domain::filter::ContactFilter;
use portcullis::domain::import::Entity;
use portcullis::ids::UserId;
use portcullis::service::index;
use portcullis::store::contacts;
use serde_json::{Value, json};

use super::data::{Random, all_contacts, bring, contact, store};
use crate::support::both_databases;

both_databases! {
    async fn no_preview_holds_a_channel_and_no_channel_is_searched(app) {
        let mut random = Random(21);
        let stores: Vec<Value> = (0..20).map(|number| store(&mut random, number)).collect();
        let rows: Vec<Value> = (0..150).map(|number| contact(&mut random, number, &stores)).collect();
        bring(app, Entity::Stores, &stores).await;
        bring(app, Entity::Contacts, &rows).await;
        let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
        let mut told = String::new();
        let (mut ids, mut cursor): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let page = index::search_contacts(db, secret, UserId(1), ContactFilter::default(), 100, cursor.as_deref()).await.unwrap();
            told.push_str(&serde_json::to_string(&page.contacts).unwrap());
            ids.extend(page.contacts.into_iter().map(|contact| contact.contact_id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let domains: Vec<String> = stores.iter().map(|s| s["domain"].as_str().unwrap().to_owned()).collect();
        told.push_str(&serde_json::to_string(&index::enrich(db, index::Asked::read(&domains).unwrap()).await.unwrap()).unwrap());
        for row in &rows {
            for channel in ["email", "phone", "linkedin_url", "external_id"] {
                let channel = row[channel].as_str().unwrap();
                assert!(!told.contains(channel), "{channel}");
                for part in [channel, &channel[..channel.len().min(12)]] {
                    assert!(all_contacts(app, &json!({"q": part}), 10).await.is_empty(), "{part}");
                }
            }
        }
        assert!(!told.contains("mail.test.example") && !told.contains("linkedin.com"));

        // Ids are the contacts' own, and what a reveal may give depends on the status alone.
        assert_eq!(ids.len(), rows.len());
        let known = db.read(move |conn| Ok(contacts::by_public_ids(conn, &ids)?)).await.unwrap();
        assert_eq!(known.len(), rows.len());
        for (_, contact) in known {
            let row = rows.iter().find(|row| row["last_name"].as_str() == contact.last_name.as_deref()).unwrap();
            let safe = safe_channels(&contact);
            assert_eq!(safe.email.is_some(), row["email_status"] == "valid");
            assert_eq!(safe.phone.is_some(), row["email_status"] != "suppressed");
        }
    }

    async fn a_contact_keeps_its_id_when_it_changes(app) {
        let row = |title: &str| json!({"external_id": "c1", "last_name": "One", "title": title});
        let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
        let id = async || {
            let page = index::search_contacts(db, secret, UserId(1), ContactFilter::default(), 10, None).await.unwrap();
            page.contacts[0].contact_id.clone()
        };
        bring(app, Entity::Contacts, &[row("Buyer")]).await;
        let before = id().await;
        assert!(portcullis::domain::contact::is_contact_id(&before));
        bring(app, Entity::Contacts, &[row("Head buyer")]).await;
        assert_eq!(id().await, before);
    }
}
