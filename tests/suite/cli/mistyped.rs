//! What is mistyped is told, and makes nothing.

use std::path::Path;

use crate::support::process::{Ran, command};

/// Runs the program with a database that is not there, and no secret.
async fn elsewhere(folder: &Path, arguments: &[&str], log: &str) -> Ran {
    let mut command = command(folder);
    let database = folder.join("mistyped").join("portcullis.db");
    command
        .args(arguments)
        .env_remove("PORTCULLIS_SECRET")
        .env("PORTCULLIS_LOG", log)
        .env("PORTCULLIS_DATABASE_URL", format!("sqlite://{}", database.display()));
    let output =
        actix_web::rt::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

/// Neither a database nor a secret is left where a path was mistyped.
#[actix_web::test]
async fn what_only_looks_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for arguments in [
        &["user", "list"][..],
        &["user", "revoke", "ann@acme.example"],
        &["user", "disable-mcp", "ann@acme.example"],
        &["export", "audit"],
        &["index", "rebuild"],
        &["keys", "list"],
        &["keys", "rotate"],
    ] {
        let ran = elsewhere(folder, arguments, "warn").await;
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("there is no database at"), "{arguments:?}: {ran:?}");
        assert!(
            ran.stderr.contains("portcullis serve") && ran.stderr.lines().count() == 1,
            "{ran:?}"
        );
        assert!(is_empty(folder), "{arguments:?}");
    }
    let backup = elsewhere(folder, &["backup", "copy.db"], "warn").await;
    assert!(backup.code == 1 && backup.stderr.contains("nothing to copy"), "{backup:?}");
    let doctor = elsewhere(folder, &["doctor"], "warn").await;
    assert!(doctor.code == 1 && doctor.stdout.contains("is not there"), "{doctor:?}");
    assert_eq!(elsewhere(folder, &["config"], "warn").await.code, 0);
    assert!(is_empty(folder));
}

/// A level that is none would silence the log.
#[actix_web::test]
async fn a_level_of_the_log_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["serve"][..], &["config"], &["demo", "--no-open"]] {
        let ran = elsewhere(folder.path(), arguments, "bogus").await;
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("LOG: must be off, error, warn"), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    assert!(is_empty(folder.path()));
}
