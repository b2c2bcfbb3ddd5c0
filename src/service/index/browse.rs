//! The index as administrators look through it: stores with how many contacts each has.

use std::collections::HashMap;

use super::{found_stores, not_there, read_domain};
use crate::db::Db;
use crate::domain::contact::ContactPreview;
use crate::domain::filter::{StoreFilter, StoreSort};
use crate::domain::profile::{StoreProfile, Taxonomy};
use crate::error::Result;
use crate::ids::{StoreId, UserId};
use crate::secrets::MasterSecret;
use crate::store::{contacts, stores};

/// Stores of one page.
const PAGE: i64 = 20;
/// Contacts shown of a store.
const CONTACTS: i64 = 100;

/// A page of stores.
#[derive(Debug)]
pub struct Browsed {
    /// The stores, each with how many contacts it has.
    pub stores: Vec<(StoreProfile, i64)>,
    /// What to hand back for the next page; none on the last.
    pub next_cursor: Option<String>,
    /// Every filter with its values.
    pub values: Taxonomy,
}

/// A page of the stores that match `filter`, as they were added; `cursor` is what the page before
/// gave.
///
/// # Errors
/// As those of `search_stores`.
pub async fn browse(
    db: &Db,
    secret: &MasterSecret,
    caller: UserId,
    filter: StoreFilter,
    cursor: Option<&str>,
) -> Result<Browsed> {
    let (found, next_cursor) =
        found_stores(db, secret, caller, filter, StoreSort::Added, PAGE, cursor).await?;
    db.read(move |conn| {
        let ids: Vec<StoreId> = found.iter().map(|found| StoreId(found.position.id)).collect();
        let counts: HashMap<i64, i64> = contacts::count_of_stores(conn, &ids)?;
        let with_count = |found: stores::Found| {
            let contacts = counts.get(&found.position.id).copied().unwrap_or_default();
            (found.profile, contacts)
        };
        let stores = found.into_iter().map(with_count).collect();
        Ok(Browsed { stores, next_cursor, values: stores::taxonomy(conn)? })
    })
    .await
}

/// A store, and whom the index knows there.
#[derive(Debug)]
pub struct Looked {
    /// The store.
    pub store: StoreProfile,
    /// The first of its contacts.
    pub contacts: Vec<ContactPreview>,
    /// How many it has.
    pub total: i64,
}

/// What the index holds of a store.
///
/// # Errors
/// `invalid_domain`, `not_found`, or that the database cannot answer.
pub async fn look(db: &Db, domain: &str) -> Result<Looked> {
    let domain = read_domain(domain)?;
    db.read(move |conn| {
        let (id, store) =
            stores::by_domains(conn, std::slice::from_ref(&domain))?.pop().ok_or_else(not_there)?;
        let total = contacts::count_of_stores(conn, &[id])?.remove(&id.0).unwrap_or_default();
        let contacts = contacts::first_of_stores(conn, &[id], CONTACTS)?.remove(&id.0);
        Ok(Looked { store, contacts: contacts.unwrap_or_default(), total })
    })
    .await
}
