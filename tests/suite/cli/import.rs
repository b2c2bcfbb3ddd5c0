//! `portcullis import` (contract §3): twice is once, and bad lines do not stop the good ones.

use crate::support::{fixture::stores_csv, process::run};

#[actix_web::test]
async fn importing_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stores.csv"), stores_csv()).unwrap();
    let first = run(folder.path(), &["import", "stores", "stores.csv"], "").await;
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stdout.contains("60 inserted"), "{first:?}");
    let second = run(folder.path(), &["import", "stores", "stores.csv"], "").await;
    assert_eq!(second.code, 0, "{second:?}");
    assert!(
        second.stdout.contains("0 inserted") && second.stdout.contains("60 unchanged"),
        "{second:?}"
    );
    assert!(!first.stderr.contains('\u{1b}'), "quiet in a pipe");
}

#[actix_web::test]
async fn a_bad_line_is_told_and_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stores.csv");
    std::fs::write(&file, "domain,name\ngood.example,Good\nnot a domain,Bad\nfine.example,Fine\n")
        .unwrap();
    let strict = run(folder.path(), &["import", "stores", "stores.csv", "--strict"], "").await;
    assert_eq!(strict.code, 1, "{strict:?}");
    assert!(strict.stderr.contains("line 3"), "{strict:?}");
    let kind = run(folder.path(), &["import", "stores", "stores.csv"], "").await;
    assert_eq!(kind.code, 0, "{kind:?}");
    assert!(kind.stdout.contains("2 inserted") && kind.stdout.contains("1 rejected"), "{kind:?}");
    let aside = std::fs::read_to_string(folder.path().join("stores.csv.rejected.jsonl")).unwrap();
    assert_eq!(aside.lines().count(), 1);
    assert!(aside.contains("not a domain"));
}

/// A file of which no line can be used was not imported, whatever else is true.
#[actix_web::test]
async fn a_file_of_which_nothing_is_left_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stores.csv");
    std::fs::write(&file, "domain,country\nnope,DE\ngood.example,XX\n").unwrap();
    let nothing = run(folder.path(), &["import", "stores", "stores.csv"], "").await;
    assert_eq!(nothing.code, 1, "{nothing:?}");
    assert!(nothing.stderr.contains("every line of stores.csv was rejected"), "{nothing:?}");
    assert!(nothing.stderr.contains("line 3: country: is the code of no country"), "{nothing:?}");
    // What is mended leaves no report of what was wrong.
    std::fs::write(&file, "domain,country\ngood.example,UK\n").unwrap();
    let mended = run(folder.path(), &["import", "stores", "stores.csv"], "").await;
    assert_eq!(mended.code, 0, "{mended:?}");
    assert!(!folder.path().join("stores.csv.rejected.jsonl").exists());
    std::fs::write(&file, "domain,country\n").unwrap();
    assert_eq!(
        run(folder.path(), &["import", "stores", "stores.csv"], "").await.code,
        0,
        "no line is no bad line"
    );
}
