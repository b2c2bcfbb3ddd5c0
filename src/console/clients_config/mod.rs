//! How each AI client is connected to this server, filled in with its address: one file per client.
//! Nothing here is a secret: clients sign in through OAuth.

mod chatgpt;
mod claude;
pub mod claude_code;
pub mod codex;
mod cursor;
mod gemini_cli;
mod other;
mod vs_code;

/// The name under which clients keep this server.
pub const SERVER_NAME: &str = "portcullis";

/// An AI client, as a row of the table.
pub struct ClientConfig {
    /// Its name in addresses.
    pub slug: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// How it is connected to the MCP address.
    pub guide: fn(&str) -> Guide,
}

/// The AI clients, in the order of the tabs (contract §9).
pub const CLIENTS: [ClientConfig; 8] = [
    claude_code::CONFIG,
    claude::CONFIG,
    gemini_cli::CONFIG,
    codex::CONFIG,
    chatgpt::CONFIG,
    cursor::CONFIG,
    vs_code::CONFIG,
    other::CONFIG,
];

/// How a client is connected. In sentences, what stands between backticks is code.
#[derive(Debug, Default)]
pub struct Guide {
    /// A link that opens the client and adds the server.
    pub install: Option<Install>,
    /// A command that adds the server.
    pub command: Option<String>,
    /// What to write or enter by hand.
    pub manual: Manual,
    /// What to do next, step by step.
    pub next: &'static [&'static str],
}

/// A link into a client.
#[derive(Debug)]
pub struct Install {
    /// The link.
    pub href: String,
    /// The button's words.
    pub label: &'static str,
}

/// Configuration by hand.
#[derive(Debug, Default)]
pub struct Manual {
    /// Where it goes.
    pub place: &'static str,
    /// What goes there.
    pub text: String,
}

/// A tab.
#[derive(Debug)]
pub struct Tab {
    /// The client's name.
    pub name: &'static str,
    /// The page with this client chosen.
    pub href: String,
    /// Whether it is chosen.
    pub is_current: bool,
}

/// The tabs, with the guide of the chosen one.
#[derive(Debug)]
pub struct Tabs {
    /// The tabs.
    pub tabs: Vec<Tab>,
    /// The chosen client's name.
    pub name: &'static str,
    /// How it is connected.
    pub guide: Guide,
}

impl Tabs {
    /// The tabs with the client called `slug` chosen, or the first one; `query` is the part of
    /// their addresses before the client.
    pub fn new(slug: &str, mcp_url: &str, query: &str) -> Self {
        let [first, ..] = &CLIENTS;
        let chosen = CLIENTS.iter().find(|client| client.slug == slug).unwrap_or(first);
        let tab = |client: &ClientConfig| Tab {
            name: client.name,
            href: format!("{query}{}#clients", client.slug),
            is_current: client.slug == chosen.slug,
        };
        Self {
            tabs: CLIENTS.iter().map(tab).collect(),
            name: chosen.name,
            guide: (chosen.guide)(mcp_url),
        }
    }
}

/// A sentence cut at its backticks: `true` for what is code.
pub fn pieces(sentence: &str) -> impl Iterator<Item = (bool, &str)> {
    sentence.split('`').enumerate().map(|(place, piece)| (place % 2 == 1, piece))
}

/// JSON as people paste it.
fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mcp.example.com/mcp";

    #[test]
    fn every_client_is_told_the_address_and_what_to_do_next() {
        for client in &CLIENTS {
            let guide = (client.guide)(URL);
            assert!(guide.manual.text.contains(URL), "{}", client.slug);
            assert!(!guide.manual.place.is_empty() && !guide.next.is_empty(), "{}", client.slug);
            for sentence in guide.next.iter().chain([&guide.manual.place]) {
                assert_eq!(sentence.matches('`').count() % 2, 0, "{sentence}");
            }
            if guide.manual.text.starts_with('{') {
                let json: serde_json::Value = serde_json::from_str(&guide.manual.text).unwrap();
                assert!(json.to_string().contains(SERVER_NAME), "{}", client.slug);
            }
        }
    }

    #[test]
    fn an_unknown_client_shows_the_first() {
        let tabs = Tabs::new("codex", URL, "?tab=mcp&client=");
        assert_eq!(tabs.name, "OpenAI Codex");
        assert_eq!(tabs.tabs.iter().filter(|tab| tab.is_current).count(), 1);
        assert_eq!(tabs.tabs[3].href, "?tab=mcp&client=codex#clients");
        assert_eq!(Tabs::new("\"><b>", URL, "?client=").name, "Claude Code");
    }

    #[test]
    fn a_sentence_is_cut_at_its_backticks() {
        let cut: Vec<_> = pieces("Type `/mcp` now.").collect();
        assert_eq!(cut, [(false, "Type "), (true, "/mcp"), (false, " now.")]);
    }
}
