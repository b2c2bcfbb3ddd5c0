//! Filters over the store index (contract §7): a list means any of, different keys mean all of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::country;
use super::words::{fold, is_searchable};

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
    #[schemars(length(max = MOST_VALUES), inner(regex(pattern = COUNTRY_PATTERN)))]
    pub country: Vec<String>,
    /// Categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub category: Vec<String>,
    /// Platforms the store runs on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub platform: Vec<String>,
    /// Monthly visits by tier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES))]
    pub traffic: Vec<Tier>,
    /// Yearly revenue by tier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES))]
    pub revenue: Vec<Tier>,
    /// Apps the store uses (any of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub apps: Vec<String>,
    /// Tracking pixels the store uses (any of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub pixels: Vec<String>,
    /// Apps the store must not use (none of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub missing_apps: Vec<String>,
    /// Tracking pixels the store must not use (none of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub missing_pixels: Vec<String>,
    /// Themes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
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
    /// Text in domain, name or description; 3 letters, or 1 in Chinese, Japanese, Korean, Thai.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LONGEST_VALUE), regex(pattern = TEXT_PATTERN))]
    pub q: Option<String>,
}

/// The most values a list of a filter may hold.
pub const MOST_VALUES: usize = 50;
/// The longest text of a filter, in characters.
pub const LONGEST_VALUE: usize = 200;
/// What every country of a filter looks like.
const COUNTRY_PATTERN: &str = "^[A-Za-z]{2}$";
/// What every text looks like: three characters, or one of a script without spaces. A client may
/// know no letters beyond the first 65,536, so that the few of such scripts there are left out.
const TEXT_PATTERN: &str = "\\S[\\s\\S]+\\S|[\u{e00}-\u{eff}\u{1000}-\u{109f}\u{1780}-\u{17ff}\u{3041}-\u{9fff}\u{ac00}-\u{d7a3}]";

impl StoreFilter {
    /// Checks sizes and spelling.
    ///
    /// # Errors
    /// The name of the filter and what is wrong with it.
    pub fn check(&self) -> Result<(), Wrong> {
        check_lists(&[
            ("country", &self.country),
            ("category", &self.category),
            ("platform", &self.platform),
            ("apps", &self.apps),
            ("pixels", &self.pixels),
            ("missing_apps", &self.missing_apps),
            ("missing_pixels", &self.missing_pixels),
            ("theme", &self.theme),
        ])?;
        check_countries(&self.country)?;
        for (name, tiers) in [("traffic", &self.traffic), ("revenue", &self.revenue)] {
            if tiers.len() > MOST_VALUES {
                return Err((name, TOO_MANY));
            }
        }
        check_text(self.q.as_deref())
    }
}

/// The filter that is wrong, and what is wrong with it.
pub type Wrong = (&'static str, &'static str);

const TEXT_SIZES: &str = "takes 3 to 200 characters; one is enough in scripts without spaces";
const TOO_MANY: &str = "takes at most 50 values";

