use serde_json::json;

use super::*;
use crate::store::testing::databases;

fn record(entity: Entity, object: serde_json::Value) -> Record {
    Record::from_json(entity, object.as_object().unwrap()).unwrap()
}

fn put(conn: &mut Conn, entity: Entity, object: serde_json::Value, at: i64) -> Changes {
    let records = [record(entity, object)];
    conn.transaction(|conn| upsert(conn, entity, &records, Timestamp(at))).unwrap()
}

const INSERTED: Changes = Changes { inserted: 1, updated: 0, unchanged: 0 };
const UPDATED: Changes = Changes { inserted: 0, updated: 1, unchanged: 0 };
const UNCHANGED: Changes = Changes { inserted: 0, updated: 0, unchanged: 1 };

#[test]
fn only_what_differs_is_written() {
    for mut base in databases() {
        let conn = &mut base.conn;
        let full = json!({"domain": "a.example", "name": "A", "platform": "Shopify", "ads": true,
            "products": 3, "updated_at": "2026-01-01", "apps": "Klaviyo;Judge Me"});
        assert_eq!(put(conn, Entity::Stores, full.clone(), 1), INSERTED);
        assert_eq!(put(conn, Entity::Stores, full, 2), UNCHANGED);
        let imported: i64 = stores::table.select(stores::imported_at).first(conn).unwrap();
        assert_eq!(imported, 1, "an unchanged row is not written");

        // A file of other columns leaves these alone.
        let partial = json!({"domain": "a.example", "description": "Cups"});
        assert_eq!(put(conn, Entity::Stores, partial, 3), UPDATED);
        assert_eq!(put(conn, Entity::Stores, json!({"domain": "a.example"}), 4), UNCHANGED);
        let (platform, description): (Option<String>, Option<String>) =
            stores::table.select((stores::platform, stores::description)).first(conn).unwrap();
        assert_eq!(platform.as_deref(), Some("shopify"));
        assert_eq!(description.as_deref(), Some("Cups"));

        // What is given as empty goes.
        let emptied = json!({"domain": "a.example", "platform": null});
        assert_eq!(put(conn, Entity::Stores, emptied, 5), UPDATED);
        let platform: Option<String> = stores::table.select(stores::platform).first(conn).unwrap();
        assert_eq!(platform, None);
    }
}

#[test]
fn technologies_are_replaced_only_when_different() {
    for mut base in databases() {
        let conn = &mut base.conn;
        let with = |apps: &str| json!({"domain": "a.example", "apps": apps, "pixels": "Meta"});
        assert_eq!(put(conn, Entity::Stores, with("A;B"), 1), INSERTED);
        assert_eq!(put(conn, Entity::Stores, with("B;A"), 2), UNCHANGED);
        assert_eq!(put(conn, Entity::Stores, with("B;C"), 3), UPDATED);
        let slugs: Vec<String> = store_technologies::table
            .order((store_technologies::kind, store_technologies::slug))
            .select(store_technologies::slug)
            .load(conn)
            .unwrap();
        assert_eq!(slugs, ["b", "c", "meta"]);
        let imported: i64 = stores::table.select(stores::imported_at).first(conn).unwrap();
        assert_eq!(imported, 3);
        let none = json!({"domain": "a.example", "apps": null});
        assert_eq!(put(conn, Entity::Stores, none, 4), UPDATED);
        assert_eq!(store_technologies::table.count().get_result(conn), Ok(1));
    }
}

