//! Writing entries of the search index (`store::entries`), many rows with one statement.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};

use super::connection::{Conn, MultiBackend};

/// Rows of one statement.
const ROWS_AT_ONCE: usize = 100;

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its id.
    pub id: i64,
    /// The ids of its facets, with spaces between.
    pub facets: String,
    /// All its words, with spaces between.
    pub words: String,
    /// What tells whether the words are others.
    pub digest: i64,
}

/// Adds entries or brings them to what they are now, some at a time.
#[derive(Debug, Default)]
pub struct Putting {
    /// On SQLite, what is written once all words are: FTS5 writes out what it has collected of them
    /// whenever another table is written.
    later: Vec<EntryRow>,
}

impl Putting {
    /// Puts `rows`; they are there for certain after [`Self::finish`].
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put(&mut self, conn: &mut Conn, mut rows: Vec<EntryRow>) -> QueryResult<()> {
        // PostgreSQL keeps the words in the same row.
        let Conn::Sqlite(_) = conn else { return put(conn, Part::EntriesWithWords, &rows) };
        put(conn, Part::Words, &rows)?;
        for row in &mut rows {
            row.words = String::new();
        }
        self.later.append(&mut rows);
        Ok(())
    }

    /// Puts what is left.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finish(self, conn: &mut Conn) -> QueryResult<()> {
        put(conn, Part::Entries, &self.later)
    }
}

fn put(conn: &mut Conn, part: Part, rows: &[EntryRow]) -> QueryResult<()> {
    for rows in rows.chunks(part.rows_at_once()) {
        PutRows { part, rows }.execute(conn)?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Entries,
    Words,
    EntriesWithWords,
}

impl Part {
    /// Of words one: for a statement that could fail in the middle FTS5 writes what it has
    /// collected so far, in a piece of its own.
    fn rows_at_once(self) -> usize {
        if self == Self::Words { 1 } else { ROWS_AT_ONCE }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Entries => "INSERT INTO index_entries (id, facets, digest) VALUES (",
            Self::Words => "REPLACE INTO index_words (rowid, words) VALUES (",
            Self::EntriesWithWords => {
                "INSERT INTO index_entries (id, facets, digest, words) VALUES ("
            }
        }
    }

    fn tail(self) -> &'static str {
        match self {
            Self::Entries => {
                ") ON CONFLICT (id) DO UPDATE SET facets = excluded.facets, digest = excluded.digest"
            }
            Self::Words => ")",
            Self::EntriesWithWords => {
                ") ON CONFLICT (id) DO UPDATE SET facets = excluded.facets, digest = excluded.digest, words = excluded.words"
            }
        }
    }
}

/// Rows of one statement; at least one.
struct PutRows<'a> {
    part: Part,
    rows: &'a [EntryRow],
}

impl QueryFragment<MultiBackend> for PutRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.rows.len() != self.part.rows_at_once() {
            // A number of rows that hardly comes again.
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(self.part.head());
        for (place, row) in self.rows.iter().enumerate() {
            if place > 0 {
                out.push_sql("), (");
            }
            out.push_bind_param::<BigInt, _>(&row.id)?;
            if self.part != Part::Words {
                out.push_sql(", ");
                out.push_bind_param::<Text, _>(&row.facets)?;
                out.push_sql(", ");
                out.push_bind_param::<BigInt, _>(&row.digest)?;
            }
            match self.part {
                Part::Entries => {}
                Part::Words => {
                    out.push_sql(", ");
                    out.push_bind_param::<Text, _>(&row.words)?;
                }
                Part::EntriesWithWords => {
                    out.push_sql(", array_to_tsvector(string_to_array(");
                    out.push_bind_param::<Text, _>(&row.words)?;
                    out.push_sql(", ' '))");
                }
            }
        }
        out.push_sql(self.part.tail());
        Ok(())
    }
}

impl QueryId for PutRows<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Conn> for PutRows<'_> {}

/// Of facets, each once: its id, by how much the number of entries that have it changes, and the
/// highest steps of visits and revenue of those that came.
///
/// # Errors
/// When the database refuses.
pub fn add_counts(conn: &mut Conn, counts: &[[i64; 4]]) -> QueryResult<()> {
    for counts in counts.chunks(ROWS_AT_ONCE) {
        AddCounts { counts }.execute(conn)?;
    }
    Ok(())
}

struct AddCounts<'a> {
    counts: &'a [[i64; 4]],
}

impl QueryFragment<MultiBackend> for AddCounts<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.counts.len() != ROWS_AT_ONCE {
            out.unsafe_to_cache_prepared();
        }
        // Both backends call the columns of VALUES so.
        out.push_sql(
            "UPDATE facets SET entries = entries + more.column2, \
             highest_visits = CASE WHEN more.column3 > highest_visits THEN more.column3 ELSE highest_visits END, \
             highest_dollars = CASE WHEN more.column4 > highest_dollars THEN more.column4 ELSE highest_dollars END \
             FROM (VALUES (",
        );
        for (place, row) in self.counts.iter().enumerate() {
            if place > 0 {
                out.push_sql("), (");
            }
            for (place, number) in row.iter().enumerate() {
                if place > 0 {
                    out.push_sql(", ");
                }
                out.push_bind_param::<BigInt, _>(number)?;
            }
        }
        out.push_sql(")) AS more WHERE facets.id = more.column1");
        Ok(())
    }
}

impl QueryId for AddCounts<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Conn> for AddCounts<'_> {}
