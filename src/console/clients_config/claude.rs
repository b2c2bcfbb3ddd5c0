//! Claude on the desktop and on the web: connectors are added in its settings.

use super::{ClientConfig, Guide, Manual, bridge, is_on_the_internet, pretty};

pub(super) const CONFIG: ClientConfig =
    ClientConfig { slug: "claude", name: "Claude Desktop/Web", guide };

fn guide(mcp_url: &str) -> Guide {
    if !is_on_the_internet(mcp_url) {
        return on_the_desktop(mcp_url);
    }
    Guide {
        manual: Manual {
            place: "In Claude, open Settings, then Connectors, choose “Add custom connector”, name it portcullis and enter this address.",
            text: mcp_url.to_owned(),
        },
        next: vec![
            "Choose Connect beside the new connector.",
            "Sign in here and approve what Claude may do.",
            "In a conversation, turn portcullis on in the list of tools and ask “How much of my quota is left?”",
        ],
        calls_from_afar: true,
        ..Guide::default()
    }
}

/// Where connectors cannot come to, a program on the person's own computer can.
fn on_the_desktop(mcp_url: &str) -> Guide {
    let (_, file) = bridge(mcp_url);
    Guide {
        manual: Manual {
            place: "In Claude Desktop, open Settings, then Developer, choose Edit Config, and put this in `claude_desktop_config.json`.",
            text: pretty(&file),
        },
        next: vec![
            "Restart Claude Desktop; a browser opens.",
            "Sign in here and approve what Claude may do.",
            "In a conversation, ask “How much of my quota is left?” to see it work.",
        ],
        calls_from_afar: true,
        detour: Some(
            "Claude Desktop reaches it through `mcp-remote`, which runs on the same computer and needs Node.js.",
        ),
        ..Guide::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_out_of_reach_is_reached_through_the_bridge_on_the_desktop() {
        let told = guide("http://127.0.0.1:8080/mcp");
        let file: serde_json::Value = serde_json::from_str(&told.manual.text).unwrap();
        let server = serde_json::json!({ "command": "npx", "args": ["-y", "mcp-remote", "http://127.0.0.1:8080/mcp"] });
        assert_eq!(file, serde_json::json!({ "mcpServers": { "portcullis": server } }));
        assert!(told.detour.is_some());
        let told = guide("https://gate.example.com/mcp");
        assert_eq!(
            (told.manual.text.as_str(), told.detour),
            ("https://gate.example.com/mcp", None)
        );
    }
}
