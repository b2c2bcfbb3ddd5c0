//! Claude Code.

use serde_json::json;

use super::{ClientConfig, Guide, Manual, SERVER_NAME, pretty};
use crate::secrets::PlainSecret;

pub(super) const CONFIG: ClientConfig =
    ClientConfig { slug: "claude-code", name: "Claude Code", guide };

fn guide(mcp_url: &str) -> Guide {
    let file = json!({ "mcpServers": { SERVER_NAME: { "type": "http", "url": mcp_url } } });
    Guide {
        command: Some(format!("claude mcp add --transport http {SERVER_NAME} {mcp_url}")),
        manual: Manual {
            place: "Put this in `.mcp.json` of a project, or its inner part under `mcpServers` in `~/.claude.json`.",
            text: pretty(&file),
        },
        next: vec![
            "Run `claude mcp login portcullis`, or start Claude Code, type `/mcp`, choose portcullis and then Authenticate.",
            "Sign in here and approve what Claude Code may do.",
            "Ask “How much of my quota is left?” to see it work.",
        ],
        ..Guide::default()
    }
}

/// The command that adds the server with a token that was pasted in, for where nobody can sign in.
pub fn token_command(mcp_url: &str, token: &PlainSecret) -> String {
    let header = format!("Authorization: Bearer {}", token.expose());
    format!("claude mcp add --transport http {SERVER_NAME} {mcp_url} --header \"{header}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_into_the_header_as_one_argument() {
        let token = PlainSecret::presented("pc_pat_x");
        assert_eq!(
            token_command("https://h/mcp", &token),
            "claude mcp add --transport http portcullis https://h/mcp --header \"Authorization: Bearer pc_pat_x\""
        );
    }

    #[test]
    fn the_file_names_transport_and_address() {
        let guide = guide("https://h/mcp");
        let json: serde_json::Value = serde_json::from_str(&guide.manual.text).unwrap();
        assert_eq!(
            json["mcpServers"]["portcullis"],
            json!({ "type": "http", "url": "https://h/mcp" })
        );
        assert_eq!(
            guide.command.unwrap(),
            "claude mcp add --transport http portcullis https://h/mcp"
        );
    }
}
