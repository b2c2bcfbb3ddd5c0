//! A view of the grid and its address. The address is read leniently, because people edit and
//! shorten it: what cannot be read is named and its default used. It is written in one spelling,
//! without defaults, so that the same view always has the same address.

use chrono::{Days as Count, NaiveDate, NaiveTime};
use url::form_urlencoded;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::store::grid::{GridQuery, GridSort};

pub(crate) use values::{access, page, page_size, text};
use values::{date, sort};

/// The grid's path.
pub const PATH: &str = "/admin/mcp/users";
/// Rows a page that may be chosen.
pub const PAGE_SIZES: [i64; 4] = [20, 50, 100, 200];
const DEFAULT_PAGE_SIZE: i64 = 50;
const DEFAULT_SORT: (GridSort, bool) = (GridSort::LastUsed, true);

/// A column that sorts.
pub struct Column {
    /// The column.
    pub sort: GridSort,
    /// Its name in the address.
    pub name: &'static str,
    /// Its header.
    pub label: &'static str,
}

/// The columns, in the order in which they stand.
pub const COLUMNS: [Column; 5] = [
    Column { sort: GridSort::User, name: "user", label: "User" },
    Column { sort: GridSort::Access, name: "access", label: "Access Status" },
    Column { sort: GridSort::Clients, name: "clients", label: "Clients" },
    Column { sort: GridSort::Added, name: "added", label: "Added to MCP" },
    Column { sort: GridSort::LastUsed, name: "last_used", label: "Last Used" },
];

impl Column {
    /// The column that sorts so.
    pub fn of(sort: GridSort) -> &'static Self {
        COLUMNS.iter().find(|column| column.sort == sort).unwrap_or(&COLUMNS[0])
    }
}

/// Days from one to another, both included, UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

/// What the grid shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Text in name or address.
    pub text: Option<String>,
    /// Only users with access enabled, or disabled.
    pub access: Option<bool>,
    /// Days on which access was first enabled.
    pub added: Days,
    /// Days of the last tool call.
    pub used: Days,
    /// Sort column.
    pub sort: GridSort,
    /// Largest first.
    pub descending: bool,
    /// Page, as asked for: may be one that is not there.
    pub page: i64,
    /// Rows a page, one of [`PAGE_SIZES`].
    pub page_size: i64,
}

impl Default for View {
    fn default() -> Self {
        let (sort, descending) = DEFAULT_SORT;
        Self {
            text: None,
            access: None,
            added: Days::default(),
            used: Days::default(),
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
    /// Reads the query of an address. Names that are not the grid's are nobody's fault: links get
    /// decorated on their way.
    pub fn parse(query: &str) -> Self {
        let typed: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut asked = Self { view: View::default(), problems: Vec::new(), typed };
        asked.view.text = asked.read("q", text);
        asked.view.access = asked.read("status", access);
        asked.view.added = asked.days("Added to MCP", "added_from", "added_to");
        asked.view.used = asked.days("Last Used", "used_from", "used_to");
        (asked.view.sort, asked.view.descending) = asked.read("sort", sort).unwrap_or(DEFAULT_SORT);
        asked.view.page = asked.read("page", page).unwrap_or(1);
        asked.view.page_size = asked.read("page_size", page_size).unwrap_or(DEFAULT_PAGE_SIZE);
        asked
    }

    /// What the address says for a field, right or wrong, so that a form can show it again.
    pub fn typed(&self, name: &str) -> &str {
        self.typed.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// What the address says for a day, if a date field can show it.
    pub fn typed_day(&self, name: &str) -> &str {
        let typed = self.typed(name);
        if date(typed, name).is_ok() { typed } else { "" }
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
        match parse(typed) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problems.push(Error::field(name, message));
                None
            }
        }
    }

    fn days(&mut self, label: &str, from: &'static str, to: &'static str) -> Days {
        let days = Days {
            from: self.read(from, |typed| date(typed, &format!("{label}, from"))),
            to: self.read(to, |typed| date(typed, &format!("{label}, to"))),
        };
        match days {
            Days { from: Some(first), to: Some(last) } if last < first => {
                self.problems.push(Error::field(
                    to,
                    format!("{label}: the day in “To” is before the day in “From”."),
                ));
                Days { to: None, ..days }
            }
            _ => days,
        }
    }
}

fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
}

fn after(day: NaiveDate) -> Timestamp {
    day.checked_add_days(Count::new(1)).map_or(Timestamp(i64::MAX), midnight)
}

impl View {
    /// What the database is asked.
    pub fn to_grid_query(&self) -> GridQuery {
        GridQuery {
            text: self.text.clone(),
            access: self.access,
            added_from: self.added.from.map(midnight),
            added_until: self.added.to.map(after),
            used_from: self.used.from.map(midnight),
            used_until: self.used.to.map(after),
            sort: self.sort,
            descending: self.descending,
            page: self.page,
            page_size: self.page_size,
        }
    }

    /// The parts of the address that are not defaults.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let day = |day: Option<NaiveDate>| day.map(|day| day.format("%Y-%m-%d").to_string());
        let order = (self.sort, self.descending);
        let sort =
            format!("{}{}", if self.descending { "-" } else { "" }, Column::of(self.sort).name);
        let access = |enabled: bool| if enabled { "enabled" } else { "disabled" }.to_owned();
        [
            ("q", self.text.clone()),
            ("status", self.access.map(access)),
            ("added_from", day(self.added.from)),
            ("added_to", day(self.added.to)),
            ("used_from", day(self.used.from)),
            ("used_to", day(self.used.to)),
            ("sort", (order != DEFAULT_SORT).then_some(sort)),
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

    /// Whether anybody is left out.
    pub fn is_filtered(&self) -> bool {
        let Self { text, access, added, used, .. } = self;
        text.is_some() || access.is_some() || *added != Days::default() || *used != Days::default()
    }
}

#[cfg(test)]
mod tests;
mod values;