fn check_lists(lists: &[(&'static str, &Vec<String>)]) -> Result<(), Wrong> {
    for (name, values) in lists {
        if values.len() > MOST_VALUES {
            return Err((name, TOO_MANY));
        }
        let fits = |value: &String| (1..=LONGEST_VALUE).contains(&value.chars().count());
        if !values.iter().all(fits) {
            return Err((name, "takes values of 1 to 200 characters"));
        }
        if values.iter().any(|value| value.contains('\0')) {
            return Err((name, "takes no NUL characters"));
        }
    }
    Ok(())
}

fn check_countries(codes: &[String]) -> Result<(), Wrong> {
    codes.iter().try_for_each(|code| country::check(code).map_err(|reason| ("country", reason)))
}

fn check_text(text: Option<&str>) -> Result<(), Wrong> {
    let Some(text) = text else { return Ok(()) };
    if text.chars().count() > LONGEST_VALUE {
        return Err(("q", TEXT_SIZES));
    }
    if is_searchable(&fold(text)) { Ok(()) } else { Err(("q", TEXT_SIZES)) }
}

/// Which contacts. Every key narrows; a list means any of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactFilter {
    /// What they work on ("marketing").
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub role: Vec<String>,
    /// How high up they are ("head").
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub seniority: Vec<String>,
    /// The person's countries, ISO 3166-1 alpha-2 ("US").
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(regex(pattern = COUNTRY_PATTERN)))]
    pub country: Vec<String>,
    /// Apps or tracking pixels that their store uses (any of).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_VALUES), inner(length(min = 1, max = LONGEST_VALUE)))]
    pub technology: Vec<String>,
    /// A filter that their store must match.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::domain::argument::object_or_null"
    )]
    pub store: Option<StoreFilter>,
    /// Text in name, job title or store domain; 3 letters, or 1 in Chinese, Japanese, Korean, Thai.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LONGEST_VALUE), regex(pattern = TEXT_PATTERN))]
    pub q: Option<String>,
}

impl ContactFilter {
    /// Checks sizes and spelling.
    ///
    /// # Errors
    /// The name of the filter and what is wrong with it; what is wrong inside `store` is named by
    /// its own name there.
    pub fn check(&self) -> Result<(), Wrong> {
        check_lists(&[
            ("role", &self.role),
            ("seniority", &self.seniority),
            ("country", &self.country),
            ("technology", &self.technology),
        ])?;
        check_countries(&self.country)?;
        if let Some(store) = &self.store {
            store.check().map_err(|(name, reason)| (inside_store(name), reason))?;
        }
        check_text(self.q.as_deref())
    }
}

fn inside_store(name: &'static str) -> &'static str {
    match name {
        "country" => "store.country",
        "category" => "store.category",
        "platform" => "store.platform",
        "apps" => "store.apps",
        "pixels" => "store.pixels",
        "missing_apps" => "store.missing_apps",
        "missing_pixels" => "store.missing_pixels",
        "theme" => "store.theme",
        "traffic" => "store.traffic",
        "revenue" => "store.revenue",
        "q" => "store.q",
        _ => "store",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(filter: serde_json::Value) -> Option<&'static str> {
        let filter: ContactFilter = serde_json::from_value(filter).unwrap();
        filter.check().err().map(|(name, _)| name)
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many: Vec<_> = (0..51).map(|n| n.to_string()).collect();
        assert_eq!(wrong(json!({})), None);
        assert_eq!(wrong(json!({"role": many})), Some("role"));
        assert_eq!(wrong(json!({"technology": [""]})), Some("technology"));
        assert_eq!(wrong(json!({"seniority": ["a\0b"]})), Some("seniority"));
        assert_eq!(wrong(json!({"country": ["USA"]})), Some("country"));
        assert_eq!(wrong(json!({"country": ["US", "XX"]})), Some("country"));
        assert_eq!(wrong(json!({"country": ["us", "xk"]})), None);
        assert_eq!(wrong(json!({"store": {"country": ["1"]}})), Some("store.country"));
        assert_eq!(wrong(json!({"store": {"q": "ab"}})), Some("store.q"));
        assert_eq!(wrong(json!({"store": {"traffic": vec!["micro"; 51]}})), Some("store.traffic"));
        for q in ["", "ab", "  a b\u{7}  \u{7}", "\0\0\0", &"x".repeat(201)] {
            let short = fold(q).chars().count() < 3 || q.len() > 200;
            assert_eq!(wrong(json!({"q": q})), short.then_some("q"), "{q:?}");
        }
        assert_eq!(wrong(json!({"q": "茶"})), None);
    }

    #[test]
    fn an_unknown_filter_is_no_filter() {
        assert!(serde_json::from_value::<ContactFilter>(json!({"email": "a@b.example"})).is_err());
        assert!(serde_json::from_value::<ContactFilter>(json!({"store": {"rolle": 1}})).is_err());
    }
}
