//! The navigation: one table of what stands where, and what of it a person sees.

use crate::domain::access::Permission;
use crate::web::page::Shell;

/// A page that the navigation leads to.
#[derive(Debug)]
pub struct Entry {
    /// What it is called.
    pub label: &'static str,
    /// Its path.
    pub path: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// Who sees it; nothing for everybody who is signed in.
    needs: Option<Permission>,
}

/// Pages that belong together.
#[derive(Debug)]
pub struct Group {
    /// The heading of the part of the product it begins, if it does.
    pub part: &'static str,
    /// Its own heading, if it has one.
    pub label: &'static str,
    /// Its pages.
    pub entries: &'static [Entry],
}

const fn page(
    label: &'static str,
    path: &'static str,
    icon: &'static str,
    needs: Option<Permission>,
) -> Entry {
    Entry { label, path, icon, needs }
}

/// Everything, in the order in which it stands. `part` is shown above the first group of it that
/// a person sees.
const GROUPS: &[Group] = &[
    Group {
        part: "",
        label: "",
        entries: &[
            page("Dashboard", "/dashboard", "dashboard", None),
            page("Usage", "/dashboard/usage", "plan", None),
            page("Your activity", "/dashboard/activity", "activity", None),
            page("Your audit log", "/dashboard/audit", "audit", None),
        ],
    },
    Group {
        part: "",
        label: "Index",
        entries: &[
            page("Stores", "/dashboard/stores", "store", None),
            page("Contacts", "/dashboard/contacts", "contact", None),
        ],
    },
    Group {
        part: "",
        label: "Settings",
        entries: &[
            page("MCP", "/dashboard/settings/mcp", "client", None),
            page("Account Setting", "/account", "user", None),
            page("API keys", "/dashboard/settings/api-keys", "key", None),
        ],
    },
    Group {
        part: "System",
        label: "",
        entries: &[page("Overview", "/admin", "logo", Some(Permission::ViewMcpUsers))],
    },
    Group {
        part: "System",
        label: "AI Agent Connector",
        entries: &[
            page("MCP Users", "/admin/mcp/users", "users", Some(Permission::ViewMcpUsers)),
            page("Clients", "/admin/mcp/clients", "client", Some(Permission::ViewClients)),
            page("Activity", "/admin/mcp/activity", "activity", Some(Permission::ViewRecords)),
            page("Audit", "/admin/mcp/audit", "audit", Some(Permission::ViewRecords)),
            page("Settings", "/admin/mcp/settings", "settings", Some(Permission::ViewSettings)),
            page("Signing keys", "/admin/mcp/keys", "key", Some(Permission::ViewSettings)),
        ],
    },
    Group {
        part: "System",
        label: "Permissions",
        entries: &[
            page("All Users", "/admin/users", "user", Some(Permission::ViewUsers)),
            page("User Roles", "/admin/roles", "role", Some(Permission::ViewRoles)),
        ],
    },
    Group {
        part: "System",
        label: "Accounts",
        entries: &[
            page("Accounts", "/admin/accounts", "account", Some(Permission::ViewAccounts)),
            page("Plans", "/admin/plans", "plan", Some(Permission::ViewAccounts)),
        ],
    },
    Group {
        part: "System",
        label: "Data",
        entries: &[page("Store index", "/admin/index", "store", Some(Permission::ViewIndex))],
    },
    Group { part: "Help", label: "", entries: &[page("Manual", "/docs", "help", None)] },
];

/// A group as one person sees it.
#[derive(Debug)]
pub struct Shown {
    /// The heading of the part that begins here, or nothing.
    pub part: &'static str,
    /// The group's heading, or nothing.
    pub label: &'static str,
    /// The pages, each with whether it is the one shown.
    pub entries: Vec<(&'static Entry, bool)>,
}

/// What the person who looks sees of the navigation.
pub fn of(shell: &Shell) -> Vec<Shown> {
    let mut last = "";
    let mut shown = Vec::new();
    for group in GROUPS {
        let entries: Vec<_> = group
            .entries
            .iter()
            .filter(|entry| entry.needs.is_none_or(|permission| shell.may(permission)))
            .map(|entry| (entry, is_current(shell, entry.path)))
            .collect();
        if entries.is_empty() {
            continue;
        }
        let part = if group.part == last { "" } else { group.part };
        last = group.part;
        shown.push(Shown { part, label: group.label, entries });
    }
    shown
}

/// The page of the navigation that the page at `path` belongs to, for the way back to it; nothing
/// for these pages themselves, and for what the person who looks does not see.
pub fn above(shell: &Shell) -> Option<&'static Entry> {
    let entries = GROUPS.iter().flat_map(|group| group.entries);
    let mut seen = entries.filter(|entry| entry.needs.is_none_or(|needs| shell.may(needs)));
    seen.find(|entry| entry.path != shell.path && is_current(shell, entry.path))
}

/// The page with the form whose posted address this is, for whoever opens that address.
pub fn page_of_form(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match *parts.as_slice() {
        ["account", "two-factor", ..] => "/account/two-factor".to_owned(),
        ["account", ..] => "/account".to_owned(),
        ["admin", "mcp", "users", "views", ..] => "/admin/mcp/users/views".to_owned(),
        ["admin", "users", user, "sessions", ..] => format!("/admin/users/{user}?tab=sessions"),
        ["admin", "users", user, ..] => format!("/admin/users/{user}"),
        _ => "/dashboard".to_owned(),
    }
}

/// Whether an entry leads to the page shown, or to the one that it belongs to: of all entries whose
/// path begins it, the longest.
fn is_current(shell: &Shell, path: &str) -> bool {
    let others = GROUPS.iter().flat_map(|group| group.entries).map(|entry| entry.path);
    // The dashboard and the overview stand above their pages without holding them.
    let is_above = |path: &str| path == "/dashboard" || path == "/admin";
    let fits = |path: &str| if is_above(path) { shell.path == path } else { shell.is_at(path) };
    fits(path) && !others.into_iter().any(|other| other.len() > path.len() && fits(other))
}

#[cfg(test)]
mod tests {
    use super::page_of_form;

    #[test]
    fn the_address_of_a_form_leads_to_its_page() {
        for (posted, page) in [
            ("/admin/users/2/place", "/admin/users/2"),
            ("/admin/users/2/sessions/end", "/admin/users/2?tab=sessions"),
            ("/admin/mcp/users/views/1", "/admin/mcp/users/views"),
            ("/account/theme", "/account"),
            ("/account/two-factor/on", "/account/two-factor"),
            ("/logout", "/dashboard"),
        ] {
            assert_eq!(page_of_form(posted), page);
        }
    }
}
