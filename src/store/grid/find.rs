//! Finding the people whom a view shows: all of them, if they are few, or how many they are.

use diesel::prelude::*;

use super::GridFilter;
use super::filter::{accounts_over, conditions, filtering, is_there};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::people_texts::{self, Texts};
use crate::db::schema::people_count;
use crate::db::written::Written;
use crate::ids::UserId;

/// Up to so many are put in order after they were found; of more, the order is walked until a page
/// is full.
const FEW: usize = 5_000;
/// Up to so many are counted as they are found; of more, the rest is not read.
const COUNTED: usize = 10_000;

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
    let mut rest = filter.clone();
    let mut more = Vec::new();
    if std::mem::take(&mut rest.over_credits) {
        // Summed up once and not for every statement.
        let accounts = accounts_over(now).numbers_of(conn)?;
        more.push(Written::new("users.account_id IN (").numbers(accounts).sql(")"));
    }
    let source = Source::of(conn, filter, &rest, more.clone(), now)?;
    let mut counted = None;
    if *filter != GridFilter::default() {
        let first = source.ids().sql(" LIMIT ").number(COUNTED as i64 + 1).users(conn)?;
        if first.len() <= FEW {
            return Ok(Found::Few(first));
        }
        counted = i64::try_from(first.len()).ok().filter(|found| *found <= COUNTED as i64);
    }
    let total = match counted {
        Some(total) => total,
        None => count_by(conn, filter, &source)?,
    };
    more.extend(conditions(conn, &rest, now)?);
    Ok(Found::Many(total, more))
}

/// How many match.
pub fn count(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<i64> {
    let source = Source::of(conn, filter, filter, Vec::new(), now)?;
    count_by(conn, filter, &source)
}

fn count_by(conn: &mut Conn, filter: &GridFilter, source: &Source) -> QueryResult<i64> {
    if *filter == GridFilter::default() {
        // Whoever writes people keeps it.
        return people_count::table.select(people_count::people).get_result(conn);
    }
    source.count().count(conn)
}

/// The ids of those who match, in no order.
pub(in crate::store) fn matching(
    conn: &mut Conn,
    filter: &GridFilter,
    now: Timestamp,
) -> QueryResult<Written> {
    Ok(Source::of(conn, filter, filter, Vec::new(), now)?.ids())
}

/// Where those who match are read from when there is nothing to put in order.
struct Source {
    table: &'static str,
    id: &'static str,
    index: Written,
    conditions: Vec<Written>,
}

impl Source {
    /// Of those whom `rest` shows and for whom `more` holds, which together are `whole`.
    fn of(
        conn: &mut Conn,
        whole: &GridFilter,
        rest: &GridFilter,
        more: Vec<Written>,
        now: Timestamp,
    ) -> QueryResult<Self> {
        let mut rest = rest.clone();
        let text = rest.text.take().map(|text| (Texts::Person, text));
        let text = text.or_else(|| rest.client.take().map(|text| (Texts::Clients, text)));
        let mut conditions = filtering(conn, &rest, now)?;
        conditions.extend(more);
        let (table, id, index) = match text {
            Some((texts, text)) => {
                let (table, id, holds) = people_texts::source(conn, texts, &text);
                conditions.insert(0, holds);
                (table, id, "")
            }
            None => ("users", "users.id", index(whole)),
        };
        conditions.push(is_there(id));
        Ok(Self { table, id, index: Written::on_sqlite(conn, index), conditions })
    }

    fn ids(&self) -> Written {
        self.selecting(Written::new("SELECT ").sql(self.id))
    }

    fn count(&self) -> Written {
        self.selecting(Written::new("SELECT count(*)"))
    }

    fn selecting(&self, select: Written) -> Written {
        let from = select.sql(" FROM ").sql(self.table).then(self.index.clone());
        from.all_of(self.conditions.clone())
    }
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
    let asked = indexed.iter().filter(|is_asked| **is_asked).count();
    if filter.only.is_some() || is_by_use || asked < 2 {
        ""
    } else {
        " INDEXED BY users_by_filters"
    }
}
