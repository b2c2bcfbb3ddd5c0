//! Where an action returns to: the view of the grid it was started from, or the person's page.
//! A view travels as its query only and is read and written anew, so that it can lead nowhere else.

use url::form_urlencoded;

use super::query::{Asked, PATH, View};
use crate::ids::UserId;

/// Where an action returns to.
#[derive(Debug, PartialEq, Eq)]
pub enum Back {
    /// The grid.
    Grid(Box<View>),
    /// The tab MCP Info of the person's page.
    Person,
}

/// The value of `from` that means the person's page.
const EDIT: &str = "edit";

impl Back {
    /// Reads `from` and `back`.
    pub fn parse(from: &str, back: &str) -> Self {
        if from == EDIT { Self::Person } else { Self::Grid(Box::new(Asked::parse(back).view)) }
    }

    /// Reads `from` and `back` of an address.
    pub fn of_query(query: &str) -> Self {
        Self::parse(&parameter(query, "from"), &parameter(query, "back"))
    }

    /// Whether it is the person's page.
    pub fn is_person(&self) -> bool {
        *self == Self::Person
    }

    /// The address to return to.
    pub fn href(&self, user: &UserId) -> String {
        match self {
            Self::Grid(view) => view.href(),
            Self::Person => person_href(user),
        }
    }

    /// The fields that carry it, in forms and addresses; none for the grid as it is at first.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Person => vec![("from", EDIT.to_owned())],
            Self::Grid(view) => {
                let query = view.to_query_string();
                if query.is_empty() { Vec::new() } else { vec![("back", query)] }
            }
        }
    }

    /// The address of something about a user in the grid, such as `/tokens`, that carries it.
    pub fn to(&self, user: &UserId, rest: &str) -> String {
        let path = format!("{PATH}/{user}{rest}");
        let fields = self.fields();
        if fields.is_empty() {
            return path;
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}{query}")
    }
}

/// The tab MCP Info of a person's page.
pub fn person_href(user: &UserId) -> String {
    format!("/admin/users/{user}?tab=mcp")
}

/// The last value of `name` in a query; empty if there is none.
pub fn parameter(query: &str, name: &str) -> String {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_survives_its_own_address() {
        for query in ["", "q=a%26b&page=2", "sort=user&page_size=20"] {
            let back = Back::Grid(Box::new(Asked::parse(query).view));
            let carried = back.to(&UserId(7), "/access?enabled=no");
            let (_, carried) = carried.split_once('?').unwrap();
            assert_eq!(Back::of_query(carried), back);
            assert_eq!(parameter(carried, "enabled"), "no");
        }
        assert_eq!(Back::Person.to(&UserId(7), "/tokens"), "/admin/mcp/users/7/tokens?from=edit");
        assert_eq!(Back::of_query("from=edit"), Back::Person);
    }

    #[test]
    fn the_way_back_leads_nowhere_else() {
        for back in
            ["//evil.example", "https://evil.example/?q=ann", "\r\nLocation: x", "page=9&x=//y"]
        {
            let href = Back::parse("", back).href(&UserId(1));
            assert!(href == "/admin/mcp/users" || href.starts_with("/admin/mcp/users?"), "{href}");
            assert!(!href.contains("evil") && !href.contains(['\r', '\n']), "{href}");
        }
        assert_eq!(Back::parse("edit", "q=ann").href(&UserId(7)), "/admin/users/7?tab=mcp");
    }
}
