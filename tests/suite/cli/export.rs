//! `portcullis export` (contract §3).

use crate::support::{PASSWORD, process::run};

const ANN: [&str; 6] =
    ["user", "create", "ann@acme.example", "--name", "Ann Lee", "--password-stdin"];

/// To standard output or a file, in either form; the export is an entry itself, and a file that is
/// there is left alone.
#[actix_web::test]
async fn a_log_is_written_to_a_pipe_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(run(at, &ANN, &format!("{PASSWORD}\n")).await.code, 0);
    let csv = run(at, &["export", "audit"], "").await;
    assert_eq!((csv.code, csv.stderr.as_str()), (0, ""), "{csv:?}");
    assert!(csv.stdout.starts_with("id,time,request_id,actor_id,"), "{csv:?}");
    assert!(csv.stdout.contains("user_created") && csv.stdout.contains("ann@acme.example"));
    assert!(!csv.stdout.contains(PASSWORD));
    let file = run(at, &["export", "audit", "log.jsonl", "--format", "jsonl"], "").await;
    assert_eq!(file.code, 0, "{file:?}");
    let written = std::fs::read_to_string(at.join("log.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(written.lines().next().unwrap()).unwrap();
    assert_eq!(first["action"], "records_exported", "newest first, and it is written down");
    let rows = written.lines().count();
    assert_eq!(file.stdout, format!("log.jsonl: {rows} rows of audit.\n"));
    let again = run(at, &["export", "audit", "log.jsonl"], "").await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");
    assert_eq!(std::fs::read_to_string(at.join("log.jsonl")).unwrap(), written);
    let none =
        run(at, &["export", "activity", "--from", "2020-01-01", "--to", "2020-01-31"], "").await;
    assert_eq!(
        (none.code, none.stdout.lines().count()),
        (0, 1),
        "the names of the columns: {none:?}"
    );
    for wrong in
        [["--from", "2020-02-01"].as_slice(), &["--from", "yesterday"], &["--format", "xlsx"]]
    {
        let arguments = [&["export", "activity", "--to", "2020-01-01"], wrong].concat();
        assert_ne!(run(at, &arguments, "").await.code, 0, "{wrong:?}");
    }
}
