//! The address of the list of people: a search text and a page.

use url::form_urlencoded;

use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts::{self, Pager};
use crate::console::mcp_users::query;
use crate::error::Error;

/// Rows a page.
pub(super) const PAGE_SIZE: i64 = 50;
const PATH: &str = "/admin/users";

/// What the address asks for.
#[derive(Debug)]
pub(super) struct Asked {
    /// Text in name or address, if it can be searched for.
    pub text: Option<String>,
    /// The text as typed, right or wrong, so that the form can show it again.
    pub typed: String,
    /// Page, as asked for: may be one that is not there.
    pub page: i64,
}

impl Asked {
    /// Reads the query of an address; what cannot be read is named and its default used.
    pub fn parse(query_string: &str) -> (Self, Vec<Error>) {
        let mut errors = Vec::new();
        let typed = parameter(query_string, "q").trim().to_owned();
        let text = Some(typed.as_str()).filter(|typed| !typed.is_empty()).and_then(|typed| {
            query::text(typed).map_err(|message| errors.push(Error::field("q", message))).ok()
        });
        let page = Some(parameter(query_string, "page")).filter(|typed| !typed.is_empty());
        let page = page.map_or(Ok(1), |typed| query::page(typed.trim()));
        let page = page.unwrap_or_else(|message| {
            errors.push(Error::field("page", message));
            1
        });
        (Self { text, typed, page }, errors)
    }

    fn hidden(&self) -> Vec<(&'static str, String)> {
        self.text.iter().map(|text| ("q", text.clone())).collect()
    }

    /// The address of a page of this search.
    pub fn href(&self, page: i64) -> String {
        let mut pairs = self.hidden();
        if page != 1 {
            pairs.push(("page", page.to_string()));
        }
        if pairs.is_empty() {
            return PATH.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{PATH}?{query}")
    }

    /// The way through the pages; `page` is one that is there.
    pub fn pager(&self, page: i64, total: i64) -> Pager {
        let last = parts::last_page(total, PAGE_SIZE);
        Pager {
            path: PATH,
            page,
            last,
            previous: (page > 1).then(|| self.href(page - 1)),
            next: (page < last).then(|| self.href(page + 1)),
            hidden: self.hidden(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_survives_its_address() {
        let (asked, errors) = Asked::parse("q=+Ann+%26+co&page=3");
        assert!(errors.is_empty());
        assert_eq!((asked.text.as_deref(), asked.page), (Some("Ann & co"), 3));
        assert_eq!(asked.href(3), "/admin/users?q=Ann+%26+co&page=3");
        assert_eq!(asked.pager(3, 500).next.as_deref(), Some("/admin/users?q=Ann+%26+co&page=4"));
        assert_eq!(Asked::parse("").0.href(1), "/admin/users");
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_default_used() {
        for (query, field) in [("q=a", "q"), ("page=abc", "page"), ("q=%00%00", "q")] {
            let (asked, errors) = Asked::parse(query);
            assert_eq!(errors[0].param.as_deref(), Some(field), "{query}");
            assert_eq!((asked.text, asked.page), (None, 1), "{query}");
        }
    }
}
