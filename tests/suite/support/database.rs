//! A database for each test: a copy of a template that was migrated and filled once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use portcullis::clock::{Clock, Timestamp};
use portcullis::config::Config;
use portcullis::service::{Ctx, bootstrap};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{fixture, postgres};

/// When every test begins: the middle of a minute, a day and a month.
pub const START: Timestamp = Timestamp(1_797_336_030_000);
/// The secret of every test server, long and recognisable in a leak.
pub const SECRET: &str = "test-only-secret-0123456789abcdef0123456789";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A test's own database; gone when it is dropped.
pub struct Database {
    pub url: String,
    folder: Option<TempDir>,
    name: Option<String>,
}

impl Database {
    /// A filled database.
    pub async fn filled(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite().await,
            Backend::Postgres => Self::postgres().await,
        }
    }

    /// A SQLite file that is not there yet.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/portcullis.db", folder.path().display());
        Self { url, folder: Some(folder), name: None }
    }

    /// The folder of a SQLite database.
    pub fn folder(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().to_owned()
    }

    async fn sqlite() -> Self {
        static TEMPLATE: OnceCell<TempDir> = OnceCell::const_new();
        let template = TEMPLATE
            .get_or_init(|| async {
                let folder = tempfile::tempdir().unwrap();
                let ctx = open(&format!("sqlite://{}/filling.db", folder.path().display())).await;
                fixture::fill(&ctx).await;
                let copy = folder.path().join("template.db").display().to_string();
                ctx.db
                    .maintain(move |conn| {
                        conn.batch_execute(&format!("VACUUM INTO '{copy}'"))?;
                        Ok(())
                    })
                    .await
                    .unwrap();
                folder
            })
            .await;
        let database = Self::empty();
        std::fs::copy(template.path().join("template.db"), database.folder().join("portcullis.db"))
            .unwrap();
        database
    }

    async fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let server = postgres::server().unwrap();
        let process = std::process::id();
        let template = TEMPLATE
            .get_or_init(|| async {
                let name = format!("portcullis_test_{process}_template");
                maintain(&format!("DROP DATABASE IF EXISTS {name}"));
                maintain(&format!("CREATE DATABASE {name}"));
                let ctx = open(&server.url(&name)).await;
                fixture::fill(&ctx).await;
                drop(ctx);
                // Pools close in the background; a template must have no visitors at all.
                maintain(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
                maintain(&format!(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
                ));
                name
            })
            .await;
        let name = format!("portcullis_test_{process}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        maintain(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self { url: server.url(&name), folder: None, name: Some(name) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            maintain(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// Runs a statement on the server's own database.
fn maintain(sql: &str) {
    let url = postgres::server().unwrap().maintenance();
    PgConnection::establish(&url).unwrap().batch_execute(sql).unwrap();
}

async fn open(url: &str) -> Ctx {
    let config = config(&[("DATABASE_URL", url)]);
    bootstrap::open(config, Clock::fixed(START)).await.unwrap()
}

/// The configuration of a test server; later pairs win.
pub fn config(pairs: &[(&str, &str)]) -> Config {
    let folder = std::env::temp_dir().display().to_string();
    let fixed = [
        ("SECRET", SECRET),
        ("WORKERS", "1"),
        ("DATABASE_POOL_SIZE", "4"),
        ("DATA_FOLDER", folder.as_str()),
    ];
    let variables = fixed
        .iter()
        .chain(pairs)
        .map(|(name, value)| (format!("PORTCULLIS_{name}"), (*value).to_owned()));
    portcullis::config::load(None, variables).unwrap().config
}
