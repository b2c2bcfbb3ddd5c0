use serde_json::json;

use super::*;
use crate::clock::Timestamp;
use crate::db::schema::facets;
use crate::domain::import::Entity;
use crate::store::index_write::upsert;
use crate::store::testing::databases;

fn bring(conn: &mut Conn, entity: Entity, rows: &serde_json::Value) {
    let rows = rows.as_array().unwrap().iter();
    let records: Vec<_> =
        rows.map(|row| Record::from_json(entity, row.as_object().unwrap()).unwrap()).collect();
    conn.transaction(|conn| upsert(conn, entity, &records, Timestamp(1))).unwrap();
}

type State = (Vec<(i64, String, i64)>, Vec<(String, String, i64)>);

/// Every entry with its facets and what tells its words, and every facet that any entry has.
fn state(conn: &mut Conn) -> State {
    let entries = index_entries::table.order(index_entries::id).load(conn).unwrap();
    let counts = facets::table
        .filter(facets::entries.ne(0))
        .order((facets::kind, facets::value))
        .select((facets::kind, facets::value, facets::entries))
        .load(conn)
        .unwrap();
    (entries, counts)
}

/// Of a contact's change only what people have is read again: the entry is the one that all of it
/// would make.
#[test]
fn an_entry_brought_along_is_the_one_that_is_written_anew() {
    let store = |n: u32, app: &str, visits: u32| {
        json!({"domain": format!("shop-{n}.example"), "name": format!("Shop {n}"), "country": "DE",
            "apps": app, "monthly_visits": visits})
    };
    let contact = |n: u32, store: u32, role: &str| {
        json!({"external_id": format!("c{n}"), "store_domain": format!("shop-{store}.example"),
            "first_name": format!("Ann {n}"), "role": role, "country": "FR"})
    };
    for mut base in databases() {
        let conn = &mut base.conn;
        let steps = [
            (Entity::Stores, json!([store(1, "Klaviyo", 300), store(2, "Yotpo", 9_000)])),
            // Two of a known store, and one whose store is still to come.
            (
                Entity::Contacts,
                json!([
                    contact(1, 1, "Marketing"),
                    contact(2, 1, "Founder"),
                    contact(3, 3, "Buyer")
                ]),
            ),
            // Another role, another store.
            (Entity::Contacts, json!([contact(1, 1, "Finance"), contact(2, 2, "Founder")])),
            (Entity::Stores, json!([store(3, "Yotpo", 70), store(1, "Recharge", 5_000)])),
            (Entity::Contacts, json!([contact(3, 3, "Support"), contact(4, 2, "Founder")])),
        ];
        for (entity, rows) in steps {
            bring(conn, entity, &rows);
            let brought_along = state(conn);
            let mut after = i64::MIN;
            while let Some((last, _)) =
                conn.transaction(|conn| rewrite_after(conn, after, 100)).unwrap()
            {
                after = last;
            }
            assert_eq!(brought_along, state(conn), "after {rows}");
        }
        let (_, counts) = state(conn);
        let has = |value: &str| counts.iter().any(|(_, held, _)| held == value);
        assert!(has("finance") && has("recharge") && !has("marketing") && !has("klaviyo"));
    }
}
