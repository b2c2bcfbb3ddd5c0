//! What a column holds, and how the text of a file becomes it.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use url::Url;

use super::text::{category, clean, line, prose, slug};
use crate::domain::argument::whole_of;
use crate::domain::{country, email, host};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A domain name, in the one spelling of `domain::host`.
    Domain,
    /// An id of another system; JSON may write it as an integer.
    Identifier {
        /// Most characters.
        most: usize,
    },
    /// A short text; longer ones are refused.
    Line {
        /// Most characters.
        most: usize,
    },
    /// A long text; longer ones are cut off.
    Prose {
        /// Most characters.
        most: usize,
    },
    /// A value of a vocabulary, kept in lower case with hyphens; at most 100 characters.
    Slug,
    /// The same for a category, in which underscores are hyphens too.
    Category,
    /// ISO 3166-1 alpha-2, kept in upper case.
    Country,
    /// A whole number from 0 to 10^15.
    Count,
    /// Yes or no.
    Flag,
    /// Names of technologies, `;` between them, or a JSON array; at most 500 of 100 characters.
    List,
    /// A moment or a day (its beginning, UTC).
    Moment,
    /// An e-mail address, in the one spelling of `domain::email`.
    Email,
    /// How sure an e-mail address is.
    EmailStatus,
    /// The https address of a LinkedIn page.
    LinkedIn,
}

/// The largest count kept: exact in every JSON reader.
const MOST_COUNT: i64 = 1_000_000_000_000_000;
/// The longest value of a vocabulary, in characters.
const LONGEST_SLUG: usize = 100;
/// The most names of a list.
const MOST_NAMES: usize = 500;
/// The longest address of a page, in characters.
const LONGEST_URL: usize = 500;
/// The word for somebody who does not want to be written to.
pub const SUPPRESSED: &str = "suppressed";
/// The word for an address that nobody has looked at.
pub(super) const UNKNOWN: &str = "unknown";
/// The words of `email_status`, as the database keeps them.
const EMAIL_STATUSES: [&str; 6] = ["valid", "catch_all", "guessed", "bounced", SUPPRESSED, UNKNOWN];

/// A value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Given as empty: the stored value goes.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A count, or a moment in UTC milliseconds.
    Number(i64),
    /// Any text.
    Text(String),
    /// Names of technologies, each slug once.
    List(Vec<String>),
}

/// By hand: the derived one tries each kind in turn and words an error for every one that fails,
/// which costs more than everything else of reading a record.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of a record")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Number).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(name) = names.next_element()? {
            list.push(name);
        }
        Ok(Value::List(list))
    }
}

/// A value as the file has it.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// JSON null.
    Null,
    /// A cell, or a JSON string.
    Text(&'a str),
    /// A JSON number.
    Number(&'a serde_json::Number),
    /// A JSON boolean.
    Flag(bool),
    /// A JSON array.
    List(&'a [Json]),
    /// A JSON object, which no column holds.
    Object,
}

impl<'a> Raw<'a> {
    pub(super) fn from_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(number) => Self::Number(number),
            Json::String(text) => Self::Text(text),
            Json::Array(items) => Self::List(items),
            Json::Object(_) => Self::Object,
        }
    }
}

type Reason = Cow<'static, str>;

/// Reads `raw` as a value of `kind`.
pub(super) fn parse(kind: Kind, raw: Raw<'_>) -> Result<Value, Reason> {
    match raw {
        Raw::Null => Ok(Value::Null),
        Raw::Text(text) if text.contains('\0') => Err("holds a NUL character".into()),
        Raw::Text(text) if text.trim().is_empty() => Ok(Value::Null),
        Raw::Text(text) => parse_text(kind, text.trim()),
        Raw::Number(number) => parse_number(kind, number),
        Raw::Flag(flag) if kind == Kind::Flag => Ok(Value::Flag(flag)),
        Raw::List(items) if kind == Kind::List => {
            let names = items.iter().map(Json::as_str).collect::<Option<Vec<_>>>();
            names.ok_or(Reason::from("must be a list of texts")).and_then(|names| list(&names))
        }
        Raw::Flag(_) | Raw::List(_) | Raw::Object => {
            Err("is of a type this column never has".into())
        }
    }
}

