//! Visual Studio Code.

use serde_json::json;

use super::{ClientConfig, Guide, Install, Manual, SERVER_NAME, pretty};

pub(super) const CONFIG: ClientConfig = ClientConfig { slug: "vs-code", name: "VS Code", guide };

fn guide(mcp_url: &str) -> Guide {
    let server = json!({ "name": SERVER_NAME, "type": "http", "url": mcp_url }).to_string();
    let file = json!({ "servers": { SERVER_NAME: { "type": "http", "url": mcp_url } } });
    // The whole query is one encoded value; a space must not become "+", which is not decoded here.
    let encoded: String = url::form_urlencoded::byte_serialize(server.as_bytes())
        .collect::<String>()
        .replace('+', "%20");
    let escaped = server.replace('"', "\\\"");
    Guide {
        install: Some(Install {
            href: format!("vscode:mcp/install?{encoded}"),
            label: "Add to VS Code",
        }),
        command: Some(format!("code --add-mcp '{server}'")),
        other_shells: vec![
            ("the Command Prompt of Windows", format!("code --add-mcp \"{escaped}\"")),
            // It hands quotes on to programs only behind a backslash, even inside of single ones.
            ("PowerShell", format!("code --add-mcp '{escaped}'")),
        ],
        manual: Manual {
            place: "Put this in `.vscode/mcp.json` of a project.",
            text: pretty(&file),
        },
        next: vec![
            "Run “MCP: List Servers” in VS Code, choose portcullis and start it; a browser opens.",
            "Sign in here and approve what VS Code may do.",
            "In agent mode, ask “How much of my quota is left?” to see it work.",
        ],
        ..Guide::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_and_link_hold_the_same_server() {
        let guide = guide("https://h/mcp");
        let server = json!({ "name": "portcullis", "type": "http", "url": "https://h/mcp" });
        let command = guide.command.unwrap();
        let argument =
            command.strip_prefix("code --add-mcp '").unwrap().strip_suffix('\'').unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(argument).unwrap(), server);
        for (_, command) in guide.other_shells {
            let argument = command.strip_prefix("code --add-mcp ").unwrap();
            let argument = argument.get(1..argument.len() - 1).unwrap().replace("\\\"", "\"");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&argument).unwrap(), server);
        }
        let href = guide.install.unwrap().href;
        let query = href.strip_prefix("vscode:mcp/install?").unwrap();
        let (decoded, _) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&decoded).unwrap(), server);
        let file: serde_json::Value = serde_json::from_str(&guide.manual.text).unwrap();
        assert_eq!(file["servers"]["portcullis"]["url"], "https://h/mcp");
    }
}
