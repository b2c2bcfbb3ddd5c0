//! Insert-or-update of one row of the index that writes nothing when nothing differs. The columns
//! are those that an imported file has, so the statement is put together for each file.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::connection::{Conn, MultiBackend};

/// A value of a column.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// Any text.
    Text(Option<&'a str>),
    /// Any number.
    Number(Option<i64>),
    /// Yes or no.
    Flag(Option<bool>),
}

/// One row of the index: inserted, or, where a row of its key has other values, brought to these;
/// where it has the same, nothing is written. Yields the row's id if anything was written.
///
/// Both backends read the same text (`ON CONFLICT … DO UPDATE … WHERE … IS DISTINCT FROM`), so one
/// fragment serves both; unlike `sql_query` its prepared statement is cached. Names are constants of
/// the code and need no quotes.
#[derive(Debug)]
pub struct UpsertRow<'a> {
    /// The table, which has an `id` and an `imported_at`.
    pub table: &'static str,
    /// The key column and its value.
    pub key: (&'static str, &'a str),
    /// Columns to insert and to update.
    pub given: Vec<(&'static str, Cell<'a>)>,
    /// Columns to insert only: what a new row has when nothing is given.
    pub defaults: Vec<(&'static str, Cell<'a>)>,
    /// When this is written, UTC milliseconds.
    pub imported_at: i64,
}

impl UpsertRow<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// When the database refuses a value.
    pub fn run(self, conn: &mut Conn) -> QueryResult<Option<i64>> {
        self.get_result(conn).optional()
    }
}

impl QueryFragment<MultiBackend> for UpsertRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let inserted = || self.given.iter().chain(&self.defaults);
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table);
        out.push_sql(" (imported_at, ");
        out.push_sql(self.key.0);
        for (name, _) in inserted() {
            out.push_sql(", ");
            out.push_sql(name);
        }
        out.push_sql(") VALUES (");
        out.push_bind_param::<BigInt, _>(&self.imported_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.key.1)?;
        for (_, cell) in inserted() {
            out.push_sql(", ");
            match cell {
                Cell::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Cell::Number(number) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
                Cell::Flag(flag) => out.push_bind_param::<Nullable<Bool>, _>(flag)?,
            }
        }
        out.push_sql(") ON CONFLICT (");
        out.push_sql(self.key.0);
        if self.given.is_empty() {
            out.push_sql(") DO NOTHING");
        } else {
            out.push_sql(") DO UPDATE SET imported_at = excluded.imported_at");
            for (name, _) in &self.given {
                out.push_sql(", ");
                out.push_sql(name);
                out.push_sql(" = excluded.");
                out.push_sql(name);
            }
            for (place, (name, _)) in self.given.iter().enumerate() {
                out.push_sql(if place == 0 { " WHERE " } else { " OR " });
                out.push_sql(self.table);
                out.push_sql(".");
                out.push_sql(name);
                out.push_sql(" IS DISTINCT FROM excluded.");
                out.push_sql(name);
            }
        }
        out.push_sql(" RETURNING id");
        Ok(())
    }
}

impl QueryId for UpsertRow<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for UpsertRow<'_> {
    type SqlType = BigInt;
}

impl RunQueryDsl<Conn> for UpsertRow<'_> {}

/// Technologies of a store in one statement: a row each would cost more than all else of an import.
#[derive(Debug)]
pub struct InsertTechnologies<'a> {
    /// The store's id.
    pub store: i64,
    /// `app` or `pixel`.
    pub kind: &'static str,
    /// Slug and name of each; at least one, and few enough for the 32,766 values of a statement.
    pub rows: Vec<(&'a str, &'a str)>,
}

impl InsertTechnologies<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// When the store has one of them already.
    pub fn run(self, conn: &mut Conn) -> QueryResult<usize> {
        self.execute(conn)
    }
}

impl QueryFragment<MultiBackend> for InsertTechnologies<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("INSERT INTO store_technologies (store_id, kind, slug, name) VALUES ");
        for (place, (slug, name)) in self.rows.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { ", (" });
            out.push_bind_param::<BigInt, _>(&self.store)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(self.kind)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(*slug)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(*name)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl QueryId for InsertTechnologies<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Conn> for InsertTechnologies<'_> {}

/// Lets one import write the index at a time, until the end of the transaction; readers go on.
/// SQLite has one writer anyway.
///
/// # Errors
/// When another import holds it for too long.
pub fn lock_index(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => diesel::sql_query(
            "LOCK TABLE stores, store_technologies, contacts IN SHARE ROW EXCLUSIVE MODE",
        )
        .execute(conn)
        .map(|_| ()),
    }
}
