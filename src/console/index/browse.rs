//! Looking through the stores of the index: a text, three filters, and one page after the other.

use url::form_urlencoded;

use super::PATH;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts::Chip;
use crate::domain::filter::StoreFilter;
use crate::domain::profile::{StoreProfile, TaxonomyValue};
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::service::index::{self, Browsed};
use crate::web::viewer::Viewer;

/// Where the list begins on the page.
const PLACE: &str = "stores";

/// The filters: name in the address, label, what stands for no filter.
const FILTERS: [(&str, &str, &str); 3] = [
    ("country", "Country", "Any country"),
    ("category", "Category", "Any category"),
    ("platform", "Platform", "Any platform"),
];

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    text: String,
    /// The values of [`FILTERS`]; empty for none.
    values: [String; 3],
    cursor: String,
}

impl Asked {
    /// Reads the query of an address.
    pub fn parse(query: &str) -> Self {
        let read = |name| parameter(query, name).trim().to_owned();
        Self {
            text: read("q"),
            values: FILTERS.map(|(name, ..)| read(name)),
            cursor: read("cursor"),
        }
    }

    fn filter(&self) -> StoreFilter {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let [country, category, platform] = self.values.each_ref().map(some);
        StoreFilter {
            country: country.into_iter().collect(),
            category: category.into_iter().collect(),
            platform: platform.into_iter().collect(),
            q: some(&self.text),
            ..StoreFilter::default()
        }
    }

    fn href(&self) -> String {
        let pairs = FILTERS.iter().map(|(name, ..)| *name).zip(&self.values);
        let all = [("q", &self.text)].into_iter().chain(pairs).chain([("cursor", &self.cursor)]);
        let given: Vec<_> = all.filter(|(_, value)| !value.is_empty()).collect();
        let mark = if given.is_empty() { "" } else { "?" };
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
        format!("{PATH}{mark}{query}#{PLACE}")
    }

    fn at(&self, cursor: String) -> Self {
        Self { cursor, ..self.clone() }
    }

    fn without(&self, filter: usize) -> Self {
        let mut less = self.at(String::new());
        if let Some(value) = less.values.get_mut(filter) {
            value.clear();
        }
        less
    }

    fn chips(&self) -> Vec<Chip> {
        let text = Self { text: String::new(), ..self.at(String::new()) };
        let text = (!self.text.is_empty())
            .then(|| Chip { text: format!("Text: {}", self.text), href: text.href() });
        let values = FILTERS.iter().zip(&self.values).enumerate();
        let values = values.filter(|(_, (_, value))| !value.is_empty()).map(
            |(place, ((_, label, _), value))| Chip {
                text: format!("{label}: {value}"),
                href: self.without(place).href(),
            },
        );
        text.into_iter().chain(values).collect()
    }
}

/// A filter as the form shows it.
#[derive(Debug)]
pub(super) struct Choice {
    /// Its name in the address.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What stands for no filter.
    pub any: &'static str,
    /// The value chosen, or nothing.
    pub chosen: String,
    /// The values to choose from.
    pub values: Vec<TaxonomyValue>,
}

/// The list with everything around it.
#[derive(Debug)]
pub(super) struct Grid {
    /// The text looked for, as it was typed.
    pub text: String,
    /// The filters.
    pub choices: Vec<Choice>,
    /// Whether one of them is asked wrongly.
    pub is_wrong: bool,
    /// The filters that are set.
    pub chips: Vec<Chip>,
    /// The stores, each with how many contacts it has.
    pub rows: Vec<(StoreProfile, i64)>,
    /// How many stores match, where that is counted: none or one filter is set, and no text.
    pub found: Option<i64>,
    /// The first page, unless it is this one.
    pub first: Option<String>,
    /// The next page, if there is one.
    pub next: Option<String>,
    /// The list without any filter.
    pub cleared: String,
}

impl Grid {
    /// Without any filter all stores of the index are found.
    pub fn count_all(&mut self, stores: i64) {
        if self.chips.is_empty() {
            self.found = Some(stores);
        }
    }
}

/// How many stores have the one value that is asked for; nothing if more is asked for than that.
fn counted(asked: &Asked, choices: &[Choice]) -> Option<i64> {
    let mut set = choices.iter().zip(&asked.values).filter(|(_, value)| !value.is_empty());
    let (choice, chosen) = set.next()?;
    if set.next().is_some() || !asked.text.is_empty() {
        return None;
    }
    choice.values.iter().find(|value| value.value == *chosen)?.stores
}

/// Reads the page that is asked for. What is asked wrongly is named and left out.
pub(super) async fn grid(ctx: &Ctx, viewer: &Viewer, asked: Asked) -> Result<(Grid, Vec<Error>)> {
    let (mut shown, mut errors) = (asked.clone(), Vec::new());
    if let Err((name, reason)) = shown.filter().check() {
        errors.push(Error::field(name, wrong(name, reason)));
        shown = Asked::default();
    }
    let browsed = match browse(ctx, viewer, &shown).await {
        Err(error) if error.code == ErrorCode::InvalidCursor => {
            let message =
                "That page of the list is not known here any more. This is the first one.";
            errors.push(Error::field(PLACE, message));
            shown = shown.at(String::new());
            browse(ctx, viewer, &shown).await?
        }
        other => other?,
    };
    let Browsed { stores, next_cursor, values } = browsed;
    let values = [values.country, values.category, values.platform];
    let choices = FILTERS.into_iter().zip(asked.values).zip(values);
    let choice =
        |(((name, label, any), chosen), values)| Choice { name, label, any, chosen, values };
    let choices: Vec<Choice> = choices.map(choice).collect();
    let grid = Grid {
        text: asked.text,
        found: counted(&shown, &choices),
        choices,
        is_wrong: errors.iter().any(is_of_filter),
        chips: shown.chips(),
        rows: stores,
        first: (!shown.cursor.is_empty()).then(|| shown.at(String::new()).href()),
        next: next_cursor.map(|cursor| shown.at(cursor).href()),
        cleared: Asked::default().href(),
    };
    Ok((grid, errors))
}

async fn browse(ctx: &Ctx, viewer: &Viewer, asked: &Asked) -> Result<Browsed> {
    let cursor = (!asked.cursor.is_empty()).then_some(asked.cursor.as_str());
    let (secret, caller) = (&ctx.config.secret, viewer.user.id);
    index::browse(&ctx.db, secret, caller, asked.filter(), cursor).await
}

fn is_of_filter(error: &Error) -> bool {
    FILTERS.iter().any(|(name, ..)| error.param.as_deref() == Some(*name))
}

fn wrong(name: &str, reason: &str) -> String {
    let label = FILTERS.iter().find(|filter| filter.0 == name).map_or("Search", |filter| filter.1);
    format!("{label}: it {reason}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_with_what_is_asked_alone() {
        let asked = Asked::parse("q=+cups+&platform=shopify&cursor=a.b");
        assert_eq!(asked.href(), "/admin/index?q=cups&platform=shopify&cursor=a.b#stores");
        assert_eq!(asked.filter().q.as_deref(), Some("cups"));
        let chips = asked.chips();
        let told: Vec<_> = chips.iter().map(|chip| (chip.text.as_str(), &chip.href)).collect();
        // Without a filter the list is another, and begins at its beginning.
        assert_eq!(told[0], ("Text: cups", &"/admin/index?platform=shopify#stores".to_owned()));
        assert_eq!(told[1], ("Platform: shopify", &"/admin/index?q=cups#stores".to_owned()));
        assert_eq!(Asked::parse("q=&country=").href(), "/admin/index#stores");
    }
}
