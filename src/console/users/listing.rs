//! A view of the list of people and its address, read leniently and written in one spelling, as
//! that of MCP Users is.

use url::form_urlencoded;

use crate::console::accounts::{self, AccountField};
use crate::console::mcp_users::parts::{self, Chip, Header, Pager, Size};
use crate::console::mcp_users::query::{self, PAGE_SIZES};
use crate::domain::access::Standing;
use crate::error::{Error, Result as Done};
use crate::ids::{AccountId, RoleId};
use crate::service::Ctx;
use crate::service::accounts::choose;
use crate::store::people::{PeopleQuery, PeopleSort};

const PATH: &str = "/admin/users";
const DEFAULT_PAGE_SIZE: i64 = 50;
const DEFAULT_SORT: (PeopleSort, bool) = (PeopleSort::Name, false);

/// The columns: what they sort by, their name in the address, their header.
const COLUMNS: [(PeopleSort, &str, &str); 6] = [
    (PeopleSort::Name, "user", "User"),
    (PeopleSort::Role, "role", "Role"),
    (PeopleSort::Account, "account", "Account"),
    (PeopleSort::Standing, "status", "Status"),
    (PeopleSort::Access, "access", "MCP Access"),
    (PeopleSort::Created, "created", "Created"),
];

/// What the list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// Text in name or address.
    pub text: Option<String>,
    /// Only users with the role.
    pub role: Option<RoleId>,
    /// Only users of the account.
    pub account: Option<AccountId>,
    /// Only users who stand so.
    pub standing: Option<Standing>,
    /// Only users with MCP access enabled, or disabled.
    pub access: Option<bool>,
    sort: PeopleSort,
    descending: bool,
    /// Page, as asked for: may be one that is not there.
    pub page: i64,
    page_size: i64,
}

impl Default for View {
    fn default() -> Self {
        let (sort, descending) = DEFAULT_SORT;
        Self {
            text: None,
            role: None,
            account: None,
            standing: None,
            access: None,
            sort,
            descending,
            page: 1,
            page_size: DEFAULT_PAGE_SIZE,
        }
    }
}

/// A view as read from an address.
#[derive(Debug)]
pub(super) struct Asked {
    /// What could be read, with defaults for the rest.
    pub view: View,
    /// What could not, by field.
    pub problems: Vec<Error>,
    typed: Vec<(String, String)>,
}

impl Asked {
    /// Reads the query of an address; what cannot be read is named and its default used.
    pub fn parse(query_string: &str) -> Self {
        let typed = form_urlencoded::parse(query_string.as_bytes()).into_owned().collect();
        let mut asked = Self { view: View::default(), problems: Vec::new(), typed };
        asked.view.text = asked.read("q", query::text);
        asked.view.role = asked.read("role", |typed| id(typed, "Role").map(RoleId));
        asked.view.account = asked.read("account", |typed| id(typed, "Account").map(AccountId));
        asked.view.standing = asked.read("status", standing);
        asked.view.access = asked.read("access", query::access);
        (asked.view.sort, asked.view.descending) = asked.read("sort", sort).unwrap_or(DEFAULT_SORT);
        asked.view.page = asked.read("page", query::page).unwrap_or(1);
        asked.view.page_size =
            asked.read("page_size", query::page_size).unwrap_or(DEFAULT_PAGE_SIZE);
        asked
    }

