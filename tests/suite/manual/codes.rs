//! The page about errors has a section for every code there is, and for none that there is not.

use std::collections::BTreeSet;

use portcullis::console::manual::PAGES;

/// Codes of tokens and keys, which the gate and the REST API tell without the table (contract §6
/// to §8).
const OF_TOKENS_AND_KEYS: [&str; 6] = [
    "invalid_token",
    "insufficient_scope",
    "missing_api_key",
    "invalid_api_key",
    "revoked_api_key",
    "wrong_credential",
];

/// The first text of every row of a table in the source: what follows `mark`.
fn codes(source: &str, mark: &str) -> BTreeSet<String> {
    source
        .split(mark)
        .skip(1)
        .filter_map(|row| row.trim_start().strip_prefix('"'))
        .map(|row| row.split('"').next().unwrap().to_owned())
        .collect()
}

/// The codes of the two tables.
fn told() -> BTreeSet<String> {
    let table = include_str!("../../../src/error.rs");
    let rows =
        table.split("const fn row(self)").nth(1).unwrap().split("pub fn as_str").next().unwrap();
    let mut told = codes(rows, "row(");
    let rows = include_str!("../../../src/domain/oauth_error.rs");
    told.extend(codes(rows.split("const fn row(self)").nth(1).unwrap(), "=> ("));
    assert!(told.contains("internal_error") && told.contains("invalid_grant") && told.len() > 35);
    told.extend(OF_TOKENS_AND_KEYS.map(str::to_owned));
    told
}

/// The sections that are headed by a code.
fn explained() -> Vec<(String, &'static str)> {
    let page = PAGES.iter().find(|page| page.slug == "troubleshooting").unwrap().text;
    page.split("\n### `")
        .skip(1)
        .map(|section| section.split_once("`\n").unwrap())
        .map(|(code, text)| (code.to_owned(), text.split("\n## ").next().unwrap()))
        .collect()
}

#[test]
fn every_code_has_a_section_and_none_is_stale() {
    let explained = explained();
    let named: BTreeSet<String> = explained.iter().map(|(code, _)| code.clone()).collect();
    assert_eq!(named.len(), explained.len(), "one section for each code");
    let told = told();
    let missing: Vec<_> = told.difference(&named).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md says nothing of {missing:?}");
    let stale: Vec<_> = named.difference(&told).collect();
    assert!(stale.is_empty(), "docs/troubleshooting.md explains what nobody tells: {stale:?}");
}

#[test]
fn every_section_says_who_can_mend_it() {
    for (code, text) in explained() {
        assert!(text.contains("**Who:** "), "{code}: {text}");
    }
}
