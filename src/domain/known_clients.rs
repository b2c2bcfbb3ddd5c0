//! Well-known clients that name themselves by the URL of a metadata document, shipped so that no
//! fetch is needed (contract §6, dossier §2.4). Their documents are public; these are the parts
//! that matter here.

/// A client and its document.
#[derive(Debug)]
pub struct KnownClient {
    /// Its `client_id`: the document's URL.
    pub client_id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Where it may be sent back to.
    pub redirect_uris: &'static [&'static str],
}

/// The table.
pub const KNOWN_CLIENTS: [KnownClient; 7] = [
    KnownClient {
        client_id: "https://claude.ai/oauth/claude-code-client-metadata",
        name: "Claude Code",
        redirect_uris: &["http://localhost/callback", "http://127.0.0.1/callback"],
    },
    KnownClient {
        client_id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
        name: "Claude",
        redirect_uris: &[
            "https://claude.ai/api/mcp/auth_callback",
            "https://claude.com/api/mcp/auth_callback",
        ],
    },
    KnownClient {
        client_id: "https://chatgpt.com/oauth/codex/client.json",
        name: "Codex",
        redirect_uris: &["http://127.0.0.1/callback", "http://localhost/callback"],
    },
    KnownClient {
        client_id: "https://chatgpt.com/oauth/client.json",
        name: "ChatGPT",
        redirect_uris: &["https://chatgpt.com/connector_platform_oauth_redirect"],
    },
    KnownClient {
        client_id: "https://vscode.dev/oauth/client-metadata.json",
        name: "Visual Studio Code",
        redirect_uris: &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
    },
    KnownClient {
        client_id: "https://opencode.ai/oauth/opencode/client.json",
        name: "OpenCode",
        redirect_uris: &["http://127.0.0.1/callback"],
    },
    KnownClient {
        client_id: "https://zed.dev/oauth/client-metadata.json",
        name: "Zed",
        redirect_uris: &["http://127.0.0.1/callback"],
    },
];

/// The client of that document.
pub fn find(client_id: &str) -> Option<&'static KnownClient> {
    KNOWN_CLIENTS.iter().find(|client| client.client_id == client_id)
}

#[cfg(test)]
mod tests {
    use super::KNOWN_CLIENTS;
    use crate::domain::redirect;

    #[test]
    fn every_shipped_client_has_redirects_that_we_would_register() {
        for client in &KNOWN_CLIENTS {
            assert!(client.client_id.starts_with("https://"));
            for uri in client.redirect_uris {
                assert!(redirect::check(uri).is_ok(), "{uri}");
            }
        }
    }
}
