//! A view of the list and its address. What cannot be read is named and its default used; a view is
//! written in one spelling, without defaults.

use url::form_urlencoded;

use super::PATH;
use crate::console::mcp_users::parts::{self, Chip, Header, Pager, Size, last_page};
use crate::console::mcp_users::query::{PAGE_SIZES, page, page_size};
use crate::error::Error;
use crate::ids::PlanId;
use crate::service::accounts::{Access, Asked as Wanted};
use crate::service::plans::Offered;
use crate::store::account_grid::AccountSort;

const DEFAULT_PAGE_SIZE: i64 = 50;
const DEFAULT_SORT: (AccountSort, bool) = (AccountSort::Name, false);

/// How accounts stand with API access: value in addresses, label.
pub(super) const ACCESS: [(Access, &str, &str); 3] = [
    (Access::On, "on", "On"),
    (Access::SwitchedOff, "off", "Switched off for the account"),
    (Access::NotInPlan, "none", "Not in the plan"),
];

/// A column: its order if it sorts, its name in addresses, its header, whether it holds numbers.
pub(super) const COLUMNS: [(Option<AccountSort>, &str, &str, bool); 8] = [
    (Some(AccountSort::Name), "name", "Account", false),
    (Some(AccountSort::Plan), "plan", "Plan", false),
    (None, "", "API access", false),
    (Some(AccountSort::Credits), "credits", "Credits used", false),
    (None, "", "Search rows", false),
    (None, "", "Requests today", false),
    (None, "", "People", true),
    (Some(AccountSort::Created), "created", "Created", false),
];

/// What the list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub text: Option<String>,
    pub plan: Option<PlanId>,
    pub access: Option<Access>,
    pub nearly_out: bool,
    pub sort: AccountSort,
    pub descending: bool,
    pub page: i64,
    pub page_size: i64,
}

impl Default for View {
    fn default() -> Self {
        let (sort, descending) = DEFAULT_SORT;
        Self {
            text: None,
            plan: None,
            access: None,
            nearly_out: false,
            sort,
            descending,
            page: 1,
            page_size: DEFAULT_PAGE_SIZE,
        }
    }
}

/// A view as read from an address.
#[derive(Debug)]
pub(super) struct Asked {
    pub view: View,
    pub problems: Vec<Error>,
    typed: Vec<(String, String)>,
}

impl Asked {
    /// Reads the query of an address.
    pub fn parse(query: &str) -> Self {
        let typed = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut asked = Self { view: View::default(), problems: Vec::new(), typed };
        asked.view.text = asked.read("q", text);
        asked.view.plan = asked.read("plan", |typed| {
            typed.parse().map_err(|_| "Plan: choose one of the list.".to_owned())
        });
        asked.view.access = asked.read("access", |typed| {
            let found = ACCESS.iter().find(|row| row.1 == typed);
            found.map(|row| row.0).ok_or_else(|| "API access: choose one of the list.".to_owned())
        });
        let nearly_out = asked.read("credits", |typed| match typed {
            "low" => Ok(true),
            _ => Err("Credits: choose Nearly used up or Any.".to_owned()),
        });
        asked.view.nearly_out = nearly_out.unwrap_or_default();
        (asked.view.sort, asked.view.descending) = asked.read("sort", sort).unwrap_or(DEFAULT_SORT);
        asked.view.page = asked.read("page", page).unwrap_or(1);
        asked.view.page_size = asked.read("page_size", page_size).unwrap_or(DEFAULT_PAGE_SIZE);
        asked
    }

    /// What the address says for a field, right or wrong.
    pub fn typed(&self, name: &str) -> &str {
        self.typed.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The complaint about a field.
    pub fn problem(&self, name: &str) -> Option<&str> {
        crate::console::steps::problem(&self.problems, name)
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let typed = self.typed(name);
        if typed.is_empty() {
            return None;
        }
        match parse(typed) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problems.push(Error::field(name, message));
                None
            }
        }
    }
}

fn text(typed: &str) -> Result<String, String> {
    let length = typed.chars().count();
    if !(2..=100).contains(&length) || typed.chars().any(char::is_control) {
        return Err(
            "Account: enter from 2 to 100 characters of its name, or the whole e-mail address of one of its people.".into(),
        );
    }
    Ok(typed.to_owned())
}

fn sort(typed: &str) -> Result<(AccountSort, bool), String> {
    let (name, descending) = typed.strip_prefix('-').map_or((typed, false), |name| (name, true));
    COLUMNS
        .iter()
        .find_map(|column| column.0.filter(|_| column.1 == name))
        .map(|sort| (sort, descending))
        .ok_or_else(|| "Sort: there is no such column.".to_owned())
}

impl View {
    /// What the service is asked, for somebody who may see people or may not.
    pub fn wanted(&self, sees_people: bool) -> Wanted {
        Wanted {
            sees_people,
            text: self.text.clone(),
            plan: self.plan,
            access: self.access,
            nearly_out: self.nearly_out,
        }
    }

