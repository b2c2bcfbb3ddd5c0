//! A view of the grid and its address. The address is read leniently, because people edit and
//! shorten it: what cannot be read is named and its default used. It is written in one spelling,
//! without defaults, so that the same view always has the same address.

use chrono::{Days as Count, NaiveDate, NaiveTime};
use url::form_urlencoded;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::store::grid::{GridFilter, GridQuery, GridSort};

pub use super::columns::{COLUMNS, Column, Columns};
pub(crate) use values::{access, page, page_size, text};
use values::{client, columns, credits, date, expired, role, sort, tokens, unused};

/// The grid's path.
pub const PATH: &str = "/admin/mcp/users";
/// Rows a page that may be chosen.
pub const PAGE_SIZES: [i64; 4] = [20, 50, 100, 200];
/// The query that asks for everybody.
const ALL: &str = "view=all";
const DEFAULT_PAGE_SIZE: i64 = 50;
pub(super) const DEFAULT_SORT: (GridSort, bool) = (GridSort::LastUsed, true);

/// Days from one to another, both included, UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

/// Since when somebody has not used a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Never did.
    Never,
    /// Did, but not in so many days.
    Days(i64),
}

/// What the grid shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Text in name or address.
    pub text: Option<String>,
    /// Text in the name of a client that they connected.
    pub client: Option<String>,
    /// Only users with access enabled, or disabled.
    pub access: Option<bool>,
    /// Only users of the roles of these names; any, if there are none.
    pub roles: Vec<String>,
    /// Only users with, or without, active tokens.
    pub has_tokens: Option<bool>,
    /// Only users with expired tokens.
    pub has_expired: bool,
    /// Only users over 80 % of their credits.
    pub over_credits: bool,
    /// Only users who have not used a tool for so long.
    pub unused: Option<Unused>,
    /// Days on which access was first enabled.
    pub added: Days,
    /// Days of the last tool call.
    pub used: Days,
    /// The columns that are shown.
    pub columns: Columns,
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
            client: None,
            access: None,
            roles: Vec::new(),
            has_tokens: None,
            has_expired: false,
            over_credits: false,
            unused: None,
            added: Days::default(),
            used: Days::default(),
            columns: Columns::default(),
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
        asked.view.client = asked.read("client", client);
        asked.view.access = asked.read("status", access);
        asked.view.roles = asked.read_all("role", role);
        asked.view.has_tokens = asked.read("tokens", tokens);
        asked.view.has_expired = asked.read("expired", expired).unwrap_or_default();
        asked.view.over_credits = asked.read("credits", credits).unwrap_or_default();
        asked.view.unused = asked.read("unused", unused);
        asked.view.added = asked.days("Added to MCP", "added_from", "added_to");
        asked.view.used = asked.days("Last Used", "used_from", "used_to");
        let shown = asked.read_all("cols", columns);
        if !shown.is_empty() {
            asked.view.columns = Columns::of(&shown.concat());
        }
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

    /// All values of a field that may come more than once.
    fn read_all<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for (key, typed) in &self.typed {
            if key != name || typed.trim().is_empty() {
                continue;
            }
            match parse(typed.trim()) {
                Ok(value) => values.push(value),
                Err(message) => self.problems.push(Error::field(name, message)),
            }
        }
        values
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
    /// Whom it shows, as the database is asked.
    pub fn filter(&self, now: Timestamp) -> GridFilter {
        let unused_until = match self.unused {
            Some(Unused::Days(days)) => Some(now.plus_seconds(-days * 86_400)),
            _ => None,
        };
        let used_until = self.used.to.map(after);
        GridFilter {
            text: self.text.clone(),
            client: self.client.clone(),
            access: self.access,
            roles: self.roles.clone(),
            has_tokens: self.has_tokens,
            has_expired: self.has_expired,
            over_credits: self.over_credits,
            never_used: self.unused == Some(Unused::Never),
            added_from: self.added.from.map(midnight),
            added_until: self.added.to.map(after),
            used_from: self.used.from.map(midnight),
            used_until: used_until.into_iter().chain(unused_until).min(),
            only: None,
            except: Vec::new(),
        }
    }

    /// What the database is asked.
    pub fn to_grid_query(&self, now: Timestamp) -> GridQuery {
        GridQuery {
            filter: self.filter(now),
            sort: self.sort,
            descending: self.descending,
            page: self.page,
            page_size: self.page_size,
        }
    }

    /// The parts of the address that are not defaults.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let order = (self.sort, self.descending);
        let sort =
            format!("{}{}", if self.descending { "-" } else { "" }, Column::of(self.sort).name);
        let mut pairs = self.filter_pairs();
        let rest = [
            ("cols", (self.columns != Columns::default()).then(|| self.columns.to_string())),
            ("sort", (order != DEFAULT_SORT).then_some(sort)),
            (
                "page_size",
                (self.page_size != DEFAULT_PAGE_SIZE).then(|| self.page_size.to_string()),
            ),
            ("page", (self.page != 1).then(|| self.page.to_string())),
        ];
        pairs.extend(rest.into_iter().filter_map(|(name, value)| Some((name, value?))));
        pairs
    }

    /// The parts of the address that say whom it shows.
    fn filter_pairs(&self) -> Vec<(&'static str, String)> {
        let day = |day: Option<NaiveDate>| day.map(|day| day.format("%Y-%m-%d").to_string());
        let word = |is: bool, word: &str| is.then(|| word.to_owned());
        let either = |is: bool, yes: &str, no: &str| if is { yes } else { no }.to_owned();
        let unused = self.unused.map(|unused| match unused {
            Unused::Never => "never".to_owned(),
            Unused::Days(days) => days.to_string(),
        });
        let mut pairs = vec![
            ("q", self.text.clone()),
            ("client", self.client.clone()),
            ("status", self.access.map(|is| either(is, "enabled", "disabled"))),
        ];
        pairs.extend(self.roles.iter().map(|role| ("role", Some(role.clone()))));
        pairs.extend([
            ("tokens", self.has_tokens.map(|has| either(has, "some", "none"))),
            ("expired", word(self.has_expired, "yes")),
            ("credits", word(self.over_credits, "over80")),
            ("unused", unused),
            ("added_from", day(self.added.from)),
            ("added_to", day(self.added.to)),
            ("used_from", day(self.used.from)),
            ("used_to", day(self.used.to)),
        ]);
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The query of the address.
    pub fn to_query_string(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// The address. That of the view without anything says so, because the bare path opens with
    /// the view that a person may have chosen for it.
    pub fn href(&self) -> String {
        let query = self.to_query_string();
        if query.is_empty() { format!("{PATH}?{ALL}") } else { format!("{PATH}?{query}") }
    }

    /// This view on another page.
    #[must_use]
    pub fn at_page(&self, page: i64) -> Self {
        Self { page, ..self.clone() }
    }

    /// The same columns in the same order, with everybody in them.
    #[must_use]
    pub fn of_everybody(&self) -> Self {
        Self {
            columns: self.columns,
            sort: self.sort,
            descending: self.descending,
            page_size: self.page_size,
            ..Self::default()
        }
    }

    /// Whether anybody is left out.
    pub fn is_filtered(&self) -> bool {
        !self.filter_pairs().is_empty()
    }
}

#[cfg(test)]
mod tests;
mod values;
