//! Other people's programs against the built server, each with a server of its own: SDK clients
//! and a browser. The programs are in `tests/programs`; they know the server by its address alone.

mod browser;
mod sdk;

use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::support::process::{self, Server};
use crate::support::{ADMIN, MEMBER, PASSWORD, Person, fixture};

/// A server with two people and some stores, made at the command line.
struct House {
    folder: TempDir,
    server: Server,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for person in [ADMIN, MEMBER] {
            let Person { email, name, role, account } = person;
            let arguments = ["user", "create", email, "--name", name, "--role", role];
            let arguments = [&arguments[..], &["--account", account, "--password-stdin"]].concat();
            command(folder.path(), &arguments, &password_of(person)).await;
        }
        std::fs::write(folder.path().join("stores.csv"), fixture::stores_csv()).unwrap();
        command(folder.path(), &["import", "stores", "stores.csv", "--strict"], "").await;
        allow_personal_tokens(folder.path());
        let server = Server::start(folder.path()).await;
        Self { folder, server }
    }

    /// Runs a program and shows what it said if it failed.
    async fn admit(&self, interpreter: &Path, program: &str, environment: &[(&str, &Path)]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(program);
        let mut command = Command::new(interpreter);
        command
            .arg(script)
            .arg(format!("{}/mcp", self.server.base))
            .current_dir(self.folder.path())
            .envs(environment.iter().copied())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PERSON_EMAIL", MEMBER.email)
            .env("PERSON_PASSWORD", password_of(MEMBER))
            .env("ADMIN_EMAIL", ADMIN.email)
            .env("ADMIN_PASSWORD", password_of(ADMIN));
        let output =
            actix_web::rt::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {}\n{said}{complained}", output.status);
        // It says a line for every rule; one that says nothing has proved nothing.
        assert!(said.lines().any(|line| line.starts_with("ok  ")), "{program} proved nothing");
    }
}

/// Each their own, so that one cannot pass for the other's.
fn password_of(person: Person) -> String {
    format!("{PASSWORD} of {}", person.name)
}

async fn command(folder: &Path, arguments: &[&str], input: &str) {
    let ran = process::run(folder, arguments, input).await;
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
}

/// Turns on what is off by default, as the console will.
fn allow_personal_tokens(folder: &Path) {
    let path = folder.join("portcullis.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute(
        "INSERT INTO settings (name, value) VALUES ('personal_access_tokens', 'yes');
         UPDATE settings_version SET version = version + 1;",
    )
    .unwrap();
}

/// What a group of programs needs, or nothing where it is not installed and need not be.
fn installed<T>(found: Option<T>) -> Option<T> {
    let is_required = std::env::var("PORTCULLIS_TEST_REQUIRE").is_ok_and(|value| value == "all");
    assert!(found.is_some() || !is_required, "it is required and not installed; run .ci/run");
    found
}
