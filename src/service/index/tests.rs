use diesel::Connection;

use super::*;
use crate::clock::Timestamp;
use crate::db::words;
use crate::domain::import::{Entity, Record};
use crate::store::index_write::upsert;
use crate::store::testing::{TestBase, databases, sqlite};

fn filled(mut base: TestBase) -> TestBase {
    let records: Vec<_> = (0..7)
        .map(|n| serde_json::json!({"domain": format!("s{n}.example"), "country": "US"}))
        .map(|row| Record::from_json(Entity::Stores, row.as_object().unwrap()).unwrap())
        .collect();
    base.conn.transaction(|conn| upsert(conn, Entity::Stores, &records, Timestamp(1))).unwrap();
    base
}

fn secret() -> MasterSecret {
    MasterSecret::new(b"0123456789abcdef0123456789abcdef")
}

async fn page(db: &Db, caller: i64, filter: &str, cursor: Option<&str>) -> Result<StorePage> {
    let filter = serde_json::from_str(filter).unwrap();
    search_stores(db, &secret(), UserId(caller), filter, StoreSort::Added, 3, cursor).await
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    for base in databases().into_iter().map(filled) {
        let db = base.db();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = page(&db, 1, "{}", cursor.as_deref()).await.unwrap();
            seen.extend(page.stores.into_iter().map(|store| store.domain));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let all: Vec<_> = (0..7).map(|n| format!("s{n}.example")).collect();
        assert_eq!(seen, all);
    }
}

#[tokio::test]
async fn a_cursor_serves_its_own_caller_filter_and_sort_only() {
    let base = filled(sqlite());
    let db = base.db();
    let us = r#"{"country": ["US"]}"#;
    let cursor = page(&db, 1, us, None).await.unwrap().next_cursor.unwrap();
    assert!(page(&db, 1, us, Some(&cursor)).await.is_ok());

    let refused = |answer: Result<StorePage>| {
        assert_eq!(answer.unwrap_err().code, ErrorCode::InvalidCursor);
    };
    refused(page(&db, 2, us, Some(&cursor)).await);
    refused(page(&db, 1, "{}", Some(&cursor)).await);
    refused(page(&db, 1, r#"{"country": ["US", "DE"]}"#, Some(&cursor)).await);
    let filter = || serde_json::from_str(us).unwrap();
    let sort = StoreSort::TrafficDesc;
    refused(search_stores(&db, &secret(), UserId(1), filter(), sort, 3, Some(&cursor)).await);
    let other = MasterSecret::new(b"another secret, another secret!!");
    let sort = StoreSort::Added;
    refused(search_stores(&db, &other, UserId(1), filter(), sort, 3, Some(&cursor)).await);
}

#[tokio::test]
async fn a_tampered_cursor_is_refused() {
    let base = filled(sqlite());
    let db = base.db();
    let cursor = page(&db, 1, "{}", None).await.unwrap().next_cursor.unwrap();
    let mut wrong = vec![String::new(), ".".into(), "x".into(), "ä.ö".into(), "a".repeat(5_000)];
    for place in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        wrong.push(String::from_utf8(bytes).unwrap());
    }
    for wrong in wrong {
        let answer = page(&db, 1, "{}", Some(&wrong)).await;
        assert_eq!(answer.unwrap_err().code, ErrorCode::InvalidCursor, "{wrong}");
    }
}

#[tokio::test]
async fn a_store_is_found_by_its_domain_or_url() {
    let base = filled(sqlite());
    let db = base.db();
    let store = get_store(&db, "https://WWW.s3.example/cart").await.unwrap();
    assert_eq!(store.domain, "s3.example");
    assert_eq!(get_store(&db, "s9.example").await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(get_store(&db, "no domain").await.unwrap_err().code, ErrorCode::InvalidDomain);
    assert_eq!(taxonomy(&db).await.unwrap().country[0].stores, Some(7));
}

#[tokio::test]
async fn limits_and_filters_are_checked() {
    let base = sqlite();
    let db = base.db();
    for limit in [0, -1, 101] {
        let filter = StoreFilter::default();
        let sort = StoreSort::Added;
        let answer = search_stores(&db, &secret(), UserId(1), filter, sort, limit, None).await;
        assert_eq!(answer.unwrap_err().param.as_deref(), Some("limit"));
    }
    let answer = page(&db, 1, r#"{"country": ["Germany"]}"#, None).await;
    assert_eq!(answer.unwrap_err().param.as_deref(), Some("filters.country"));
}

#[tokio::test]
async fn the_large_sample_can_be_searched_and_comes_once() {
    let base = sqlite();
    let db = base.db();
    add_sample(&db, 300, Timestamp(1)).await.unwrap();
    let stores = page(&db, 1, r#"{"missing_apps": ["klaviyo"], "has_contacts": true}"#, None);
    assert_eq!(stores.await.unwrap().stores.len(), 3);
    let filter = serde_json::from_str(r#"{"role": ["marketing"], "store": {"country": ["US"]}}"#);
    let contacts = search_contacts(&db, &secret(), UserId(1), filter.unwrap(), 5, None).await;
    assert_eq!(contacts.unwrap().contacts.len(), 5);
    let taxonomy = taxonomy(&db).await.unwrap();
    assert!(taxonomy.apps.len() > 20 && taxonomy.role.len() == 8, "{taxonomy:?}");
    assert!(add_sample(&db, 300, Timestamp(1)).await.is_err());
}

/// How large the pieces are that FTS5 keeps the words in.
async fn pieces(db: &Db) -> Vec<i64> {
    db.read(|conn| Ok(words::pieces(conn)?)).await.unwrap()
}

#[tokio::test]
async fn many_words_are_brought_into_one_piece_and_few_beside_many_are_left() {
    let base = sqlite();
    let db = base.db();
    complete(&db).await.unwrap();
    assert_eq!(pieces(&db).await, [0; 0]);
    let add = async |numbers: std::ops::Range<u64>| {
        let record = |number: u64| {
            let mixed = |n: u64| (number + n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let text: String = (0..12).map(|n| format!("{:x}", mixed(n))).collect();
            let row = serde_json::json!({"domain": format!("more-{number}.example"), "description": text});
            Record::from_json(Entity::Stores, row.as_object().unwrap()).unwrap()
        };
        let records: Vec<_> = numbers.map(record).collect();
        let write = move |conn: &mut crate::db::Conn| {
            Ok(upsert(conn, Entity::Stores, &records, Timestamp(1))?)
        };
        db.write(write).await.unwrap();
    };
    for number in 0..12 {
        add(number..number + 1).await;
    }
    assert_eq!(pieces(&db).await, [1; 12], "nothing is brought together while it is written");
    tidy(&db).await.unwrap();
    assert_eq!(pieces(&db).await.len(), 1);
    add(100..1_300).await;
    add(1_300..2_500).await;
    tidy(&db).await.unwrap();
    let largest = pieces(&db).await.into_iter().max().unwrap();
    assert!(largest > 90, "{largest}");
    for number in 12..24 {
        add(number..number + 1).await;
        tidy(&db).await.unwrap();
    }
    let few = pieces(&db).await;
    assert!(few.contains(&largest) && (2..=6).contains(&few.len()), "{few:?}");
    rebuild(&db, &|_, _| ()).await.unwrap();
    assert_eq!(pieces(&db).await.len(), 1);
}