#[test]
fn a_contact_without_a_status_is_of_unknown_status_and_keeps_a_known_one() {
    for mut base in databases() {
        let conn = &mut base.conn;
        let status = |conn: &mut Conn| -> String {
            contacts::table.select(contacts::email_status).first(conn).unwrap()
        };
        let plain = json!({"external_id": "c1", "first_name": "Ann"});
        assert_eq!(put(conn, Entity::Contacts, plain.clone(), 1), INSERTED);
        assert_eq!(status(conn), "unknown");
        let valid = json!({"external_id": "c1", "email_status": "valid"});
        assert_eq!(put(conn, Entity::Contacts, valid, 2), UPDATED);
        assert_eq!(put(conn, Entity::Contacts, plain, 3), UNCHANGED);
        assert_eq!(status(conn), "valid");
        let emptied = json!({"external_id": "c1", "email_status": ""});
        assert_eq!(put(conn, Entity::Contacts, emptied, 4), UPDATED);
        assert_eq!(status(conn), "unknown");
    }
}
/// The word for an address is about that address: a new one was never looked at, and would be
/// revealed as if it had been.
#[test]
fn an_address_that_changes_loses_its_status_and_suppressed_stays() {
    for mut base in databases() {
        let conn = &mut base.conn;
        for (key, word, kept) in [
            ("c1", "valid", "unknown"),
            ("c2", "bounced", "unknown"),
            ("c3", "suppressed", "suppressed"),
        ] {
            let status = |conn: &mut Conn| -> String {
                let of_key = contacts::table.filter(contacts::external_id.eq(key));
                of_key.select(contacts::email_status).first(conn).unwrap()
            };
            let with = |email: &str| json!({"external_id": key, "title": "Head", "email": email});
            let mut known = with("old@shop.example");
            known["email_status"] = json!(word);
            assert_eq!(put(conn, Entity::Contacts, known.clone(), 1), INSERTED);
            // The same address in another spelling is the same address.
            assert_eq!(put(conn, Entity::Contacts, with("Old@Shop.example"), 2), UNCHANGED);
            let titled = json!({"external_id": key, "title": "Chief", "email": "old@shop.example"});
            assert_eq!(put(conn, Entity::Contacts, titled, 3), UPDATED);
            assert_eq!(status(conn), word);

            assert_eq!(put(conn, Entity::Contacts, with("new@shop.example"), 4), UPDATED);
            assert_eq!(status(conn), kept, "{word}");
            assert_eq!(put(conn, Entity::Contacts, with("new@shop.example"), 5), UNCHANGED);

            // Whoever gives both has looked.
            assert_eq!(put(conn, Entity::Contacts, known, 6), UPDATED);
            assert_eq!(status(conn), word);
            assert_eq!(put(conn, Entity::Contacts, with(""), 7), UPDATED);
            assert_eq!(status(conn), kept, "{word}");
        }
        // A word that was there before any address is about none.
        let early = json!({"external_id": "c4", "email_status": "valid"});
        assert_eq!(put(conn, Entity::Contacts, early, 1), INSERTED);
        let first = json!({"external_id": "c4", "email": "first@shop.example"});
        assert_eq!(put(conn, Entity::Contacts, first, 2), UPDATED);
        let status: String = contacts::table
            .filter(contacts::external_id.eq("c4"))
            .select(contacts::email_status)
            .first(conn)
            .unwrap();
        assert_eq!(status, "unknown");
    }
}
/// People who do not want to be written to are not written to because a file has a column with
/// nothing in it; whoever means it says a word.
#[test]
fn an_empty_status_does_not_lift_suppressed_and_a_word_does() {
    for mut base in databases() {
        let conn = &mut base.conn;
        let line = |key: &str, status: &str| {
            record(Entity::Contacts, json!({"external_id": key, "email_status": status}))
        };
        let put = |conn: &mut Conn, lines: &[Record], at| {
            conn.transaction(|conn| upsert(conn, Entity::Contacts, lines, Timestamp(at))).unwrap();
            let statuses: Vec<String> = contacts::table
                .order(contacts::external_id)
                .select(contacts::email_status)
                .load(conn)
                .unwrap();
            statuses
        };
        let known = [line("c1", "suppressed"), line("c2", "valid"), line("c3", "suppressed")];
        put(conn, &known, 1);
        // Empty ones and words beside each other in one file.
        let mixed = [line("c1", ""), line("c2", ""), line("c3", "valid"), line("c4", "")];
        let expected = ["suppressed", "unknown", "valid", "unknown"];
        assert_eq!(put(conn, &mixed, 2), expected);
        assert_eq!(put(conn, &[line("c1", "unknown")], 3)[0], "unknown");
    }
}
