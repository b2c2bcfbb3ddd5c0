//! OpenAI Codex.

use super::{ClientConfig, Guide, Manual, SERVER_NAME};
use crate::secrets::PlainSecret;

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
        next: vec![
            "The command opens a browser.",
            "Sign in here and approve what Codex may do.",
            "Start Codex and type `/mcp` to see the tools.",
        ],
        ..Guide::default()
    }
}

/// The variable in which Codex finds a token that was pasted in.
const TOKEN_VARIABLE: &str = "PORTCULLIS_TOKEN";

/// The lines of the file, and the command that sets the variable they name.
pub fn token_file(mcp_url: &str, token: &PlainSecret) -> (String, String) {
    let url = serde_json::Value::from(mcp_url);
    let file = format!(
        "[mcp_servers.{SERVER_NAME}]\nurl = {url}\nbearer_token_env_var = \"{TOKEN_VARIABLE}\""
    );
    (file, format!("export {TOKEN_VARIABLE}={}", token.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_out_of_the_file() {
        let (file, variable) = token_file("https://h/mcp", &PlainSecret::presented("pc_pat_x"));
        let parsed: toml::Table = file.parse().unwrap();
        let server = &parsed["mcp_servers"]["portcullis"];
        assert_eq!(server["url"].as_str(), Some("https://h/mcp"));
        assert_eq!(server["bearer_token_env_var"].as_str(), Some("PORTCULLIS_TOKEN"));
        assert!(!file.contains("pc_pat_x"));
        assert_eq!(variable, "export PORTCULLIS_TOKEN=pc_pat_x");
    }

    #[test]
    fn the_file_is_toml_with_the_address() {
        let guide = guide("https://h/mcp");
        let file: toml::Table = guide.manual.text.parse().unwrap();
        assert_eq!(file["mcp_servers"]["portcullis"]["url"].as_str(), Some("https://h/mcp"));
        assert_eq!(guide.command.unwrap(), "codex mcp add portcullis --url https://h/mcp");
    }
}
