//! The values of an address, one by one; what is wrong with one is said in words for its field.

use chrono::NaiveDate;

use super::{COLUMNS, PAGE_SIZES, Unused};
use crate::store::grid::GridSort;

const SHORTEST_TEXT: usize = 2;
const LONGEST_TEXT: usize = 100;

fn quoted(typed: &str) -> String {
    format!("“{}”", typed.chars().take(40).collect::<String>())
}

/// A text to search for.
pub(crate) fn text(typed: &str) -> Result<String, String> {
    let length = typed.chars().count();
    if length < SHORTEST_TEXT {
        return Err("User: enter at least 2 characters of a name or e-mail address.".into());
    }
    if length > LONGEST_TEXT || typed.chars().any(char::is_control) {
        return Err("User: enter at most 100 characters on one line.".into());
    }
    Ok(typed.to_owned())
}

/// A part of a client's name.
pub(super) fn client(typed: &str) -> Result<String, String> {
    text(typed)
        .map_err(|message| message.replace("User:", "Client:").replace(" or e-mail address", ""))
}

/// The name of a role; one that nobody has shows nobody.
pub(super) fn role(typed: &str) -> Result<String, String> {
    if typed.chars().count() > LONGEST_TEXT || typed.chars().any(char::is_control) {
        return Err("Role: that is no name of a role.".into());
    }
    Ok(typed.to_owned())
}

pub(super) fn tokens(typed: &str) -> Result<bool, String> {
    match typed {
        "some" => Ok(true),
        "none" => Ok(false),
        _ => Err("Active Tokens: choose Any, None or At least one.".into()),
    }
}

pub(super) fn expired(typed: &str) -> Result<bool, String> {
    match typed {
        "yes" => Ok(true),
        _ => Err("Expired tokens: tick it or leave it.".into()),
    }
}

pub(super) fn credits(typed: &str) -> Result<bool, String> {
    match typed {
        "over80" => Ok(true),
        _ => Err("Credits: tick “Over 80 %” or leave it.".into()),
    }
}

pub(super) fn unused(typed: &str) -> Result<Unused, String> {
    if typed == "never" {
        return Ok(Unused::Never);
    }
    match typed.parse() {
        Ok(days @ 1..=3650) if typed.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Unused::Days(days))
        }
        _ => Err("Not used for: choose Never used or a number of days from 1 to 3650.".into()),
    }
}

/// Columns by name, with commas between.
pub(super) fn columns(typed: &str) -> Result<Vec<GridSort>, String> {
    let column = |name: &str| {
        COLUMNS
            .iter()
            .find(|column| column.name == name)
            .map(|column| column.sort)
            .ok_or_else(|| format!("Columns: there is no column {}.", quoted(name)))
    };
    typed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(column).collect()
}

/// Access that is enabled, or disabled.
pub(crate) fn access(typed: &str) -> Result<bool, String> {
    match typed {
        "enabled" => Ok(true),
        "disabled" => Ok(false),
        _ => Err("Access Status: choose Enabled or Disabled.".into()),
    }
}

pub(super) fn date(typed: &str, label: &str) -> Result<NaiveDate, String> {
    // chrono also reads "+12026-1-1"; an address has one spelling.
    let is_plain = typed.len() == 10 && !typed.starts_with(['+', '-']);
    NaiveDate::parse_from_str(typed, "%Y-%m-%d")
        .ok()
        .filter(|_| is_plain)
        .ok_or_else(|| format!("{label}: {} is not a date like 2026-11-21.", quoted(typed)))
}

pub(super) fn sort(typed: &str) -> Result<(GridSort, bool), String> {
    let (name, descending) = typed.strip_prefix('-').map_or((typed, false), |name| (name, true));
    COLUMNS
        .iter()
        .find(|column| column.name == name)
        .map(|column| (column.sort, descending))
        .ok_or_else(|| format!("Sort: there is no column {}.", quoted(typed)))
}

/// A page, if need be one that is not there.
pub(crate) fn page(typed: &str) -> Result<i64, String> {
    let digits = typed.strip_prefix('-').unwrap_or(typed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("Page: {} is not a number.", quoted(typed)));
    }
    // A number too large for us is a page that is not there, like any other.
    Ok(typed.parse().unwrap_or(if typed.starts_with('-') { 0 } else { i64::MAX }))
}

/// A number of rows a page.
pub(crate) fn page_size(typed: &str) -> Result<i64, String> {
    typed
        .parse()
        .ok()
        .filter(|size| PAGE_SIZES.contains(size))
        .ok_or_else(|| "Page size: choose 20, 50, 100 or 200.".into())
}
