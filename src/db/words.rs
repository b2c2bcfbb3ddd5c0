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

    /// The same, and each of `words` too.
    #[must_use]
    pub fn and_each(&self, words: impl IntoIterator<Item = String>) -> Self {
        let mut more = self.clone();
        more.all.extend(words.into_iter().map(|word| vec![word]));
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

/// Removes the words of entries; on PostgreSQL they go with the row.
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

/// How FTS5 is to keep the words. It does not bring pieces together while an import writes, because
/// that writes, and looks for what was deleted, many times over; [`merge`] does it once afterwards,
/// and FTS5 by itself only where there are so many that searches would feel them. And it collects
/// more in memory before it writes a piece.
const TUNED: [(&str, i64); 3] = [("automerge", 0), ("crisismerge", 256), ("hashsize", 1 << 24)];

/// Has FTS5 keep the words as it should, from now on.
///
/// # Errors
/// When the database refuses.
pub fn tune(conn: &mut Conn) -> QueryResult<()> {
    let Conn::Sqlite(conn) = conn else { return Ok(()) };
    for (name, value) in TUNED {
        sql_query("INSERT INTO index_words (index_words, rank) VALUES (?, ?)")
            .bind::<Text, _>(name)
            .bind::<BigInt, _>(value)
            .execute(conn)?;
    }
    Ok(())
}

/// Whether [`tune`] was here.
///
/// # Errors
/// When the database cannot answer.
pub fn is_tuned(conn: &mut Conn) -> QueryResult<bool> {
    let Conn::Sqlite(conn) = conn else { return Ok(true) };
    for (name, value) in TUNED {
        let held = sql_query("SELECT CAST(v AS BIGINT) AS id FROM index_words_config WHERE k = ?")
            .bind::<Text, _>(name)
            .get_result::<Id>(conn)
            .optional()?;
        if held.is_none_or(|held| held.id != value) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How large the pieces are that FTS5 keeps the words in, in pages; none on PostgreSQL.
///
/// # Errors
/// When the database cannot answer.
pub fn pieces(conn: &mut Conn) -> QueryResult<Vec<i64>> {
    let Conn::Sqlite(conn) = conn else { return Ok(Vec::new()) };
    // From piece to piece and of each its last row: the table has a row for every page.
    let rows: Vec<Id> = sql_query(
        "WITH RECURSIVE pieces (piece) AS ( \
             SELECT min(segid) FROM index_words_idx \
             UNION ALL \
             SELECT (SELECT min(segid) FROM index_words_idx WHERE segid > piece) FROM pieces WHERE piece IS NOT NULL \
         ) SELECT CAST((SELECT pgno / 2 FROM index_words_idx WHERE segid = piece ORDER BY term DESC LIMIT 1) AS BIGINT) AS id \
         FROM pieces WHERE piece IS NOT NULL",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Pages of words that a step of [`merge`] merges: about forty milliseconds, for which other writers
/// wait.
const MERGED_AT_ONCE: i64 = 500;

/// Goes on bringing small pieces of words together; `whole` takes all of them on, to make them one.
/// Says whether more is to be done: a step is a transaction, so that others get their turn.
///
/// # Errors
/// When the database refuses.
pub fn merge(conn: &mut Conn, whole: bool) -> QueryResult<bool> {
    let Conn::Sqlite(conn) = conn else { return Ok(false) };
    let before = changed(conn)?;
    // A negative number takes all pieces on, a positive one goes on with them.
    sql_query("INSERT INTO index_words (index_words, rank) VALUES ('merge', ?)")
        .bind::<BigInt, _>(if whole { -MERGED_AT_ONCE } else { MERGED_AT_ONCE })
        .execute(conn)?;
    // The command itself counts as one, whether or not it found anything to merge.
    Ok(changed(conn)? > before + 1)
}

/// Brings the planner's statistics of the index up to date; SQLite does without.
///
/// # Errors
/// When the database refuses.
pub fn analyze(conn: &mut Conn) -> QueryResult<()> {
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    for table in ["index_entries", "contacts", "stores"] {
        sql_query(format!("ANALYZE {table}")).execute(conn)?;
    }
    Ok(())
}

/// Rows that the connection has written so far.
fn changed(conn: &mut SqliteConnection) -> QueryResult<i64> {
    sql_query("SELECT total_changes() AS id").get_result::<Id>(conn).map(|row| row.id)
}
