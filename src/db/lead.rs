//! Rows of one value, by id, by the index of the two. PostgreSQL believes that values are spread
//! evenly and would rather go through all rows by id until enough have the value, which is the whole
//! log where they have not; a comparison of pairs leaves it no other way than that index. SQLite
//! takes the index by itself, and would use only half of it for pairs.

use diesel::dsl::sql;
use diesel::expression::BoxableExpression;
use diesel::sql_types::{BigInt, Bool, Text};

use super::connection::{Conn, MultiBackend};

/// The value that rows are to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// The column that leads, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The table.
    pub table: &'static str,
    /// What comes before the column in its index: another column, and the one word it is to have.
    /// The word is part of the statement's text.
    pub within: Option<(&'static str, &'static str)>,
    /// The column.
    pub column: &'static str,
    /// The value.
    pub value: Value,
}

/// Rows whose column has the value and whose ids are between these two, themselves excluded. To be
/// read in the order of [`Lead::order`].
pub fn rows<T: 'static>(
    conn: &Conn,
    lead: &Lead,
    above: i64,
    below: i64,
) -> Box<dyn BoxableExpression<T, MultiBackend, SqlType = Bool>> {
    let (Lead { table, column, .. }, value) = (lead, lead.value.clone());
    // "a.kind = 'x' AND " for one database, "a.kind, " and "'x', " for the other.
    let (also, outer, word) = match lead.within {
        Some((outer, word)) => (
            format!("{table}.{outer} = '{word}' AND "),
            format!("{table}.{outer}, "),
            format!("'{word}', "),
        ),
        None => Default::default(),
    };
    let [first, second, third, end] = match conn {
        Conn::Sqlite(_) => [
            format!("({also}{table}.{column} = "),
            format!(" AND {table}.id > "),
            format!(" AND {table}.id < "),
            ")".to_owned(),
        ],
        Conn::Postgres(_) => [
            format!("(({outer}{table}.{column}, {table}.id) > ({word}"),
            ", ".to_owned(),
            format!(") AND ({outer}{table}.{column}, {table}.id) < ({word}"),
            "))".to_owned(),
        ],
    };
    let is_pairs = matches!(conn, Conn::Postgres(_));
    match (value, is_pairs) {
        (Value::Number(value), false) => Box::new(
            sql::<Bool>(&first)
                .bind::<BigInt, _>(value)
                .sql(&second)
                .bind::<BigInt, _>(above)
                .sql(&third)
                .bind::<BigInt, _>(below)
                .sql(&end),
        ),
        (Value::Text(value), false) => Box::new(
            sql::<Bool>(&first)
                .bind::<Text, _>(value)
                .sql(&second)
                .bind::<BigInt, _>(above)
                .sql(&third)
                .bind::<BigInt, _>(below)
                .sql(&end),
        ),
        (Value::Number(value), true) => Box::new(
            sql::<Bool>(&first)
                .bind::<BigInt, _>(value)
                .sql(&second)
                .bind::<BigInt, _>(above)
                .sql(&third)
                .bind::<BigInt, _>(value)
                .sql(&second)
                .bind::<BigInt, _>(below)
                .sql(&end),
        ),
        (Value::Text(value), true) => Box::new(
            sql::<Bool>(&first)
                .bind::<Text, _>(value.clone())
                .sql(&second)
                .bind::<BigInt, _>(above)
                .sql(&third)
                .bind::<Text, _>(value)
                .sql(&second)
                .bind::<BigInt, _>(below)
                .sql(&end),
        ),
    }
}

impl Lead {
    /// The order in which the index has its rows, from the newest or from the oldest.
    pub fn order(&self, from_newest: bool) -> String {
        let (table, column) = (self.table, self.column);
        let way = if from_newest { "DESC" } else { "ASC" };
        let outer = self.within.map(|(outer, _)| format!("{table}.{outer} {way}, "));
        format!("{}{table}.{column} {way}, {table}.id {way}", outer.unwrap_or_default())
    }
}
