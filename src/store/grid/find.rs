//! Finding the people whom a view shows: all of them, if they are few, or how many they are.

use diesel::prelude::*;

use super::GridFilter;
use super::filter::{accounts_over, conditions};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::written::Written;
use crate::ids::UserId;

/// Up to so many are put in order after they were found; of more, the order is walked until a page
/// is full.
const FEW: i64 = 5_000;

/// Whom a filter shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These.
    Few(Vec<UserId>),
    /// So many, under these conditions.
    Many(i64, Vec<Written>),
}

impl Found {
    /// How many.
    pub fn total(&self) -> i64 {
        match self {
            Self::Few(ids) => i64::try_from(ids.len()).unwrap_or(i64::MAX),
            Self::Many(total, _) => *total,
        }
    }

    /// What holds for them and nobody else.
    pub(super) fn conditions(&self) -> Vec<Written> {
        match self {
            Self::Few(ids) => {
                let ids = ids.iter().map(|id| id.0);
                vec![Written::new("users.id IN (").numbers(ids).sql(")")]
            }
            Self::Many(_, conditions) => conditions.clone(),
        }
    }
}

/// Finds them.
pub fn find(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<Found> {
    let rest = GridFilter { over_credits: false, ..filter.clone() };
    let mut conditions = conditions(conn, &rest, now);
    if filter.over_credits {
        // Summed up once and not for every statement.
        let accounts = accounts_over(now).numbers_of(conn)?;
        conditions.push(Written::new("users.account_id IN (").numbers(accounts).sql(")"));
    }
    let index = Written::on_sqlite(conn, index(filter));
    let select = |sql| Written::new(sql).then(index.clone()).all_of(conditions.clone());
    if !conditions.is_empty() {
        let few =
            select("SELECT users.id FROM users").sql(" LIMIT ").number(FEW + 1).users(conn)?;
        if i64::try_from(few.len()).is_ok_and(|found| found <= FEW) {
            return Ok(Found::Few(few));
        }
    }
    let total = select("SELECT count(*) FROM users").count(conn)?;
    Ok(Found::Many(total, conditions))
}

/// How many match.
pub fn count(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<i64> {
    matching(conn, "SELECT count(*) FROM users", filter, now).count(conn)
}

/// What `select` gives of those who match, in no order.
pub(in crate::store) fn matching(
    conn: &Conn,
    select: &'static str,
    filter: &GridFilter,
    now: Timestamp,
) -> Written {
    Written::new(select)
        .then(Written::on_sqlite(conn, index(filter)))
        .all_of(conditions(conn, filter, now))
}

/// The index that SQLite reads instead of the table; what it would choose by itself, if nothing.
fn index(filter: &GridFilter) -> &'static str {
    let indexed = [
        filter.access.is_some(),
        !filter.roles.is_empty(),
        filter.has_tokens.is_some(),
        filter.has_expired,
        filter.over_credits,
        filter.added_from.is_some() || filter.added_until.is_some(),
    ];
    let is_by_use = filter.never_used || filter.used_from.is_some() || filter.used_until.is_some();
    match filter {
        _ if filter.only.is_some() => "",
        _ if filter.text.is_some() => " INDEXED BY users_by_search",
        _ if filter.client.is_some() => " INDEXED BY users_by_client_names",
        _ if is_by_use || indexed.iter().filter(|is_asked| **is_asked).count() < 2 => "",
        _ => " INDEXED BY users_by_filters",
    }
}