    /// What the address says for a field, right or wrong, so that a form can show it again.
    pub fn typed(&self, name: &str) -> &str {
        self.typed.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The complaint about a field.
    pub fn problem(&self, name: &str) -> Option<&str> {
        self.problems
            .iter()
            .find(|problem| problem.param.as_deref() == Some(name))
            .map(|problem| problem.message.as_ref())
    }

    /// Finds the account that was entered by its name, where there are too many for a list.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn look_up_account(&mut self, ctx: &Ctx) -> Done<()> {
        let name = self.typed("account_name").to_owned();
        if name.is_empty() {
            return Ok(());
        }
        match accounts::chosen(ctx, "", &name).await {
            Ok(account) => self.view.account = Some(account),
            Err(error) if error.param.is_some() => self.problems.push(error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The field of the account as the form of filters shows it again.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn account_field(&self, ctx: &Ctx) -> Done<AccountField> {
        AccountField::again(ctx, self.typed("account"), self.typed("account_name")).await
    }

    /// What the account of the filter is called.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn account_name(&self, ctx: &Ctx) -> Done<Option<String>> {
        match self.view.account {
            Some(account) => choose::label(ctx, account).await,
            None => Ok(None),
        }
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let typed = self.typed(name);
        if typed.is_empty() {
            return None;
        }
        parse(typed).map_err(|message| self.problems.push(Error::field(name, message))).ok()
    }
}

fn id(typed: &str, label: &str) -> Result<i64, String> {
    typed.parse().map_err(|_| format!("{label}: choose one of the list."))
}

fn standing(typed: &str) -> Result<Standing, String> {
    Standing::ALL
        .into_iter()
        .find(|standing| standing.name() == typed)
        .ok_or_else(|| "Status: choose Active, Invited or Suspended.".into())
}

fn sort(typed: &str) -> Result<(PeopleSort, bool), String> {
    let (name, descending) = typed.strip_prefix('-').map_or((typed, false), |name| (name, true));
    COLUMNS
        .iter()
        .find(|column| column.1 == name)
        .map(|column| (column.0, descending))
        .ok_or_else(|| "Sort: there is no such column.".into())
}

/// The names behind the numbers of a view.
pub(super) struct Names<'a> {
    /// All roles.
    pub roles: &'a [(RoleId, String)],
    /// The account that is filtered by, if there is one of that number.
    pub account: Option<String>,
}

impl Names<'_> {
    fn role(&self, id: RoleId) -> &str {
        let found = self.roles.iter().find(|(role, _)| *role == id);
        found.map_or(NOT_THERE, |(_, name)| name)
    }

    fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(NOT_THERE)
    }
}

const NOT_THERE: &str = "one that is not there";

impl View {
    /// What the database is asked.
    pub fn to_query(&self) -> PeopleQuery {
        PeopleQuery {
            text: self.text.clone(),
            role: self.role,
            account: self.account,
            standing: self.standing,
            access: self.access,
            sort: self.sort,
            descending: self.descending,
            page: self.page,
            page_size: self.page_size,
        }
    }

