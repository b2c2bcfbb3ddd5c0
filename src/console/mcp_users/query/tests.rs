use super::*;

fn day(text: &str) -> Option<NaiveDate> {
    Some(text.parse().unwrap())
}

fn busy() -> View {
    View {
        text: Some("O'Brien & co+% <x>".into()),
        client: Some("Claude".into()),
        access: Some(false),
        roles: vec!["Member".into(), "A & B".into()],
        has_tokens: Some(true),
        has_expired: true,
        over_credits: true,
        unused: Some(Unused::Days(90)),
        added: Days { from: day("2026-01-01"), to: day("2026-11-21") },
        used: Days { from: None, to: day("2024-02-29") },
        columns: Columns::of(&[GridSort::Role, GridSort::Added]),
        sort: GridSort::Added,
        descending: false,
        page: 3,
        page_size: 200,
    }
}

#[test]
fn a_view_survives_its_address() {
    for view in [View::default(), busy(), busy().at_page(1)] {
        let asked = Asked::parse(&view.to_query_string());
        assert_eq!(asked.view, view);
        assert!(asked.problems.is_empty());
    }
    assert_eq!(View::default().href(), "/admin/mcp/users?view=all");
    assert!(busy().href().ends_with("&sort=added&page_size=200&page=3"));
}

#[test]
fn empty_fields_of_the_form_and_foreign_names_change_nothing() {
    let asked = Asked::parse("q=&status=&added_from=&sort=&page=&utm_source=mail&%FF=%00");
    assert_eq!(asked.view, View::default());
    assert!(asked.problems.is_empty());
}

#[test]
fn what_cannot_be_read_is_named_and_its_default_used() {
    for (query, field) in [
        ("page=abc", "page"),
        ("page=1.5", "page"),
        ("page=-", "page"),
        ("page_size=7", "page_size"),
        ("page_size=0", "page_size"),
        ("added_from=2026-99-99", "added_from"),
        ("added_to=%2B12026-1-1", "added_to"),
        ("used_from=yesterday", "used_from"),
        ("used_from=2026-05-02&used_to=2026-05-01", "used_to"),
        ("sort=evil", "sort"),
        ("sort=--user", "sort"),
        ("status=maybe", "status"),
        ("tokens=many", "tokens"),
        ("expired=1", "expired"),
        ("credits=all", "credits"),
        ("unused=0", "unused"),
        ("unused=%2B9", "unused"),
        ("cols=user,password_hash", "cols"),
        ("client=x", "client"),
        ("q=a", "q"),
        ("q=an%00n", "q"),
    ] {
        let asked = Asked::parse(query);
        assert!(asked.problem(field).is_some(), "{query}");
        assert_eq!(asked.problems.len(), 1, "{query}");
        let kept = View { used: Days { from: asked.view.used.from, to: None }, ..View::default() };
        assert_eq!(asked.view, kept, "{query}");
    }
    assert_eq!(Asked::parse("q=a").typed("q"), "a");
}

#[test]
fn a_page_that_is_not_there_is_no_mistake_of_spelling() {
    for (query, page) in [("page=0", 0), ("page=-4", -4), ("page=99999999999999999999", i64::MAX)] {
        let asked = Asked::parse(query);
        assert!(asked.problems.is_empty(), "{query}");
        assert_eq!(asked.view.page, page);
    }
}

#[test]
fn days_include_their_last_one() {
    let query = Asked::parse("added_from=2026-11-21&added_to=2026-11-21").view.filter(Timestamp(0));
    let (from, until) = (query.added_from.unwrap(), query.added_until.unwrap());
    assert_eq!(from.to_rfc3339(), "2026-11-21T00:00:00Z");
    assert_eq!(until.to_rfc3339(), "2026-11-22T00:00:00Z");
    assert!(Asked::parse("used_to=9999-12-31").view.filter(Timestamp(0)).used_until.is_some());
}
