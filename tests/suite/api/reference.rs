//! The page of the manual about the REST API's requests is what `/openapi.json` says.

use portcullis::api::OPERATIONS;
use portcullis::api::reference::page;

/// `docs/rest-reference.md` is what the code makes; `UPDATE_DOCS=1` writes it.
#[test]
fn the_page_about_the_requests_is_the_one_that_the_document_makes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rest-reference.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page(), "docs/rest-reference.md is out of date: run it with UPDATE_DOCS=1");
}

/// Every request with its parameters, fields, statuses and codes is on it.
#[test]
fn nothing_of_the_document_is_missing() {
    let page = page();
    for operation in OPERATIONS {
        let heading = format!(
            "\n## {}\n\n`{} {}`\n",
            operation.tool.row().title,
            operation.method,
            operation.path
        );
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("{heading}"));
        let section = section.split("\n## ").next().unwrap();
        for code in operation.errors() {
            assert!(section.contains(&format!("`{}`", code.as_str())), "{heading}: {code:?}");
            assert!(section.contains(&format!("| {} |", code.status())), "{heading}: {code:?}");
        }
        assert_eq!(section.contains("### Body"), operation.has_body(), "{heading}");
        assert!(section.contains("curl https://gate.example.com/api/v1/"), "{heading}");
    }
    assert!(
        page.contains("| `domain` | path | yes |")
            && page.contains("| `Idempotency-Key` | header | no |"),
        "{page}"
    );
}
