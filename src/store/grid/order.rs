//! The ids of a page in its order. An order is walked in segments, one after the other and each
//! down an index: people with a value and those without, role by role, spenders and the rest. The
//! second half of a list is walked from its end.

use diesel::prelude::*;

use super::filter::is_there;
use super::{Found, GridQuery, GridSort};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::roles;
use crate::db::written::Written;
use crate::domain::quota::Span;
use crate::ids::{RoleId, UserId};
use crate::store::blocked;

/// The ids of a page of those who were found; people without a value come last both ways.
pub fn page_ids(
    conn: &mut Conn,
    query: &GridQuery,
    found: &Found,
    now: Timestamp,
) -> QueryResult<Vec<UserId>> {
    let total = found.total();
    let offset = (query.page - 1) * query.page_size;
    let limit = query.page_size.min(total - offset);
    if limit <= 0 {
        return Ok(Vec::new());
    }
    let after = total - offset - limit;
    let from_end = after < offset;
    let mut segments = segments(conn, query, now)?;
    if from_end {
        segments.reverse();
    }
    let gathers = matches!(found, Found::Few(_));
    let descending = query.descending != from_end;
    let walk = Walk { conditions: found.conditions(), gathers, descending, total };
    let offset = if from_end { after } else { offset };
    let by_tokens = matches!(query.sort, GridSort::Clients | GridSort::Tokens);
    let mut ids = match segments.first() {
        Some(all) if by_tokens && blocked::any(conn)? => {
            walk.by_working_tokens(conn, all, limit, offset)?
        }
        _ => walk.take(conn, &segments, limit, offset)?,
    };
    if from_end {
        ids.reverse();
    }
    Ok(ids)
}

/// A part of the list that one statement can give in order.
struct Segment {
    from: &'static str,
    /// The same in the order in which SQLite reads it for people who are found.
    from_found: &'static str,
    /// The index that SQLite goes down.
    index: &'static str,
    condition: Option<Written>,
    order: &'static [&'static str],
    counted: Counted,
    /// The index knows who is deleted, so that nobody has to be looked up for it.
    knows_deleted: bool,
}

/// When, on the way to a later page, the people of a segment are counted rather than walked past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Before it is walked: an index counts them without looking.
    First,
    /// Before it is walked, by counting all others.
    AsRest,
    /// Where it was walked to its end.
    Afterwards,
}

/// The segments in their order, the first of which comes first on page 1.
fn segments(conn: &mut Conn, query: &GridQuery, now: Timestamp) -> QueryResult<Vec<Segment>> {
    let whole = |index, order| {
        vec![Segment {
            from: USERS,
            from_found: USERS,
            index,
            condition: None,
            order,
            counted: Counted::AsRest,
            knows_deleted: false,
        }]
    };
    Ok(match query.sort {
        GridSort::User => whole(" INDEXED BY users_by_name", &["lower(users.name)", "users.id"]),
        GridSort::Access => {
            whole(" INDEXED BY users_by_access", &["users.mcp_enabled", "users.id"])
        }
        GridSort::Clients | GridSort::Tokens => {
            whole(" INDEXED BY users_by_active_tokens", &["users.active_tokens", "users.id"])
        }
        GridSort::Added => with_and_without(
            " INDEXED BY users_by_added",
            ["users.mcp_added_at IS NOT NULL", "users.mcp_added_at IS NULL"],
            &["users.mcp_added_at", "users.id"],
        ),
        GridSort::LastUsed => with_and_without(
            " INDEXED BY users_by_last_tool",
            ["users.last_tool_at IS NOT NULL", "users.last_tool_at IS NULL"],
            &["users.last_tool_at", "users.id"],
        ),
        GridSort::Role => role_by_role(conn, query.descending)?,
        GridSort::Credits => by_credits(query.descending, now),
    })
}

const USERS: &str = "users";

fn with_and_without(
    index: &'static str,
    conditions: [&'static str; 2],
    order: &'static [&'static str],
) -> Vec<Segment> {
    let [with, without] = conditions.map(|sql| Some(Written::new(sql)));
    let segment = |condition, counted| Segment {
        from: USERS,
        from_found: USERS,
        index,
        condition,
        order,
        counted,
        knows_deleted: false,
    };
    vec![segment(with, Counted::AsRest), segment(without, Counted::Afterwards)]
}

fn role_by_role(conn: &mut Conn, descending: bool) -> QueryResult<Vec<Segment>> {
    let mut ids: Vec<RoleId> =
        roles::table.order(roles::name.asc()).select(roles::id).load(conn)?;
    if descending {
        ids.reverse();
    }
    let segment = |id: RoleId| Segment {
        from: USERS,
        from_found: USERS,
        index: " INDEXED BY users_role",
        condition: Some(Written::new("users.role_id = ").number(id.0)),
        order: &["users.id"],
        counted: Counted::First,
        knows_deleted: true,
    };
    Ok(ids.into_iter().map(segment).collect())
}

