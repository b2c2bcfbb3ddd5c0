//! Databases for the tests of this crate: a migrated SQLite file always, and a schema of its own on
//! the PostgreSQL of `TEST_DATABASE_URL` where that is set.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use crate::db::{Conn, DatabaseUrl, Db, migrate};

/// A migrated, empty database with a connection to it.
pub(crate) struct TestBase {
    pub conn: Conn,
    pub url: DatabaseUrl,
    /// Keeps a SQLite file's folder.
    _folder: Option<tempfile::TempDir>,
}

impl TestBase {
    /// The same database behind its pools.
    pub fn db(&self) -> Db {
        Db::open(&self.url, 2).unwrap()
    }
}

/// Every database there is to test on.
pub(crate) fn databases() -> Vec<TestBase> {
    let mut bases = vec![sqlite()];
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        bases.push(postgres(&url));
    }
    bases
}

pub(crate) fn sqlite() -> TestBase {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db").to_str().unwrap().to_owned();
    let mut conn = Conn::Sqlite(SqliteConnection::establish(&path).unwrap());
    conn.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;",
    )
    .unwrap();
    migrate::run(&mut conn).unwrap();
    TestBase { conn, url: DatabaseUrl::Sqlite(path), _folder: Some(folder) }
}

fn postgres(url: &str) -> TestBase {
    let schema = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut conn = PgConnection::establish(url).unwrap();
    conn.batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}")).unwrap();
    let mut conn = Conn::Postgres(conn);
    migrate::run(&mut conn).unwrap();
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}options=-csearch_path%3D{schema}");
    TestBase { conn, url: DatabaseUrl::Postgres(url), _folder: None }
}
