//! What a plan says: its name, API access and limits (contract §10), each in words.

use super::name::is_name;

use serde::{Deserialize, Serialize};

/// The longest name of a plan, characters.
const LONGEST_NAME: usize = 60;

/// What a plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Its name.
    pub name: String,
    /// Whether tools and REST work at all.
    pub api_access: bool,
    /// Requests a minute.
    pub requests_per_minute: i64,
    /// Requests a day.
    pub requests_per_day: i64,
    /// Search rows a month.
    pub rows_per_month: i64,
    /// Credits a month.
    pub credits_per_month: i64,
}

impl Terms {
    /// What a paid plan has unless somebody says otherwise (contract §10).
    pub fn usual() -> Self {
        Self {
            name: String::new(),
            api_access: true,
            requests_per_minute: 60,
            requests_per_day: 5_000,
            rows_per_month: 25_000,
            credits_per_month: 500,
        }
    }
}

/// A limit of a plan.
pub struct Limit {
    /// Its name in forms and in the log.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The same over a narrow column.
    pub short: &'static str,
    /// What its number counts.
    pub unit: &'static str,
    /// What it limits.
    pub about: &'static str,
    /// What happens to accounts that have used more than it when it is lowered.
    pub lowered: &'static str,
    /// The largest number.
    pub most: i64,
    /// Reads it.
    pub get: fn(&Terms) -> i64,
    set: fn(&mut Terms, i64),
}

/// The limits, in the order in which people see them.
pub const LIMITS: [Limit; 4] = [
    Limit {
        name: "requests_per_minute",
        title: "Requests a minute",
        short: "Requests/min",
        unit: "requests",
        about: "Calls of all people of an account, through AI clients and REST. The next is refused until the minute is over.",
        lowered: "Who has made more in this minute waits for the next.",
        most: 100_000,
        get: |terms| terms.requests_per_minute,
        set: |terms, number| terms.requests_per_minute = number,
    },
    Limit {
        name: "requests_per_day",
        title: "Requests a day",
        short: "Requests/day",
        unit: "requests",
        about: "Calls of all people of an account from midnight to midnight UTC. The next is refused until midnight.",
        lowered: "Who has made more today waits until midnight UTC.",
        most: 100_000_000,
        get: |terms| terms.requests_per_day,
        set: |terms, number| terms.requests_per_day = number,
    },
    Limit {
        name: "rows_per_month",
        title: "Search rows a month",
        short: "Rows/month",
        unit: "rows",
        about: "Stores and contacts that searches return in a calendar month, UTC. A search that could return more than are left is refused.",
        lowered: "Who has used more this month has none left until the next.",
        most: 1_000_000_000,
        get: |terms| terms.rows_per_month,
        set: |terms, number| terms.rows_per_month = number,
    },
    Limit {
        name: "credits_per_month",
        title: "Credits a month",
        short: "Credits/month",
        unit: "credits",
        about: "Given at the start of a calendar month, UTC. A contact that is revealed for the first time costs 1. What is left over is not carried into the next month.",
        lowered: "Who has spent more this month has none left until the next, or until credits are granted.",
        most: 100_000_000,
        get: |terms| terms.credits_per_month,
        set: |terms, number| terms.credits_per_month = number,
    },
];

impl Limit {
    /// What a plan says of it.
    pub fn in_words(&self, terms: &Terms) -> String {
        grouped((self.get)(terms))
    }

    /// What a plan has unless somebody says otherwise.
    pub fn default_in_words(&self) -> String {
        self.in_words(&Terms::usual())
    }

    /// Reads a typed number into the terms.
    ///
    /// # Errors
    /// Says which numbers are right.
    pub fn put(&self, terms: &mut Terms, typed: &str) -> Result<(), String> {
        let digits: String =
            typed.trim().chars().filter(|c| !matches!(c, ',' | ' ' | '\u{a0}')).collect();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|number| is_number && *number <= self.most);
        let Some(number) = number else {
            return Err(format!(
                "{}: enter a whole number from 0 to {}.",
                self.title,
                grouped(self.most)
            ));
        };
        (self.set)(terms, number);
        Ok(())
    }
}

/// A name on one line.
///
/// # Errors
/// Says what is wrong.
pub fn check_name(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    if name.is_empty() {
        return Err("Name: enter one, like Team.".into());
    }
    if !is_name(name, LONGEST_NAME) {
        return Err(format!(
            "Name: use at most {LONGEST_NAME} characters on one line, all of them visible."
        ));
    }
    Ok(name.to_owned())
}

/// What no plan may say, by field.
pub fn problems(terms: &Terms) -> Vec<(&'static str, String)> {
    let needed = LIMITS.iter().take(2).filter(|limit| terms.api_access && (limit.get)(terms) == 0);
    needed
        .map(|limit| {
            let text = "with API access at least 1 is needed. Enter one, or choose no API access.";
            (limit.name, format!("{}: {text}", limit.title))
        })
        .collect()
}

/// A number as people read it: 12,408; below zero with a minus sign.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    if number < 0 {
        text.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let mut terms = Terms::usual();
        let rows = &LIMITS[2];
        for (typed, number) in
            [("25,000", 25_000), (" 7 ", 7), ("0", 0), ("1 000 000 000", 1_000_000_000)]
        {
            rows.put(&mut terms, typed).unwrap();
            assert_eq!(terms.rows_per_month, number, "{typed}");
        }
        for wrong in ["", "-1", "1.5", "many", "1000000001", "99999999999999999999", "+3"] {
            let message = rows.put(&mut terms, wrong).unwrap_err();
            assert!(message.contains("from 0 to 1,000,000,000"), "{wrong}: {message}");
        }
    }

    #[test]
    fn a_plan_with_access_lets_calls_through() {
        let mut terms = Terms { requests_per_day: 0, ..Terms::usual() };
        assert_eq!(problems(&terms)[0].0, "requests_per_day");
        terms.api_access = false;
        assert!(problems(&terms).is_empty());
    }

    #[test]
    fn names_are_one_short_line() {
        assert_eq!(check_name("  Team ").as_deref(), Ok("Team"));
        for wrong in ["", "  ", "a\nb", &"x".repeat(61)] {
            assert!(check_name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_below_zero_keep_their_sign() {
        assert_eq!(grouped(-100), "−100");
        assert_eq!(grouped(-1_234), "−1,234");
        assert_eq!(grouped(12_408), "12,408");
    }
}
