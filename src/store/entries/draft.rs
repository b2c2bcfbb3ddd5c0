//! What an entry is to hold, put together from rows or records before it is written.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::entry_rows;
use crate::db::schema::stores;
use crate::domain::facet::{Facet, StoreFacts, kind, of_store};
use crate::domain::import::{Record, Value};
use crate::domain::profile::label;
use crate::domain::words::{Side, step};
use crate::store::facets;

/// What an entry is to hold.
#[derive(Default)]
pub(super) struct Entry {
    /// Places in [`Facets`].
    pub facets: Vec<usize>,
    /// The ids of facets that it has already and that stay.
    pub kept: Vec<i64>,
    /// Its texts: what they are searched by is made on another thread (`making`).
    pub texts: Vec<(Side, String)>,
    /// The steps it is on.
    pub steps: Steps,
}

/// The steps of visits and of revenue; 0 where there are none.
pub(super) type Steps = [u16; 2];

impl Entry {
    /// Adds what a store says of itself.
    pub fn add_store(&mut self, store: StoreRow, facets: &mut Facets) {
        let facts = StoreFacts {
            country: store.country.as_deref(),
            category: store.category.as_deref(),
            platform: store.platform.as_deref(),
            theme: store.theme.as_deref(),
            visits: store.monthly_visits,
            dollars: store.revenue_usd,
            plus: store.plus,
            ads: store.ads,
        };
        for facet in of_store(&facts) {
            self.facets.push(facets.place(facet.kind, &facet.value, || spelling(&facet)));
        }
        self.add_texts(StoreTexts {
            id: store.id,
            domain: store.domain,
            name: store.name,
            description: store.description,
            monthly_visits: store.monthly_visits,
            revenue_usd: store.revenue_usd,
        });
    }

    /// Adds what a store says of itself, but for the facets.
    pub fn add_texts(&mut self, store: StoreTexts) {
        self.steps = [store.monthly_visits, store.revenue_usd].map(|n| n.map_or(0, step));
        let texts = [Some(store.domain), store.name, store.description];
        self.texts.extend(texts.into_iter().flatten().map(|text| (Side::Store, text)));
    }
}

/// The facets of the entries of one transaction, and by how much their counts change.
#[derive(Default)]
pub(super) struct Facets {
    places: HashMap<&'static str, HashMap<String, usize>>,
    /// The ids of the places, once looked up.
    pub ids: Vec<i64>,
    unknown: BTreeMap<Facet, (usize, String)>,
    /// What is counted of them.
    pub counts: Counts,
}

/// By how much the numbers of entries that facets have change, and the highest steps of those that
/// came.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<i64, (i64, Steps)>);

impl Counts {
    /// Counts the facets of an entry that comes.
    pub fn come(&mut self, facets: &str, steps: Steps) {
        ids_in(facets).for_each(|facet| self.count(facet, 1, steps));
    }

    /// Counts the facets of an entry that goes. The highest steps stay: that there is nothing above
    /// them remains true.
    pub fn go(&mut self, facets: &str) {
        ids_in(facets).for_each(|facet| self.count(facet, -1, Steps::default()));
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, counts: Self) {
        for (facet, (more, steps)) in counts.0 {
            self.count(facet, more, steps);
        }
    }

    fn count(&mut self, facet: i64, more: i64, [visits, dollars]: Steps) {
        let (entries, [most_visits, most_dollars]) = self.0.entry(facet).or_default();
        *entries += more;
        *most_visits = visits.max(*most_visits);
        *most_dollars = dollars.max(*most_dollars);
    }
}

/// The ids in a text of them, with spaces between.
pub(super) fn ids_in(facets: &str) -> impl Iterator<Item = i64> {
    facets.split(' ').filter_map(|id| id.parse().ok())
}

impl Facets {
    /// The place of a facet; `label` words it where it is new.
    pub fn place(
        &mut self,
        kind: &'static str,
        value: &str,
        label: impl FnOnce() -> String,
    ) -> usize {
        let of_kind = self.places.entry(kind).or_default();
        if let Some(place) = of_kind.get(value) {
            return *place;
        }
        let place = self.ids.len();
        of_kind.insert(value.to_owned(), place);
        self.ids.push(0);
        self.unknown.insert(Facet::new(kind, value), (place, label()));
        place
    }

    /// Looks up the ids of the facets that came since, and makes those that are not there.
    pub fn look_up(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let unknown = std::mem::take(&mut self.unknown);
        let places: Vec<_> =
            unknown.iter().map(|(facet, (place, _))| (facet.clone(), *place)).collect();
        let wanted = unknown.into_iter().map(|(facet, (_, label))| (facet, label)).collect();
        let ids = facets::ensure(conn, &wanted)?;
        for (facet, place) in places {
            if let (Some(held), Some(id)) = (self.ids.get_mut(place), ids.get(&facet)) {
                *held = *id;
            }
        }
        Ok(())
    }

    /// Writes what was counted.
    pub fn write_counts(self, conn: &mut Conn) -> QueryResult<()> {
        let counted = self.counts.0.into_iter().map(|(facet, (more, [visits, dollars]))| {
            [facet, more, i64::from(visits), i64::from(dollars)]
        });
        entry_rows::add_counts(conn, &counted.collect::<Vec<_>>())
    }
}

/// What people read for a facet.
pub(super) fn spelling(facet: &Facet) -> String {
    match facet.kind {
        kind::COUNTRY | kind::CONTACT_COUNTRY => facet.value.clone(),
        _ => label(&facet.value),
    }
}

/// What of a store goes into its entry and is not in its facets.
#[derive(Queryable, Selectable)]
#[diesel(table_name = stores)]
pub(super) struct StoreTexts {
    pub id: i64,
    domain: String,
    name: Option<String>,
    description: Option<String>,
    monthly_visits: Option<i64>,
    revenue_usd: Option<i64>,
}

/// What of a store goes into its entry.
#[derive(Queryable, Selectable)]
#[diesel(table_name = stores)]
pub(super) struct StoreRow {
    pub id: i64,
    domain: String,
    name: Option<String>,
    platform: Option<String>,
    country: Option<String>,
    category: Option<String>,
    monthly_visits: Option<i64>,
    revenue_usd: Option<i64>,
    theme: Option<String>,
    plus: Option<bool>,
    ads: Option<bool>,
    description: Option<String>,
}

impl StoreRow {
    /// The row that `record`, all that is known of a store, is stored as.
    pub fn of(id: i64, record: &Record) -> Self {
        let text = |column| match record.values.get(column) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let number = |column| match record.values.get(column) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        };
        let flag = |column| match record.values.get(column) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        };
        Self {
            id,
            domain: record.key.clone(),
            name: text("name"),
            platform: text("platform"),
            country: text("country"),
            category: text("category"),
            monthly_visits: number("monthly_visits"),
            revenue_usd: number("revenue_usd"),
            theme: text("theme"),
            plus: flag("plus"),
            ads: flag("ads"),
            description: text("description"),
        }
    }
}
