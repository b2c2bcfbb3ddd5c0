//! `portcullis backup` (contract §3): a copy from which the server goes on.

use crate::support::process::{Server, command, run};
use crate::support::{Browser, PASSWORD};

const ANN: &str = "ann@example.com";

async fn create(folder: &std::path::Path, email: &str) {
    let arguments = ["user", "create", email, "--name", "Ann Lee", "--password-stdin"];
    let created = run(folder, &arguments, &format!("{PASSWORD}\n")).await;
    assert_eq!(created.code, 0, "{created:?}");
}

#[actix_web::test]
async fn a_copy_made_while_the_server_serves_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    create(folder, ANN).await;
    let server = Server::start(folder).await;
    Browser::new(&server.base).sign_in(ANN, PASSWORD).await;
    let made = run(folder, &["backup", "copy.db"], "").await;
    assert_eq!((made.code, made.stderr.as_str()), (0, ""), "quiet in a pipe: {made:?}");
    assert!(made.stdout.contains("copy.db") && made.stdout.contains("SECRET"), "{made:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join("copy.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "for its owner alone");
    }
    create(folder, "later@example.com").await;
    server.signal("-KILL");
    server.end().await;

    // As the manual says: put it back, remove what is left of the log, start.
    std::fs::copy(folder.join("copy.db"), folder.join("portcullis.db")).unwrap();
    for rest in ["portcullis.db-wal", "portcullis.db-shm"] {
        let _ = std::fs::remove_file(folder.join(rest));
    }
    let again = Server::start(folder).await;
    Browser::new(&again.base).sign_in(ANN, PASSWORD).await;
    let listed = run(folder, &["user", "list"], "").await;
    assert!(listed.stdout.contains(ANN) && !listed.stdout.contains("later@"), "{listed:?}");
    let keys = run(folder, &["keys", "list"], "").await;
    assert_eq!(keys.code, 0, "the keys open under the same secret: {keys:?}");
}

#[actix_web::test]
async fn what_cannot_be_copied_is_told_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let nothing = run(folder, &["backup", "copy.db"], "").await;
    assert_eq!((nothing.code, nothing.stdout.as_str()), (1, ""), "{nothing:?}");
    assert!(nothing.stderr.contains("nothing to copy"), "{nothing:?}");
    assert!(!folder.join("copy.db").exists() && !folder.join("portcullis.db").exists());

    create(folder, ANN).await;
    std::fs::write(folder.join("copy.db"), "mine").unwrap();
    let taken = run(folder, &["backup", "copy.db"], "").await;
    assert_eq!(taken.code, 1, "{taken:?}");
    assert!(taken.stderr.contains("is there already"), "{taken:?}");
    assert_eq!(std::fs::read_to_string(folder.join("copy.db")).unwrap(), "mine");

    let nowhere = run(folder, &["backup", "no/such/folder/copy.db"], "").await;
    assert_eq!((nowhere.code, nowhere.stderr.trim_end().lines().count()), (1, 1), "{nowhere:?}");
    assert_eq!(run(folder, &["backup"], "").await.code, 2);
}

/// The server's own program knows better; the command to use is told, without the password.
#[actix_web::test]
async fn another_database_is_copied_by_its_own_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    command.env("PORTCULLIS_DATABASE_URL", "postgres://gate:hunter2@db.example.com/portcullis");
    let output = command.args(["backup", "copy.dump"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("pg_dump --format=custom --file=copy.dump"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(!folder.path().join("copy.dump").exists());
}
