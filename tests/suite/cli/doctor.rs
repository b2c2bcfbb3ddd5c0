//! `portcullis doctor` (contract §3): a line for each check, and the mend of what is not well.

use std::path::Path;

use crate::support::process::{Ran, Server, command, run};

/// Runs it as if it were the server at this address.
async fn doctor(folder: &Path, address: &str, more: &[(&'static str, &str)]) -> Ran {
    let mut command = command(folder);
    command.env("PORTCULLIS_BIND", address.trim_start_matches("http://")).arg("doctor");
    for (name, value) in more {
        command.env(name, value);
    }
    let output =
        actix_web::rt::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What it says of one thing.
fn of<'a>(ran: &'a Ran, about: &str) -> &'a str {
    let found =
        ran.stdout.lines().find(|line| line.get(6..).is_some_and(|rest| rest.starts_with(about)));
    found.unwrap_or_else(|| unreachable!("{about}: {ran:?}"))
}

#[actix_web::test]
async fn a_server_that_runs_is_well_and_says_what_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let ran = doctor(folder.path(), &server.base, &[]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    for about in [
        "configuration",
        "database",
        "schema",
        "signing keys",
        "authorization server",
        "MCP endpoint",
    ] {
        assert!(of(&ran, about).starts_with("ok "), "{ran:?}");
    }
    for about in ["public URL", "mail"] {
        let line = of(&ran, about);
        assert!(line.starts_with("warn ") && line.contains("to mend: "), "{ran:?}");
    }
}

#[actix_web::test]
async fn what_is_wrong_fails_with_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let nobody = "http://127.0.0.1:9";
    let empty = doctor(folder, nobody, &[]).await;
    assert_eq!(empty.code, 1, "{empty:?}");
    assert!(of(&empty, "database").starts_with("fail") && of(&empty, "database").contains("serve"));
    assert!(of(&empty, "authorization server").contains("start the server"), "{empty:?}");
    assert!(!folder.join("portcullis.db").exists(), "it changes nothing");

    let server = Server::start(folder).await;
    let another = [("PORTCULLIS_SECRET", "another secret of more than thirty-two characters")];
    let ran = doctor(folder, &server.base, &another).await;
    assert!(of(&ran, "signing keys").starts_with("fail"), "{ran:?}");
    assert!(of(&ran, "signing keys").contains("SECRET"), "{ran:?}");

    // The name that clients use leads to a server that says it is somebody else.
    let named = format!("http://localhost:{}", server.base.rsplit(':').next().unwrap());
    let ran = doctor(folder, &server.base, &[("PORTCULLIS_PUBLIC_URL", &named)]).await;
    assert!(
        of(&ran, "authorization server").contains(&format!("issuer {}", server.base)),
        "{ran:?}"
    );
    assert_eq!(ran.code, 1);

    let mail = [("PORTCULLIS_SMTP_URL", "smtp://127.0.0.1:9")];
    assert!(of(&doctor(folder, &server.base, &mail).await, "mail").starts_with("fail"));
}

#[actix_web::test]
async fn a_configuration_that_cannot_be_read_is_a_finding_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("portcullis.toml"), "bindd = \"x\"\n").unwrap();
    let ran = run(folder.path(), &["doctor"], "").await;
    assert_eq!(ran.code, 1);
    assert!(
        of(&ran, "configuration").starts_with("fail") && ran.stdout.contains("bindd"),
        "{ran:?}"
    );
}
