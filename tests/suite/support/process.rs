//! The built program as a process: its command line, and a server that can be killed.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::database::SECRET;

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program over the database in `folder`, with a clean environment.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PORTCULLIS_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("PORTCULLIS_DATABASE_URL", format!("sqlite://{}/portcullis.db", folder.display()))
        .env("PORTCULLIS_DATA_FOLDER", folder)
        .env("PORTCULLIS_SECRET", SECRET)
        .env("PORTCULLIS_WORKERS", "1")
        .env("PORTCULLIS_DATABASE_POOL_SIZE", "4")
        .env("PORTCULLIS_LOG", "warn");
    command
}

/// Runs the program with these arguments and this standard input.
pub async fn run(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut command = command(folder);
    command.args(arguments);
    finished(command, input).await
}

/// Runs `command` to its end with this standard input.
pub async fn finished(mut command: Command, input: &str) -> Ran {
    let input = input.to_owned();
    actix_web::rt::task::spawn_blocking(move || {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that fails early does not read what it was given.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    })
    .await
    .unwrap()
}

/// Where a server that is [`Server::logged`] writes its log.
pub fn log_of(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// `portcullis serve` in a process of its own; killed when it is dropped.
pub struct Server {
    pub base: String,
    /// What it printed up to and with its address.
    pub said: Vec<String>,
    child: Child,
}

impl Server {
    /// Starts it over the database in `folder` and waits until it listens.
    pub async fn start(folder: &Path) -> Self {
        Self::with(folder, |_| ()).await
    }

    /// The same with its log at its most talkative, in the file that [`log_of`] names.
    pub async fn logged(folder: &Path) -> Self {
        let log = log_of(folder);
        Self::with(folder, move |command| {
            let log = File::options().create(true).append(true).open(&log).unwrap();
            command.env("PORTCULLIS_LOG", "debug").stderr(log);
        })
        .await
    }

    /// The same with changes to its environment.
    pub async fn with(folder: &Path, change: impl Fn(&mut Command) + Send + 'static) -> Self {
        let folder = folder.to_owned();
        let start = move || Self::start_blocking(&folder, &change);
        actix_web::rt::task::spawn_blocking(start).await.unwrap()
    }

    fn start_blocking(folder: &Path, change: &dyn Fn(&mut Command)) -> Self {
        // Another process may take a port that is free now; then the next one is tried.
        for _ in 0..20 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let bind = listener.local_addr().unwrap().to_string();
            drop(listener);
            let mut command = command(folder);
            command.arg("serve").env("PORTCULLIS_BIND", &bind);
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            change(&mut command);
            let mut child = command.spawn().unwrap();
            let mut said = Vec::new();
            for line in BufReader::new(child.stdout.take().unwrap()).lines() {
                let line = line.unwrap();
                let is_last = line.starts_with("Portcullis listens");
                said.push(line);
                if is_last {
                    return Self { base: format!("http://{bind}"), said, child };
                }
            }
            child.wait().unwrap();
        }
        unreachable!("no port was free")
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub async fn end(mut self) -> ExitStatus {
        actix_web::rt::task::spawn_blocking(move || self.child.wait().unwrap()).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
