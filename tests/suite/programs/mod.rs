//! Other people's programs against the built server, each with a server of its own: SDK clients,
//! the protocol's own suites, strict libraries, a mail server and a browser. The programs are in `tests/programs`; they know the server by its address alone.

mod browser;
mod mail;
mod protocol;
mod rest;
mod sdk;
mod suite;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::support::process::{self, Server};
use crate::support::{ADMIN, MEMBER, PASSWORD, Person, contacts, fixture};

/// A server with two people and some stores, made at the command line.
struct House {
    /// Holds the database, which goes with it.
    _folder: TempDir,
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
        std::fs::write(folder.path().join("contacts.csv"), contacts::csv(6)).unwrap();
        command(folder.path(), &["import", "contacts", "contacts.csv", "--strict"], "").await;
        prepare(folder.path());
        let server = Server::start(folder.path()).await;
        Self { _folder: folder, server }
    }

    /// Runs a program against it.
    async fn admit(&self, interpreter: &Path, program: &str, environment: &[(&str, &Path)]) {
        let call = Call { interpreter, program, base: &self.server.base, environment };
        call.run(password_of, |what| unreachable!("nobody answers {what}")).await;
    }
}

/// A program that is to prove its rules against a server.
struct Call<'a> {
    interpreter: &'a Path,
    program: &'a str,
    base: &'a str,
    environment: &'a [(&'a str, &'a Path)],
}

impl Call<'_> {
    /// Runs it to its end and shows what it said if it failed. What it asks for, in a line
    /// `ask WHAT`, `answer` does.
    async fn run(self, password: fn(Person) -> String, answer: impl Fn(&str) + Send + 'static) {
        let program = self.program.to_owned();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(self.interpreter);
        command
            .arg(script(&program))
            .arg(format!("{}/mcp", self.base))
            .current_dir(folder.path())
            .envs(self.environment.iter().copied())
            .env("HOME", folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PERSON_EMAIL", MEMBER.email)
            .env("PERSON_PASSWORD", password(MEMBER))
            .env("ADMIN_EMAIL", ADMIN.email)
            .env("ADMIN_PASSWORD", password(ADMIN))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (is_success, said, complained) =
            actix_web::rt::task::spawn_blocking(move || attend(&mut command, &answer))
                .await
                .unwrap();
        assert!(is_success, "{program} fails:\n{said}{complained}");
        // It says a line for every rule; one that says nothing has proved nothing.
        assert!(said.lines().any(|line| line.starts_with("ok  ")), "{program} proved nothing");
    }
}

/// Runs a command, answering it; whether it succeeded, and what it wrote to its two outputs.
fn attend(command: &mut Command, answer: &impl Fn(&str)) -> (bool, String, String) {
    let mut child = command.spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut errors = child.stderr.take().unwrap();
    let complaints = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let mut said = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.unwrap();
        if let Some(what) = line.strip_prefix("ask ") {
            answer(what);
            // It may have ended without waiting.
            let _ = input.write_all(b"done\n");
        }
        said.push_str(&line);
        said.push('\n');
    }
    (child.wait().unwrap().success(), said, complaints.join().unwrap().unwrap())
}

/// Where a program is.
fn script(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(program)
}

/// Each their own, so that one cannot pass for the other's.
fn password_of(person: Person) -> String {
    format!("{PASSWORD} of {}", person.name)
}

async fn command(folder: &Path, arguments: &[&str], input: &str) {
    let ran = process::run(folder, arguments, input).await;
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
}

/// Turns on what is off by default, as the console will, and adds more people than a page holds.
fn prepare(folder: &Path) {
    let path = folder.join("portcullis.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute(
        "INSERT INTO settings (name, value) VALUES ('personal_access_tokens', 'yes');
         UPDATE settings_version SET version = version + 1;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
         INSERT INTO users (subject, account_id, role_id, email, name, status, mcp_enabled, mcp_added_at, created_at)
         SELECT 'crowd-' || i, account_id, role_id, 'crowd' || i || '@crowd.example', 'Crowd Person ' || i, 'active', 1, 0, 0
         FROM n, users WHERE email = 'mia@acme.example';",
    )
    .unwrap();
}

/// What a group of programs needs, or nothing where it is not installed and need not be.
fn installed<T>(found: Option<T>) -> Option<T> {
    let is_required = std::env::var("PORTCULLIS_TEST_REQUIRE").is_ok_and(|value| value == "all");
    assert!(found.is_some() || !is_required, "it is required and not installed; run .ci/run");
    found
}
