//! Many domains at once: each told once, in their order, with what the index has.

use portcullis::domain::import::Entity;
use portcullis::domain::profile::EnrichStatus::{Found, InvalidDomain, NotFound};
use portcullis::service::index;
use serde_json::{Value, json};

use super::data::bring;
use crate::support::both_databases;

both_databases! {
    async fn domains_are_told_in_order_once_with_their_first_contacts(app) {
        let stores = ["a", "b"].map(|name| json!({"domain": format!("{name}.test.example"), "country": "DE"}));
        let contacts: Vec<Value> = (0..9)
            .map(|n| json!({"external_id": format!("c{n}"), "last_name": format!("N{n}"), "store_domain": "b.test.example"}))
            .collect();
        bring(app, Entity::Stores, &stores).await;
        bring(app, Entity::Contacts, &contacts).await;
        let asked = ["b.test.example", "none.example", "not a domain", "https://www.A.test.example/x", "B.test.example.", "not a domain"];
        let asked = index::Asked::read(&asked.map(str::to_owned)).unwrap();
        let told = index::enrich(&app.ctx.db, asked).await.unwrap();
        let short: Vec<_> = told.iter().map(|one| (one.domain.as_str(), one.status)).collect();
        assert_eq!(short, [
            ("b.test.example", Found), ("none.example", NotFound), ("not a domain", InvalidDomain), ("a.test.example", Found),
        ]);
        let names: Vec<_> = told[0].contacts.iter().map(|contact| contact.last_name.clone().unwrap()).collect();
        assert_eq!((names, told[0].contacts_total), (["N0", "N1", "N2", "N3", "N4"].map(String::from).to_vec(), 9));
        assert!(told[3].contacts.is_empty() && told[3].contacts_total == 0);
        assert_eq!(told[3].store.as_ref().unwrap().country.as_deref(), Some("DE"));
        assert!(told[1].store.is_none() && told[2].store.is_none());
    }

    async fn none_too_many_and_endless_domains_are_refused(app) {
        for wrong in [vec![], vec!["a.example".to_owned(); 101], vec!["a".repeat(3_000)]] {
            let refused = index::Asked::read(&wrong).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some("domains"));
        }
        let many: Vec<String> = (0..100).map(|n| format!("s{n}.example")).collect();
        assert_eq!(index::enrich(&app.ctx.db, index::Asked::read(&many).unwrap()).await.unwrap().len(), 100);
    }
}
