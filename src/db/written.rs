//! Statements put together from pieces of text, for lists whose filters and orders are chosen as
//! they run. Typed, every choice would be a type of its own for every database.
//!
//! Text comes from the code and numbers are numbers, so both stand in the statement as they are;
//! whatever people typed is bound. The databases plan each statement anew, knowing its numbers.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};

use super::Conn;
use super::statement::on_each;
use crate::ids::UserId;

/// A statement or a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Sql(Cow<'static, str>),
    Bound(String),
    /// Numbers with commas between.
    OneOf(String),
}

impl Written {
    /// Text of the code.
    pub fn new(sql: &'static str) -> Self {
        Self { pieces: vec![Piece::Sql(Cow::Borrowed(sql))] }
    }

    /// Followed by text of the code.
    #[must_use]
    pub fn sql(mut self, sql: &'static str) -> Self {
        self.pieces.push(Piece::Sql(Cow::Borrowed(sql)));
        self
    }

    /// Followed by a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.pieces.push(Piece::Sql(Cow::Owned(number.to_string())));
        self
    }

    /// Followed by the condition that what stands before is one of these numbers; of none, if there
    /// are none.
    #[must_use]
    pub fn one_of(mut self, numbers: impl IntoIterator<Item = i64>) -> Self {
        let list: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
        self.pieces.push(Piece::OneOf(list.join(",")));
        self
    }

    /// Followed by a text that somebody typed.
    #[must_use]
    pub fn bound(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::Bound(text.into()));
        self
    }

    /// Followed by another part.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Followed by `WHERE` and all of these, if there are any.
    #[must_use]
    pub fn all_of(self, conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().enumerate().fold(self, |statement, (place, condition)| {
            statement.sql(if place == 0 { " WHERE " } else { " AND " }).then(condition)
        })
    }

    /// Text that only SQLite reads, which has no figures to choose an index by.
    pub fn on_sqlite(conn: &Conn, sql: &'static str) -> Self {
        if matches!(conn, Conn::Sqlite(_)) { Self::new(sql) } else { Self::default() }
    }

    /// Runs it and reads the id of a user of every row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn users(self, conn: &mut Conn) -> QueryResult<Vec<UserId>> {
        let rows = Rows::<BigInt>::of(self, conn);
        on_each!(conn, |conn| rows.load(conn))
    }

    /// Runs it and reads a number of every row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn numbers_of(self, conn: &mut Conn) -> QueryResult<Vec<i64>> {
        let rows = Rows::<BigInt>::of(self, conn);
        on_each!(conn, |conn| rows.load(conn))
    }

    /// Runs it and reads the one number that it gives.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count(self, conn: &mut Conn) -> QueryResult<i64> {
        let rows = Rows::<BigInt>::of(self, conn);
        on_each!(conn, |conn| rows.get_result(conn))
    }

    /// Runs it and reads the id of a user and a number of every row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn counts(self, conn: &mut Conn) -> QueryResult<Vec<(UserId, i64)>> {
        let rows = Rows::<(BigInt, BigInt)>::of(self, conn);
        on_each!(conn, |conn| rows.load(conn))
    }

    /// Runs it and reads a number, if there is one, and an id of every row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn ranks(self, conn: &mut Conn) -> QueryResult<Vec<(Option<i64>, i64)>> {
        let rows = Rows::<(Nullable<BigInt>, BigInt)>::of(self, conn);
        on_each!(conn, |conn| rows.load(conn))
    }

    /// Runs it; returns the number of rows written.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run(self, conn: &mut Conn) -> QueryResult<usize> {
        let rows = Rows::<BigInt>::of(self, conn);
        on_each!(conn, |conn| rows.execute(conn))
    }

    /// Runs it and reads two texts of every row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn pairs(self, conn: &mut Conn) -> QueryResult<Vec<(String, String)>> {
        let rows = Rows::<(Text, Text)>::of(self, conn);
        on_each!(conn, |conn| rows.load(conn))
    }
}

/// A statement for one of the databases, with what is read of every row.
struct Rows<ST> {
    statement: Written,
    /// What stands around a list of numbers.
    list: (&'static str, &'static str),
    row: PhantomData<ST>,
}

impl<ST> Rows<ST> {
    fn of(statement: Written, conn: &Conn) -> Self {
        let list = match conn {
            Conn::Sqlite(_) => (" IN (", ")"),
            // It reads one literal much faster than thousands.
            Conn::Postgres(_) => (" = ANY ('{", "}'::bigint[])"),
        };
        Self { statement, list, row: PhantomData }
    }
}

impl<ST> Query for Rows<ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Rows<ST> {}

impl<ST> QueryId for Rows<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, DB> QueryFragment<DB> for Rows<ST>
where
    DB: Backend + HasSqlType<Text>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // Kept, they would be as many as there are pages and numbers.
        out.unsafe_to_cache_prepared();
        for piece in &self.statement.pieces {
            match piece {
                Piece::OneOf(numbers) => {
                    out.push_sql(self.list.0);
                    out.push_sql(numbers);
                    out.push_sql(self.list.1);
                }
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Bound(text) => out.push_bind_param::<Text, str>(text)?,
            }
        }
        Ok(())
    }
}
