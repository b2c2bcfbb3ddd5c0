//! The condition that a number is one of many, as one text that is bound: the statement is the same
//! however many there are, so that it stays prepared, where a list of thousands takes longer to read
//! than its rows.

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Text};

use super::connection::{Conn, MultiBackend};

/// That a column holds one of some numbers.
#[derive(Debug, Clone)]
pub struct Among {
    column: &'static str,
    /// What stands around the bound text.
    sql: [&'static str; 2],
    /// The numbers, as the database reads a list of them.
    list: String,
}

/// That `column`, a name of the code, holds one of `numbers`.
pub fn among(conn: &Conn, column: &'static str, numbers: &[i64]) -> Among {
    let (sql, [open, close]) = match conn {
        Conn::Sqlite(_) => ([" IN (SELECT value FROM json_each(", "))"], ['[', ']']),
        Conn::Postgres(_) => ([" = ANY ((", ")::bigint[])"], ['{', '}']),
    };
    let mut list = String::with_capacity(numbers.len() * 8 + 2);
    list.push(open);
    for (place, number) in numbers.iter().enumerate() {
        if place > 0 {
            list.push(',');
        }
        list.push_str(&number.to_string());
    }
    list.push(close);
    Among { column, sql, list }
}

impl Expression for Among {
    type SqlType = Bool;
}

impl<Tables> AppearsOnTable<Tables> for Among {}

impl<Tables> SelectableExpression<Tables> for Among {}

impl<Grouping> ValidGrouping<Grouping> for Among {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Among {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<MultiBackend> for Among {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql(self.column);
        out.push_sql(self.sql[0]);
        out.push_bind_param::<Text, _>(&self.list)?;
        out.push_sql(self.sql[1]);
        Ok(())
    }
}
