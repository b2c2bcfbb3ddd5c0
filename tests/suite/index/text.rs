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
            let found = all_stores(app, &filter, StoreSort::TrafficDesc, 100).await;
            assert!(found.contains(&format!("s{number}.test.example")), "{text}");
            let found = all_contacts(app, &filter, 100).await;
            assert!(found.contains(&format!("N{number}")), "{text}");
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

    /// In scripts without spaces a letter or two are a word; nothing else of so few is looked for.
    async fn one_letter_is_found_where_it_is_a_word(app) {
        bring(app, Entity::Stores, &[
            json!({"domain": "a.test.example", "name": "東京のお茶"}),
            json!({"domain": "b.test.example", "name": "京東 녹차", "description": "Green tea, 抹茶."}),
            json!({"domain": "c.test.example", "name": "ร้านชา", "country": "TH"}),
        ]).await;
        bring(app, Entity::Contacts, &[json!({"external_id": "1", "last_name": "茶山", "store_domain": "c.test.example"})]).await;
        for (q, expected) in [
            ("茶", &["a", "b"][..]), ("東京", &["a"]), ("京東", &["b"]), ("녹차", &["b"]), ("チャ", &[]), ("ชา", &["c"]),
            (" 茶 ", &["a", "b"]), (", 抹茶", &["b"]), ("京", &["a", "b"]),
        ] {
            let found = all_stores(app, &json!({"q": q}), StoreSort::Added, 10).await;
            let expected: Vec<_> = expected.iter().map(|name| format!("{name}.test.example")).collect();
            assert_eq!(found, expected, "{q}");
        }
        assert_eq!(all_contacts(app, &json!({"q": "茶"}), 10).await, ["茶山"]);
        assert_eq!(all_contacts(app, &json!({"q": "茶", "store": {"q": "ชา"}}), 10).await, ["茶山"]);
    }

    /// Unicode writes "é" in two ways, and files and keyboards differ in it.
    async fn composed_and_decomposed_letters_are_one(app) {
        bring(app, Entity::Stores, &[
            json!({"domain": "a.test.example", "name": "Cafe\u{301} Bleu", "category": "Cafe\u{301}s"}),
            json!({"domain": "b.test.example", "name": "Café Rouge", "category": "cafés"}),
        ]).await;
        for q in ["café", "cafe\u{301}", "CAFE\u{301}", "CAFÉ"] {
            let found = all_stores(app, &json!({"q": q}), StoreSort::Added, 10).await;
            assert_eq!(found, ["a.test.example", "b.test.example"], "{q}");
        }
        for category in ["Cafés", "cafe\u{301}s"] {
            let found = all_stores(app, &json!({"category": [category]}), StoreSort::Added, 10).await;
            assert_eq!(found.len(), 2, "{category}");
        }
        assert_eq!(app.count("SELECT count(*) FROM stores WHERE name = 'Café Bleu'").await, 1, "and stored so");
    }

    /// Words that an earlier version made are made anew at the start.
    async fn an_index_of_other_words_is_written_anew(app) {
        bring(app, Entity::Stores, &[json!({"domain": "a.test.example", "name": "東京のお茶"})]).await;
        index::complete(&app.ctx.db).await.unwrap();
        let (facets, digests) = ("SELECT count(*) FROM facets WHERE kind = 'words'", "SELECT count(*) FROM index_entries WHERE digest = 0");
        assert_eq!(app.count(facets).await, 1);
        app.sql("UPDATE index_entries SET digest = 0").await;
        index::complete(&app.ctx.db).await.unwrap();
        assert!(app.count(digests).await > 0, "what is right is left alone");
        app.sql("UPDATE facets SET value = '1' WHERE kind = 'words'").await;
        index::complete(&app.ctx.db).await.unwrap();
        assert_eq!(app.count(digests).await, 0);
    }

    async fn a_text_too_short_or_too_long_is_refused_by_name(app) {
        let (db, secret) = (&app.ctx.db, &app.ctx.config.secret);
        for q in ["", "ab", " a ", "\0\0\0\0", &"x".repeat(201)] {
            let filter = serde_json::from_value(json!({"q": q})).unwrap();
            let refused = index::search_contacts(db, secret, UserId(1), filter, 10, None).await.unwrap_err();
            assert_eq!((refused.code, refused.param.as_deref()), (ErrorCode::InvalidRequest, Some("filters.q")), "{q:?}");
        }
    }
}
