//! OpenAI ChatGPT: connectors are created in its settings.

use super::{ClientConfig, Guide, Manual};

pub(super) const CONFIG: ClientConfig =
    ClientConfig { slug: "chatgpt", name: "OpenAI ChatGPT", guide };

fn guide(mcp_url: &str) -> Guide {
    Guide {
        manual: Manual {
            place: "In ChatGPT, turn on developer mode in Settings, create a connector named portcullis with OAuth and enter this address.",
            text: mcp_url.to_owned(),
        },
        next: vec![
            "Create the connector; ChatGPT opens this site.",
            "Sign in here and approve what ChatGPT may do.",
            "In a conversation, choose portcullis among the connectors and ask “How much of my quota is left?”",
        ],
        calls_from_afar: true,
        ..Guide::default()
    }
}
