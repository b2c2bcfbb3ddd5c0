//! What a role allows, in words: permissions of the console and tools of AI clients.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::access::{Permission, parse_permissions};
use super::name::{is_line, is_name};
use super::tool::{TOOLS, Tool, ToolRow};

/// The longest name of a role, characters.
const LONGEST_NAME: usize = 60;
/// The longest description, characters.
const LONGEST_DESCRIPTION: usize = 200;

/// A permission in words.
pub struct PermissionRow {
    /// The permission.
    pub permission: Permission,
    /// Its name in forms and in the log.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it lets somebody do.
    pub about: &'static str,
    /// The permission without which it is of no use.
    pub needs: Option<Permission>,
}

/// Permissions of one part of the console.
pub struct PermissionGroup {
    /// The part.
    pub title: &'static str,
    /// Its permissions.
    pub rows: &'static [PermissionRow],
}

const fn row(
    permission: Permission,
    name: &'static str,
    title: &'static str,
    about: &'static str,
    needs: Option<Permission>,
) -> PermissionRow {
    PermissionRow { permission, name, title, about, needs }
}

/// All permissions, in the order in which people see them.
#[rustfmt::skip]
pub const PERMISSION_GROUPS: [PermissionGroup; 4] = [
    PermissionGroup { title: "AI Agent Connector", rows: &[
        row(Permission::ViewMcpUsers, "view_mcp_users", "See MCP users", "See the overview, who has connected which AI clients, and their tokens; never the tokens themselves.", None),
        row(Permission::RevokeTokens, "revoke_tokens", "Revoke tokens", "End connections of others, one by one or all at once. The next request of those AI clients is refused.", Some(Permission::ViewMcpUsers)),
        row(Permission::ManageMcpAccess, "manage_mcp_access", "Turn MCP access on and off", "Decide who may connect AI clients at all.", Some(Permission::ViewMcpUsers)),
        row(Permission::ViewClients, "view_clients", "See AI clients", "See which AI clients are registered and who uses them.", None),
        row(Permission::ManageClients, "manage_clients", "Manage AI clients", "Block, register and disconnect AI clients for everyone.", Some(Permission::ViewClients)),
        row(Permission::ViewRecords, "view_records", "Read activity and audit", "Read and export what everybody’s AI clients called, and what people did here.", None),
        row(Permission::ViewSettings, "view_settings", "See settings", "See how AI clients reach this server and for how long.", None),
        row(Permission::ManageSettings, "manage_settings", "Change settings", "Change how AI clients reach this server, and switch the endpoint off.", Some(Permission::ViewSettings)),
    ] },
    PermissionGroup { title: "People and roles", rows: &[
        row(Permission::ViewUsers, "view_users", "See users", "See who can sign in, with their role and account.", None),
        row(Permission::ManageUsers, "manage_users", "Manage users", "Invite, edit, suspend and delete users, and end their sessions.", Some(Permission::ViewUsers)),
        row(Permission::ViewRoles, "view_roles", "See roles", "See what each role allows.", None),
        row(Permission::ManageRoles, "manage_roles", "Manage roles", "Change what roles allow and who has which, as far as the own role goes.", Some(Permission::ViewRoles)),
    ] },
    PermissionGroup { title: "Accounts", rows: &[
        row(Permission::ViewAccounts, "view_accounts", "See accounts and plans", "See every account’s plan, usage and ledger.", None),
        row(Permission::ManageAccounts, "manage_accounts", "Manage accounts and plans", "Change plans and who has which, switch API access, grant and withdraw credits.", Some(Permission::ViewAccounts)),
    ] },
    PermissionGroup { title: "Data", rows: &[
        row(Permission::ViewIndex, "view_index", "See the store index", "See what the index holds and what was imported.", None),
        row(Permission::ManageIndex, "manage_index", "Import", "Import stores and contacts.", Some(Permission::ViewIndex)),
    ] },
];

