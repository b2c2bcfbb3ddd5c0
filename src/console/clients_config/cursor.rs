//! Cursor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::{ClientConfig, Guide, Install, Manual, SERVER_NAME, pretty};

pub(super) const CONFIG: ClientConfig = ClientConfig { slug: "cursor", name: "Cursor", guide };

fn guide(mcp_url: &str) -> Guide {
    let server = json!({ "url": mcp_url });
    let config = STANDARD.encode(server.to_string());
    // "+", "/" and "=" of base64 mean something else in a query.
    let config: String = byte_serialize(config.as_bytes()).collect();
    Guide {
        install: Some(Install {
            href: format!(
                "cursor://anysphere.cursor-deeplink/mcp/install?name={SERVER_NAME}&config={config}"
            ),
            label: "Add to Cursor",
        }),
        manual: Manual {
            place: "Put this in `~/.cursor/mcp.json`, or in `.cursor/mcp.json` of a project.",
            text: pretty(&json!({ "mcpServers": { SERVER_NAME: server } })),
        },
        next: vec![
            "In Cursor, open Settings, then MCP, and choose Connect beside portcullis.",
            "Sign in here and approve what Cursor may do.",
            "Ask the agent “How much of my quota is left?” to see it work.",
        ],
        ..Guide::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_holds_the_address() {
        let guide = guide("https://h/mcp?a=>>>");
        let link = url::Url::parse(&guide.install.unwrap().href).unwrap();
        let (_, config) = link.query_pairs().find(|(name, _)| name == "config").unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&STANDARD.decode(config.as_bytes()).unwrap()).unwrap();
        assert_eq!(json, json!({ "url": "https://h/mcp?a=>>>" }));
        let file: serde_json::Value = serde_json::from_str(&guide.manual.text).unwrap();
        assert_eq!(file["mcpServers"]["portcullis"], json);
    }
}
