//! Any other client: the shape that most of them read.

use super::{ClientConfig, Guide, Manual, bridge, pretty};

pub(super) const CONFIG: ClientConfig = ClientConfig { slug: "other", name: "Other", guide };

fn guide(mcp_url: &str) -> Guide {
    let (command, file) = bridge(mcp_url);
    Guide {
        command: Some(command),
        manual: Manual {
            place: "A client that speaks streamable HTTP and OAuth needs the MCP address only. One that starts local programs reaches it through `mcp-remote`:",
            text: pretty(&file),
        },
        next: vec![
            "Restart the client, or reload its MCP servers; a browser opens.",
            "Sign in here and approve what the client may do.",
            "Ask “How much of my quota is left?” to see it work.",
        ],
        ..Guide::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bridge_is_given_the_address() {
        let file: serde_json::Value =
            serde_json::from_str(&guide("https://h/mcp").manual.text).unwrap();
        assert_eq!(file["mcpServers"]["portcullis"]["args"][2], "https://h/mcp");
    }
}
