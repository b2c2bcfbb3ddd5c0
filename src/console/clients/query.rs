//! A view of the clients grid and its address; see `mcp_users::query` for the rules of both.

use url::form_urlencoded;

use crate::console::mcp_users::parts::{self, Chip, Header, Pager, Size, last_page};
use crate::console::mcp_users::query::{self as shared, PAGE_SIZES};
use crate::error::Error;
use crate::ids::ClientGroupId;
use crate::store::client_grid::{ClientQuery, ClientSort, Trust};

/// The grid's path.
pub const PATH: &str = "/admin/mcp/clients";
const DEFAULT_PAGE_SIZE: i64 = 50;
const DEFAULT_SORT: (ClientSort, bool) = (ClientSort::LastUsed, true);

/// Columns: what they sort by, their name in the address, their header.
const COLUMNS: [(ClientSort, &str, &str); 7] = [
    (ClientSort::Name, "client", "Client"),
    (ClientSort::Status, "status", "Status"),
    (ClientSort::Registered, "registered", "Registered"),
    (ClientSort::Users, "users", "Users"),
    (ClientSort::Tokens, "tokens", "Active Tokens"),
    (ClientSort::LastUsed, "last_used", "Last Used"),
    (ClientSort::Calls, "calls", "Calls (30 d)"),
];

/// Ways to come: the stored word, its name in the address, its label.
pub const WAYS: [(&str, &str, &str); 3] = [
    ("dynamic", "dynamic", "Dynamic"),
    ("metadata_document", "document", "Metadata document"),
    ("manual", "manual", "By an administrator"),
];

/// States: the state, its name in the address, its label.
pub const STATES: [(Trust, &str, &str); 3] = [
    (Trust::Verified, "verified", "Verified"),
    (Trust::Unverified, "unverified", "Unverified"),
    (Trust::Blocked, "blocked", "Blocked"),
];

/// What the grid shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The members of this group.
    pub group: Option<ClientGroupId>,
    /// Text in name or host, or a whole `client_id`.
    pub text: Option<String>,
    /// Only in this state.
    pub trust: Option<Trust>,
    /// Only those that came so, as stored.
    pub way: Option<&'static str>,
    /// Sort column.
    pub sort: ClientSort,
    /// Largest first.
    pub descending: bool,
    /// Page, as asked for: may be one that is not there.
    pub page: i64,
    /// Rows a page.
    pub page_size: i64,
}

impl Default for View {
    fn default() -> Self {
        let (sort, descending) = DEFAULT_SORT;
        Self {
            group: None,
            text: None,
            trust: None,
            way: None,
            sort,
            descending,
            page: 1,
            page_size: DEFAULT_PAGE_SIZE,
        }
    }
}

/// A view as read from an address.
#[derive(Debug)]
pub struct Asked {
    /// What could be read, with defaults for the rest.
    pub view: View,
    /// What could not, by field.
    pub problems: Vec<Error>,
    typed: Vec<(String, String)>,
}

impl Asked {
    /// Reads the query of an address.
    pub fn parse(query: &str) -> Self {
        let typed = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut asked = Self { view: View::default(), problems: Vec::new(), typed };
        asked.view.group = asked.read("group", group);
        asked.view.text = asked.read("q", text);
        asked.view.trust = asked.read("status", |typed| {
            named(&STATES, typed).ok_or("Status: choose Verified, Unverified or Blocked.".into())
        });
        asked.view.way = asked.read("how", |typed| {
            named(&WAYS, typed).ok_or("Registered: choose one of the three ways.".into())
        });
        (asked.view.sort, asked.view.descending) = asked.read("sort", sort).unwrap_or(DEFAULT_SORT);
        asked.view.page = asked.read("page", shared::page).unwrap_or(1);
        asked.view.page_size =
            asked.read("page_size", shared::page_size).unwrap_or(DEFAULT_PAGE_SIZE);
        asked
    }

