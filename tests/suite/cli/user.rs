//! `portcullis user …`, exit codes and errors (contract §3).

use crate::support::{PASSWORD, process::run};

const ANN: [&str; 6] =
    ["user", "create", "Ann@Acme.example", "--name", "Ann Lee", "--password-stdin"];

#[actix_web::test]
async fn people_are_created_listed_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let created = run(at, &ANN, &format!("{PASSWORD}\n")).await;
    assert_eq!((created.code, created.stderr.as_str()), (0, ""), "{created:?}");
    let list = run(at, &["user", "list"], "").await;
    assert_eq!(list.stdout, "1\tann@acme.example\tAnn Lee\tMember\tactive\tenabled\n");
    for (command, shown) in
        [("disable-mcp", "disabled"), ("disable-mcp", "disabled"), ("enable-mcp", "enabled")]
    {
        assert_eq!(run(at, &["user", command, "ann@acme.example"], "").await.code, 0);
        assert!(run(at, &["user", "list"], "").await.stdout.trim().ends_with(shown), "{command}");
    }
    let revoked = run(at, &["user", "revoke", "ann@acme.example"], "").await;
    assert_eq!(
        (revoked.code, revoked.stdout.as_str()),
        (0, "Revoked 0 tokens of ann@acme.example.\n")
    );
    let reset = run(at, &["user", "reset-two-factor", "ann@acme.example"], "").await;
    let told = "Two-factor sign-in of ann@acme.example was off already.\n";
    assert_eq!((reset.code, reset.stdout.as_str()), (0, told));
    let set = run(
        at,
        &["user", "set-password", "ann@acme.example", "--password-stdin"],
        "another good password\n",
    )
    .await;
    assert_eq!(set.code, 0, "{set:?}");
    for output in [created.stdout, set.stdout] {
        assert!(!output.contains(PASSWORD) && !output.contains("another good password"));
    }
}

/// 1 is failure: one line on standard error that says what to do, and nothing on standard output.
#[actix_web::test]
async fn a_failure_is_one_line_and_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(run(at, &ANN, &format!("{PASSWORD}\n")).await.code, 0);
    for (arguments, input) in [
        (ANN.to_vec(), PASSWORD),
        (vec!["user", "create", "no address", "--name", "N", "--password-stdin"], PASSWORD),
        (vec!["user", "create", "b@acme.example", "--name", "N", "--password-stdin"], "short"),
        (
            vec![
                "user",
                "create",
                "b@acme.example",
                "--name",
                "N",
                "--role",
                "King",
                "--password-stdin",
            ],
            PASSWORD,
        ),
        (vec!["user", "set-password", "nobody@acme.example", "--password-stdin"], PASSWORD),
        (vec!["user", "disable-mcp", "nobody@acme.example"], ""),
        (vec!["import", "stores", "nowhere.csv"], ""),
        (vec!["--config", "nowhere.toml", "config"], ""),
    ] {
        let failed = run(at, &arguments, &format!("{input}\n")).await;
        assert_eq!((failed.code, failed.stdout.as_str()), (1, ""), "{arguments:?}: {failed:?}");
        assert_eq!(failed.stderr.lines().count(), 1, "{arguments:?}: {}", failed.stderr);
        assert!(failed.stderr.starts_with("portcullis: "), "{}", failed.stderr);
        assert!(!failed.stderr.contains(PASSWORD));
    }
    assert_eq!(run(at, &["user", "list"], "").await.stdout.lines().count(), 1, "nothing was made");
}

/// 2 is wrong usage.
#[actix_web::test]
async fn wrong_usage_is_code_2_and_help_is_code_0() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        vec![],
        vec!["nonsense"],
        vec!["user"],
        vec!["user", "create"],
        vec!["import", "planets", "x"],
        vec!["serve", "--port", "1"],
    ] {
        let wrong = run(folder.path(), &arguments, "").await;
        assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(wrong.stderr.contains("--help"), "{arguments:?}");
    }
    for arguments in [
        vec!["--help"],
        vec!["--version"],
        vec!["serve", "--help"],
        vec!["user", "--help"],
        vec!["user", "create", "--help"],
        vec!["import", "--help"],
        vec!["demo", "--help"],
        vec!["config", "--help"],
    ] {
        let help = run(folder.path(), &arguments, "").await;
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "none of it made a file");
}

#[actix_web::test]
async fn the_shown_configuration_masks_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(folder.path(), &["config"], "").await;
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(
        shown.stdout.contains("PUBLIC_URL") || shown.stdout.to_lowercase().contains("public_url")
    );
    assert!(!shown.stdout.contains(crate::support::database::SECRET));
}
