//! Reading the index: one profile or many, searches by pages, the values of filters.

mod browse;
mod cursor;
mod enrich;
mod rebuild;

use crate::db::Db;
use crate::domain::cursor::{Position, Walk};
use crate::domain::filter::{ContactFilter, StoreFilter, StoreSort, Wrong};
use crate::domain::host;
use crate::domain::profile::{ContactPage, StorePage, StoreProfile, Taxonomy};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::MasterSecret;
use crate::store::stores::Found;
use crate::store::{contacts, entries, stores};
use cursor::{digest, open, seal};

pub use browse::{Browsed, Looked, browse, look};
pub use enrich::{Asked, LONGEST_DOMAIN, MOST_DOMAINS, enrich};
pub use rebuild::{add_sample, analyze_after, complete, rebuild, tidy};

/// What is said of a domain that is longer than [`LONGEST_DOMAIN`].
const TOO_LONG: &str = "takes at most 2048 characters";
/// The most stores of one page.
pub const MOST_STORES: i64 = 100;
/// The most contacts of one page.
pub const MOST_CONTACTS: i64 = 100;

/// The profile of a store by its domain name; a URL is understood too.
///
/// # Errors
/// `invalid_domain`, or `not_found`.
pub async fn get_store(db: &Db, domain: &str) -> Result<StoreProfile> {
    let domain = read_domain(domain)?;
    db.glance(move |conn| Ok(stores::by_domain(conn, &domain)?)).await?.ok_or_else(not_there)
}

/// A domain in the spelling that is stored.
fn read_domain(domain: &str) -> Result<String> {
    let is_endless = domain.chars().count() > LONGEST_DOMAIN;
    let read = if is_endless { Err(TOO_LONG) } else { host::normalise(domain) };
    read.map_err(|reason| Error {
        param: Some("domain".into()),
        ..Error::new(ErrorCode::InvalidDomain, reason)
    })
}

fn not_there() -> Error {
    Error::not_found("The index has no store of that domain.")
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
    let (found, next_cursor) =
        found_stores(db, secret, caller, filter, sort, limit, cursor).await?;
    Ok(StorePage { stores: found.into_iter().map(|found| found.profile).collect(), next_cursor })
}

/// A page of the stores that match, and the cursor of the next one.
async fn found_stores(
    db: &Db,
    secret: &MasterSecret,
    caller: UserId,
    filter: StoreFilter,
    sort: StoreSort,
    limit: i64,
    cursor: Option<&str>,
) -> Result<(Vec<Found>, Option<String>)> {
    filter.check().map_err(wrong_filter)?;
    if !(1..=MOST_STORES).contains(&limit) {
        return Err(Error::field("limit", "takes 1 to 100"));
    }
    let query = digest(&("stores", &filter, sort))?;
    let after = cursor.map(|text| open(secret, caller, &query, text)).transpose()?;
    let found = db
        .read(move |conn| Ok(stores::search(conn, &filter, sort, after.as_ref(), limit + 1)?))
        .await?;
    let (found, more) = page(found, limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(seal(secret, caller, query, last.position.clone())?),
        _ => None,
    };
    Ok((found, next_cursor))
}

/// A page of the contacts that match `filter`, as previews; `cursor` is what the page before gave.
///
/// # Errors
/// `invalid_request` with the filter that is wrong, or `invalid_cursor` where the cursor is not of
/// this caller and filter.
pub async fn search_contacts(
    db: &Db,
    secret: &MasterSecret,
    caller: UserId,
    filter: ContactFilter,
    limit: i64,
    cursor: Option<&str>,
) -> Result<ContactPage> {
    filter.check().map_err(wrong_filter)?;
    if !(1..=MOST_CONTACTS).contains(&limit) {
        return Err(Error::field("limit", "takes 1 to 100"));
    }
    let query = digest(&("contacts", &filter))?;
    let after = cursor.map(|text| open(secret, caller, &query, text)).transpose()?;
    let walk = after.as_ref().and_then(|after| after.walk.clone());
    // Where a filter asks for a store, contacts without one do not come before it is added.
    let may_move = filter.store.is_none()
        && !walk.as_ref().is_some_and(Walk::is_past_lone_contacts)
        && (walk.is_some() || after.is_none());
    let (found, newest) = db
        .read_at_once(move |conn| {
            let newest = may_move.then(|| contacts::newest(conn)).transpose()?;
            Ok((contacts::search(conn, &filter, after.as_ref(), limit + 1)?, newest))
        })
        .await?;
    let (found, more) = page(found, limit);
    let next_cursor = match found.last() {
        Some(last) if more => {
            let position = Position { walk: further(walk, newest, last), ..last.position.clone() };
            Some(seal(secret, caller, query, position)?)
        }
        _ => None,
    };
    let contacts = found.into_iter().map(|found| found.preview).collect();
    Ok(ContactPage { contacts, next_cursor })
}

/// The walk that has come to `last`, if it is one that has to be known.
fn further(walk: Option<Walk>, newest: Option<(i64, i64)>, last: &contacts::Found) -> Option<Walk> {
    let Some((store, contact)) = newest else { return walk };
    let mut walk = walk.unwrap_or_else(|| Walk::begin(contact));
    walk.step(store, last.position.value.unwrap_or_default());
    Some(walk)
}

/// The complaint about a filter, by the place where callers write it.
fn wrong_filter((name, reason): Wrong) -> Error {
    Error::field(format!("filters.{name}"), reason)
}

/// Cuts off what was found beyond the page, one more than asked for, and says whether there was.
fn page<T>(mut found: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = found.len() > wanted;
    found.truncate(wanted);
    (found, more)
}

/// Whether nothing has been imported: no store and no contact is in the index.
///
/// # Errors
/// When the database cannot answer.
pub async fn is_empty(db: &Db) -> Result<bool> {
    Ok(!db.glance(|conn| Ok(entries::any(conn)?)).await?)
}

/// Every filter with its values.
///
/// # Errors
/// When the database cannot answer.
pub async fn taxonomy(db: &Db) -> Result<Taxonomy> {
    db.read(|conn| Ok(stores::taxonomy(conn)?)).await
}

#[cfg(test)]
mod tests;
