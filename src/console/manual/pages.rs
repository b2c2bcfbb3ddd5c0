//! The pages of the manual, in their order: one table. The files are `docs/*.md`, compiled in.

/// A part of the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// For people who use an AI client.
    Use,
    /// For administrators.
    Administer,
    /// For whoever runs the server.
    Operate,
    /// To look things up.
    Reference,
}

/// The parts, in their order.
pub const PARTS: [Part; 4] = [Part::Use, Part::Administer, Part::Operate, Part::Reference];

impl Part {
    /// Its heading.
    pub fn label(self) -> &'static str {
        match self {
            Self::Use => "Connect",
            Self::Administer => "Administer",
            Self::Operate => "Operate",
            Self::Reference => "Reference",
        }
    }

    /// Whether the address of this server stands in its examples. What is read before there is a
    /// server keeps the example's.
    pub fn is_about_this_server(self) -> bool {
        self != Self::Operate
    }
}

/// A page, as the table lists it.
#[derive(Debug)]
pub struct Source {
    /// Its name in addresses, and that of its file.
    pub slug: &'static str,
    /// Where it belongs.
    pub part: Part,
    /// What is on it, in a line.
    pub summary: &'static str,
    /// The file; its first line is the title.
    pub text: &'static str,
}

macro_rules! pages {
    ($($part:ident { $($slug:literal: $summary:literal),+ $(,)? })+) => {
        /// All pages.
        pub const PAGES: &[Source] = &[$($(Source {
            slug: $slug,
            part: Part::$part,
            summary: $summary,
            text: include_str!(concat!("../../../docs/", $slug, ".md")),
        }),+),+];
    };
}

pages! {
    Use {
        "start": "What this server does, and the three steps to your first answer",
        "connect": "Add this server to Claude, ChatGPT, Codex, Gemini, Cursor, VS Code and others",
        "connections": "What may act for you, how to stop it, and personal access tokens",
        "account": "Name, address, password, two-factor sign-in and sessions",
        "quotas": "What calls and contacts cost, when counts begin anew, what happens at a limit",
    }
    Administer {
        "mcp-users": "Who has connected what, and how to stop one token, one person or many",
        "mcp-clients": "Which programs are registered; block them, end their connections, register one",
        "people": "Invite, change, suspend and delete people, reset passwords, end sessions",
        "accounts": "Who may use how much, credits and their ledger, what people may do",
        "settings": "What can be changed while the server runs, and what it does",
        "records": "What was called, who did what, and the emergency stop",
        "security": "What is promised, what is checked, and what you should do yourself",
    }
    Operate {
        "operate": "Install, configure, PostgreSQL, proxies, back up, restore, upgrade",
        "import": "Fill the index from CSV or JSON Lines: columns, values, what is rejected",
    }
    Reference {
        "troubleshooting": "Every error code: what it means, who can mend it, and how",
        "tools": "Input, output, cost and errors of each tool, with an example",
        "rest": "Paths, keys, limits and errors of the REST API",
        "rest-reference": "Every request of the REST API: what it takes, what comes back, how it fails",
        "conformance": "What the protocols ask, and what of it is shown by tests",
    }
}
