//! The table of tools: name, scope and hints (contract §7). The code behind each is `mcp::tools`.

use super::scope::Scope;

/// A tool that clients may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Plan, quotas and credits.
    GetUsage,
    /// Every filter with its values.
    ListTaxonomy,
    /// One store's profile.
    GetStore,
    /// Stores by filter.
    SearchStores,
    /// Many domains at once.
    EnrichDomains,
    /// Contacts by filter.
    SearchContacts,
    /// Channels of contacts, for credits.
    RevealContacts,
}

/// A row of the table of tools.
pub struct ToolRow {
    /// The tool.
    pub tool: Tool,
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it does and costs, for the model that chooses it.
    pub description: &'static str,
    /// The scope a token needs.
    pub scope: Scope,
    /// Whether a call counts against the request quotas.
    pub costs_request: bool,
    /// Whether a call changes nothing but what is left of the quotas.
    pub is_read_only: bool,
}

/// The table, in the order of `tools/list`.
pub const TOOLS: [ToolRow; 7] = [
    ToolRow {
        tool: Tool::GetUsage,
        name: "get_usage",
        title: "Usage and quotas",
        description: "Plan, API access and, for requests, search rows and credits: limit, used, remaining and reset time. Costs nothing. Call it before large searches.",
        scope: Scope::UsageRead,
        costs_request: false,
        is_read_only: true,
    },
    ToolRow {
        tool: Tool::ListTaxonomy,
        name: "list_taxonomy",
        title: "Filters and their values",
        description: "Every filter that search_stores takes, with its possible values and their labels. Costs nothing. Call it once before the first search.",
        scope: Scope::StoresRead,
        costs_request: false,
        is_read_only: true,
    },
    ToolRow {
        tool: Tool::GetStore,
        name: "get_store",
        title: "Store profile",
        description: "The full profile of one store by its domain name (shop.example.com; a URL is understood too). Costs 1 request.",
        scope: Scope::StoresRead,
        costs_request: true,
        is_read_only: true,
    },
    ToolRow {
        tool: Tool::SearchStores,
        name: "search_stores",
        title: "Search stores",
        description: "Stores that match all given filters, a page at a time. A list of values means any of them. Costs 1 request and 1 search row for each store returned. Pass next_cursor back as cursor for the next page, with the same filters and sort.",
        scope: Scope::StoresRead,
        costs_request: true,
        is_read_only: true,
    },
    ToolRow {
        tool: Tool::EnrichDomains,
        name: "enrich_domains",
        title: "Look up many domains",
        description: "What the index has of up to 100 domains: for each the store's profile with previews of its first contacts, or not_found. Costs 1 request and 1 search row for each store found. Cheaper than get_store for more than one domain.",
        scope: Scope::StoresRead,
        costs_request: true,
        is_read_only: true,
    },
    ToolRow {
        tool: Tool::SearchContacts,
        name: "search_contacts",
        title: "Search contacts",
        description: "People who work at stores, by their role, seniority, country, their store's technology or any filter of search_stores. Previews only: who it is and which channels a reveal would give, never an address. Costs 1 request and 1 search row for each contact returned.",
        scope: Scope::ContactsSearch,
        costs_request: true,
        is_read_only: true,
    },
    ToolRow {
        tool: Tool::RevealContacts,
        name: "reveal_contacts",
        title: "Reveal contacts",
        description: "E-mail address, phone number and LinkedIn page of 1 to 10 contacts found by search_contacts. SPENDS CREDITS: 1 for each contact this account reveals for the first time; again is free, and so are unknown ids and contacts with nothing safe to give. Call it first without confirm_spend_credits to learn the price, ask the person, then call it with confirm_spend_credits: true.",
        scope: Scope::ContactsReveal,
        costs_request: true,
        is_read_only: false,
    },
];

impl Tool {
    /// The tool's row of the table.
    pub fn row(self) -> &'static ToolRow {
        TOOLS.iter().find(|row| row.tool == self).unwrap_or(&TOOLS[0])
    }

    /// The tool of that name.
    pub fn parse(name: &str) -> Option<Self> {
        TOOLS.iter().find(|row| row.name == name).map(|row| row.tool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_client() {
        // Checklist B3 and B4: the narrowest of the named clients.
        for row in &TOOLS {
            assert!(
                row.name.len() <= 40
                    && row.name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            );
            assert!(!row.description.is_empty() && row.description.len() <= 1024);
            assert_eq!(Tool::parse(row.name), Some(row.tool));
        }
    }
}
