//! A scratch table on disk in which the lines of an import come together by key before anything is
//! written: a key that comes twice is written once, so that a second run of the same file finds
//! nothing to change, and memory stays constant whatever the file's size.
//!
//! It is SQLite whatever the database is: a private file without a name in the system's temporary
//! folder, gone when this is dropped.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::error::{Error, Result};

mod schema {
    diesel::table! {
        staged (id) {
            id -> BigInt,
            key -> Text,
            record -> Text,
        }
    }
}
use schema::staged;

/// The scratch table.
pub struct Stage {
    conn: SqliteConnection,
}

impl Stage {
    /// Makes an empty one.
    ///
    /// # Errors
    /// When the temporary folder cannot be written.
    pub fn open() -> Result<Self> {
        let mut conn = SqliteConnection::establish("").map_err(Error::internal)?;
        // Nobody else sees it and nothing of it outlives the run: no journal, one transaction.
        conn.batch_execute(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384; \
             CREATE TABLE staged (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, record TEXT NOT NULL); \
             BEGIN;",
        )?;
        Ok(Self { conn })
    }

    /// Adds a record unless there is one of its key; says whether it did.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, key: &str, record: &str) -> QueryResult<bool> {
        diesel::insert_or_ignore_into(staged::table)
            .values((staged::key.eq(key), staged::record.eq(record)))
            .execute(&mut self.conn)
            .map(|rows| rows == 1)
    }

    /// The record of `key`.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&mut self, key: &str) -> QueryResult<String> {
        staged::table.filter(staged::key.eq(key)).select(staged::record).first(&mut self.conn)
    }

    /// Replaces the record of `key`.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn replace(&mut self, key: &str, record: &str) -> QueryResult<()> {
        diesel::update(staged::table.filter(staged::key.eq(key)))
            .set(staged::record.eq(record))
            .execute(&mut self.conn)
            .map(|_| ())
    }

    /// At most `limit` records in the order in which their keys first came, after the place
    /// `after` (0 for the beginning), with the place of each.
    ///
    /// # Errors
    /// When the scratch file cannot be read.
    pub fn page(&mut self, after: i64, limit: i64) -> QueryResult<Vec<(i64, String)>> {
        staged::table
            .filter(staged::id.gt(after))
            .order(staged::id)
            .select((staged::id, staged::record))
            .limit(limit)
            .load(&mut self.conn)
    }
}
