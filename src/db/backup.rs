//! A copy of a SQLite database in one file, made while others read and write it.

use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};

use super::connection::Conn;
use crate::error::Result;

/// How a copy was made, or has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It is in the file.
    Whole,
    /// The database has a program of its own for it.
    ByItsOwnProgram,
}

/// Copies the database as it is at one moment into `path`, which must be empty or absent. Nothing
/// waits for it.
///
/// # Errors
/// When the copy cannot be written.
pub fn copy(conn: &mut Conn, path: &str) -> Result<Copied> {
    match conn {
        Conn::Sqlite(conn) => {
            sql_query("VACUUM INTO ?").bind::<Text, _>(path).execute(conn)?;
            Ok(Copied::Whole)
        }
        Conn::Postgres(_) => Ok(Copied::ByItsOwnProgram),
    }
}
