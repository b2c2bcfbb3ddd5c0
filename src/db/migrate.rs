//! Brings a database to the schema this binary knows. Both trees hold the same names.

use diesel::backend::Backend;
use diesel::migration::MigrationSource;
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
    if schema(conn)? == Schema::Newer {
        return Err(Error::field(
            "DATABASE_URL",
            "a newer version of Portcullis has upgraded this database; start that version, or restore the backup that was made before. Nothing was changed",
        ));
    }
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

/// How a database's schema stands to this version's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Migrations are still to be applied.
    Older,
    /// It is this version's.
    Current,
    /// A migration was applied that this version does not know.
    Newer,
}

/// How the schema stands to this version's.
///
/// # Errors
/// When the database cannot say.
pub fn schema(conn: &mut Conn) -> Result<Schema> {
    match conn {
        Conn::Sqlite(conn) => compare(conn, &SQLITE),
        Conn::Postgres(conn) => compare(conn, &POSTGRES),
    }
}

fn compare<DB: Backend, C: MigrationHarness<DB>>(
    conn: &mut C,
    source: &EmbeddedMigrations,
) -> Result<Schema> {
    let known: Vec<String> = MigrationSource::<DB>::migrations(source)
        .map_err(Error::internal)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let applied = conn.applied_migrations().map_err(Error::internal)?;
    Ok(if applied.iter().any(|version| !known.contains(&version.to_string())) {
        Schema::Newer
    } else if applied.len() < known.len() {
        Schema::Older
    } else {
        Schema::Current
    })
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
