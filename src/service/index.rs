//! Reading the store index: one profile, a search by pages, the values of its filters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::db::Db;
use crate::domain::cursor::Position;
use crate::domain::filter::{StoreFilter, StoreSort};
use crate::domain::host;
use crate::domain::profile::{StorePage, StoreProfile, Taxonomy};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::{MasterSecret, sha256_base64url};
use crate::store::stores;

/// The most stores of one page.
pub const MOST_STORES: i64 = 100;
/// The purpose that cursors are signed for.
const PURPOSE: &str = "cursor";
/// The longest cursor looked at, in bytes; ours are under 300.
const LONGEST_CURSOR: usize = 1_000;

/// The profile of a store by its domain name; a URL is understood too.
///
/// # Errors
/// `invalid_domain`, or `not_found`.
pub async fn get_store(db: &Db, domain: &str) -> Result<StoreProfile> {
    let domain = host::normalise(domain).map_err(|reason| Error {
        param: Some("domain".into()),
        ..Error::new(ErrorCode::InvalidDomain, reason)
    })?;
    db.glance(move |conn| Ok(stores::by_domain(conn, &domain)?))
        .await?
        .ok_or_else(|| Error::not_found("The index has no store of that domain."))
}

/// A page of the stores that match `filter`; `cursor` is what the page before gave.
///
/// # Errors
/// `invalid_request` with the filter that is wrong, or `invalid_cursor` where the cursor is not of
/// this caller, filter and sort.
pub async fn search_stores(
    db: &Db,
    secret: &MasterSecret,
    caller: UserId,
    filter: StoreFilter,
    sort: StoreSort,
    limit: i64,
    cursor: Option<&str>,
) -> Result<StorePage> {
    filter.check().map_err(|(name, reason)| Error::field(name, reason))?;
    if !(1..=MOST_STORES).contains(&limit) {
        return Err(Error::field("limit", "takes 1 to 100"));
    }
    let query = digest(&filter, sort)?;
    let after = cursor.map(|text| open(secret, caller, &query, text)).transpose()?;
    // One more than asked for tells whether there is a next page.
    let mut found = db
        .read(move |conn| Ok(stores::search(conn, &filter, sort, after.as_ref(), limit + 1)?))
        .await?;
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next_cursor = match found.last() {
        Some(last) if more => Some(seal(secret, caller, query, last.position.clone())?),
        _ => None,
    };
    Ok(StorePage { stores: found.into_iter().map(|found| found.profile).collect(), next_cursor })
}

/// Every filter with its values.
///
/// # Errors
/// When the database cannot answer.
pub async fn taxonomy(db: &Db) -> Result<Taxonomy> {
    db.read(|conn| Ok(stores::taxonomy(conn)?)).await
}

/// What a cursor says: a place in the list of one query of one caller.
#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(rename = "p")]
    position: Position,
    #[serde(rename = "q")]
    query: String,
    #[serde(rename = "u")]
    caller: UserId,
}

/// A short name of filter and sort: lists of a filter are compared as they were given.
fn digest(filter: &StoreFilter, sort: StoreSort) -> Result<String> {
    let text = serde_json::to_string(&(filter, sort)).map_err(Error::internal)?;
    Ok(sha256_base64url(text.as_bytes()))
}

fn seal(
    secret: &MasterSecret,
    caller: UserId,
    query: String,
    position: Position,
) -> Result<String> {
    let json = serde_json::to_vec(&Payload { position, query, caller }).map_err(Error::internal)?;
    let payload = URL_SAFE_NO_PAD.encode(json);
    let signature = secret.sign(PURPOSE, payload.as_bytes());
    Ok(format!("{payload}.{signature}"))
}

fn open(secret: &MasterSecret, caller: UserId, query: &str, text: &str) -> Result<Position> {
    let wrong = || Error {
        param: Some("cursor".into()),
        ..Error::new(
            ErrorCode::InvalidCursor,
            "This cursor is of another search. Search again without a cursor, then pass next_cursor back with the same filters and sort.",
        )
    };
    let payload: Payload = text
        .split_once('.')
        .filter(|_| text.len() <= LONGEST_CURSOR)
        .filter(|(payload, signature)| secret.verify(PURPOSE, payload.as_bytes(), signature))
        .and_then(|(payload, _)| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(wrong)?;
    if payload.caller != caller || payload.query != query {
        return Err(wrong());
    }
    Ok(payload.position)
}

#[cfg(test)]
mod tests {
    use diesel::Connection;

    use super::*;
    use crate::clock::Timestamp;
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
        let mut wrong =
            vec![String::new(), ".".into(), "x".into(), "ä.ö".into(), "a".repeat(5_000)];
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
        assert_eq!(answer.unwrap_err().param.as_deref(), Some("country"));
    }
}
