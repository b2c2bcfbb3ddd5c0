//! What a line of an import may hold (contract §12): one table of columns for stores and contacts,
//! and a record made from a line, with everything that is wrong with it named by field.
//!
//! A column that the input does not have keeps its stored value; a column that it has and leaves
//! empty (an empty cell, JSON null) loses it.

mod text;
mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

pub use text::{category, slug};
pub use value::{Kind, SUPPRESSED, Value};
use value::{Raw, UNKNOWN, is_cut, parse};

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// Stores, keyed by domain.
    Stores,
    /// Contacts, keyed by the id they have where they come from.
    Contacts,
}

/// A column of an import.
#[derive(Debug)]
pub struct Column {
    /// Its name in files and in the table.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// The columns of stores; the first is the key. Lengths are in characters.
pub static STORE_COLUMNS: [Column; 15] = [
    column("domain", Kind::Domain),
    column("name", Kind::Line { most: 200 }),
    column("platform", Kind::Slug),
    column("country", Kind::Country),
    column("category", Kind::Category),
    column("monthly_visits", Kind::Count),
    column("revenue_usd", Kind::Count),
    column("theme", Kind::Slug),
    column("plus", Kind::Flag),
    column("ads", Kind::Flag),
    column("products", Kind::Count),
    column("apps", Kind::List),
    column("pixels", Kind::List),
    column("description", Kind::Prose { most: 4_000 }),
    column("updated_at", Kind::Moment),
];

/// The columns of contacts; the first is the key. Lengths are in characters.
pub static CONTACT_COLUMNS: [Column; 12] = [
    column("external_id", Kind::Identifier { most: 200 }),
    column("store_domain", Kind::Domain),
    column("first_name", Kind::Line { most: 100 }),
    column("last_name", Kind::Line { most: 100 }),
    column("title", Kind::Line { most: 200 }),
    column("role", Kind::Slug),
    column("seniority", Kind::Slug),
    column("country", Kind::Country),
    column("email", Kind::Email),
    column("email_status", Kind::EmailStatus),
    column("phone", Kind::Line { most: 50 }),
    column("linkedin_url", Kind::LinkedIn),
];

/// The column of contacts that says how sure the one `email` is.
const EMAIL_STATUS: &str = "email_status";

/// A column that every import passes over: what was wrong with a line that was rejected before.
static PROBLEM: Column = column("problem", Kind::Line { most: 0 });
/// A column of a CSV file without a name, which every import passes over: programs that write tables
/// have one at the end where there was something once.
static UNNAMED: Column = column("", Kind::Line { most: 0 });

impl Entity {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Stores => Self::Contacts,
            Self::Contacts => Self::Stores,
        }
    }

    /// Its name, which is its table's too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stores => "stores",
            Self::Contacts => "contacts",
        }
    }

    /// Its columns, the key first.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Stores => &STORE_COLUMNS,
            Self::Contacts => &CONTACT_COLUMNS,
        }
    }

    /// The name of its key column.
    pub fn key(self) -> &'static str {
        match self {
            Self::Stores => "domain",
            Self::Contacts => "external_id",
        }
    }

    fn column(self, name: &str) -> Option<&'static Column> {
        let known = self.columns().iter().find(|column| column.name == name);
        known.or((name == PROBLEM.name).then_some(&PROBLEM))
    }

    /// The column of that name in a header, where people write `Store Domain`.
    fn titled(self, title: &str) -> Option<&'static Column> {
        self.column(&title.trim().to_lowercase().replace([' ', '-'], "_"))
    }

    /// How many of these names in a header are columns.
    pub fn known<'a>(self, titles: impl Iterator<Item = &'a str>) -> usize {
        titles.filter(|title| self.titled(title).is_some()).count()
    }

    /// Whether names are of the other kind: its key is among them, and ours is not.
    pub fn is_of_the_other<'a>(self, titles: impl Iterator<Item = &'a str>) -> bool {
        let mut has = (false, false);
        for title in titles {
            let is = |entity: Self| entity.titled(title).is_some_and(|c| c.name == entity.key());
            has = (has.0 || is(self), has.1 || is(self.other()));
        }
        has == (false, true)
    }
}

/// Something wrong with a line, or with the header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The column, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// What is wrong, to be read after the column's name.
    pub reason: Cow<'static, str>,
}

impl Problem {
    /// A problem of the whole line.
    pub fn line(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: None, reason: reason.into() }
    }

    /// A problem of what is called so in a file, be it a column or not.
    pub fn named(name: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::field(shorten(name), reason)
    }

    /// A problem of one column.
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: Some(field.into()), reason: reason.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// A store or contact as a line gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The key's value.
    pub key: String,
    /// The values of the other columns that the line has.
    pub values: BTreeMap<String, Value>,
    /// Whether a text of the line was too long, and only its beginning is here.
    #[serde(skip)]
    pub is_cut: bool,
}

