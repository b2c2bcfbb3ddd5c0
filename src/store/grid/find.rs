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
                vec![Written::new("users.id").one_of(ids)]
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
        more.push(Written::new("users.account_id").one_of(accounts));
    }
    let source = Source::of(conn, filter, &rest, more.clone(), now)?;
    let total = if *filter == GridFilter::default() {
        everybody(conn)?
    } else if source.is_indexed {
        let total = source.count().count(conn)?;
        if total <= FEW as i64 {
            return source.ids().users(conn).map(Found::Few);
        }
        total
    } else {
        // Going through all of them costs more than reading the ids of many.
        let first = source.ids().sql(" LIMIT ").number(COUNTED as i64 + 1).users(conn)?;
        if first.len() <= FEW {
            return Ok(Found::Few(first));
        }
        if first.len() <= COUNTED { first.len() as i64 } else { source.count().count(conn)? }
    };
    more.extend(conditions(conn, &rest, now)?);
    Ok(Found::Many(total, more))
}

/// How many match.
pub fn count(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<i64> {
    if *filter == GridFilter::default() {
        return everybody(conn);
    }
    Source::of(conn, filter, filter, Vec::new(), now)?.count().count(conn)
}

/// How many people there are: whoever writes people keeps it.
fn everybody(conn: &mut Conn) -> QueryResult<i64> {
    people_count::table.select(people_count::people).get_result(conn)
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
    /// An index leads to those who match, so that counting them costs little.
    is_indexed: bool,
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
        if let Some((texts, text)) = text {
            let (table, id, holds) = people_texts::source(conn, texts, &text);
            conditions.insert(0, holds);
            return Ok(Self {
                table,
                id,
                index: Written::default(),
                conditions,
                is_indexed: false,
            });
        }
        let asked = asked(whole);
        let by_rows = whole.only.is_some() || asked.by_use;
        let index = if by_rows || asked.columns < 2 { "" } else { " INDEXED BY users_by_filters" };
        // The indexes of these two know who is deleted.
        let knows_deleted = whole.over_credits || !whole.roles.is_empty();
        conditions.push(match asked.columns == 1 && !asked.by_use && knows_deleted {
            true => Written::new("users.deleted_at IS NULL"),
            false => is_there("users.id"),
        });
        Ok(Self {
            table: "users",
            id: "users.id",
            index: Written::on_sqlite(conn, index),
            conditions,
            is_indexed: whole.only.is_some() || asked.columns + usize::from(asked.by_use) < 2,
        })
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

/// What of a filter indexes are for.
struct Asked {
    /// How many of the columns are asked for that `users_by_filters` has: with two of them SQLite
    /// reads it instead of the table, with one there is an index for that one.
    columns: usize,
    /// When they used a tool is asked for, by which there is an index too.
    by_use: bool,
}

fn asked(filter: &GridFilter) -> Asked {
    let columns = [
        filter.access.is_some(),
        !filter.roles.is_empty(),
        filter.has_tokens.is_some(),
        filter.has_expired,
        filter.over_credits,
        filter.added_from.is_some() || filter.added_until.is_some(),
    ];
    Asked {
        columns: columns.iter().filter(|is_asked| **is_asked).count(),
        by_use: filter.never_used || filter.used_from.is_some() || filter.used_until.is_some(),
    }
}
