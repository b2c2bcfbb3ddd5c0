//! The parts of the grid around its rows: chips, headers, sizes, pages, folded clients.

use crate::store::grid::Dot;
use crate::web::page::in_utc;

use super::query::{Column, DEFAULT_SORT, Days, PAGE_SIZES, PATH, Unused, View};

/// Clients shown in a row before the rest folds.
const MOST_CLIENTS: usize = 4;

/// An active filter, and the view without it.
#[derive(Debug, PartialEq, Eq)]
pub struct Chip {
    /// The filter in words.
    pub text: String,
    /// Where it is gone.
    pub href: String,
}

/// The active filters.
pub fn chips(view: &View) -> Vec<Chip> {
    let view = view.at_page(1);
    let mut chips = Vec::new();
    let mut add = |text: String, without: View| chips.push(Chip { text, href: without.href() });
    if let Some(text) = &view.text {
        add(format!("User: {text}"), View { text: None, ..view.clone() });
    }
    if let Some(access) = view.access {
        let word = if access { "Enabled" } else { "Disabled" };
        add(format!("Access Status: {word}"), View { access: None, ..view.clone() });
    }
    if let Some(client) = &view.client {
        add(format!("Client: {client}"), View { client: None, ..view.clone() });
    }
    for role in &view.roles {
        let roles = view.roles.iter().filter(|other| *other != role).cloned().collect();
        add(format!("Role: {role}"), View { roles, ..view.clone() });
    }
    if let Some(has) = view.has_tokens {
        let word = if has { "at least one" } else { "none" };
        add(format!("Active Tokens: {word}"), View { has_tokens: None, ..view.clone() });
    }
    if view.has_expired {
        add("Has expired tokens".into(), View { has_expired: false, ..view.clone() });
    }
    if view.over_credits {
        add("Over 80 % of credits".into(), View { over_credits: false, ..view.clone() });
    }
    if let Some(unused) = view.unused {
        let text = match unused {
            Unused::Never => "Never used".to_owned(),
            Unused::Days(days) => format!("Not used for {days} days"),
        };
        add(text, View { unused: None, ..view.clone() });
    }
    for (label, days, with) in [
        ("Added", view.added, (|view, added| View { added, ..view }) as fn(View, Days) -> View),
        ("Last Used", view.used, |view, used| View { used, ..view }),
    ] {
        if let Some(day) = days.from {
            let text = format!("{label} from {}{}", day.format("%-d %b %Y"), in_utc());
            add(text, with(view.clone(), Days { from: None, ..days }));
        }
        if let Some(day) = days.to {
            let text = format!("{label} to {}{}", day.format("%-d %b %Y"), in_utc());
            add(text, with(view.clone(), Days { to: None, ..days }));
        }
    }
    chips
}

/// A header that sorts.
#[derive(Debug)]
pub struct Header {
    /// The column's name.
    pub label: &'static str,
    /// What is to be known of the column that its name does not say.
    pub about: Option<&'static str>,
    /// The view sorted by it; the other way round if it is sorted by it already, and after that the
    /// usual order.
    pub href: String,
    /// `ascending` or `descending`, if the view is sorted by it.
    pub sorted: Option<&'static str>,
}

/// What a click on a column's head asks for: first the column's own way, then the other, then the
/// list's usual order again.
pub fn next_order<S: Copy + PartialEq>(
    first: (S, bool),
    now: (S, bool),
    usual: (S, bool),
) -> (S, bool) {
    let other = (first.0, !first.1);
    let next = if now == first {
        other
    } else if now == other {
        usual
    } else {
        first
    };
    if next == now { first } else { next }
}

/// The headers.
pub fn headers(view: &View) -> Vec<Header> {
    view.columns
        .shown()
        .map(|column| {
            let is_sorted = column.sort == view.sort;
            let (sort, descending) =
                next_order((column.sort, false), (view.sort, view.descending), DEFAULT_SORT);
            let next = View { sort, descending, page: 1, ..view.clone() };
            let order = if view.descending { "descending" } else { "ascending" };
            Header {
                label: column.label,
                about: column.about,
                href: next.href(),
                sorted: is_sorted.then_some(order),
            }
        })
        .collect()
}

/// The active filters in words: “User: ann” and “Role: Member”; empty without any.
pub fn filters_in_words(view: &View) -> String {
    let texts: Vec<_> = chips(view).into_iter().map(|chip| format!("“{}”", chip.text)).collect();
    match texts.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => texts.concat(),
    }
}

/// The order of the rows in words, for the table's caption.
pub fn order_in_words(view: &View) -> String {
    let order = if view.descending { "descending" } else { "ascending" };
    format!("sorted by {}, {order}", Column::of(view.sort).label)
}

/// A number of rows a page.
#[derive(Debug)]
pub struct Size {
    /// Rows.
    pub rows: i64,
    /// The view with so many.
    pub href: String,
    /// Whether it is the one shown.
    pub is_current: bool,
}

/// The page sizes.
pub fn sizes(view: &View) -> Vec<Size> {
    PAGE_SIZES
        .into_iter()
        .map(|rows| Size {
            rows,
            href: View { page_size: rows, page: 1, ..view.clone() }.href(),
            is_current: rows == view.page_size,
        })
        .collect()
}

