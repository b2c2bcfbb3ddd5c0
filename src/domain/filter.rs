//! Filters over the store index (contract §7): a list means any of, different keys mean all of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A store by how many visit it a month.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The smallest.
    Micro,
    /// Small.
    Small,
    /// Medium.
    Medium,
    /// Large.
    Large,
    /// The largest.
    Enterprise,
}

/// All tiers, smallest first.
pub const TIERS: [Tier; 5] =
    [Tier::Micro, Tier::Small, Tier::Medium, Tier::Large, Tier::Enterprise];

impl Tier {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Enterprise => "enterprise",
        }
    }

    /// Lowest (inclusive) and highest (exclusive) monthly visits.
    pub fn visits(self) -> (i64, i64) {
        match self {
            Self::Micro => (0, 1_000),
            Self::Small => (1_000, 10_000),
            Self::Medium => (10_000, 100_000),
            Self::Large => (100_000, 1_000_000),
            Self::Enterprise => (1_000_000, i64::MAX),
        }
    }

    /// Lowest (inclusive) and highest (exclusive) yearly revenue in US dollars.
    pub fn revenue(self) -> (i64, i64) {
        match self {
            Self::Micro => (0, 100_000),
            Self::Small => (100_000, 1_000_000),
            Self::Medium => (1_000_000, 10_000_000),
            Self::Large => (10_000_000, 100_000_000),
            Self::Enterprise => (100_000_000, i64::MAX),
        }
    }
}

/// Which stores. Every key narrows; a list means any of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreFilter {
    /// Countries, ISO 3166-1 alpha-2 ("US").
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<String>,
    /// Categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// Platforms the store runs on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform: Vec<String>,
    /// Monthly visits by tier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<Tier>,
    /// Yearly revenue by tier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revenue: Vec<Tier>,
    /// Apps the store uses (any of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<String>,
    /// Tracking pixels the store uses (any of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pixels: Vec<String>,
    /// Apps the store must not use (none of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_apps: Vec<String>,
    /// Tracking pixels the store must not use (none of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_pixels: Vec<String>,
    /// Themes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub theme: Vec<String>,
    /// Whether the store runs advertisements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ads: Option<bool>,
    /// Whether the store is on its platform's top plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plus: Option<bool>,
    /// Whether contacts of the store are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_contacts: Option<bool>,
    /// Text in domain, name or description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// The most values a list of a filter may hold.
pub const MOST_VALUES: usize = 50;
/// The longest text of a filter, in characters.
pub const LONGEST_VALUE: usize = 200;

impl StoreFilter {
    /// Checks sizes and spelling.
    ///
    /// # Errors
    /// The name of the filter and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let lists: [(&'static str, &[String]); 8] = [
            ("country", &self.country),
            ("category", &self.category),
            ("platform", &self.platform),
            ("apps", &self.apps),
            ("pixels", &self.pixels),
            ("missing_apps", &self.missing_apps),
            ("missing_pixels", &self.missing_pixels),
            ("theme", &self.theme),
        ];
        for (name, values) in lists {
            if values.len() > MOST_VALUES {
                return Err((name, "takes at most 50 values"));
            }
            if values.iter().any(|value| value.is_empty() || value.chars().count() > LONGEST_VALUE)
            {
                return Err((name, "takes values of 1 to 200 characters"));
            }
        }
        if self
            .country
            .iter()
            .any(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            return Err(("country", "takes two-letter codes, like US"));
        }
        if self.traffic.len() > MOST_VALUES || self.revenue.len() > MOST_VALUES {
            return Err(("traffic", "takes at most 50 values"));
        }
        if self
            .q
            .as_ref()
            .is_some_and(|q| q.trim().chars().count() < 2 || q.chars().count() > LONGEST_VALUE)
        {
            return Err(("q", "takes 2 to 200 characters"));
        }
        Ok(())
    }
}

/// The order of a store search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreSort {
    /// As added to the index.
    #[default]
    Added,
    /// Most monthly visits first.
    TrafficDesc,
    /// Most revenue first.
    RevenueDesc,
}
