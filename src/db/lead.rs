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
    let [first, second, third, end] = match conn {
        Conn::Sqlite(_) => [
            format!("({table}.{column} = "),
            format!(" AND {table}.id > "),
            format!(" AND {table}.id < "),
            ")".to_owned(),
        ],
        Conn::Postgres(_) => [
            format!("(({table}.{column}, {table}.id) > ("),
            ", ".to_owned(),
            format!(") AND ({table}.{column}, {table}.id) < ("),
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
        format!("{table}.{column} {way}, {table}.id {way}")
    }
}
