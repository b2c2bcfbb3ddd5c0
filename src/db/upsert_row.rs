//! Insert-or-update of rows of the index that writes nothing where nothing differs. The columns are
//! those that an imported file has, so the statement is put together for each file.

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

/// Rows of one statement: most of the cost of a row on its own is the statement's, not the row's.
const ROWS_AT_ONCE: usize = 100;
/// Technologies of one statement, of four values each.
const TECHNOLOGIES_AT_ONCE: usize = 500;

/// One row of the index: inserted, or, where a row of its key has other values, brought to these;
/// where it has the same, nothing is written.
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
    /// A column of these that does not outlive the value it speaks of.
    pub lapse: Option<Lapse>,
    /// When this is written, UTC milliseconds.
    pub imported_at: i64,
}

/// A column among the defaults that says something of a given one: where that changes, what was said
/// was said of another value, and the column falls back to its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lapse {
    /// The column among the defaults, which holds text.
    pub column: &'static str,
    /// The given column that it speaks of.
    pub of: &'static str,
    /// What stays said whatever the other column becomes; a word that needs no quotes of its own.
    pub but: &'static str,
}

impl<'a> UpsertRow<'a> {
    /// Brings rows, each key once, to their values. Yields id and key of those that were written.
    ///
    /// # Errors
    /// When the database refuses a value.
    pub fn run_all(rows: &[Self], conn: &mut Conn) -> QueryResult<Vec<(i64, String)>> {
        let mut written = Vec::new();
        for alike in rows.chunk_by(Self::is_like) {
            for rows in alike.chunks(ROWS_AT_ONCE) {
                written.extend(UpsertRows { rows }.load::<(i64, String)>(conn)?);
            }
        }
        Ok(written)
    }

    fn cells(&self) -> impl Iterator<Item = &(&'static str, Cell<'a>)> {
        self.given.iter().chain(&self.defaults)
    }

    /// Whether one statement can write both.
    fn is_like(&self, other: &Self) -> bool {
        self.table == other.table
            && self.given.len() == other.given.len()
            && self.lapse == other.lapse
            && self.cells().map(|(name, _)| name).eq(other.cells().map(|(name, _)| name))
    }
}

/// Rows of the same table and columns; at least one.
///
/// Both backends read the same text (`ON CONFLICT … DO UPDATE … WHERE … IS DISTINCT FROM`), so one
/// fragment serves both; unlike `sql_query` its prepared statement is cached. Names are constants of
/// the code and need no quotes.
#[derive(Debug)]
struct UpsertRows<'a> {
    rows: &'a [UpsertRow<'a>],
}

impl QueryFragment<MultiBackend> for UpsertRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let Some(first) = self.rows.first() else { return Ok(()) };
        if self.rows.len() != ROWS_AT_ONCE {
            // A number of rows that hardly comes again.
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        out.push_sql(first.table);
        out.push_sql(" (imported_at, ");
        out.push_sql(first.key.0);
        for (name, _) in first.cells() {
            out.push_sql(", ");
            out.push_sql(name);
        }
        for (place, row) in self.rows.iter().enumerate() {
            out.push_sql(if place == 0 { ") VALUES (" } else { "), (" });
            row.values(&mut out)?;
        }
        out.push_sql(") ON CONFLICT (");
        out.push_sql(first.key.0);
        first.on_conflict(&mut out);
        out.push_sql(" RETURNING id, ");
        out.push_sql(first.key.0);
        Ok(())
    }
}

impl UpsertRow<'_> {
    fn values<'b>(&'b self, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_bind_param::<BigInt, _>(&self.imported_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.key.1)?;
        for (_, cell) in self.cells() {
            out.push_sql(", ");
            match cell {
                Cell::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Cell::Number(number) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
                Cell::Flag(flag) => out.push_bind_param::<Nullable<Bool>, _>(flag)?,
            }
        }
        Ok(())
    }

    fn on_conflict(&self, out: &mut AstPass<'_, '_, MultiBackend>) {
        if self.given.is_empty() {
            out.push_sql(") DO NOTHING");
            return;
        }
        out.push_sql(") DO UPDATE SET imported_at = excluded.imported_at");
        for (name, _) in &self.given {
            out.push_sql(", ");
            out.push_sql(name);
            out.push_sql(" = excluded.");
            out.push_sql(name);
        }
        if let Some(lapse) = self.lapse {
            self.on_lapse(lapse, out);
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

    /// Of the row as it was, the database reads the columns by the name of the table. Which rows are
    /// written is not asked here: where the other column differs, the row is written anyway.
    fn on_lapse(&self, lapse: Lapse, out: &mut AstPass<'_, '_, MultiBackend>) {
        let Lapse { column, of, but } = lapse;
        let table = self.table;
        for part in [
            ", ",
            column,
            " = CASE WHEN ",
            table,
            ".",
            of,
            " IS DISTINCT FROM excluded.",
            of,
            " AND ",
            table,
            ".",
            column,
            " <> '",
            but,
            "' THEN excluded.",
            column,
            " ELSE ",
            table,
            ".",
            column,
            " END",
        ] {
            out.push_sql(part);
        }
    }
}

impl QueryId for UpsertRows<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for UpsertRows<'_> {
    type SqlType = (BigInt, Text);
}

impl RunQueryDsl<Conn> for UpsertRows<'_> {}

/// A technology of a store.
#[derive(Debug)]
pub struct Technology {
    /// The store's id.
    pub store: i64,
    /// `app` or `pixel`.
    pub kind: &'static str,
    /// The name as filters write it.
    pub slug: String,
    /// The name.
    pub name: String,
}

/// Adds technologies that their stores do not have.
///
/// # Errors
/// When a store has one of them already.
pub fn insert_technologies(conn: &mut Conn, rows: &[Technology]) -> QueryResult<()> {
    for rows in rows.chunks(TECHNOLOGIES_AT_ONCE) {
        InsertTechnologies { rows }.execute(conn)?;
    }
    Ok(())
}

#[derive(Debug)]
struct InsertTechnologies<'a> {
    rows: &'a [Technology],
}

impl QueryFragment<MultiBackend> for InsertTechnologies<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.rows.len() != TECHNOLOGIES_AT_ONCE {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO store_technologies (store_id, kind, slug, name) VALUES ");
        for (place, row) in self.rows.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { ", (" });
            out.push_bind_param::<BigInt, _>(&row.store)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.kind)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.slug)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.name)?;
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
