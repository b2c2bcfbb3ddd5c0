//! Facets: the values by which stores and contacts are found, what a record has of them, and what a
//! filter asks of them.

use super::filter::{ContactFilter, StoreFilter, StoreSort, Tier};
use super::import::{category, slug};
use super::profile::{revenue_tier, traffic_tier};
use super::words::{flight, step};

/// Kinds of facets, as the database names them.
pub mod kind {
    /// Every store has it.
    pub const STORE: &str = "store";
    /// There is a contact.
    pub const CONTACTS: &str = "contacts";
    /// The store's country.
    pub const COUNTRY: &str = "country";
    /// Category.
    pub const CATEGORY: &str = "category";
    /// Platform.
    pub const PLATFORM: &str = "platform";
    /// Theme.
    pub const THEME: &str = "theme";
    /// Tier of the visits.
    pub const TRAFFIC: &str = "traffic";
    /// Tier of the revenue.
    pub const REVENUE: &str = "revenue";
    /// App.
    pub const APP: &str = "app";
    /// Tracking pixel.
    pub const PIXEL: &str = "pixel";
    /// Whether it runs advertisements.
    pub const ADS: &str = "ads";
    /// Whether it is on the top plan.
    pub const PLUS: &str = "plus";
    /// Step of the visits, for the order by them.
    pub const VISITS_STEP: &str = "visits_step";
    /// Flight of the visits' steps.
    pub const VISITS_FLIGHT: &str = "visits_flight";
    /// Step of the revenue, for the order by it.
    pub const DOLLARS_STEP: &str = "dollars_step";
    /// Flight of the revenue's steps.
    pub const DOLLARS_FLIGHT: &str = "dollars_flight";
    /// A contact's role.
    pub const ROLE: &str = "role";
    /// A contact's seniority.
    pub const SENIORITY: &str = "seniority";
    /// The way in which the words of all entries were made; no entry has it.
    pub const WORDS: &str = "words";
    /// A contact's country.
    pub const CONTACT_COUNTRY: &str = "contact_country";
    /// Those that an entry has of its contacts.
    pub const OF_PEOPLE: [&str; 4] = [CONTACTS, ROLE, SENIORITY, CONTACT_COUNTRY];
}

/// The value of facets that something simply has or has not.
pub const YES: &str = "yes";
/// The step of stores whose number is not known.
pub const UNRANKED: &str = "none";

/// A value of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Facet {
    /// Of which kind.
    pub kind: &'static str,
    /// Which value.
    pub value: String,
}

impl Facet {
    /// A value of a kind.
    pub fn new(kind: &'static str, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }
}

/// The columns of a store that are facets.
#[derive(Debug, Clone, Copy)]
pub struct StoreFacts<'a> {
    /// Country.
    pub country: Option<&'a str>,
    /// Category.
    pub category: Option<&'a str>,
    /// Platform.
    pub platform: Option<&'a str>,
    /// Theme.
    pub theme: Option<&'a str>,
    /// Monthly visits.
    pub visits: Option<i64>,
    /// Yearly revenue.
    pub dollars: Option<i64>,
    /// Top plan.
    pub plus: Option<bool>,
    /// Advertisements.
    pub ads: Option<bool>,
}

/// The facets of a store's row.
pub fn of_store(store: &StoreFacts<'_>) -> Vec<Facet> {
    let flag = |flag: bool| flag.to_string();
    let tier = |tier: Tier| tier.as_str().to_owned();
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let values = [
        (kind::STORE, Some(YES.to_owned())),
        (kind::COUNTRY, owned(store.country)),
        (kind::CATEGORY, owned(store.category)),
        (kind::PLATFORM, owned(store.platform)),
        (kind::THEME, owned(store.theme)),
        (kind::TRAFFIC, store.visits.and_then(traffic_tier).map(tier)),
        (kind::REVENUE, store.dollars.and_then(revenue_tier).map(tier)),
        (kind::PLUS, store.plus.map(flag)),
        (kind::ADS, store.ads.map(flag)),
        (kind::VISITS_STEP, Some(step_value(store.visits))),
        (kind::DOLLARS_STEP, Some(step_value(store.dollars))),
        (kind::VISITS_FLIGHT, store.visits.map(|visits| flight(step(visits)).to_string())),
        (kind::DOLLARS_FLIGHT, store.dollars.map(|dollars| flight(step(dollars)).to_string())),
    ];
    values.into_iter().filter_map(|(kind, value)| Some(Facet::new(kind, value?))).collect()
}

