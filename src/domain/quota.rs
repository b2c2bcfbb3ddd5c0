//! Quota windows: minute, day and month, UTC (contract §10).

use chrono::{Datelike, TimeZone, Utc};

use crate::clock::Timestamp;
use crate::domain::credit::Credits;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// A window in which something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Requests a minute.
    Minute,
    /// Requests a day.
    Day,
    /// Search rows and credits a month.
    Month,
}

impl Span {
    /// As the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The start of the window that holds `at`.
    pub fn start(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Minute => Timestamp(at.0 - at.0.rem_euclid(MINUTE)),
            Self::Day => Timestamp(at.0 - at.0.rem_euclid(DAY)),
            Self::Month => {
                let day = at.to_utc();
                month_start(day.year(), day.month(), at)
            }
        }
    }

    /// The start of the window after the one that holds `at`: when the count is zero again.
    pub fn reset(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Minute => Timestamp(self.start(at).0 + MINUTE),
            Self::Day => Timestamp(self.start(at).0 + DAY),
            Self::Month => {
                let day = at.to_utc();
                let (year, month) = if day.month() == 12 {
                    (day.year() + 1, 1)
                } else {
                    (day.year(), day.month() + 1)
                };
                month_start(year, month, at)
            }
        }
    }
}

fn month_start(year: i32, month: u32, fallback: Timestamp) -> Timestamp {
    Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0)
        .single()
        .map_or(fallback, |start| Timestamp(start.timestamp_millis()))
}

/// What was counted in the current windows of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Requests in this minute.
    pub minute: i64,
    /// Requests on this day.
    pub day: i64,
    /// Rows returned in this month.
    pub rows: i64,
    /// Credits of this month.
    pub credits: Credits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_calendars() {
        let at =
            Timestamp(Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).unwrap().timestamp_millis());
        assert_eq!(Span::Month.start(at).to_rfc3339(), "2026-12-01T00:00:00Z");
        assert_eq!(Span::Month.reset(at).to_rfc3339(), "2027-01-01T00:00:00Z");
        assert_eq!(Span::Day.reset(at).to_rfc3339(), "2027-01-01T00:00:00Z");
        assert_eq!(Span::Minute.start(at).to_rfc3339(), "2026-12-31T23:59:00Z");
    }
}
