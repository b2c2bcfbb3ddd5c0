//! Many domains at once: what the index has of each.

use std::collections::{HashMap, HashSet};

use crate::db::{Conn, Db};
use crate::domain::host;
use crate::domain::profile::{EnrichStatus, Enriched, StoreProfile};
use crate::error::{Error, Result};
use crate::ids::StoreId;
use crate::store::{contacts, stores};

/// The most domains of one call.
pub const MOST_DOMAINS: usize = 100;
/// The most contacts told of each store.
const MOST_CONTACTS: i64 = 5;
/// The longest domain, in characters, whether it is one or not.
pub const LONGEST_DOMAIN: usize = 2_048;

/// Domains as they were asked for, in their order; one that comes twice, in whatever spelling, is
/// there once.
#[derive(Debug)]
pub struct Asked(Vec<Enriched>);

impl Asked {
    /// Reads them.
    ///
    /// # Errors
    /// `invalid_request` for no domain, too many, or one that is endless.
    pub fn read(domains: &[String]) -> Result<Self> {
        if domains.is_empty() || domains.len() > MOST_DOMAINS {
            return Err(Error::field("domains", "takes 1 to 100 domains"));
        }
        if domains.iter().any(|domain| domain.chars().count() > LONGEST_DOMAIN) {
            return Err(Error::field("domains", "takes domains of at most 2048 characters"));
        }
        let mut seen = HashSet::new();
        let asked = domains
            .iter()
            .map(|domain| match host::normalise(domain) {
                Ok(domain) => nothing_of(domain, EnrichStatus::NotFound),
                Err(_) => nothing_of(domain.clone(), EnrichStatus::InvalidDomain),
            })
            .filter(|asked| seen.insert(asked.domain.clone()));
        Ok(Self(asked.collect()))
    }

    /// How many of them the index could have.
    pub fn count(&self) -> usize {
        self.0.iter().filter(|asked| asked.status == EnrichStatus::NotFound).count()
    }
}

/// What the index has of each. Three queries, however many there are.
///
/// # Errors
/// When the database cannot answer.
pub async fn enrich(db: &Db, Asked(asked): Asked) -> Result<Vec<Enriched>> {
    db.read(move |conn| fill(conn, asked)).await
}

fn nothing_of(domain: String, status: EnrichStatus) -> Enriched {
    Enriched { domain, status, store: None, contacts: Vec::new(), contacts_total: 0 }
}

fn fill(conn: &mut Conn, mut asked: Vec<Enriched>) -> Result<Vec<Enriched>> {
    let domains: Vec<String> = asked
        .iter()
        .filter(|asked| asked.status == EnrichStatus::NotFound)
        .map(|asked| asked.domain.clone())
        .collect();
    let found = stores::by_domains(conn, &domains)?;
    let ids: Vec<StoreId> = found.iter().map(|(id, _)| *id).collect();
    let counts = contacts::count_of_stores(conn, &ids)?;
    let mut first = contacts::first_of_stores(conn, &ids, MOST_CONTACTS)?;
    let mut found: HashMap<String, (StoreId, StoreProfile)> =
        found.into_iter().map(|(id, store)| (store.domain.clone(), (id, store))).collect();
    for asked in &mut asked {
        if let Some((id, store)) = found.remove(&asked.domain) {
            asked.status = EnrichStatus::Found;
            asked.store = Some(store);
            asked.contacts = first.remove(&id.0).unwrap_or_default();
            asked.contacts_total = counts.get(&id.0).copied().unwrap_or_default();
        }
    }
    Ok(asked)
}
