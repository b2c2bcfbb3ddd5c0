//! Reading contacts (table `contacts`).

use std::collections::HashMap;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::facets;
use super::stores::holding;
use crate::db::schema::{contacts, stores};
use crate::db::words::{Range, matching};
use crate::db::{Conn, MultiBackend};
use crate::domain::contact::{Channels, Contact, ContactPreview, EmailStatus};
use crate::domain::cursor::{Position, Walk};
use crate::domain::facet::Asked;
use crate::domain::filter::ContactFilter;
use crate::domain::import::slug;
use crate::domain::words::{Side, fold, holds, pieces_of_query};
use crate::ids::StoreId;

#[diesel::declare_sql_function]
extern "SQL" {
    /// The first of two that is not null.
    fn coalesce(first: Nullable<BigInt>, second: BigInt) -> Nullable<BigInt>;
}

/// Entries looked through at first; then twice as many each time.
const FIRST_ENTRIES: i64 = 32;
/// The most entries looked through at a time.
const MOST_ENTRIES: i64 = 1_024;
/// Contacts read at a time.
const PAGE: i64 = 200;

/// A contact found, with its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// After this contact: the entry it is under, and its id.
    pub position: Position,
    /// The contact.
    pub preview: ContactPreview,
}

/// The contacts of these public ids with their row ids, in no order; unknown ids are left out.
///
/// # Errors
/// When the database cannot answer.
pub fn by_public_ids(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<(i64, Contact)>> {
    let rows: Vec<Row> = contacts::table
        .filter(contacts::public_id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.into())).collect())
}

/// At most `limit` contacts that match all of `filter`, after the place `after`: the contacts of one
/// store together, in the order in which stores were added, those without a store before them. A
/// contact that came before in the walk that `after` tells of is passed over.
///
/// # Errors
/// When the database cannot answer.
pub fn search(
    conn: &mut Conn,
    filter: &ContactFilter,
    after: Option<&Position>,
    limit: i64,
) -> QueryResult<Vec<Found>> {
    let store_text = filter.store.as_ref().and_then(|store| store.q.as_deref()).map(fold);
    let text = filter.q.as_deref().map(fold);
    let pieces = [(Side::Store, &store_text), (Side::People, &text)]
        .into_iter()
        .flat_map(|(side, text)| text.iter().flat_map(move |text| pieces_of_query(side, text)));
    let asked = Asked::by_contacts(filter);
    let Some(sought) = facets::sought(conn, &asked)? else {
        return Ok(Vec::new());
    };
    let expression = sought.expression().and_each(pieces);
    let limit = usize::try_from(limit).unwrap_or_default();
    let walk = after.and_then(|after| after.walk.as_ref());
    let mut search = Search { filter, store_text, text, walk, limit, found: Vec::new() };
    let mut place = match after {
        Some(Position { value: Some(entry), id, .. }) => (*entry, *id),
        // Contacts without a store have entries below zero.
        _ => (if filter.store.is_some() { 1 } else { i64::MIN }, 0),
    };
    let mut size = FIRST_ENTRIES;
    loop {
        let range = Range { from: place.0, to: i64::MAX, descending: false, limit: size };
        let entries = matching(conn, &expression, range)?;
        let Some(last) = entries.last().copied() else { return Ok(search.found) };
        search.read(conn, &entries, place)?;
        let ended = (entries.len() as i64) < size || last == i64::MAX;
        if ended || search.is_full() {
            return Ok(search.found);
        }
        place = (last + 1, 0);
        size = (size * 2).min(MOST_ENTRIES);
    }
}

/// The newest store and the newest contact; 0 where there is none.
///
/// # Errors
/// When the database cannot answer.
pub fn newest(conn: &mut Conn) -> QueryResult<(i64, i64)> {
    let store: Option<i64> = stores::table.select(max(stores::id)).first(conn)?;
    let contact: Option<i64> = contacts::table.select(max(contacts::id)).first(conn)?;
    Ok((store.unwrap_or_default(), contact.unwrap_or_default()))
}

/// A contact search under way.
struct Search<'a> {
    filter: &'a ContactFilter,
    /// The text that a store must hold, folded.
    store_text: Option<String>,
    /// The text that a contact must hold, folded.
    text: Option<String>,
    /// How the search got to the place it goes on from.
    walk: Option<&'a Walk>,
    limit: usize,
    found: Vec<Found>,
}