/// The step of a number as a facet's value.
pub fn step_value(number: Option<i64>) -> String {
    number.map_or(UNRANKED.to_owned(), |number| value_of(step(number)))
}

/// A step as a facet's value: texts in the order of the steps.
pub fn value_of(step: u16) -> String {
    format!("{step:05}")
}

/// The kinds of the steps and of the flights of an order, if it goes by a number.
pub fn step_kinds(sort: StoreSort) -> Option<(&'static str, &'static str)> {
    match sort {
        StoreSort::Added => None,
        StoreSort::TrafficDesc => Some((kind::VISITS_STEP, kind::VISITS_FLIGHT)),
        StoreSort::RevenueDesc => Some((kind::DOLLARS_STEP, kind::DOLLARS_FLIGHT)),
    }
}

/// The highest number by which a filter lets a store be sorted, if it says.
pub fn ceiling(filter: &StoreFilter, sort: StoreSort) -> Option<i64> {
    let highest = |tiers: &[Tier], bounds: fn(Tier) -> (i64, i64)| {
        tiers.iter().map(|tier| bounds(*tier).1 - 1).max()
    };
    match sort {
        StoreSort::Added => None,
        StoreSort::TrafficDesc => highest(&filter.traffic, Tier::visits),
        StoreSort::RevenueDesc => highest(&filter.revenue, Tier::revenue),
    }
}

/// What a filter asks of facets: something of each list of `all`, nothing of `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What everything looked for has.
    pub base: Facet,
    /// Lists of which one value each is wanted.
    pub all: Vec<Vec<Facet>>,
    /// Values not wanted.
    pub none: Vec<Facet>,
}

impl Asked {
    fn of(kind: &'static str) -> Self {
        Self { base: Facet::new(kind, YES), all: Vec::new(), none: Vec::new() }
    }

    fn any(&mut self, kind: &'static str, values: &[String], spell: fn(&str) -> String) {
        if !values.is_empty() {
            self.all.push(values.iter().map(|value| Facet::new(kind, spell(value))).collect());
        }
    }

    fn has(&mut self, kind: &'static str, value: impl Into<String>) {
        self.all.push(vec![Facet::new(kind, value)]);
    }

    fn store(&mut self, filter: &StoreFilter) {
        self.any(kind::COUNTRY, &filter.country, str::to_ascii_uppercase);
        self.any(kind::CATEGORY, &filter.category, category);
        self.any(kind::PLATFORM, &filter.platform, slug);
        self.any(kind::THEME, &filter.theme, slug);
        self.any(kind::APP, &filter.apps, slug);
        self.any(kind::PIXEL, &filter.pixels, slug);
        let tiers =
            |tiers: &[Tier]| tiers.iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>();
        self.any(kind::TRAFFIC, &tiers(&filter.traffic), str::to_owned);
        self.any(kind::REVENUE, &tiers(&filter.revenue), str::to_owned);
        if let Some(ads) = filter.ads {
            self.has(kind::ADS, ads.to_string());
        }
        if let Some(plus) = filter.plus {
            self.has(kind::PLUS, plus.to_string());
        }
        match filter.has_contacts {
            Some(true) => self.has(kind::CONTACTS, YES),
            Some(false) => self.none.push(Facet::new(kind::CONTACTS, YES)),
            None => {}
        }
        self.none.extend(filter.missing_apps.iter().map(|app| Facet::new(kind::APP, slug(app))));
        self.none.extend(filter.missing_pixels.iter().map(|p| Facet::new(kind::PIXEL, slug(p))));
    }

    /// What a store filter asks.
    ///
    /// Entries of contacts without a store have none of a store's facets, and their ids are negative.
    pub fn by_stores(filter: &StoreFilter) -> Self {
        let mut asked = Self::of(kind::STORE);
        asked.store(filter);
        asked
    }

    /// What a contact filter asks of the entry that a contact is in: some contact of it has the
    /// role, some the seniority; whether one contact has both is seen when it is read.
    pub fn by_contacts(filter: &ContactFilter) -> Self {
        let mut asked = Self::of(kind::CONTACTS);
        asked.any(kind::ROLE, &filter.role, slug);
        asked.any(kind::SENIORITY, &filter.seniority, slug);
        asked.any(kind::CONTACT_COUNTRY, &filter.country, str::to_ascii_uppercase);
        if !filter.technology.is_empty() {
            let of_both =
                |name: &String| [kind::APP, kind::PIXEL].map(|kind| Facet::new(kind, slug(name)));
            asked.all.push(filter.technology.iter().flat_map(of_both).collect());
        }
        if let Some(store) = &filter.store {
            asked.store(store);
        }
        asked
    }
}
