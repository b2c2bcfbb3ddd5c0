//! What stands around the rows of a log, on both screens.

use super::view::{Asked, Preset, View};
use crate::clock::Timestamp;
use crate::console::mcp_users::parts::{Chip, Size, number};
use crate::domain::records::{Cursor, LOOKED_AT, Total};
use crate::service::Ctx;
use crate::service::records::Page;

/// The parts of the page that are not rows.
pub struct Frame {
    /// The address as it was read.
    pub asked: Asked,
    /// What one row is called, and many.
    pub words: (&'static str, &'static str),
    /// Active filters.
    pub chips: Vec<Chip>,
    /// Page sizes.
    pub sizes: Vec<Size>,
    /// Views that are often wanted.
    pub presets: Vec<(&'static str, String, bool)>,
    /// The newest page, if this is another.
    pub newest: Option<String>,
    /// The page of newer rows.
    pub newer: Option<String>,
    /// The page of older rows.
    pub older: Option<String>,
    /// Looking stopped at a row of this time.
    pub looked_back_to: Option<Timestamp>,
    /// How many rows match.
    pub total: Total,
    /// How many of them are newer than this page.
    before: Total,
    /// How many are on this page.
    shown: usize,
    /// When the log was read.
    pub read_at: Timestamp,
    /// The address of this server.
    pub server: String,
    /// Whether there is no row on this page.
    pub is_empty: bool,
    /// The filters and the rest are gone here.
    pub cleared: String,
    /// Exports of this view.
    pub csv: String,
    /// Exports of this view.
    pub jsonl: String,
    /// How long rows are kept, days.
    pub kept_days: i64,
    /// When the oldest row was written.
    pub oldest: Option<Timestamp>,
}

impl Frame {
    pub(in crate::console) fn new<R>(
        ctx: &Ctx,
        asked: Asked,
        words: (&'static str, &'static str),
        presets: &[Preset],
        page: &Page<R>,
        (kept_days, oldest): (i64, Option<Timestamp>),
    ) -> Self {
        let view = &asked.view;
        Self {
            words,
            chips: view.chips(),
            sizes: view.sizes(),
            presets: view.presets(presets),
            newest: page.newer.map(|_| view.at(Cursor::Newest)),
            newer: page.newer.map(|cursor| view.at(cursor)),
            older: page.older.map(|cursor| view.at(cursor)),
            looked_back_to: page.looked_back_to,
            total: page.total,
            before: page.before,
            shown: page.rows.len(),
            read_at: ctx.clock.now(),
            server: ctx.config.public_url.to_string(),
            is_empty: page.rows.is_empty(),
            cleared: view.cleared(),
            csv: view.export("csv"),
            jsonl: view.export("jsonl"),
            kept_days,
            oldest,
            asked,
        }
    }

    /// The view.
    pub fn view(&self) -> &View {
        &self.asked.view
    }

    /// Whether the address says that value for a field.
    pub fn is_chosen(&self, name: &str, value: &str) -> bool {
        self.asked.typed(name) == value
    }

    /// How many rows match: "1,234", or "10,000+" where counting stopped.
    pub fn found(&self) -> String {
        format!("{}{}", number(&self.total.rows), if self.total.is_exact { "" } else { "+" })
    }

    /// Which rows of how many these are, for paper: "Rows 51–100 of 134".
    pub fn which(&self) -> String {
        let shown = i64::try_from(self.shown).unwrap_or(i64::MAX);
        let (first, last) = (self.before.rows + 1, self.before.rows + shown);
        let rows = match shown {
            0 => "No rows".to_owned(),
            _ if !self.before.is_exact => format!("{} rows", number(&shown)),
            _ => format!("Rows {}–{}", number(&first), number(&last)),
        };
        format!("{rows} of {}", self.found())
    }

    /// When the log was read in UTC, whatever the zone of the person who looks.
    pub fn read_at_utc(&self) -> String {
        self.read_at.to_utc().format("%-d %b %Y, %H:%M:%S UTC").to_string()
    }

    /// How many rows a page looks at.
    pub fn looked_at(&self) -> String {
        number(&LOOKED_AT)
    }

    /// The word for so many rows.
    pub fn word(&self) -> &'static str {
        if self.total.rows == 1 && self.total.is_exact { self.words.0 } else { self.words.1 }
    }
}
