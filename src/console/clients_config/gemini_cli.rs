//! Gemini CLI.

use serde_json::json;

use super::{ClientConfig, Guide, Manual, SERVER_NAME, pretty};

pub(super) const CONFIG: ClientConfig =
    ClientConfig { slug: "gemini-cli", name: "Gemini CLI", guide };

fn guide(mcp_url: &str) -> Guide {
    let file = json!({ "mcpServers": { SERVER_NAME: { "type": "http", "url": mcp_url } } });
    Guide {
        command: Some(format!(
            "gemini mcp add --transport http --scope user {SERVER_NAME} {mcp_url}"
        )),
        manual: Manual {
            place: "Put this in `~/.gemini/settings.json`; older versions read `httpUrl` in place of `type` and `url`.",
            text: pretty(&file),
        },
        next: vec![
            "Start Gemini CLI and type `/mcp auth portcullis`; a browser opens.",
            "Sign in here and approve what Gemini CLI may do.",
            "Type `/mcp` to see the tools.",
        ],
        ..Guide::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_the_address() {
        let guide = guide("https://h/mcp");
        let json: serde_json::Value = serde_json::from_str(&guide.manual.text).unwrap();
        assert_eq!(json["mcpServers"]["portcullis"]["url"], "https://h/mcp");
        assert!(guide.command.unwrap().ends_with("--scope user portcullis https://h/mcp"));
    }
}
