//! `portcullis serve` (contract §3).

use crate::support::process::{Server, run};
use crate::support::{Browser, PASSWORD};

#[actix_web::test]
async fn serve_on_an_empty_database_prints_a_setup_link_that_works_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let link = server
        .said
        .iter()
        .find_map(|line| line.trim().strip_prefix(&server.base))
        .unwrap()
        .to_owned();
    assert!(link.starts_with("/setup?link="));
    let browser = Browser::new(&server.base);
    let fields = [
        ("account", "First Ltd"),
        ("name", "Fay First"),
        ("email", "fay@first.example"),
        ("password", PASSWORD),
    ];
    assert_eq!(browser.submit(&link, "/setup", &fields).await.status, 303);
    assert_eq!(Browser::new(&server.base).get(&link).await.status, 404);
    server.signal("-TERM");
    assert!(server.end().await.success());
    let again = Server::start(folder.path()).await;
    assert!(!again.said.iter().any(|line| line.contains("/setup")), "not where there is somebody");
    Browser::new(&again.base).sign_in("fay@first.example", PASSWORD).await;
}

#[actix_web::test]
async fn a_taken_address_is_told_before_anything_is_promised() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    std::fs::write(
        folder.path().join("portcullis.toml"),
        format!("bind = \"{}\"\n", taken.local_addr().unwrap()),
    )
    .unwrap();
    let failed = run(folder.path(), &["serve"], "").await;
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""), "{failed:?}");
    assert!(failed.stderr.contains("BIND") && failed.stderr.lines().count() == 1, "{failed:?}");
}

/// Port 0 is whatever is free: what is told is the one that was taken, and clients are told it too.
#[actix_web::test]
async fn a_port_that_is_left_open_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let any_port = |command: &mut std::process::Command| {
        command.env("PORTCULLIS_BIND", "127.0.0.1:0");
    };
    let server = Server::with(folder.path(), any_port).await;
    let said = server.said.last().unwrap();
    let url = said.split_whitespace().last().unwrap();
    assert!(!said.contains(":0 ") && !url.ends_with(":0"), "{said}");
    let answer = crate::support::ai_client::http()
        .get(format!("{url}/.well-known/oauth-authorization-server"))
        .send()
        .await
        .unwrap();
    let metadata: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(metadata["issuer"], url);
    let link = server.said.iter().find(|line| line.contains("/setup?link=")).unwrap();
    assert!(link.contains(url), "{link}");
}

#[actix_web::test]
async fn an_unknown_key_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("portcullis.toml"), "bindd = \"127.0.0.1:1\"\n").unwrap();
    let failed = run(folder.path(), &["config"], "").await;
    assert_eq!(failed.code, 1);
    assert!(failed.stderr.contains("bindd") && failed.stderr.lines().count() == 1, "{failed:?}");
}
