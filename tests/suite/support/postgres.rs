//! A throw-away PostgreSQL for this run: made once, stopped and removed when the process ends,
//! however it ends.
//!
//! A shell owns the server and waits on a pipe whose other end is ours: when this process is gone,
//! even killed, the pipe closes and the shell cleans up. PostgreSQL refuses to run as root, so
//! under root the shell runs as `nobody`.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use super::programs;

/// The server's owner, as PostgreSQL and this file call it.
const OWNER: &str = "portcullis";
/// `nobody` on every Linux.
const NOBODY: u32 = 65534;

const SCRIPT: &str = r#"
trap '' INT HUP TERM
bin=$1 dir=$2
cd "$dir" || exit 1
"$bin/initdb" -D "$dir/data" -U portcullis -A trust -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1 &&
"$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" -o "-k $dir -h '' -N 200 \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c deadlock_timeout=200ms" start >>"$dir/log" 2>&1 &&
echo ready || cat "$dir/log"
read -r _
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
"#;

/// The server's URL without a database name at its end, and the pipe that keeps it alive.
struct Cluster {
    folder: String,
    _alive: Option<ChildStdin>,
}

/// A server to make databases on.
pub struct Server {
    url: Option<String>,
    cluster: Option<Cluster>,
}

impl Server {
    /// The URL of the database of that name.
    pub fn url(&self, database: &str) -> String {
        match (&self.cluster, &self.url) {
            (Some(cluster), _) => {
                format!("postgres:///{database}?host={}&user={OWNER}", cluster.folder)
            }
            (None, Some(url)) => {
                let mut url = url::Url::parse(url).unwrap();
                url.set_path(database);
                url.to_string()
            }
            (None, None) => unreachable!(),
        }
    }

    /// The URL for making and dropping databases.
    pub fn maintenance(&self) -> String {
        match &self.url {
            Some(url) => url.clone(),
            None => self.url("postgres"),
        }
    }
}

/// The server of this process; none where PostgreSQL is not installed.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
                return Some(Server { url: Some(url), cluster: None });
            }
            let cluster = start(&programs::postgres_folder()?);
            Some(Server { url: None, cluster: Some(cluster) })
        })
        .as_ref()
}

#[expect(clippy::zombie_processes, reason = "the shell outlives us, to clean up")]
fn start(bin: &Path) -> Cluster {
    let folder = tempfile::Builder::new().prefix("portcullis-pg-").tempdir().unwrap().keep();
    let is_root = std::fs::metadata(&folder).unwrap().uid() == 0;
    let mut command = if is_root {
        std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    let mut shell = command
        .args(["-c", SCRIPT, "sh"])
        .args([bin, &folder])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(shell.stdout.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert_eq!(first.trim(), "ready", "PostgreSQL did not start; its log is in {folder:?}");
    Cluster { folder: folder.to_str().unwrap().to_owned(), _alive: shell.stdin.take() }
}
