//! The tab Ledger of an account: a month of it, page by page.

use chrono::NaiveDate;

use super::PATH;
use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts::number;
use crate::error::Result;
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::service::accounts::{self, Cursor};
use crate::store::ledger::EntryRow;

/// Entries a page.
const PAGE_SIZE: i64 = 50;

/// What the tab shows.
pub(super) struct Ledger {
    /// Value and label of each month, and whether it is shown.
    pub months: Vec<(String, String, bool)>,
    /// The month shown, in words.
    pub month: String,
    pub total: String,
    pub rows: Vec<EntryRow>,
    pub newer: Option<String>,
    pub older: Option<String>,
    /// The month as a file, and all months.
    pub files: (String, String),
}

/// The start of a month like 2026-11.
pub(super) fn month(typed: &str) -> Option<Timestamp> {
    let is_plain =
        typed.len() == 7 && typed.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = NaiveDate::parse_from_str(&format!("{typed}-01"), "%Y-%m-%d").ok()?;
    let start = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    is_plain.then_some(Timestamp(start))
}

impl Ledger {
    /// Reads what the address asks for; a month or place that is not there is the newest.
    pub async fn load(ctx: &Ctx, account: AccountId, query: &str) -> Result<Self> {
        let id = |name| parameter(query, name).parse::<i64>().ok();
        let cursor = match (id("before"), id("after")) {
            (Some(id), _) => Cursor::Before(id),
            (None, Some(id)) => Cursor::After(id),
            (None, None) => Cursor::Newest,
        };
        let period = month(&parameter(query, "month"));
        let page = accounts::ledger(ctx, account, period, cursor, PAGE_SIZE).await?;
        let value = |start: &Timestamp| start.to_utc().format("%Y-%m").to_string();
        let label = |start: &Timestamp| start.to_utc().format("%B %Y").to_string();
        let shown = value(&page.period);
        let href = |cursor: Cursor| {
            let place = match cursor {
                Cursor::Newest => String::new(),
                Cursor::Before(id) => format!("&before={id}"),
                Cursor::After(id) => format!("&after={id}"),
            };
            format!("{PATH}/{account}?tab=ledger&month={shown}{place}")
        };
        let file = format!("{PATH}/{account}/ledger/export?format=csv");
        Ok(Self {
            months: page
                .months
                .iter()
                .map(|(start, _)| {
                    let short = start.to_utc().format("%b %Y").to_string();
                    (value(start), short, *start == page.period)
                })
                .collect(),
            month: label(&page.period),
            total: number(&page.total),
            newer: page.newer.map(href),
            older: page.older.map(href),
            files: (format!("{file}&month={shown}"), file),
            rows: page.rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_one_spelling() {
        assert_eq!(month("2026-11").unwrap().to_rfc3339(), "2026-11-01T00:00:00Z");
        for wrong in ["", "2026-13", "2026-1", "26-11", "2026-11-01", "+026-11", "2026-1a"] {
            assert!(month(wrong).is_none(), "{wrong}");
        }
    }
}
