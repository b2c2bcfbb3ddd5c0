//! What the tab MCP Info shows.

use crate::console::clients_config::Tabs;
use crate::console::mcp_users::back::person_href;
use crate::error::Result;
use crate::service::connections::{self, Summary};
use crate::service::{Ctx, directory};
use crate::store::users::UserRow;
use crate::web::viewer::Viewer;

/// The tab.
pub(super) struct McpTab {
    /// Counts, while access is enabled.
    pub summary: Option<Summary>,
    /// Whether there is anything to revoke, whatever the state of access.
    pub has_live_tokens: bool,
    /// The last tool that was called, unless its record has been removed by age.
    pub last_tool: Option<String>,
    /// What the form has chosen.
    pub chosen: bool,
    /// The reason as typed.
    pub reason: String,
    /// Whose password the form asks for.
    pub username: String,
    /// How AI clients are connected.
    pub clients: Tabs,
}

impl McpTab {
    /// Reads it.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn load(
        ctx: &Ctx,
        viewer: &Viewer,
        user: &UserRow,
        chosen: bool,
        client: &str,
    ) -> Result<Self> {
        let tokens = connections::tokens_of(ctx, user.id).await?;
        let now = ctx.clock.now();
        let tabs =
            Tabs::new(client, &ctx.config.mcp_url, &format!("{}&client=", person_href(&user.id)));
        Ok(Self {
            summary: user.mcp_enabled.then(|| connections::summary(ctx, &tokens)),
            has_live_tokens: tokens.iter().any(|token| token.status(now).has_not_ended()),
            last_tool: directory::last_tool_of(ctx, user.id).await?,
            chosen,
            reason: String::new(),
            username: viewer.user.email.clone(),
            clients: if user.id == viewer.user.id { tabs } else { tabs.of(&user.name) },
        })
    }
}