impl Search<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Takes the contacts of these entries that match, after the place, until the page is full.
    fn read(&mut self, conn: &mut Conn, entries: &[i64], after: (i64, i64)) -> QueryResult<()> {
        let kept = match &self.store_text {
            Some(text) => holding(conn, entries, text)?,
            None => entries.to_vec(),
        };
        let mut place = after;
        while !self.is_full() && !kept.is_empty() {
            let rows: Vec<Row> = self
                .narrow(contacts::table.into_boxed())
                .filter(contacts::entry_id.eq_any(kept.iter().copied()))
                .filter(contacts::entry_id.ge(place.0))
                .filter(contacts::entry_id.gt(place.0).or(contacts::id.gt(place.1)))
                .order((contacts::entry_id, contacts::id))
                .limit(PAGE)
                .select(Row::as_select())
                .load(conn)?;
            let was_last = (rows.len() as i64) < PAGE;
            if let Some(last) = rows.last() {
                place = (last.entry_id, last.id);
            }
            for row in rows {
                let came = self.walk.is_some_and(|walk| walk.had(row.id, row.entry_id));
                let found = Found::from(row);
                if !self.is_full() && !came && self.matches(&found.preview) {
                    self.found.push(found);
                }
            }
            if was_last {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether a contact holds the text and was found by what is shown of it.
    fn matches(&self, contact: &ContactPreview) -> bool {
        let shows_role = self.filter.role.is_empty() || contact.role.is_some();
        let shows_seniority = self.filter.seniority.is_empty() || contact.seniority.is_some();
        let name = contact.name();
        let texts = [Some(&*name), contact.title.as_deref(), contact.store_domain.as_deref()];
        let holds = self.text.as_deref().is_none_or(|text| holds(text, &texts));
        shows_role && shows_seniority && holds
    }

    /// What has to be true of the contact itself, not only of its store.
    fn narrow<'q>(&self, mut query: Query<'q>) -> Query<'q> {
        let slugs = |values: &[String]| values.iter().map(|value| slug(value)).collect::<Vec<_>>();
        if !self.filter.role.is_empty() {
            query = query.filter(contacts::role.eq_any(slugs(&self.filter.role)));
        }
        if !self.filter.seniority.is_empty() {
            query = query.filter(contacts::seniority.eq_any(slugs(&self.filter.seniority)));
        }
        if !self.filter.country.is_empty() {
            let codes = self.filter.country.iter().map(|code| code.to_ascii_uppercase());
            query = query.filter(contacts::country.eq_any(codes.collect::<Vec<_>>()));
        }
        query
    }
}

/// A contact query that filters are added to.
type Query<'a> = contacts::BoxedQuery<'a, MultiBackend>;

/// How many contacts each of these stores has.
///
/// # Errors
/// When the database cannot answer.
pub fn count_of_stores(conn: &mut Conn, ids: &[StoreId]) -> QueryResult<HashMap<i64, i64>> {
    let counts: Vec<(i64, i64)> = contacts::table
        .filter(contacts::entry_id.eq_any(ids.iter().map(|store| store.0)))
        .group_by(contacts::entry_id)
        .select((contacts::entry_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(counts.into_iter().collect())
}

/// The first contacts of these stores, at most `most` of each.
///
/// # Errors
/// When the database cannot answer.
pub fn first_of_stores(
    conn: &mut Conn,
    ids: &[StoreId],
    most: i64,
) -> QueryResult<HashMap<i64, Vec<ContactPreview>>> {
    // Found once for each store, so that one with many contacts costs no more than another.
    let one = diesel::alias!(contacts as one);
    let last = one
        .filter(one.field(contacts::entry_id).eq(stores::id))
        .order(one.field(contacts::id))
        .select(one.field(contacts::id))
        .limit(1)
        .offset(most - 1)
        .single_value();
    let rows: Vec<Row> = stores::table
        .inner_join(contacts::table.on(contacts::entry_id.eq(stores::id)))
        .filter(stores::id.eq_any(ids.iter().map(|store| store.0)))
        .filter(contacts::id.nullable().le(coalesce(last, i64::MAX)))
        .order((contacts::entry_id, contacts::id))
        .select(Row::as_select())
        .load(conn)?;
    let mut first: HashMap<i64, Vec<ContactPreview>> = HashMap::new();
    for row in rows {
        first.entry(row.entry_id).or_default().push(Contact::from(row).into());
    }
    Ok(first)
}

/// A contact's row.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = contacts)]
pub(super) struct Row {
    pub id: i64,
    pub entry_id: i64,
    public_id: String,
    store_domain: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    title: Option<String>,
    role: Option<String>,
    seniority: Option<String>,
    country: Option<String>,
    email: Option<String>,
    email_status: String,
    phone: Option<String>,
    linkedin_url: Option<String>,
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        let position = Position { value: Some(row.entry_id), id: row.id, walk: None };
        Self { position, preview: Contact::from(row).into() }
    }
}

impl From<Row> for Contact {
    fn from(row: Row) -> Self {
        Self {
            public_id: row.public_id,
            first_name: row.first_name,
            last_name: row.last_name,
            title: row.title,
            role: row.role,
            seniority: row.seniority,
            country: row.country,
            store_domain: row.store_domain,
            email_status: EmailStatus::from_word(&row.email_status),
            known: Channels { email: row.email, phone: row.phone, linkedin_url: row.linkedin_url },
        }
    }
}
