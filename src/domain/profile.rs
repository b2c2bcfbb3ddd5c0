//! What the index tells of stores: the shapes that tools and pages hand out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contact::ContactPreview;
use super::filter::{TIERS, Tier};

/// A store as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreProfile {
    /// The store's domain name, its key.
    pub domain: String,
    /// Its name.
    pub name: Option<String>,
    /// The platform it runs on.
    pub platform: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// Visits a month.
    pub monthly_visits: Option<i64>,
    /// Tier of the monthly visits.
    pub traffic: Option<Tier>,
    /// Yearly revenue in US dollars.
    pub revenue_usd: Option<i64>,
    /// Tier of the yearly revenue.
    pub revenue: Option<Tier>,
    /// Theme.
    pub theme: Option<String>,
    /// Whether it is on its platform's top plan.
    pub plus: Option<bool>,
    /// Whether it runs advertisements.
    pub ads: Option<bool>,
    /// Number of products.
    pub products: Option<i64>,
    /// Apps it uses, as the filters name them.
    pub apps: Vec<String>,
    /// Tracking pixels it uses, as the filters name them.
    pub pixels: Vec<String>,
    /// Its description of itself.
    pub description: Option<String>,
    /// When this was found out, RFC 3339, UTC.
    pub updated_at: Option<String>,
}

/// A page of a store search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorePage {
    /// The stores.
    pub stores: Vec<StoreProfile>,
    /// What to hand back for the next page; none on the last.
    pub next_cursor: Option<String>,
}

/// A page of a contact search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactPage {
    /// The contacts, without any channel.
    pub contacts: Vec<ContactPreview>,
    /// What to hand back for the next page; none on the last.
    pub next_cursor: Option<String>,
}

/// What became of a domain that was to be enriched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrichStatus {
    /// The index has the store.
    Found,
    /// The index does not have it.
    NotFound,
    /// The text is no domain.
    InvalidDomain,
}

/// A domain with what the index has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Enriched {
    /// The domain as the index spells it; a text that is no domain, as it was given.
    pub domain: String,
    /// What became of it.
    pub status: EnrichStatus,
    /// The store, if it was found.
    pub store: Option<StoreProfile>,
    /// Its first contacts.
    pub contacts: Vec<ContactPreview>,
    /// How many contacts it has.
    pub contacts_total: i64,
}

/// A value of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaxonomyValue {
    /// What the filter takes.
    pub value: String,
    /// The same for people.
    pub label: String,
    /// How many stores have it (of roles and seniorities: and contacts of no store); none where it is not
    /// counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stores: Option<i64>,
}

/// Every filter of the searches with its values, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taxonomy {
    /// Countries, ISO 3166-1 alpha-2.
    pub country: Vec<TaxonomyValue>,
    /// Categories.
    pub category: Vec<TaxonomyValue>,
    /// Platforms.
    pub platform: Vec<TaxonomyValue>,
    /// Tiers of monthly visits.
    pub traffic: Vec<TaxonomyValue>,
    /// Tiers of yearly revenue.
    pub revenue: Vec<TaxonomyValue>,
    /// Apps; values of `missing_apps` and, in the contact search, `technology` too.
    pub apps: Vec<TaxonomyValue>,
    /// Tracking pixels; values of `missing_pixels` and `technology` too.
    pub pixels: Vec<TaxonomyValue>,
    /// Themes.
    pub theme: Vec<TaxonomyValue>,
    /// Roles of contacts, a filter of the contact search; counted are stores with such a contact, and
    /// contacts of no store.
    pub role: Vec<TaxonomyValue>,
    /// Seniorities of contacts, likewise.
    pub seniority: Vec<TaxonomyValue>,
    /// Whether stores run advertisements; the filter takes true or false.
    pub ads: Vec<TaxonomyValue>,
    /// Whether stores are on their platform's top plan; true or false.
    pub plus: Vec<TaxonomyValue>,
    /// Whether contacts of stores are known; true or false.
    pub has_contacts: Vec<TaxonomyValue>,
    /// Lists above that end before their last value. Filters take the others all the same.
    pub truncated: Vec<Truncated>,
}

/// A filter that has more values than are listed: only the most frequent are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Truncated {
    /// The filter.
    pub filter: String,
    /// How many values are listed.
    pub listed: i64,
    /// How many there are.
    pub values: i64,
}

/// The tier of so many monthly visits.
pub fn traffic_tier(visits: i64) -> Option<Tier> {
    tier(visits, Tier::visits)
}

/// The tier of so much yearly revenue in US dollars.
pub fn revenue_tier(dollars: i64) -> Option<Tier> {
    tier(dollars, Tier::revenue)
}

fn tier(number: i64, bounds: fn(Tier) -> (i64, i64)) -> Option<Tier> {
    TIERS.into_iter().find(|tier| {
        let (least, below) = bounds(*tier);
        (least..below).contains(&number)
    })
}

/// The tiers as values of a filter; `bounds` says from where to where each goes, `unit` of what.
pub fn tier_values(bounds: fn(Tier) -> (i64, i64), unit: &str) -> Vec<TaxonomyValue> {
    let describe = |tier: Tier| match bounds(tier) {
        (0, below) => format!("fewer than {} {unit}", grouped(below)),
        (least, i64::MAX) => format!("{} {unit} or more", grouped(least)),
        (least, below) => format!("{} to {} {unit}", grouped(least), grouped(below - 1)),
    };
    let value = |tier: Tier| TaxonomyValue {
        value: tier.as_str().to_owned(),
        label: describe(tier),
        stores: None,
    };
    TIERS.into_iter().map(value).collect()
}

/// Names that are not written as their slug reads.
const OWN_SPELLING: [(&str, &str); 7] = [
    ("food-drink", "Food & drink"),
    ("home-garden", "Home & garden"),
    ("woocommerce", "WooCommerce"),
    ("bigcommerce", "BigCommerce"),
    ("prestashop", "PrestaShop"),
    ("opencart", "OpenCart"),
    ("tiktok", "TikTok"),
];

/// The words of a slug for people: "pet-supplies" becomes "Pet supplies".
pub fn label(slug: &str) -> String {
    if let Some((_, name)) = OWN_SPELLING.iter().find(|(own, _)| *own == slug) {
        return (*name).to_owned();
    }
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_leave_no_gap() {
        for tier in TIERS {
            let (least, below) = tier.visits();
            assert_eq!(traffic_tier(least), Some(tier));
            assert_eq!(traffic_tier(below - 1), Some(tier));
        }
        assert_eq!(revenue_tier(99_999_999), Some(Tier::Large));
    }

    #[test]
    fn labels_are_for_people() {
        let labels = tier_values(Tier::visits, "visits a month");
        assert_eq!(labels[0].label, "fewer than 1,000 visits a month");
        assert_eq!(labels[2].label, "10,000 to 99,999 visits a month");
        assert_eq!(labels[4].label, "1,000,000 visits a month or more");
        assert_eq!(label("home-garden"), "Home & garden");
        assert_eq!(label("pet-supplies"), "Pet supplies");
        assert_eq!(label("woocommerce"), "WooCommerce");
    }
}