    /// The parts of the address that are not defaults.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let access = |enabled: bool| if enabled { "enabled" } else { "disabled" }.to_owned();
        let order = (self.sort, self.descending);
        let column = COLUMNS.iter().find(|column| column.0 == self.sort);
        let sort = column
            .filter(|_| order != DEFAULT_SORT)
            .map(|column| format!("{}{}", if self.descending { "-" } else { "" }, column.1));
        let size = Some(self.page_size).filter(|size| *size != DEFAULT_PAGE_SIZE);
        [
            ("q", self.text.clone()),
            ("role", self.role.map(|role| role.to_string())),
            ("account", self.account.map(|account| account.to_string())),
            ("status", self.standing.map(|standing| standing.name().to_owned())),
            ("access", self.access.map(access)),
            ("sort", sort),
            ("page_size", size.map(|size| size.to_string())),
            ("page", Some(self.page).filter(|page| *page != 1).map(|page| page.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// The address.
    pub fn href(&self) -> String {
        let pairs = self.pairs();
        if pairs.is_empty() {
            return PATH.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{PATH}?{query}")
    }

    /// This view on another page.
    #[must_use]
    pub fn at_page(&self, page: i64) -> Self {
        Self { page, ..self.clone() }
    }

    /// Sort and page size without filters, which the form of filters keeps.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let Self { sort, descending, page_size, .. } = *self;
        Self { sort, descending, page_size, ..Self::default() }.pairs()
    }

    /// The active filters, each with the view without it.
    pub fn chips(&self, names: &Names<'_>) -> Vec<Chip> {
        let view = self.at_page(1);
        let mut chips = Vec::new();
        let mut add = |text: String, without: Self| chips.push(Chip { text, href: without.href() });
        if let Some(text) = &view.text {
            add(format!("Name or e-mail: {text}"), Self { text: None, ..view.clone() });
        }
        if let Some(role) = view.role {
            let text = format!("Role: {}", names.role(role));
            add(text, Self { role: None, ..view.clone() });
        }
        if view.account.is_some() {
            let text = format!("Account: {}", names.account());
            add(text, Self { account: None, ..view.clone() });
        }
        if let Some(standing) = view.standing {
            let text = format!("Status: {}", standing.label());
            add(text, Self { standing: None, ..view.clone() });
        }
        if let Some(access) = view.access {
            let word = if access { "Enabled" } else { "Disabled" };
            add(format!("MCP Access: {word}"), Self { access: None, ..view.clone() });
        }
        chips
    }

    /// The headers that sort.
    pub fn headers(&self) -> Vec<Header> {
        let order = if self.descending { "descending" } else { "ascending" };
        COLUMNS
            .iter()
            .map(|(sort, _, label)| {
                let is_sorted = *sort == self.sort;
                let (sort, descending) =
                    parts::next_order((*sort, false), (self.sort, self.descending), DEFAULT_SORT);
                let next = Self { sort, descending, page: 1, ..self.clone() };
                Header { label, about: None, href: next.href(), sorted: is_sorted.then_some(order) }
            })
            .collect()
    }

    /// The page sizes.
    pub fn sizes(&self) -> Vec<Size> {
        PAGE_SIZES
            .into_iter()
            .map(|rows| Size {
                rows,
                href: Self { page_size: rows, page: 1, ..self.clone() }.href(),
                is_current: rows == self.page_size,
            })
            .collect()
    }

    /// The way through the pages of a view whose page is there.
    pub fn pager(&self, total: i64) -> Pager {
        let last = parts::last_page(total, self.page_size);
        Pager {
            path: PATH,
            page: self.page,
            last,
            previous: (self.page > 1).then(|| self.at_page(self.page - 1).href()),
            next: (self.page < last).then(|| self.at_page(self.page + 1).href()),
            hidden: self.at_page(1).pairs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_survives_its_address() {
        let query = "q=Ann+%26+co&role=2&account=3&status=invited&access=disabled&sort=-created&page_size=20&page=3";
        let asked = Asked::parse(query);
        assert!(asked.problems.is_empty());
        assert_eq!(asked.view.href(), format!("/admin/users?{query}"));
        assert_eq!(
            asked.view.pager(500).next.unwrap(),
            format!("/admin/users?{}4", &query[..query.len() - 1])
        );
        assert_eq!(Asked::parse("q=&role=&status=&page=").view, View::default());
        assert_eq!(View::default().href(), "/admin/users");
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_default_used() {
        for (query, field) in [
            ("q=a", "q"),
            ("role=evil", "role"),
            ("account=1.5", "account"),
            ("status=deleted", "status"),
            ("access=maybe", "access"),
            ("sort=password", "sort"),
            ("page=abc", "page"),
            ("page_size=0", "page_size"),
        ] {
            let asked = Asked::parse(query);
            assert!(asked.problem(field).is_some(), "{query}");
            assert_eq!(asked.view, View::default(), "{query}");
        }
    }

    #[test]
    fn a_chip_removes_its_filter_and_no_other() {
        let roles = [(RoleId(2), "Auditor".into())];
        let names = Names { roles: &roles, account: Some("Acme".into()) };
        let view = Asked::parse("role=2&account=3&status=active&page=4").view;
        let chips = view.chips(&names);
        let texts: Vec<_> = chips.iter().map(|chip| chip.text.as_str()).collect();
        assert_eq!(texts, ["Role: Auditor", "Account: Acme", "Status: Active"]);
        assert_eq!(chips[0].href, "/admin/users?account=3&status=active");
    }
}
