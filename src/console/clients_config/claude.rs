//! Claude on the desktop and on the web: connectors are added in its settings.

use super::{ClientConfig, Guide, Manual};

pub(super) const CONFIG: ClientConfig =
    ClientConfig { slug: "claude", name: "Claude Desktop/Web", guide };

fn guide(mcp_url: &str) -> Guide {
    Guide {
        manual: Manual {
            place: "In Claude, open Settings, then Connectors, choose “Add custom connector”, name it portcullis and enter this address.",
            text: mcp_url.to_owned(),
        },
        next: &[
            "Choose Connect beside the new connector.",
            "Sign in here and approve what Claude may do.",
            "In a conversation, turn portcullis on in the list of tools and ask “How much of my quota is left?”",
        ],
        calls_from_afar: true,
        ..Guide::default()
    }
}
