//! The words of index entries and the search through them: FTS5 on SQLite, a `tsvector` with a GIN
//! index on PostgreSQL. Both hold words of ASCII letters and digits that we make ourselves
//! (`domain::words`), so neither knows anything of language, and no text of a caller is ever syntax.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::connection::Conn;

/// What an entry must have: a word of each list of `all`, and none of `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The word that every entry looked for has. It is looked up only where no other is wanted,
    /// because going through so long a list costs more than it narrows.
    pub base: String,
    /// Lists of which one word each is wanted; none of them empty.
    pub all: Vec<Vec<String>>,
    /// Words not wanted.
    pub none: Vec<String>,
}

impl Expression {
    /// The same, and one of `words` too.
    #[must_use]
    pub fn and(&self, words: Vec<String>) -> Self {
        let mut more = self.clone();
        more.all.push(words);
        more
    }

    fn wanted(&self, or: &str, and: &str) -> String {
        if self.all.is_empty() {
            return self.base.clone();
        }
        let lists: Vec<_> = self.all.iter().map(|any| format!("({})", any.join(or))).collect();
        lists.join(and)
    }

    fn fts5(&self) -> String {
        let wanted = self.wanted(" OR ", " AND ");
        if self.none.is_empty() {
            wanted
        } else {
            format!("({wanted}) NOT ({})", self.none.join(" OR "))
        }
    }

    fn tsquery(&self) -> String {
        let unwanted = self.none.iter().map(|word| format!(" & !{word}"));
        self.wanted(" | ", " & ") + &unwanted.collect::<String>()
    }
}

/// Which of the entries found are wanted, both ends included, and in which order of their ids.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// The lowest id.
    pub from: i64,
    /// The highest id.
    pub to: i64,
    /// Whether the highest comes first.
    pub descending: bool,
    /// The most entries.
    pub limit: i64,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The ids of entries that match.
///
/// # Errors
/// When the database cannot answer.
pub fn matching(conn: &mut Conn, expression: &Expression, range: Range) -> QueryResult<Vec<i64>> {
    let order = if range.descending { "DESC" } else { "ASC" };
    let rows: Vec<Id> = match conn {
        Conn::Sqlite(conn) => sql_query(format!(
            "SELECT rowid AS id FROM index_words WHERE index_words MATCH ? AND rowid >= ? AND rowid <= ? ORDER BY rowid {order} LIMIT ?"
        ))
        .bind::<Text, _>(expression.fts5())
        .bind::<BigInt, _>(range.from)
        .bind::<BigInt, _>(range.to)
        .bind::<BigInt, _>(range.limit)
        .load(conn)?,
        Conn::Postgres(conn) => sql_query(format!(
            "SELECT id FROM index_entries WHERE words @@ $1::tsquery AND id BETWEEN $2 AND $3 ORDER BY id {order} LIMIT $4"
        ))
        .bind::<Text, _>(expression.tsquery())
        .bind::<BigInt, _>(range.from)
        .bind::<BigInt, _>(range.to)
        .bind::<BigInt, _>(range.limit)
        .load(conn)?,
    };
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Removes the words of entries; on PostgreSQL they go or change with the row.
///
/// # Errors
/// When the database refuses.
pub fn remove(conn: &mut Conn, ids: &[i64]) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) if !ids.is_empty() => {
            let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
            sql_query(format!("DELETE FROM index_words WHERE rowid IN ({})", ids.join(", ")))
                .execute(conn)
                .map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Brings the words into one piece and the planner's statistics up to date: after an import.
///
/// # Errors
/// When the database refuses.
pub fn tidy(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => {
            sql_query("INSERT INTO index_words (index_words) VALUES ('optimize')")
                .execute(conn)
                .map(|_| ())
        }
        Conn::Postgres(conn) => {
            for table in ["index_entries", "contacts", "stores"] {
                sql_query(format!("ANALYZE {table}")).execute(conn)?;
            }
            Ok(())
        }
    }
}