/// The way through the pages.
#[derive(Debug)]
pub struct Pager {
    /// The path of the list.
    pub path: &'static str,
    /// The page shown.
    pub page: i64,
    /// The last page.
    pub last: i64,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// The rest of the view, for the form that jumps to a page.
    pub hidden: Vec<(&'static str, String)>,
}

/// The pager of a view whose `page` is there.
pub fn pager(view: &View, total: i64) -> Pager {
    let last = last_page(total, view.page_size);
    Pager {
        path: PATH,
        page: view.page,
        last,
        previous: (view.page > 1).then(|| view.at_page(view.page - 1).href()),
        next: (view.page < last).then(|| view.at_page(view.page + 1).href()),
        hidden: view.at_page(1).pairs(),
    }
}

/// The last page of `total` rows; the first if there are none.
pub fn last_page(total: i64, page_size: i64) -> i64 {
    (total - 1).max(0) / page_size.max(1) + 1
}

/// What to say when the page asked for is not there.
pub fn moved_notice(asked: i64, shown: i64) -> Option<String> {
    if asked == shown {
        return None;
    }
    let which = if asked < shown { "first" } else { "last" };
    Some(format!("There is no page {asked}. This is the {which} one, page {shown}."))
}

/// The clients that are shown, and how many more there are.
pub fn fold(clients: Vec<Dot>) -> (Vec<Dot>, usize) {
    let more = clients.len().saturating_sub(MOST_CLIENTS);
    (clients.into_iter().take(MOST_CLIENTS).collect(), more)
}

/// Whether a list shows fewer rows than there are.
pub fn is_cut(shown: &usize, total: &i64) -> bool {
    i64::try_from(*shown).is_ok_and(|shown| shown < *total)
}

/// A count as people read it: 12,408.
pub fn number(count: &i64) -> String {
    crate::domain::plan::grouped(*count)
}

#[cfg(test)]
mod tests {
    use super::super::query::Asked;
    use super::*;
    use crate::store::grid::{DotState, GridSort};

    fn dots(count: usize) -> Vec<Dot> {
        (0..count).map(|n| Dot { name: format!("Client {n}"), state: DotState::Active }).collect()
    }

    #[test]
    fn more_than_four_clients_fold() {
        assert_eq!(fold(dots(0)), (dots(0), 0));
        assert_eq!(fold(dots(4)), (dots(4), 0));
        assert_eq!(fold(dots(6)), (dots(4), 2));
    }

    #[test]
    fn a_chip_removes_its_filter_and_no_other() {
        let view = Asked::parse(
            "q=ann&status=enabled&added_from=2026-01-01&used_to=2026-11-21&sort=user&page=4",
        )
        .view;
        let chips = chips(&view);
        let texts: Vec<_> = chips.iter().map(|chip| chip.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "User: ann",
                "Access Status: Enabled",
                "Added from 1 Jan 2026",
                "Last Used to 21 Nov 2026"
            ]
        );
        assert_eq!(
            chips[0].href,
            "/admin/mcp/users?status=enabled&added_from=2026-01-01&used_to=2026-11-21&sort=user"
        );
        assert_eq!(
            chips[3].href,
            "/admin/mcp/users?q=ann&status=enabled&added_from=2026-01-01&sort=user"
        );
        assert!(super::chips(&View::default()).is_empty());
    }

    #[test]
    fn a_header_turns_its_own_order_round_and_leaves_the_filters() {
        let view = Asked::parse("q=ann&sort=user&page=4").view;
        let headers = headers(&view);
        assert_eq!(headers[0].sorted, Some("ascending"));
        assert_eq!(headers[0].href, "/admin/mcp/users?q=ann&sort=-user");
        let round = Asked::parse("q=ann&sort=-user").view;
        assert_eq!(
            super::headers(&round)[0].href,
            "/admin/mcp/users?q=ann",
            "then the usual order"
        );
        assert_eq!(headers[1].sorted, None);
        assert_eq!(headers[1].href, "/admin/mcp/users?q=ann&sort=access");
        assert_eq!(super::headers(&View { sort: GridSort::User, ..view })[4].sorted, None);
    }

    #[test]
    fn a_head_is_never_a_click_that_does_nothing() {
        for usual in [(1, false), (1, true), (2, false)] {
            for first in [(1, false), (1, true)] {
                for now in [(1, false), (1, true), (2, false)] {
                    assert_ne!(next_order(first, now, usual), now, "{first:?} {usual:?}");
                }
            }
        }
    }

    #[test]
    fn the_pager_ends_where_the_rows_do() {
        let shown = |page, total| pager(&View::default().at_page(page), total);
        assert_eq!(shown(1, 0).last, 1);
        assert_eq!(shown(1, 50).last, 1);
        assert_eq!(shown(1, 51).last, 2);
        assert_eq!(shown(2, 51).next, None);
        assert_eq!(shown(2, 51).previous.as_deref(), Some("/admin/mcp/users?view=all"));
        assert!(moved_notice(0, 1).unwrap().contains("first"));
        assert!(moved_notice(9, 3).unwrap().contains("last"));
        assert_eq!(moved_notice(3, 3), None);
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(number(&0), "0");
        assert_eq!(number(&999), "999");
        assert_eq!(number(&12_408), "12,408");
        assert_eq!(number(&1_000_000), "1,000,000");
    }
}
