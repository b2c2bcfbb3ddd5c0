//! A view of a log and its address: filters from a table of fields, where the page begins, how many
//! rows it has. Used by Activity and Audit; see `mcp_users::query` for the rules of addresses.

use chrono::{Days, NaiveDate, NaiveTime};
use url::form_urlencoded;

use crate::clock::Timestamp;
use crate::console::mcp_users::parts::{Chip, Size};
use crate::console::mcp_users::query::{PAGE_SIZES, page_size};
use crate::domain::records::Cursor;
use crate::error::Error;
use crate::service::records::Known;
use crate::web::page::in_utc;

const DEFAULT_PAGE_SIZE: i64 = 50;
/// The word for the day on which the page is looked at.
const TODAY: &str = "today";

/// How a filter is entered.
pub enum Kind {
    /// A day, UTC.
    Day,
    /// One of a list: its name in the address, its label.
    Choice(fn() -> Vec<(&'static str, &'static str)>),
    /// Text that `check` finds good.
    Text {
        /// What is entered, beside the field.
        hint: &'static str,
        /// Whether it can be one.
        check: fn(&str) -> bool,
        /// What to enter instead.
        mend: &'static str,
    },
}

/// A filter.
pub struct Field {
    /// Its name in the address.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// How it is entered.
    pub kind: Kind,
}

impl Field {
    /// The list to choose from; empty if it is not chosen from one.
    pub fn options(&self) -> Vec<(&'static str, &'static str)> {
        match self.kind {
            Kind::Choice(options) => options(),
            _ => Vec::new(),
        }
    }

    /// Whether it is a day.
    pub fn is_day(&self) -> bool {
        matches!(self.kind, Kind::Day)
    }

    /// What is entered, beside the field.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            Kind::Text { hint, .. } => hint,
            _ => "",
        }
    }

    fn check(&self, typed: &str) -> Result<(), String> {
        let label = self.label;
        match &self.kind {
            Kind::Day if typed == TODAY || day(typed).is_some() => Ok(()),
            Kind::Day => Err(format!("{label}: enter a day such as 2026-11-21.")),
            Kind::Choice(options) if options().iter().any(|option| option.0 == typed) => Ok(()),
            Kind::Choice(_) => Err(format!("{label}: choose one of the list.")),
            Kind::Text { check, .. } if typed.chars().count() <= 200 && check(typed) => Ok(()),
            Kind::Text { mend, .. } => Err(format!("{label}: {mend}")),
        }
    }

    fn in_words(&self, value: &str) -> String {
        let value = match self.kind {
            Kind::Day => day(value).map(|day| day.format("%-d %b %Y").to_string()),
            Kind::Choice(options) => {
                options().iter().find(|option| option.0 == value).map(|option| option.1.to_owned())
            }
            Kind::Text { .. } => None,
        }
        .unwrap_or_else(|| value.to_owned());
        format!("{}: {value}", self.label)
    }
}

fn day(typed: &str) -> Option<NaiveDate> {
    (typed.len() == 10).then(|| NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok()).flatten()
}

fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
}

/// A link to a view that is often wanted.
pub struct Preset {
    /// What it is called.
    pub label: &'static str,
    /// Its filters.
    pub filters: &'static [(&'static str, &'static str)],
}

