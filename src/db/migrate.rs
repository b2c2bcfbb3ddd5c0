//! Brings a database to the schema this binary knows. Both trees hold the same names.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Conn;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number agreed on with nobody else: the advisory lock that lets one replica migrate.
const MIGRATION_LOCK: i64 = 0x0706_0712;

/// Applies what is missing and returns the names applied, oldest first.
///
/// Replicas that start together wait for the first: an advisory lock on PostgreSQL, the write lock
/// on SQLite.
///
/// # Errors
/// When a migration fails; it is rolled back, those before it stay.
pub fn run(conn: &mut Conn) -> Result<Vec<String>> {
    match conn {
        Conn::Sqlite(conn) => conn
            .exclusive_transaction(|conn| {
                apply(conn.run_pending_migrations(SQLITE)).map_err(Failed)
            })
            .map_err(|failed| failed.0),
        Conn::Postgres(conn) => {
            use diesel::RunQueryDsl;
            let key = diesel::sql_query(format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"));
            key.execute(conn)?;
            let applied = apply(conn.run_pending_migrations(POSTGRES));
            diesel::sql_query(format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
                .execute(conn)?;
            applied
        }
    }
}

/// Whether any migration is still to be applied.
///
/// # Errors
/// When the database cannot say.
pub fn is_pending(conn: &mut Conn) -> Result<bool> {
    let pending = match conn {
        Conn::Sqlite(conn) => conn.has_pending_migration(SQLITE),
        Conn::Postgres(conn) => conn.has_pending_migration(POSTGRES),
    };
    pending.map_err(Error::internal)
}

fn apply(
    applied: diesel::migration::Result<Vec<diesel::migration::MigrationVersion<'_>>>,
) -> Result<Vec<String>> {
    Ok(applied.map_err(Error::internal)?.iter().map(ToString::to_string).collect())
}

/// Carries our error through Diesel's transaction, which wants one made from its own.
struct Failed(Error);

impl From<diesel::result::Error> for Failed {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.into())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_trees_hold_the_same_migrations() {
        let names = |tree: &str| {
            let mut names: Vec<_> =
                std::fs::read_dir(format!("{}/migrations/{tree}", env!("CARGO_MANIFEST_DIR")))
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name())
                    .collect();
            names.sort();
            names
        };
        assert_eq!(names("sqlite"), names("postgres"));
    }
}
