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

use std::borrow::Cow;

use serde_json::json;
use url::{Host, Url};

use crate::domain::special_use::is_special_use;

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
    /// The same for shells that read quotes in another way, each with its name.
    pub other_shells: Vec<(&'static str, String)>,
    /// What to write or enter by hand.
    pub manual: Manual,
    /// Whether its calls come from its maker's servers, and not from the person's computer.
    pub calls_from_afar: bool,
    /// What can come to an address out of reach all the same, if something of it can.
    pub detour: Option<&'static str>,
    /// What to do next, step by step.
    pub next: Vec<&'static str>,
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
    /// Whether it cannot come to the address of this server.
    pub is_out_of_reach: bool,
    /// Who is to do it, if it is another person than the one who looks.
    pub person: Option<String>,
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
        let guide = (chosen.guide)(mcp_url);
        Self {
            tabs: CLIENTS.iter().map(tab).collect(),
            name: chosen.name,
            is_out_of_reach: guide.calls_from_afar && !is_on_the_internet(mcp_url),
            guide,
            person: None,
        }
    }

    /// The same, for the page of another person: they sign in, nobody else.
    pub fn of(self, person: &str) -> Self {
        Self { person: Some(person.to_owned()), ..self }
    }

    /// What to do next, in words for whoever looks.
    pub fn next(&self) -> Vec<Cow<'static, str>> {
        let in_words = |step: &&'static str| match (&self.person, step.strip_prefix(APPROVE)) {
            (Some(person), Some(rest)) => {
                // A backtick would begin code.
                format!("{} signs in here and approves{rest}", person.replace('`', "'")).into()
            }
            _ => Cow::Borrowed(*step),
        };
        self.guide.next.iter().map(in_words).collect()
    }
}

/// What the step says in which somebody approves a client.
const APPROVE: &str = "Sign in here and approve";

/// How programs that start local ones reach this server through `mcp-remote`. Unencrypted it goes
/// to another machine only when it is told to.
fn bridge(mcp_url: &str) -> (String, serde_json::Value) {
    let url = Url::parse(mcp_url).ok();
    let is_here = url.as_ref().is_some_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    });
    let mut arguments = vec!["-y", "mcp-remote", mcp_url];
    if url.is_some_and(|url| url.scheme() == "http") && !is_here {
        arguments.push("--allow-http");
    }
    let command = format!("npx {}", arguments.join(" "));
    let server = json!({ "command": "npx", "args": arguments });
    (command, json!({ "mcpServers": { SERVER_NAME: server } }))
}

/// Whether an address looks as if servers elsewhere could call it: https, and no name or number of
/// a private network.
fn is_on_the_internet(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    url.scheme() == "https"
        && match url.host() {
            Some(Host::Domain(name)) => {
                let inside = ["localhost", "local", "internal", "lan", "home.arpa"];
                name.contains('.') && !inside.iter().any(|end| name.ends_with(&format!(".{end}")))
            }
            Some(Host::Ipv4(ip)) => !is_special_use(ip.into()),
            Some(Host::Ipv6(ip)) => !is_special_use(ip.into()),
            None => false,
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
            assert!(guide.next.iter().any(|step| step.starts_with(APPROVE)), "{}", client.slug);
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
    fn who_calls_from_afar_is_told_when_the_address_is_out_of_reach() {
        for (address, is_out) in [
            ("http://127.0.0.1:8080/mcp", true),
            ("https://10.0.0.7/mcp", true),
            ("https://gate.lan/mcp", true),
            (URL, false),
        ] {
            assert_eq!(Tabs::new("chatgpt", address, "?").is_out_of_reach, is_out, "{address}");
            assert!(!Tabs::new("codex", address, "?").is_out_of_reach);
        }
    }

    #[test]
    fn on_the_page_of_another_person_it_is_they_who_sign_in() {
        let told = Tabs::new("codex", URL, "?").of("Emil `Harrow").next();
        assert!(
            told.contains(&"Emil 'Harrow signs in here and approves what Codex may do.".into())
        );
        assert!(!told.iter().any(|step| step.contains("Sign in here")), "{told:?}");
        assert!(
            Tabs::new("codex", URL, "?")
                .next()
                .contains(&"Sign in here and approve what Codex may do.".into())
        );
    }

    #[test]
    fn the_bridge_is_told_when_it_goes_unencrypted_to_another_machine() {
        for (address, last) in [
            (URL, URL),
            ("http://127.0.0.1:8080/mcp", "http://127.0.0.1:8080/mcp"),
            ("http://localhost:8080/mcp", "http://localhost:8080/mcp"),
            ("http://gate.lan/mcp", "--allow-http"),
        ] {
            let (command, file) = bridge(address);
            let args = file["mcpServers"][SERVER_NAME]["args"].as_array().unwrap();
            assert_eq!(args.last().unwrap(), last);
            assert!(command.ends_with(last), "{command}");
        }
    }

    #[test]
    fn a_sentence_is_cut_at_its_backticks() {
        let cut: Vec<_> = pieces("Type `/mcp` now.").collect();
        assert_eq!(cut, [(false, "Type "), (true, "/mcp"), (false, " now.")]);
    }
}