/// What a log shows.
#[derive(Clone)]
pub struct View {
    path: &'static str,
    fields: &'static [Field],
    today: NaiveDate,
    values: Vec<(&'static str, String)>,
    /// Filters by a number, in words.
    told: Vec<(&'static str, String)>,
    /// Where the page begins.
    pub cursor: Cursor,
    /// Rows a page.
    pub page_size: i64,
}

/// A view as read from an address.
pub struct Asked {
    /// What could be read, with defaults for the rest.
    pub view: View,
    /// What could not, by field.
    pub problems: Vec<Error>,
    typed: Vec<(String, String)>,
}

impl Asked {
    /// Reads the query of an address.
    pub fn parse(
        path: &'static str,
        fields: &'static [Field],
        now: Timestamp,
        query: &str,
    ) -> Self {
        let typed = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let view = View {
            path,
            fields,
            today: now.to_utc().date_naive(),
            values: Vec::new(),
            told: Vec::new(),
            cursor: Cursor::Newest,
            page_size: DEFAULT_PAGE_SIZE,
        };
        let mut asked = Self { view, problems: Vec::new(), typed };
        for field in fields {
            let value = asked.typed(field.name).to_owned();
            if value.is_empty() {
                continue;
            }
            match field.check(&value) {
                Ok(()) => asked.view.values.push((field.name, value)),
                Err(message) => asked.problems.push(Error::field(field.name, message)),
            }
        }
        if let (Some(from), Some(to)) = (asked.view.date("from"), asked.view.date("to"))
            && to < from
        {
            asked.problems.push(Error::field("to", "To: the day is before the one in “From”."));
            asked.view.drop("to");
        }
        asked.view.cursor = asked.cursor();
        let size = asked.typed("page_size").to_owned();
        if !size.is_empty() {
            match page_size(&size) {
                Ok(rows) => asked.view.page_size = rows,
                Err(message) => asked.problems.push(Error::field("page_size", message)),
            }
        }
        asked
    }

    fn cursor(&mut self) -> Cursor {
        for (name, cursor) in
            [("before", Cursor::Before as fn(i64) -> Cursor), ("after", Cursor::After)]
        {
            let typed = self.typed(name);
            match typed.parse::<i64>() {
                Ok(id) if id >= 0 => return cursor(id),
                _ if typed.is_empty() => {}
                _ => self.problems.push(Error::field(
                    name,
                    "The address does not name a page of this list. This is its beginning.",
                )),
            }
        }
        Cursor::Newest
    }

    /// What the address says for a field, right or wrong, so that a form can show it again.
    pub fn typed(&self, name: &str) -> &str {
        self.typed.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// What the address says for a day, if a date field can show it.
    pub fn typed_day(&self, name: &str) -> String {
        self.view.date(name).map(|day| day.to_string()).unwrap_or_default()
    }

    /// The complaint about a field.
    pub fn problem(&self, name: &str) -> Option<&str> {
        self.problems
            .iter()
            .find(|problem| problem.param.as_deref() == Some(name))
            .map(|problem| problem.message.as_ref())
    }

    /// Says what a filter by a number stands for, in the chips and in its field.
    pub fn tell(&mut self, name: &'static str, known: Known) {
        self.view.told.push((name, known.words));
        if let Some(typed) = known.typed {
            self.typed.push((name.to_owned(), typed));
        }
    }

    /// Notes that the value of a field is none that there is.
    pub fn refuse(&mut self, error: Error) {
        if let Some(name) = error.param.as_deref() {
            self.view.drop(name);
            self.view.cursor = Cursor::Newest;
        }
        self.problems.push(error);
    }
}

impl View {
    /// The value of a filter.
    pub fn value(&self, name: &str) -> Option<String> {
        self.values.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    }

    /// The filters.
    pub fn fields(&self) -> &'static [Field] {
        self.fields
    }

    fn date(&self, name: &str) -> Option<NaiveDate> {
        let value = self.value(name)?;
        if value == TODAY { Some(self.today) } else { day(&value) }
    }

    /// The beginning of the day in `from`.
    pub fn from(&self) -> Option<Timestamp> {
        self.date("from").map(midnight)
    }

    /// The end of the day in `to`.
    pub fn until(&self) -> Option<Timestamp> {
        self.date("to").and_then(|day| day.checked_add_days(Days::new(1))).map(midnight)
    }

    fn drop(&mut self, name: &str) {
        self.values.retain(|(key, _)| *key != name);
    }

    /// The filters as pairs.
    pub fn filters(&self) -> Vec<(&'static str, String)> {
        self.values.clone()
    }

    /// What of the view the form of filters keeps.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let size = (self.page_size != DEFAULT_PAGE_SIZE)
            .then(|| ("page_size", self.page_size.to_string()));
        size.into_iter().collect()
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.filters();
        pairs.extend(self.kept());
        match self.cursor {
            Cursor::Newest => {}
            Cursor::Before(id) => pairs.push(("before", id.to_string())),
            Cursor::After(id) => pairs.push(("after", id.to_string())),
        }
        pairs
    }

    /// The address.
    pub fn href(&self) -> String {
        href(self.path, self.pairs())
    }

    /// The address of this view from another row on.
    pub fn at(&self, cursor: Cursor) -> String {
        Self { cursor, ..self.clone() }.href()
    }

    /// The address of this view without filters.
    pub fn cleared(&self) -> String {
        Self { cursor: Cursor::Newest, values: Vec::new(), ..self.clone() }.href()
    }

    /// The address of the export of this view.
    pub fn export(&self, format: &str) -> String {
        let mut pairs = vec![("format", format.to_owned())];
        pairs.extend(self.filters());
        href(&format!("{}/export", self.path), pairs)
    }

    fn in_words(&self, field: &Field, value: &str) -> String {
        match self.told.iter().find(|(name, _)| *name == field.name) {
            Some((_, words)) => format!("{}: {words}", field.label),
            None => field.in_words(value),
        }
    }

    /// The active filters.
    pub fn chips(&self) -> Vec<Chip> {
        let field = |name| self.fields.iter().find(|field| field.name == name);
        self.values
            .iter()
            .filter_map(|(name, value)| {
                let mut without = Self { cursor: Cursor::Newest, ..self.clone() };
                without.drop(name);
                let (field, href) = (field(*name)?, without.href());
                let text = self.in_words(field, value);
                let of_day = if field.is_day() { in_utc() } else { "" };
                Some(Chip { text: text + of_day, href })
            })
            .collect()
    }

    /// The active filters as they are said on paper, where "today" is another day tomorrow.
    pub fn in_full(&self) -> Vec<String> {
        let value = |field: &Field| match field.kind {
            Kind::Day => self.date(field.name).map(|day| day.to_string()),
            _ => self.value(field.name),
        };
        let in_words = |field: &Field| {
            let words = self.in_words(field, &value(field)?);
            Some(if field.is_day() { format!("{words} (UTC)") } else { words })
        };
        self.fields.iter().filter_map(in_words).collect()
    }

    /// The page sizes.
    pub fn sizes(&self) -> Vec<Size> {
        PAGE_SIZES
            .into_iter()
            .map(|rows| Size {
                rows,
                href: Self { page_size: rows, cursor: Cursor::Newest, ..self.clone() }.href(),
                is_current: rows == self.page_size,
            })
            .collect()
    }

    /// Links to views that are often wanted: label, address, whether it is the one shown.
    pub fn presets(&self, presets: &[Preset]) -> Vec<(&'static str, String, bool)> {
        presets
            .iter()
            .map(|preset| {
                let filters: Vec<_> = preset
                    .filters
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned()))
                    .collect();
                let mut sorted = (filters.clone(), self.filters());
                sorted.0.sort();
                sorted.1.sort();
                let is_shown = sorted.0 == sorted.1;
                let mut pairs = filters;
                pairs.extend(self.kept());
                (preset.label, href(self.path, pairs), is_shown)
            })
            .collect()
    }
}

fn href(path: &str, pairs: Vec<(&'static str, String)>) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

/// An e-mail address, or the number of a user who is gone.
pub fn is_person(typed: &str) -> bool {
    typed.parse::<u32>().is_ok() || (typed.contains('@') && is_line(typed))
}

/// Text of one line.
pub fn is_line(typed: &str) -> bool {
    !typed.chars().any(char::is_control)
}

/// An IP address.
pub fn is_address(typed: &str) -> bool {
    typed.parse::<std::net::IpAddr>().is_ok()
}

/// The id of a request.
pub fn is_request(typed: &str) -> bool {
    typed.len() <= 64 && typed.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The ways a call or an act may end.
pub fn outcomes() -> Vec<(&'static str, &'static str)> {
    vec![("ok", "OK"), ("denied", "Denied"), ("limited", "Over a limit"), ("error", "Error")]
}
