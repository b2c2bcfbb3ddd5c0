//! OpenAI Codex.

use super::{ClientConfig, Guide, Manual, SERVER_NAME};

pub(super) const CONFIG: ClientConfig = ClientConfig { slug: "codex", name: "OpenAI Codex", guide };

fn guide(mcp_url: &str) -> Guide {
    // A JSON string is a TOML basic string as well.
    let url = serde_json::Value::from(mcp_url);
    Guide {
        command: Some(format!("codex mcp add {SERVER_NAME} --url {mcp_url}")),
        manual: Manual {
            place: "Put this in `~/.codex/config.toml`, then run `codex mcp login portcullis`.",
            text: format!("[mcp_servers.{SERVER_NAME}]\nurl = {url}"),
        },
        next: &[
            "The command opens your browser.",
            "Sign in here and approve what Codex may do.",
            "Start Codex and type `/mcp` to see the tools.",
        ],
        ..Guide::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_toml_with_the_address() {
        let guide = guide("https://h/mcp");
        let file: toml::Table = guide.manual.text.parse().unwrap();
        assert_eq!(file["mcp_servers"]["portcullis"]["url"].as_str(), Some("https://h/mcp"));
        assert_eq!(guide.command.unwrap(), "codex mcp add portcullis --url https://h/mcp");
    }
}