    /// What the address says for a field, right or wrong, so that a form can show it again.
    pub fn typed(&self, name: &str) -> &str {
        self.typed.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The complaint about a field.
    pub fn problem(&self, name: &str) -> Option<&str> {
        self.problems
            .iter()
            .find(|problem| problem.param.as_deref() == Some(name))
            .map(|problem| problem.message.as_ref())
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
        parse(typed).map_err(|message| self.problems.push(Error::field(name, message))).ok()
    }
}

fn named<T: Copy>(of: &[(T, &str, &str)], name: &str) -> Option<T> {
    of.iter().find(|row| row.1 == name).map(|row| row.0)
}

fn group(typed: &str) -> Result<ClientGroupId, String> {
    typed.parse().map_err(|_| "Group: that is not a group of this list.".into())
}

fn text(typed: &str) -> Result<String, String> {
    let length = typed.chars().count();
    if !(2..=200).contains(&length) || typed.chars().any(char::is_control) {
        return Err(
            "Client: enter 2 to 200 characters of a name or redirect host, or a whole client ID."
                .into(),
        );
    }
    Ok(typed.to_owned())
}

fn sort(typed: &str) -> Result<(ClientSort, bool), String> {
    let (name, descending) = typed.strip_prefix('-').map_or((typed, false), |name| (name, true));
    named(&COLUMNS, name)
        .map(|sort| (sort, descending))
        .ok_or_else(|| "Sort: there is no such column.".into())
}

impl View {
    /// What the database is asked.
    pub fn to_client_query(&self) -> ClientQuery {
        ClientQuery {
            group: self.group,
            text: self.text.clone(),
            trust: self.trust,
            registration: self.way.map(str::to_owned),
            sort: self.sort,
            descending: self.descending,
            page: self.page,
            page_size: self.page_size,
        }
    }

    /// The parts of the address that are not defaults.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let column = COLUMNS.iter().find(|column| column.0 == self.sort).map_or("", |row| row.1);
        let sort = format!("{}{column}", if self.descending { "-" } else { "" });
        let state = STATES.iter().find(|row| Some(row.0) == self.trust);
        let way = WAYS.iter().find(|row| Some(row.0) == self.way);
        [
            ("group", self.group.map(|group| group.to_string())),
            ("q", self.text.clone()),
            ("status", state.map(|row| row.1.to_owned())),
            ("how", way.map(|row| row.1.to_owned())),
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

    /// The query of the address.
    pub fn to_query_string(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// The address.
    pub fn href(&self) -> String {
        let query = self.to_query_string();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }

    /// This view on another page.
    #[must_use]
    pub fn at_page(&self, page: i64) -> Self {
        Self { page, ..self.clone() }
    }

    /// This view without filters; of the same group.
    #[must_use]
    pub fn cleared(&self) -> Self {
        Self { text: None, trust: None, way: None, page: 1, ..self.clone() }
    }

    /// The active filters.
    pub fn chips(&self) -> Vec<Chip> {
        let view = self.at_page(1);
        let mut chips = Vec::new();
        if let Some(text) = &view.text {
            let without = Self { text: None, ..view.clone() };
            chips.push(Chip { text: format!("Client: {text}"), href: without.href() });
        }
        if let Some(row) = STATES.iter().find(|row| Some(row.0) == view.trust) {
            let without = Self { trust: None, ..view.clone() };
            chips.push(Chip { text: format!("Status: {}", row.2), href: without.href() });
        }
        if let Some(row) = WAYS.iter().find(|row| Some(row.0) == view.way) {
            let without = Self { way: None, ..view.clone() };
            chips.push(Chip { text: format!("Registered: {}", row.2), href: without.href() });
        }
        chips
    }

    /// The headers.
    pub fn headers(&self) -> Vec<Header> {
        let order = if self.descending { "descending" } else { "ascending" };
        COLUMNS
            .iter()
            .map(|(sort, _, label)| {
                let is_sorted = *sort == self.sort;
                let (sort, descending) =
                    parts::next_order((*sort, false), (self.sort, self.descending), DEFAULT_SORT);
                let next = Self { sort, descending, page: 1, ..self.clone() };
                Header { label, about: None, href: next.href(), sorted: is_sorted.then_some(order) }
            })
            .collect()
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
            "group=7&q=Codex&status=blocked&how=document&sort=-users&page_size=20&page=3",
            "status=verified",
            "sort=client",
        ] {
            let asked = Asked::parse(query);
            assert!(asked.problems.is_empty(), "{query}: {:?}", asked.problems);
            assert_eq!(asked.view.to_query_string(), query);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_default_used() {
        for (query, field) in [
            ("group=x", "group"),
            ("q=a", "q"),
            ("status=good", "status"),
            ("how=magic", "how"),
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
        let view = Asked::parse("q=Codex&status=blocked&how=manual&page=4").view;
        let chips = view.chips();
        let texts: Vec<_> = chips.iter().map(|chip| chip.text.as_str()).collect();
        let expected = ["Client: Codex", "Status: Blocked", "Registered: By an administrator"];
        assert_eq!(texts, expected);
        assert_eq!(chips[1].href, "/admin/mcp/clients?q=Codex&how=manual");
    }
}
