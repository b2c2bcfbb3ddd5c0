//! Adding to the figures of clients and their groups (`store::client_figures`), many rows with one
//! statement.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable};

use super::connection::{Conn, MultiBackend};

/// Rows of one statement.
const ROWS_AT_ONCE: usize = 100;

/// Whose figures they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A client's.
    Client,
    /// A group's of clients that look alike.
    Group,
}

/// What comes to the figures of one row; a negative number takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addition {
    /// The row.
    pub id: i64,
    /// People with a live approval.
    pub users: i64,
    /// Tokens stored as active.
    pub tokens: i64,
    /// Answered calls in thirty days.
    pub calls: i64,
    /// When a call was answered, UTC milliseconds; the last one stays.
    pub used_at: Option<i64>,
}

/// Adds to the figures of rows, each row once.
///
/// # Errors
/// When the database refuses.
pub fn add(conn: &mut Conn, whose: Whose, rows: &[Addition]) -> QueryResult<()> {
    for rows in rows.chunks(ROWS_AT_ONCE) {
        Add { whose, rows }.execute(conn)?;
    }
    Ok(())
}

struct Add<'a> {
    whose: Whose,
    rows: &'a [Addition],
}

impl QueryFragment<MultiBackend> for Add<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.rows.len() != ROWS_AT_ONCE {
            // A number of rows that hardly comes again.
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(match self.whose {
            Whose::Client => "UPDATE clients AS kept SET ",
            Whose::Group => "UPDATE client_groups AS kept SET ",
        });
        // Both backends call the columns of VALUES so.
        out.push_sql(
            "users = kept.users + more.column2, active_tokens = kept.active_tokens + more.column3, \
             calls = kept.calls + more.column4, last_used_at = CASE \
             WHEN kept.last_used_at IS NULL OR kept.last_used_at < more.column5 THEN more.column5 \
             ELSE kept.last_used_at END FROM (VALUES (",
        );
        for (place, row) in self.rows.iter().enumerate() {
            if place > 0 {
                out.push_sql("), (");
            }
            for number in [&row.id, &row.users, &row.tokens, &row.calls] {
                out.push_bind_param::<BigInt, _>(number)?;
                out.push_sql(", ");
            }
            out.push_bind_param::<Nullable<BigInt>, _>(&row.used_at)?;
        }
        out.push_sql(")) AS more WHERE kept.id = more.column1");
        Ok(())
    }
}

impl QueryId for Add<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Conn> for Add<'_> {}

/// Adds to the calls of clients on `day`, counted in days since the epoch; each client once.
///
/// # Errors
/// When the database refuses.
pub fn add_calls(conn: &mut Conn, day: i64, calls: &[(i64, i64)]) -> QueryResult<()> {
    for calls in calls.chunks(ROWS_AT_ONCE) {
        AddCalls { day, calls }.execute(conn)?;
    }
    Ok(())
}

struct AddCalls<'a> {
    day: i64,
    calls: &'a [(i64, i64)],
}

impl QueryFragment<MultiBackend> for AddCalls<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.calls.len() != ROWS_AT_ONCE {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO client_days (client_id, day, calls) VALUES (");
        for (place, (client, calls)) in self.calls.iter().enumerate() {
            if place > 0 {
                out.push_sql("), (");
            }
            for number in [client, &self.day] {
                out.push_bind_param::<BigInt, _>(number)?;
                out.push_sql(", ");
            }
            out.push_bind_param::<BigInt, _>(calls)?;
        }
        out.push_sql(
            ") ON CONFLICT (client_id, day) DO UPDATE SET calls = client_days.calls + excluded.calls",
        );
        Ok(())
    }
}

impl QueryId for AddCalls<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Conn> for AddCalls<'_> {}