/// The permission of that name.
fn permission(name: &str) -> Option<&'static PermissionRow> {
    rows().find(|row| row.name == name)
}

/// A permission in words.
pub fn of(permission: Permission) -> Option<&'static PermissionRow> {
    rows().find(|row| row.permission == permission)
}

fn rows() -> impl Iterator<Item = &'static PermissionRow> {
    PERMISSION_GROUPS.iter().flat_map(|group| group.rows)
}

/// The names for people of these permissions, in their order.
pub fn titles(permissions: &BTreeSet<Permission>) -> Vec<&'static str> {
    rows().filter(|row| permissions.contains(&row.permission)).map(|row| row.title).collect()
}

/// What somebody is told who is about to lose these permissions; nothing if there are none.
pub fn losing(lost: &BTreeSet<Permission>) -> Option<String> {
    let lower = |title: &str| {
        let mut letters = title.chars();
        letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>())
    };
    let titles: Vec<String> = titles(lost).into_iter().filter_map(lower).collect();
    let (last, rest) = titles.split_last()?;
    let list = match rest {
        [] => last.clone(),
        rest => format!("{} or {last}", rest.join(", ")),
    };
    Some(format!("You will no longer be able to {list}."))
}

/// A branch of the tree of tools.
pub struct ToolBranch {
    /// What its tools are about.
    pub title: &'static str,
    /// The tools, each with what it does for a person.
    pub tools: &'static [(Tool, &'static str)],
}

/// The tree of tools, in the order in which people see it.
#[rustfmt::skip]
pub const TOOL_TREE: [ToolBranch; 3] = [
    ToolBranch { title: "Usage", tools: &[
        (Tool::GetUsage, "Reads plan, quotas and credits. Costs nothing."),
    ] },
    ToolBranch { title: "Stores", tools: &[
        (Tool::ListTaxonomy, "Reads which filters there are. Costs nothing."),
        (Tool::GetStore, "Reads the profile of one store. Costs 1 request."),
        (Tool::SearchStores, "Finds stores by filter. Costs 1 request and search rows."),
        (Tool::EnrichDomains, "Looks up to 100 stores up at once. Costs 1 request and search rows."),
    ] },
    ToolBranch { title: "Contacts", tools: &[
        (Tool::SearchContacts, "Finds people at stores, without their addresses. Costs 1 request and search rows."),
        (Tool::RevealContacts, "Reveals e-mail addresses and phone numbers. Spends credits."),
    ] },
];

impl ToolBranch {
    /// The tools with their rows of the table of tools.
    pub fn rows(&self) -> impl Iterator<Item = (&'static ToolRow, &'static str)> {
        self.tools.iter().map(|(tool, about)| (tool.row(), *about))
    }
}

/// What a role says. Permissions and tools are JSON arrays of names, as they are stored, so that what
/// was shown can be compared with what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleTerms {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What its users may do in the console.
    pub permissions: String,
    /// Which tools their AI clients may call.
    pub tools: String,
}

impl RoleTerms {
    /// The permissions that this version knows.
    pub fn permissions(&self) -> BTreeSet<Permission> {
        parse_permissions(&self.permissions)
    }

    /// The tools that this version knows.
    pub fn tools(&self) -> BTreeSet<Tool> {
        parse_tools(&self.tools)
    }
}

/// The tools of a stored list.
pub fn parse_tools(json: &str) -> BTreeSet<Tool> {
    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    names.iter().filter_map(|name| Tool::parse(name)).collect()
}

/// Permissions as they are stored.
pub fn permissions_text(permissions: &BTreeSet<Permission>) -> String {
    let names: Vec<_> =
        rows().filter(|row| permissions.contains(&row.permission)).map(|row| row.name).collect();
    serde_json::Value::from(names).to_string()
}