impl Record {
    /// Takes over what `later`, a later line of the same key, gives: the same comes of it as if the
    /// lines were imported one after the other.
    pub fn merge(&mut self, later: Self) {
        let status = self.status_after(&later);
        self.values.extend(later.values);
        if let Some(status) = status {
            self.values.insert(EMAIL_STATUS.to_owned(), status);
        }
    }

    /// What becomes of a word that this line has for its e-mail address, where `later` leaves the word
    /// empty, or says nothing of it and gives another address: nobody has looked at that one. That a
    /// person does not want to be written to stays.
    fn status_after(&self, later: &Self) -> Option<Value> {
        let Some(Value::Text(word)) = self.values.get(EMAIL_STATUS) else { return None };
        let is_void = match later.values.get(EMAIL_STATUS) {
            Some(Value::Null) => true,
            Some(_) => false,
            None => {
                let email = later.values.get("email");
                email.is_some() && email != self.values.get("email")
            }
        };
        let word = if word == SUPPRESSED { SUPPRESSED } else { UNKNOWN };
        is_void.then(|| Value::Text(word.to_owned()))
    }

    /// Makes a record of a JSON object.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(entity: Entity, object: &Map<String, Json>) -> Result<Self, Vec<Problem>> {
        let mut builder = Builder::new(entity);
        for (name, json) in object {
            match entity.column(name) {
                Some(column) => builder.take(column, Raw::from_json(json)),
                None => builder.problems.push(Problem::named(name, NO_COLUMN)),
            }
        }
        builder.finish()
    }

    /// Makes a record of a CSV row whose header [`header`] has read.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_cells<'a>(
        entity: Entity,
        columns: &[&'static Column],
        cells: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Vec<Problem>> {
        let mut builder = Builder::new(entity);
        for (column, cell) in columns.iter().zip(cells) {
            builder.take(column, Raw::Text(cell));
        }
        builder.finish()
    }
}

const NO_COLUMN: &str = "is no column of this import";

/// Whether an import passes over what is in a column.
fn is_passed_over(column: &'static Column) -> bool {
    std::ptr::eq(column, &PROBLEM) || std::ptr::eq(column, &UNNAMED)
}

/// Reads the header of a CSV file: case means nothing in it, and a space or hyphen is an underscore.
///
/// # Errors
/// Every name that is unknown or comes twice, and a missing key.
pub fn header<'a>(
    entity: Entity,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<&'static Column>, Vec<Problem>> {
    let mut columns: Vec<&'static Column> = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match entity.titled(name) {
            None if name.trim().is_empty() => columns.push(&UNNAMED),
            None => problems.push(Problem::named(name, NO_COLUMN)),
            Some(column)
                if !is_passed_over(column)
                    && columns.iter().any(|known| known.name == column.name) =>
            {
                problems.push(Problem::field(column.name, "is in the header twice"));
            }
            Some(column) => columns.push(column),
        }
    }
    if !columns.iter().any(|column| column.name == entity.key()) {
        problems.push(Problem::field(entity.key(), "is missing in the header"));
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

/// A name from a file for a message: printable and not endless.
fn shorten(name: &str) -> String {
    const MOST: usize = 60;
    let mut letters = name.chars().filter(|c| !c.is_control());
    let mut short: String = letters.by_ref().take(MOST).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

struct Builder {
    entity: Entity,
    key: Option<String>,
    values: BTreeMap<String, Value>,
    is_cut: bool,
    problems: Vec<Problem>,
}

impl Builder {
    fn new(entity: Entity) -> Self {
        Self { entity, key: None, values: BTreeMap::new(), is_cut: false, problems: Vec::new() }
    }

    fn take(&mut self, column: &'static Column, raw: Raw<'_>) {
        if is_passed_over(column) {
            return;
        }
        self.is_cut |= is_cut(column.kind, raw);
        match parse(column.kind, raw) {
            Err(reason) => self.problems.push(Problem::field(column.name, reason)),
            Ok(Value::Text(key)) if column.name == self.entity.key() => self.key = Some(key),
            Ok(Value::Null) if column.name == self.entity.key() => {}
            Ok(value) => {
                self.values.insert(column.name.to_owned(), value);
            }
        }
    }

    fn finish(mut self) -> Result<Record, Vec<Problem>> {
        let key = self.entity.key();
        let already = self.problems.iter().any(|problem| problem.field.as_deref() == Some(key));
        if self.key.is_none() && !already {
            self.problems.push(Problem::field(key, "is required"));
        }
        match self.key {
            Some(key) if self.problems.is_empty() => {
                Ok(Record { key, values: self.values, is_cut: self.is_cut })
            }
            _ => Err(self.problems),
        }
    }
}

#[cfg(test)]
mod tests;
