//! Which page of the manual speaks of which screen.

/// Beginnings of paths, and the page about what is there; the first that fits counts.
const ABOUT: [(&str, &str); 18] = [
    ("/dashboard/settings/mcp", "connections"),
    ("/dashboard/activity", "connections#your-activity-and-audit-log"),
    ("/dashboard/audit", "connections#your-activity-and-audit-log"),
    ("/dashboard", "connect"),
    ("/account", "account"),
    ("/admin/mcp/users", "mcp-users"),
    ("/admin/mcp/clients", "mcp-clients"),
    ("/admin/mcp/settings", "settings"),
    ("/admin/mcp/keys", "operate#signing-keys"),
    ("/admin/mcp/activity", "records#activity"),
    ("/admin/mcp/audit", "records#audit"),
    ("/admin/users", "people"),
    ("/admin/accounts", "accounts"),
    ("/admin/plans", "accounts"),
    ("/admin/roles", "accounts"),
    ("/admin/index", "import#in-the-console"),
    ("/admin/stop", "records#drop-the-gate"),
    ("/admin", "records#overview"),
];

/// The address of the page about the screen at `path`, if there is one.
pub fn about(path: &str) -> Option<String> {
    let found = ABOUT.iter().find(|(beginning, _)| {
        path.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    found.map(|(_, page)| format!("/docs/{page}"))
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn a_screen_and_what_is_below_it_have_their_page() {
        assert_eq!(about("/admin/mcp/users/7/access").unwrap(), "/docs/mcp-users");
        assert_eq!(about("/admin").unwrap(), "/docs/records#overview");
        assert_eq!(about("/administer"), None);
        assert_eq!(about("/docs/start"), None);
    }
}