    /// The filters, by name.
    pub fn filters(&self) -> Vec<(&'static str, String)> {
        let access = ACCESS.iter().find(|row| Some(row.0) == self.access);
        [
            ("q", self.text.clone()),
            ("plan", self.plan.map(|plan| plan.to_string())),
            ("access", access.map(|row| row.1.to_owned())),
            ("credits", self.nearly_out.then(|| "low".to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// The parts of the address that are not defaults and no filters.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let name = COLUMNS.iter().find(|row| row.0 == Some(self.sort)).map_or("", |row| row.1);
        let sort = format!("{}{name}", if self.descending { "-" } else { "" });
        [
            ("sort", ((self.sort, self.descending) != DEFAULT_SORT).then_some(sort)),
            (
                "page_size",
                (self.page_size != DEFAULT_PAGE_SIZE).then(|| self.page_size.to_string()),
            ),
            ("page", (self.page != 1).then(|| self.page.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        self.filters().into_iter().chain(self.kept()).collect()
    }

    /// The query of the address.
    pub fn to_query_string(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// The address.
    pub fn href(&self) -> String {
        let query = self.to_query_string();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }

    /// The address of the view as a file.
    pub fn file_href(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("format", "csv")
            .extend_pairs(self.filters())
            .finish();
        format!("{PATH}/export?{query}")
    }

    /// This view on another page.
    #[must_use]
    pub fn at_page(&self, page: i64) -> Self {
        Self { page, ..self.clone() }
    }

    /// This view without filters.
    #[must_use]
    pub fn cleared(&self) -> Self {
        let Self { sort, descending, page_size, .. } = *self;
        Self { sort, descending, page_size, ..Self::default() }
    }

    /// The active filters.
    pub fn chips(&self, plans: &[Offered]) -> Vec<Chip> {
        let view = self.at_page(1);
        let mut chips = Vec::new();
        let mut add = |text: String, without: Self| chips.push(Chip { text, href: without.href() });
        if let Some(text) = &view.text {
            add(format!("Account: {text}"), Self { text: None, ..view.clone() });
        }
        if let Some(plan) = view.plan {
            let name = plans.iter().find(|offered| offered.plan.id == plan);
            let name = name.map_or_else(|| plan.to_string(), |offered| offered.plan.name.clone());
            add(format!("Plan: {name}"), Self { plan: None, ..view.clone() });
        }
        if let Some(row) = ACCESS.iter().find(|row| Some(row.0) == view.access) {
            add(format!("API access: {}", row.2), Self { access: None, ..view.clone() });
        }
        if view.nearly_out {
            add("Credits: nearly used up".into(), Self { nearly_out: false, ..view.clone() });
        }
        chips
    }

    /// The headers; those that do not sort have no address.
    pub fn headers(&self) -> Vec<(Header, bool)> {
        let order = if self.descending { "descending" } else { "ascending" };
        COLUMNS
            .iter()
            .map(|(sort, _, label, is_number)| {
                let is_sorted = *sort == Some(self.sort);
                // What was used is looked at from the largest.
                let is_largest_first = *sort == Some(AccountSort::Credits);
                let next = |sort| {
                    let now = (self.sort, self.descending);
                    let (sort, descending) =
                        parts::next_order((sort, is_largest_first), now, DEFAULT_SORT);
                    Self { sort, descending, page: 1, ..self.clone() }.href()
                };
                let href = sort.map(next).unwrap_or_default();
                (
                    Header { label, about: None, href, sorted: is_sorted.then_some(order) },
                    *is_number,
                )
            })
            .collect()
    }

    /// The order in words, for the table's caption.
    pub fn order_in_words(&self) -> String {
        let label = COLUMNS.iter().find(|row| row.0 == Some(self.sort)).map_or("", |row| row.2);
        let order = if self.descending { "descending" } else { "ascending" };
        format!("sorted by {label}, {order}")
    }

    /// The page sizes.
    pub fn sizes(&self) -> Vec<Size> {
        PAGE_SIZES
            .into_iter()
            .map(|rows| Size {
                rows,
                href: Self { page_size: rows, page: 1, ..self.clone() }.href(),
                is_current: rows == self.page_size,
            })
            .collect()
    }

    /// The pager of a view whose `page` is there.
    pub fn pager(&self, total: i64) -> Pager {
        let last = last_page(total, self.page_size);
        Pager {
            path: PATH,
            page: self.page,
            last,
            previous: (self.page > 1).then(|| self.at_page(self.page - 1).href()),
            next: (self.page < last).then(|| self.at_page(self.page + 1).href()),
            hidden: self.at_page(1).pairs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_survives_its_address() {
        for query in [
            "",
            "q=Acme&plan=3&access=off&credits=low&sort=-credits&page_size=20&page=3",
            "access=none",
            "sort=-name",
        ] {
            let asked = Asked::parse(query);
            assert!(asked.problems.is_empty(), "{query}: {:?}", asked.problems);
            assert_eq!(asked.view.to_query_string(), query);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_default_used() {
        for (query, field) in [
            ("q=a", "q"),
            ("plan=x", "plan"),
            ("access=maybe", "access"),
            ("credits=many", "credits"),
            ("sort=weight", "sort"),
            ("page=x", "page"),
            ("page_size=0", "page_size"),
        ] {
            let asked = Asked::parse(query);
            assert_eq!(asked.problems[0].param.as_deref(), Some(field), "{query}");
            assert_eq!(asked.view, View::default(), "{query}");
        }
    }

    #[test]
    fn a_chip_removes_its_filter_and_no_other() {
        let view = Asked::parse("q=Acme&access=on&credits=low&sort=-created&page=4").view;
        let chips = view.chips(&[]);
        let texts: Vec<_> = chips.iter().map(|chip| chip.text.as_str()).collect();
        assert_eq!(texts, ["Account: Acme", "API access: On", "Credits: nearly used up"]);
        assert_eq!(chips[1].href, "/admin/accounts?q=Acme&credits=low&sort=-created");
        assert_eq!(view.cleared().href(), "/admin/accounts?sort=-created");
    }
}