/// Accounts that have spent credits this month have a balance that says so.
fn by_credits(descending: bool, now: Timestamp) -> Vec<Segment> {
    let month = Span::Month.start(now).0;
    let spenders = Segment {
        from: "credit_balances AS balance CROSS JOIN users",
        from_found: "users CROSS JOIN credit_balances AS balance",
        index: "",
        condition: Some(
            Written::new("users.account_id = balance.account_id AND balance.spent > 0")
                .sql(" AND balance.period_start = ")
                .number(month),
        ),
        order: &["balance.spent", "balance.account_id", "users.id"],
        counted: Counted::Afterwards,
        knows_deleted: true,
    };
    let others = Segment {
        from: USERS,
        from_found: USERS,
        index: " INDEXED BY users_account",
        condition: Some(
            Written::new("users.account_id NOT IN (SELECT account_id FROM credit_balances")
                .sql(" WHERE spent > 0 AND period_start = ")
                .number(month)
                .sql(")"),
        ),
        order: &["users.account_id", "users.id"],
        counted: Counted::AsRest,
        knows_deleted: true,
    };
    if descending { vec![spenders, others] } else { vec![others, spenders] }
}

/// So many people are walked past in less time than a segment is counted in.
const NEAR: i64 = 1_000;

struct Walk {
    conditions: Vec<Written>,
    /// The people are found, and only put in order.
    gathers: bool,
    descending: bool,
    total: i64,
}

impl Walk {
    fn take(
        &self,
        conn: &mut Conn,
        segments: &[Segment],
        mut limit: i64,
        mut offset: i64,
    ) -> QueryResult<Vec<UserId>> {
        let mut ids = Vec::new();
        for segment in segments {
            // Going to the end of a segment, only to learn where it is, is the longest way.
            if offset > NEAR && segments.len() > 1 && segment.counted != Counted::Afterwards {
                let count = match segment.counted {
                    Counted::AsRest => self.rest(conn, segments)?,
                    _ => self.count(conn, segment)?,
                };
                if offset >= count {
                    offset -= count;
                    continue;
                }
            }
            let taken = self.ids(conn, segment, limit, offset)?;
            offset = match taken.len() {
                0 if offset > 0 => offset - self.count(conn, segment)?,
                _ => 0,
            };
            limit -= i64::try_from(taken.len()).unwrap_or(limit);
            ids.extend(taken);
            if limit <= 0 {
                break;
            }
        }
        Ok(ids)
    }

    fn rest(&self, conn: &mut Conn, segments: &[Segment]) -> QueryResult<i64> {
        let others = segments.iter().filter(|segment| segment.counted != Counted::AsRest);
        others
            .map(|segment| self.count(conn, segment))
            .try_fold(self.total, |rest, count| Ok(rest - count?))
    }

    /// What follows `SELECT`, but for the order.
    fn from(&self, conn: &Conn, select: &'static str, segment: &Segment) -> Written {
        let index = if self.gathers { "" } else { segment.index };
        let there = is_there("users.id");
        let conditions = self.conditions.iter().map(|condition| {
            if segment.knows_deleted && *condition == there {
                Written::new("users.deleted_at IS NULL")
            } else {
                condition.clone()
            }
        });
        // A segment's condition is not what finds few people.
        let of_segment = segment.condition.clone().map(|sql| self.plain(conn).then(sql));
        Written::new(select)
            .sql(if self.gathers { segment.from_found } else { segment.from })
            .then(Written::on_sqlite(conn, index))
            .all_of(conditions.chain(of_segment))
    }

    /// Keeps SQLite from using an index for the column that follows.
    fn plain(&self, conn: &Conn) -> Written {
        Written::on_sqlite(conn, if self.gathers { "+" } else { "" })
    }

    fn ids(
        &self,
        conn: &mut Conn,
        segment: &Segment,
        limit: i64,
        offset: i64,
    ) -> QueryResult<Vec<UserId>> {
        let mut statement = self.from(conn, "SELECT users.id FROM ", segment);
        for (place, column) in segment.order.iter().enumerate() {
            statement = statement
                .sql(if place == 0 { " ORDER BY " } else { ", " })
                .then(self.plain(conn))
                .sql(column)
                .sql(if self.descending { " DESC" } else { "" });
        }
        statement.sql(" LIMIT ").number(limit).sql(" OFFSET ").number(offset).users(conn)
    }

    /// The same in the order of tokens that work, while clients are blocked: those of whom a token
    /// is held back are put in where they belong between all others, who come down the index.
    fn by_working_tokens(
        &self,
        conn: &mut Conn,
        all: &Segment,
        limit: i64,
        offset: i64,
    ) -> QueryResult<Vec<UserId>> {
        // The sum keeps SQLite from walking the index for people who are found.
        let select = match self.gathers {
            true => "SELECT users.id AS id, users.active_tokens + 0 AS works FROM ",
            false => "SELECT users.id AS id, users.active_tokens AS works FROM ",
        };
        let down = if self.descending { " DESC" } else { "" };
        let others = self.from(conn, select, all);
        let held = Written::new("SELECT users.id, users.active_tokens - held.tokens")
            .sql(" FROM held CROSS JOIN users")
            .all_of(self.conditions.iter().cloned())
            .sql(" AND users.id = held.user_id");
        let rows = Written::new("WITH held AS MATERIALIZED (")
            .then(blocked::held())
            .sql(") ")
            .then(others)
            .sql(" AND users.id NOT IN (SELECT user_id FROM held) UNION ALL ")
            .then(held)
            .sql(" ORDER BY works")
            .sql(down)
            .sql(", id")
            .sql(down)
            .sql(" LIMIT ")
            .number(limit)
            .sql(" OFFSET ")
            .number(offset)
            .counts(conn)?;
        Ok(rows.into_iter().map(|(id, _)| id).collect())
    }

    fn count(&self, conn: &mut Conn, segment: &Segment) -> QueryResult<i64> {
        self.from(conn, "SELECT count(*) FROM ", segment).count(conn)
    }
}