/// To JSON, `5`, `5.0` and `5e0` are the same number.
fn parse_number(kind: Kind, number: &serde_json::Number) -> Result<Value, Reason> {
    let whole = number.as_i64().or_else(|| whole_of(number.as_f64()?));
    let text = || whole.map_or_else(|| number.to_string(), |whole| whole.to_string());
    match (kind, whole) {
        (Kind::Count, Some(whole)) => count(whole),
        (Kind::Count, None) if number.as_f64().is_some_and(|n| n > 0.0 && n.fract() == 0.0) => {
            Err(TOO_MANY.into())
        }
        (Kind::Count, None) => Err(NO_COUNT.into()),
        (Kind::Flag, _) | (Kind::Identifier { .. }, Some(_)) => parse_text(kind, &text()),
        (Kind::Identifier { .. }, None) if number.is_u64() => parse_text(kind, &text()),
        // Of a larger one, or one with a fraction, the reader of JSON has kept a part only.
        (Kind::Identifier { .. }, None) => {
            Err("must be text, or a whole number below 18446744073709551616".into())
        }
        _ => Err("must be text".into()),
    }
}

/// Whether a text is longer than its column, which keeps the beginning of it.
pub(super) fn is_cut(kind: Kind, raw: Raw<'_>) -> bool {
    match (kind, raw) {
        // Most are shorter in bytes already.
        (Kind::Prose { most }, Raw::Text(text)) if text.len() > most => {
            clean(text).is_ok_and(|text| text.chars().count() > most)
        }
        _ => false,
    }
}

const NO_COUNT: &str = "must be a whole number, 0 or more, digits only";

fn parse_text(kind: Kind, text: &str) -> Result<Value, Reason> {
    let text = match kind {
        Kind::Domain => host::normalise(text)?,
        Kind::Identifier { most } | Kind::Line { most } => line(text, most)?,
        Kind::Prose { most } => prose(text, most)?,
        Kind::Slug => slug(&line(text, LONGEST_SLUG)?),
        Kind::Category => category(&line(text, LONGEST_SLUG)?),
        Kind::Country => country::read(text)?.to_owned(),
        Kind::Email => email::normalise(text)?,
        Kind::EmailStatus => email_status(text)?,
        Kind::LinkedIn => linkedin(text)?,
        Kind::Count => return digits(text).and_then(count),
        Kind::Flag => return flag(text),
        Kind::List => return list(&text.split(';').collect::<Vec<_>>()),
        Kind::Moment => return moment(text),
    };
    // Text of nothing but invisible characters is no text.
    Ok(if text.is_empty() { Value::Null } else { Value::Text(text) })
}

fn email_status(text: &str) -> Result<String, Reason> {
    let word = text.to_ascii_lowercase();
    if EMAIL_STATUSES.contains(&word.as_str()) {
        Ok(word)
    } else {
        Err(format!("must be one of {}", EMAIL_STATUSES.join(", ")).into())
    }
}

fn linkedin(text: &str) -> Result<String, Reason> {
    const WRONG: &str = "must be an https address of linkedin.com";
    let url = Url::parse(text).map_err(|_| WRONG)?;
    let ours = url
        .host_str()
        .is_some_and(|host| host == "linkedin.com" || host.ends_with(".linkedin.com"));
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if url.scheme() != "https" || !ours || !plain {
        return Err(WRONG.into());
    }
    if url.as_str().len() > LONGEST_URL {
        return Err(format!("is longer than {LONGEST_URL} characters").into());
    }
    Ok(url.into())
}

fn digits(text: &str) -> Result<i64, Reason> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NO_COUNT.into());
    }
    text.parse().map_err(|_| TOO_MANY.into())
}

const TOO_MANY: &str = "is larger than 1000000000000000";

fn count(number: i64) -> Result<Value, Reason> {
    match number {
        0..=MOST_COUNT => Ok(Value::Number(number)),
        ..0 => Err(NO_COUNT.into()),
        _ => Err(TOO_MANY.into()),
    }
}

fn flag(text: &str) -> Result<Value, Reason> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(Value::Flag(true)),
        "false" | "no" | "0" => Ok(Value::Flag(false)),
        _ => Err("must be true or false, yes or no, 1 or 0".into()),
    }
}

fn list(names: &[&str]) -> Result<Value, Reason> {
    let mut kept: Vec<String> = Vec::new();
    let mut slugs = std::collections::BTreeSet::new();
    for name in names {
        let name = clean(name)?;
        if name.chars().count() > LONGEST_SLUG {
            return Err(format!("has a name longer than {LONGEST_SLUG} characters").into());
        }
        if !name.is_empty() && slugs.insert(slug(&name)) {
            kept.push(name);
        }
    }
    if kept.len() > MOST_NAMES {
        return Err(format!("has more than {MOST_NAMES} names").into());
    }
    Ok(Value::List(kept))
}

fn moment(text: &str) -> Result<Value, Reason> {
    let day = || {
        // Chrono accepts 2026-1-5 too; two files must not spell one day in two ways.
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)
    };
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_millis())
        .ok()
        .or_else(|| day().map(|day| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()))
        .map(Value::Number)
        .ok_or("must be a day like 2026-11-30 or a moment like 2026-11-30T08:15:00Z".into())
}
