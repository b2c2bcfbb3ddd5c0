//! The filters of the searches as a form: one table each for stores and contacts. A list takes one
//! more value with every search, so that the form works without a script; each value has a chip that
//! takes it away.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::console::mcp_users::parts::{Chip, number};
use crate::domain::profile::{self, Taxonomy, TaxonomyValue};

/// A filter as the form has it.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name in the address; `store.x` is the filter x of the contact's store.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Any of its values.
    List(fn(&Taxonomy) -> Vec<TaxonomyValue>),
    /// Yes or no.
    Flag,
}

impl Field {
    /// Its id in the page: that of the complaint about it.
    pub fn id(&self) -> String {
        self.name.replace('.', "-")
    }

    /// How many of its values are offered, if not all.
    fn cut(&self, taxonomy: &Taxonomy) -> Option<String> {
        let name = self.name.strip_prefix("store.").unwrap_or(self.name);
        let sources: &[&str] = match name.strip_prefix("missing_").unwrap_or(name) {
            "technology" => &["apps", "pixels"],
            name => &[name],
        };
        let of_field = |cut: &&profile::Truncated| sources.contains(&cut.filter.as_str());
        let told: Vec<String> = taxonomy
            .truncated
            .iter()
            .filter(of_field)
            .map(|cut| format!("{} most frequent of {}", number(&cut.listed), number(&cut.values)))
            .collect();
        (!told.is_empty()).then(|| told.join(", the "))
    }
}

const fn list(
    name: &'static str,
    label: &'static str,
    values: fn(&Taxonomy) -> Vec<TaxonomyValue>,
) -> Field {
    Field { name, label, kind: Kind::List(values) }
}

const fn flag(name: &'static str, label: &'static str) -> Field {
    Field { name, label, kind: Kind::Flag }
}

/// The filters of stores.
pub(super) const OF_STORES: &[Field] = &[
    list("country", "Country", |values| values.country.clone()),
    list("category", "Category", |values| values.category.clone()),
    list("platform", "Platform", |values| values.platform.clone()),
    list("traffic", "Visits a month", |values| values.traffic.clone()),
    list("revenue", "Revenue a year", |values| values.revenue.clone()),
    list("apps", "Uses the app", |values| values.apps.clone()),
    list("missing_apps", "Does not use the app", |values| values.apps.clone()),
    list("pixels", "Uses the pixel", |values| values.pixels.clone()),
    list("missing_pixels", "Does not use the pixel", |values| values.pixels.clone()),
    list("theme", "Theme", |values| values.theme.clone()),
    flag("ads", "Advertises"),
    flag("plus", "On its platform’s top plan"),
    flag("has_contacts", "Has contacts"),
];

/// The filters of contacts.
pub(super) const OF_CONTACTS: &[Field] = &[
    list("role", "Role", |values| values.role.clone()),
    list("seniority", "Seniority", |values| values.seniority.clone()),
    list("country", "Country of the person", |values| values.country.clone()),
    list("technology", "Store uses", |values| {
        values.apps.iter().chain(&values.pixels).cloned().collect()
    }),
    list("store.country", "Country of the store", |values| values.country.clone()),
    list("store.category", "Category of the store", |values| values.category.clone()),
    list("store.platform", "Platform of the store", |values| values.platform.clone()),
    list("store.traffic", "Visits of the store a month", |values| values.traffic.clone()),
    list("store.revenue", "Revenue of the store a year", |values| values.revenue.clone()),
    list("store.missing_apps", "Store does not use the app", |values| values.apps.clone()),
    flag("store.ads", "Store advertises"),
];

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Whether the address is that of a search.
    pub searches: bool,
    /// What says that it is paid for.
    pub paid: String,
    /// The text looked for.
    pub text: String,
    /// The order, for stores.
    pub sort: String,
    /// Where the page begins.
    pub cursor: String,
    /// Names and values of filters, in the order given.
    pub values: Vec<(&'static str, String)>,
}

impl Asked {
    /// Reads the query of an address; what no filter is called is left out.
    pub fn parse(fields: &'static [Field], query: &str) -> Self {
        Self::from_pairs(fields, form_urlencoded::parse(query.as_bytes()))
    }

    /// The same of a form.
    pub fn from_pairs<T: AsRef<str>>(
        fields: &'static [Field],
        pairs: impl IntoIterator<Item = (T, T)>,
    ) -> Self {
        let mut asked = Self::default();
        for (name, value) in pairs {
            let value = value.as_ref().trim().to_owned();
            match name.as_ref() {
                "search" => asked.searches = true,
                "paid" => asked.paid = value,
                "q" => asked.text = value,
                "sort" => asked.sort = value,
                "cursor" => asked.cursor = value,
                name => {
                    if let Some(field) = fields.iter().find(|field| field.name == name) {
                        asked.set(field, value);
                    }
                }
            }
        }
        asked
    }

    fn set(&mut self, field: &Field, value: String) {
        if matches!(field.kind, Kind::Flag) {
            self.values.retain(|(name, _)| *name != field.name);
        }
        let pair = (field.name, value);
        if !pair.1.is_empty() && !self.values.contains(&pair) {
            self.values.push(pair);
        }
    }

    /// The filters as the tools take them.
    pub fn filters(&self, fields: &[Field]) -> Value {
        let (mut own, mut of_store) = (Map::new(), Map::new());
        for (name, value) in &self.values {
            let (map, key) = match name.strip_prefix("store.") {
                Some(key) => (&mut of_store, key),
                None => (&mut own, *name),
            };
            let is_list = fields
                .iter()
                .any(|field| field.name == *name && matches!(field.kind, Kind::List(_)));
            if is_list {
                let values = map.entry(key).or_insert_with(|| json!([]));
                if let Value::Array(values) = values {
                    values.push(json!(value));
                }
            } else {
                map.insert(key.to_owned(), json!(value == "yes"));
            }
        }
        if !self.text.is_empty() {
            own.insert("q".into(), json!(self.text));
        }
        if !of_store.is_empty() {
            own.insert("store".into(), Value::Object(of_store));
        }
        Value::Object(own)
    }

