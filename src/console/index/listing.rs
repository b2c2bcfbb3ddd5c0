//! The address of the history of imports: a page and its size.

use url::form_urlencoded;

use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts::{self, Pager, Size};
use crate::console::mcp_users::query::{self, PAGE_SIZES};
use crate::error::Error;

use super::PATH;

const DEFAULT_PAGE_SIZE: i64 = 20;

/// What the address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// Page, as asked for: may be one that is not there.
    pub page: i64,
    /// Rows a page.
    pub page_size: i64,
}

impl Default for Asked {
    fn default() -> Self {
        Self { page: 1, page_size: DEFAULT_PAGE_SIZE }
    }
}

impl Asked {
    /// Reads the query of an address; what cannot be read is named and its default used.
    pub fn parse(query_string: &str) -> (Self, Vec<Error>) {
        let (mut asked, mut errors) = (Self::default(), Vec::new());
        let page = parameter(query_string, "page");
        match query::page(page.trim()) {
            Ok(page) => asked.page = page,
            Err(_) if page.is_empty() => {}
            Err(message) => errors.push(Error::field("page", message)),
        }
        let size = parameter(query_string, "page_size");
        match size.trim().parse().ok().filter(|size| PAGE_SIZES.contains(size)) {
            Some(size) => asked.page_size = size,
            None if size.is_empty() => {}
            None => errors.push(Error::field("page", "Page size: choose 20, 50, 100 or 200.")),
        }
        (asked, errors)
    }

    fn hidden(self) -> Vec<(&'static str, String)> {
        let is_default = self.page_size == DEFAULT_PAGE_SIZE;
        if is_default { Vec::new() } else { vec![("page_size", self.page_size.to_string())] }
    }

    fn href(self) -> String {
        let mut pairs = self.hidden();
        if self.page != 1 {
            pairs.push(("page", self.page.to_string()));
        }
        if pairs.is_empty() {
            return PATH.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{PATH}?{query}")
    }

    /// The way through the pages; `page` is one that is there.
    pub fn pager(self, page: i64, total: i64) -> Pager {
        let last = parts::last_page(total, self.page_size);
        let at = |page| Self { page, ..self }.href();
        Pager {
            path: PATH,
            page,
            last,
            previous: (page > 1).then(|| at(page - 1)),
            next: (page < last).then(|| at(page + 1)),
            hidden: self.hidden(),
        }
    }

    /// The page sizes.
    pub fn sizes(self) -> Vec<Size> {
        let size = |rows| Size {
            rows,
            href: Self { page: 1, page_size: rows }.href(),
            is_current: rows == self.page_size,
        };
        PAGE_SIZES.into_iter().map(size).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_without_its_defaults() {
        let (asked, errors) = Asked::parse("page=3&page_size=50");
        assert!(errors.is_empty());
        assert_eq!(asked, Asked { page: 3, page_size: 50 });
        assert_eq!(asked.pager(3, 900).next.as_deref(), Some("/admin/index?page_size=50&page=4"));
        assert_eq!(Asked::default().href(), "/admin/index");
        assert_eq!(Asked::default().sizes().len(), 4);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_default_used() {
        for query in ["page=x", "page_size=7", "page_size=x"] {
            let (asked, errors) = Asked::parse(query);
            assert_eq!((asked, errors.len()), (Asked::default(), 1), "{query}");
        }
    }
}
