//! Text of callers: case means nothing in any script, and nothing in it is syntax.

use portcullis::domain::filter::StoreSort;
use portcullis::domain::import::Entity;
use portcullis::error::ErrorCode;
use portcullis::ids::UserId;
use portcullis::service::index;
use serde_json::{Value, json};

use super::data::{all_contacts, all_stores, bring};
use crate::support::both_databases;

/// What people and attackers type.
const CORPUS: [&str; 24] = [
    "\"NEAR(a b)\"",
    "NEAR(a, 2)",
    "cup*",
    "***",
    "f1 OR f2",
    "(f1) NOT (f2)",
    "-cup",
    "^cup",
    "name:cup",
    "' OR 1=1 --",
    "'; DROP TABLE stores; --",
    "\\\\\\",
    "%%%",
    "___",
    "a\u{0}b\u{0}c",
    "🫖🫖🫖",
    "\u{202e}abc",
    "&|!",
    ":* & !x",
    "{\"$gt\":1}",
    "<script>",
    "${7*7}",
    "ⅧⅨⅩ",
    "日本語",
];

both_databases! {
    async fn no_text_is_syntax_and_every_text_is_found_where_it_stands(app) {
        let stores: Vec<Value> = CORPUS.iter().enumerate()
            .map(|(number, text)| json!({"domain": format!("s{number}.test.example"), "name": text.replace('\0', "")}))
            .collect();
        let contacts: Vec<Value> = CORPUS.iter().enumerate()
            .map(|(number, text)| json!({"external_id": format!("c{number}"), "last_name": format!("N{number}"), "title": text.replace('\0', "")}))
            .collect();
        bring(app, Entity::Stores, &stores).await;
        bring(app, Entity::Contacts, &contacts).await;
        for (number, text) in CORPUS.iter().enumerate() {
            let filter = json!({"q": text.to_uppercase()});
            // What reorders text is taken out of stored text, so it is not found there.
            let expected = !text.contains('\u{202e}');
            let found = all_stores(app, &filter, StoreSort::TrafficDesc, 100).await;
            assert_eq!(found.contains(&format!("s{number}.test.example")), expected, "{text}");
            let found = all_contacts(app, &filter, 100).await;
            assert_eq!(found.contains(&format!("N{number}")), expected, "{text}");
        }
        let long = "é\"*(".repeat(50);
        assert!(all_stores(app, &json!({"q": long}), StoreSort::Added, 10).await.is_empty());
        assert_eq!(all_stores(app, &json!({}), StoreSort::Added, 10).await.len(), CORPUS.len());
    }

    async fn case_means_nothing_in_any_script(app) {
        bring(app, Entity::Stores, &[
            json!({"domain": "a.test.example", "name": "Größte Straße", "description": "МОСКВА"}),
            json!({"domain": "b.test.example", "name": "ΣΊΣΥΦΟΣ", "description": "Crème BRÛLÉE"}),
        ]).await;
        for (q, expected) in [
            ("GRÖSSTE", "a"), ("größte", "a"), ("STRASSE", "a"), ("москва", "a"),
            ("σίσυφος", "b"), ("brûlée", "b"), ("CRÈME brûl", "b"),
        ] {
            let found = all_stores(app, &json!({"q": q}), StoreSort::Added, 10).await;
            assert_eq!(found, [format!("{expected}.test.example")], "{q}");
        }
        assert!(all_stores(app, &json!({"q": "brulee"}), StoreSort::Added, 10).await.is_empty());
    }

    async fn a_text_too_short_or_too_long_is_refused_by_name(app) {
        let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
        for q in ["", "ab", " a ", "\0\0\0\0", &"x".repeat(201)] {
            let filter = serde_json::from_value(json!({"q": q})).unwrap();
            let refused = index::search_contacts(db, secret, UserId(1), filter, 10, None).await.unwrap_err();
            assert_eq!((refused.code, refused.param.as_deref()), (ErrorCode::InvalidRequest, Some("q")), "{q:?}");
        }
    }
}