/// Tools as they are stored.
pub fn tools_text(tools: &BTreeSet<Tool>) -> String {
    let names: Vec<_> =
        TOOLS.iter().filter(|row| tools.contains(&row.tool)).map(|row| row.name).collect();
    serde_json::Value::from(names).to_string()
}

/// The permissions that were ticked, with those that they need.
///
/// # Errors
/// Says that one is not of the list.
pub fn ticked_permissions<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Result<BTreeSet<Permission>, String> {
    let mut ticked = BTreeSet::new();
    for name in names {
        let row = permission(name)
            .ok_or_else(|| "Permissions: choose from the list. Nothing was saved.".to_owned())?;
        ticked.insert(row.permission);
        ticked.extend(row.needs);
    }
    Ok(ticked)
}

/// The tools that were ticked.
///
/// # Errors
/// Says that one is not of the list.
pub fn ticked_tools<'a>(names: impl Iterator<Item = &'a str>) -> Result<BTreeSet<Tool>, String> {
    names
        .map(|name| {
            Tool::parse(name)
                .ok_or_else(|| "Tools: choose from the list. Nothing was saved.".to_owned())
        })
        .collect()
}

/// A name on one line.
///
/// # Errors
/// Says what is wrong.
pub fn check_name(typed: &str) -> Result<String, String> {
    let name = one_line(typed, LONGEST_NAME).map_err(|why| format!("Name: {why}"))?;
    if name.is_empty() {
        return Err("Name: enter one, like Support.".into());
    }
    if !is_name(&name, LONGEST_NAME) {
        return Err("Name: use letters that can be seen.".into());
    }
    Ok(name)
}

/// A description on one line, or none.
///
/// # Errors
/// Says what is wrong.
pub fn check_description(typed: &str) -> Result<String, String> {
    one_line(typed, LONGEST_DESCRIPTION).map_err(|why| format!("Description: {why}"))
}

fn one_line(typed: &str, most: usize) -> Result<String, String> {
    let text = typed.trim();
    if text.chars().count() > most || !is_line(text) {
        return Err(format!("use at most {most} characters on one line."));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::access::PERMISSIONS;
    use super::*;

    #[test]
    fn every_permission_and_tool_is_in_the_form_once() {
        let shown: Vec<_> = rows().map(|row| row.permission).collect();
        assert_eq!(shown.len(), PERMISSIONS.len());
        assert_eq!(shown.iter().copied().collect::<BTreeSet<_>>(), PERMISSIONS.into());
        for row in rows() {
            let stored = serde_json::to_value(row.permission).unwrap();
            assert_eq!(stored, row.name, "one name in the form and in the database");
            assert!(row.about.ends_with('.') && !row.title.is_empty());
        }
        let tools: Vec<_> = TOOL_TREE.iter().flat_map(|branch| branch.tools).collect();
        assert_eq!(tools.len(), TOOLS.len());
        assert_eq!(tools.iter().map(|(tool, _)| *tool).collect::<BTreeSet<_>>().len(), TOOLS.len());
    }

    #[test]
    fn what_changes_something_lets_it_be_seen() {
        let ticked = ticked_permissions(["manage_users", "revoke_tokens"].into_iter()).unwrap();
        assert_eq!(
            titles(&ticked),
            ["See MCP users", "Revoke tokens", "See users", "Manage users"]
        );
        assert!(ticked_permissions(["own_the_moon"].into_iter()).is_err());
        assert!(ticked_tools(["delete_everything"].into_iter()).is_err());
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let permissions = ticked_permissions(["manage_index"].into_iter()).unwrap();
        assert_eq!(permissions_text(&permissions), r#"["view_index","manage_index"]"#);
        assert_eq!(parse_permissions(&permissions_text(&permissions)), permissions);
        let tools = ticked_tools(["reveal_contacts", "get_usage"].into_iter()).unwrap();
        assert_eq!(tools_text(&tools), r#"["get_usage","reveal_contacts"]"#);
        assert_eq!(parse_tools(&tools_text(&tools)), tools);
    }
}