    /// What a form or an address of this search says.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let single = [
            ("q", &self.text),
            ("sort", &self.sort),
            ("cursor", &self.cursor),
            ("paid", &self.paid),
        ];
        let single = single.into_iter().filter(|(_, value)| !value.is_empty());
        let mut pairs = vec![("search", "1".to_owned())];
        pairs.extend(self.values.iter().cloned());
        pairs.extend(single.map(|(name, value)| (name, value.clone())));
        pairs
    }

    /// The address of this search at `path`.
    pub fn href(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        format!("{path}?{}#results", query.finish())
    }

    /// The same search from another place.
    pub fn at(&self, cursor: String) -> Self {
        Self { cursor, paid: String::new(), ..self.clone() }
    }

    /// What is asked for, each with the address of the search without it.
    pub fn chips(&self, fields: &[Field], path: &str) -> Vec<Chip> {
        let first = self.at(String::new());
        let text = (!self.text.is_empty()).then(|| Chip {
            text: format!("Text: {}", self.text),
            href: Self { text: String::new(), ..first.clone() }.href(path),
        });
        let values = self.values.iter().enumerate().map(|(place, (name, value))| {
            let label = fields.iter().find(|field| field.name == *name);
            let mut without = first.clone();
            without.values.remove(place);
            let label = label.map_or(*name, |field| field.label);
            Chip { text: format!("{label}: {}", profile::label(value)), href: without.href(path) }
        });
        text.into_iter().chain(values).collect()
    }

    /// The fields of the form.
    pub fn inputs(&self, fields: &'static [Field], taxonomy: &Taxonomy) -> Vec<Input> {
        let of = |name: &str| -> Vec<String> {
            let own = self.values.iter().filter(|(other, _)| *other == name);
            own.map(|(_, value)| value.clone()).collect()
        };
        let yes_or_no = || {
            [("yes", "Yes"), ("no", "No")].map(|(value, label)| TaxonomyValue {
                value: value.into(),
                label: label.into(),
                stores: None,
            })
        };
        let input = |field: &'static Field| {
            let chosen = of(field.name);
            let cut = field.cut(taxonomy);
            match field.kind {
                Kind::Flag => {
                    Input { field, values: yes_or_no().into(), chosen, is_list: false, cut: None }
                }
                Kind::List(values) => {
                    let mut values = values(taxonomy);
                    values.retain(|value| !chosen.contains(&value.value));
                    Input { field, values, chosen, is_list: true, cut }
                }
            }
        };
        fields.iter().map(input).collect()
    }
}

/// A filter of the form with what it offers.
#[derive(Debug)]
pub(super) struct Input {
    /// The filter.
    pub field: &'static Field,
    /// What can be chosen; of a list, what is not chosen yet.
    pub values: Vec<TaxonomyValue>,
    /// What is chosen.
    pub chosen: Vec<String>,
    /// Whether several can be.
    pub is_list: bool,
    /// How many of the values are offered, in words, if not all.
    pub cut: Option<String>,
}

impl Input {
    /// Its id in the page: that of the complaint about it.
    pub fn id(&self) -> String {
        self.field.id()
    }

    /// The id of what is said about it; empty if nothing is.
    pub fn hint_id(&self) -> String {
        self.cut.as_ref().map(|_| format!("{}-hint", self.id())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_filter_of_the_tools_and_back() {
        let asked = Asked::parse(
            OF_CONTACTS,
            "search=1&role=marketing&role=sales&role=sales&store.ads=no&store.country=DE&q=+ann+&x=1&seniority=",
        );
        assert_eq!(
            asked.filters(OF_CONTACTS),
            json!({"role": ["marketing", "sales"], "q": "ann", "store": {"ads": false, "country": ["DE"]}})
        );
        assert_eq!(
            asked.href("/p"),
            "/p?search=1&role=marketing&role=sales&store.ads=no&store.country=DE&q=ann#results"
        );
        let chips = asked.chips(OF_CONTACTS, "/p");
        assert_eq!(chips.len(), 5);
        assert_eq!(chips[1].text, "Role: Marketing");
        assert!(!chips[1].href.contains("marketing") && chips[1].href.contains("sales"));
    }

    #[test]
    fn every_filter_of_the_tools_is_in_the_form() {
        use crate::domain::filter::StoreFilter;
        let full = StoreFilter {
            ads: Some(true),
            plus: Some(true),
            has_contacts: Some(true),
            ..StoreFilter::default()
        };
        for name in ["ads", "plus", "has_contacts"] {
            let asked = Asked::parse(OF_STORES, &format!("{name}=yes"));
            let told = serde_json::to_value(&full).unwrap();
            assert_eq!(asked.filters(OF_STORES)[name], told[name]);
        }
        let lists = OF_STORES.iter().filter(|field| matches!(field.kind, Kind::List(_)));
        for field in lists {
            let value = if ["traffic", "revenue"].contains(&field.name) { "micro" } else { "DE" };
            let asked = Asked::parse(OF_STORES, &format!("{}={value}", field.name));
            let filter: Result<StoreFilter, _> = serde_json::from_value(asked.filters(OF_STORES));
            assert!(filter.is_ok_and(|filter| filter != StoreFilter::default()), "{}", field.name);
        }
    }
}
