//! `portcullis backup` (contract §3): a copy from which the server goes on.

use crate::support::process::{self, Server, command, run};
use crate::support::{Browser, MEMBER, PASSWORD, both_databases};

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

/// What was revoked after the copy works again: everything is revoked before anybody is served. That,
/// and looking after people, needs no secret; nothing makes another one beside a database.
#[actix_web::test]
async fn a_restored_server_can_be_shut_before_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let own = async |arguments: &[&str]| {
        let mut command = command(folder);
        command.args(arguments).env_remove("PORTCULLIS_SECRET");
        process::finished(command, "").await
    };
    create(folder, ANN).await;
    let key = folder.join("portcullis.secret");
    assert_eq!(own(&["user", "revoke", ANN]).await.code, 0);
    let everything = own(&["user", "revoke", "--everybody"]).await;
    assert_eq!(everything.code, 0, "{everything:?}");
    assert!(everything.stdout.contains("everything of everybody"), "{everything:?}");
    assert_eq!(own(&["user", "revoke"]).await.code, 2);
    assert_eq!(own(&["user", "revoke", ANN, "--everybody"]).await.code, 2);
    for arguments in [&["serve"][..], &["keys", "list"], &["migrate"]] {
        let refused = own(arguments).await;
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains("SECRET_FILE"), "{refused:?}");
        assert!(!key.exists(), "{arguments:?} made another");
    }
    assert_eq!(run(folder, &["keys", "list"], "").await.code, 0, "with its secret all is well");
    std::fs::write(&key, "another-secret-of-at-least-32-bytes").unwrap();
    let other = own(&["keys", "list"]).await;
    assert!(other.code == 1 && other.stderr.contains("keys rotate --leaked"), "{other:?}");
    let anew = own(&["keys", "rotate", "--leaked"]).await;
    assert_eq!(anew.code, 0, "{anew:?}");
    assert_eq!(own(&["keys", "list"]).await.code, 0);
    assert_eq!(run(folder, &["keys", "list"], "").await.code, 1, "the lost one opens nothing now");
}

both_databases! {
    /// A session that was ended and a link that was used after the copy are in it as they were. Shutting
    /// the server to them needs no secret on either database.
    async fn a_restored_server_is_shut_to_sessions_and_links_too(app) {
        let browser = app.member().await;
        app.anonymous().submit("/forgot-password", "/forgot-password", &[("email", MEMBER.email)]).await;
        let mail = app.last_mail_to(MEMBER.email).await;
        let link = mail.split_whitespace().find(|word| word.contains("/reset-password?link=")).unwrap();
        assert_eq!(app.anonymous().get(link).await.status, 200);
        let folder = tempfile::tempdir().unwrap();
        let own = async |arguments: &[&str]| {
            let mut command = command(folder.path());
            command.args(arguments).env_remove("PORTCULLIS_SECRET");
            command.env("PORTCULLIS_DATABASE_URL", &app.database.url);
            process::finished(command, "").await
        };
        let everything = own(&["user", "revoke", "--everybody"]).await;
        assert_eq!(everything.code, 0, "{everything:?}");
        assert!(everything.stdout.contains(" sessions and 1 links sent by mail"), "{everything:?}");
        assert_eq!(browser.get("/dashboard").await.status, 303, "signed out");
        assert_eq!(app.anonymous().get(link).await.status, 404, "used up");
        assert_eq!(own(&["user", "list"]).await.code, 0);
    }
}

/// A program does not work on a schema that it does not know.
#[actix_web::test]
async fn a_newer_schema_is_left_alone() {
    let app = crate::support::TestApp::sqlite().await;
    app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").await;
    let folder = app.database.folder();
    for arguments in [&["migrate"][..], &["user", "list"]] {
        let refused = run(&folder, arguments, "").await;
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
        assert!(refused.stderr.contains("a newer version"), "{refused:?}");
    }
    let doctor = run(&folder, &["doctor"], "").await;
    assert!(doctor.stdout.contains("fail  schema: it is that of a newer version"), "{doctor:?}");
    app.stop().await;
}

/// What keeps the database from being opened is said at once, and what to look at.
#[actix_web::test]
async fn a_database_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("portcullis.db"), "this is no database at all ".repeat(200))
        .unwrap();
    let mut command = command(folder.path());
    command.args(["user", "list"]).env("PORTCULLIS_SECRET", "a-secret-of-at-least-32-characters!");
    let refused = process::finished(command, "").await;
    assert_eq!((refused.code, refused.stderr.trim_end().lines().count()), (1, 1), "{refused:?}");
    let said = refused.stderr;
    assert!(said.contains("DATABASE_URL") && said.contains("is not a database"), "{said}");
}

/// The folder of a database is made where the secret comes from elsewhere, too.
#[actix_web::test]
async fn a_first_start_makes_the_folder_of_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new/data");
    let mut command = command(folder.path());
    command
        .arg("migrate")
        .env("PORTCULLIS_SECRET", "a-secret-of-at-least-32-characters!")
        .env("PORTCULLIS_DATABASE_URL", format!("sqlite://{}/portcullis.db", new.display()));
    let made = process::finished(command, "").await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(new.join("portcullis.db").exists());
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
