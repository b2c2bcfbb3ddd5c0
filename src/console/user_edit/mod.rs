//! `/admin/users/{user}`: a person, with the tabs User Info, MCP Info, API Keys, Activity and
//! Sessions, and what can be done to them.

mod activity;
mod acts;
mod info;
mod keys;
mod mcp;
mod place;
mod sessions;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::user_id;
use crate::console::users::{form_with, problems_of};
use crate::domain::access::{Permission, Standing};
use crate::error::{Error, Result};
use crate::service::{Ctx, directory, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::Shell;
use crate::web::viewer::{Admin, ViewUsers, Viewer};

pub use acts::{ask_cancel, ask_delete, ask_reactivate, ask_reset, ask_suspend, ask_two_factor};
pub use acts::{cancel, delete, invite_again, reactivate, reset, reset_two_factor, suspend};
pub use info::save;
pub use keys::{confirm_revoke as confirm_revoke_key, revoke as revoke_key};
pub use place::save as save_place;
pub use sessions::{end_all, end_one};

use activity::ActivityTab;
use info::InfoTab;
use keys::KeysTab;
use mcp::McpTab;

pub(crate) use sessions::SessionsTab;

/// What is shown of a person.
enum Tab {
    Info(InfoTab),
    Mcp(McpTab),
    Keys(KeysTab),
    Activity(ActivityTab),
    Sessions(SessionsTab),
}

impl Tab {
    fn label(&self) -> &'static str {
        match self {
            Self::Info(_) => "User Info",
            Self::Mcp(_) => "MCP Info",
            Self::Keys(_) => "API Keys",
            Self::Activity(_) => "Activity",
            Self::Sessions(_) => "Sessions",
        }
    }
}

/// The tabs: their name in the address, their label, and what they need beside seeing users.
const TABS: [(&str, &str, Option<Permission>); 5] = [
    ("info", "User Info", None),
    ("mcp", "MCP Info", Some(Permission::ViewMcpUsers)),
    ("keys", "API Keys", None),
    ("activity", "Activity", Some(Permission::ViewRecords)),
    ("sessions", "Sessions", None),
];

#[derive(Template)]
#[template(path = "user_edit.html")]
struct UserPage {
    shell: Shell,
    now: Timestamp,
    errors: Vec<Error>,
    user: UserRow,
    account: String,
    may_see_mcp: bool,
    tab: Tab,
}

impl UserPage {
    /// The tabs that the person who looks sees.
    fn tabs(&self) -> Vec<(&'static str, &'static str)> {
        TABS.into_iter()
            .filter(|(_, _, needs)| needs.is_none_or(|permission| self.shell.may(permission)))
            .map(|(name, label, _)| (name, label))
            .collect()
    }

    fn problem(&self, name: &str) -> Option<&str> {
        problems_of(&self.errors, name).first().map(|error| error.message.as_ref())
    }
}

/// The address of a person's page.
pub(crate) fn href(user: &UserRow, tab: &str) -> String {
    match tab {
        "" => format!("/admin/users/{}", user.id),
        tab => format!("/admin/users/{}?tab={tab}", user.id),
    }
}

/// `GET /admin/users/{user}?tab=info|mcp|keys|activity|sessions`.
///
/// # Errors
/// `not_found`, that the role does not include the tab, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewUsers>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let query = request.query_string();
    let asked = parameter(query, "tab");
    let (name, _, needs) =
        TABS.into_iter().find(|(name, ..)| *name == asked).unwrap_or(("info", "User Info", None));
    if let Some(permission) = needs {
        viewer.require(&request, permission).await?;
    }
    let tab = match name {
        "mcp" => {
            let client = parameter(query, "client");
            Tab::Mcp(McpTab::load(&ctx, &viewer, &user, user.mcp_enabled, &client).await?)
        }
        "keys" => Tab::Keys(KeysTab::load(&ctx, &user).await?),
        "activity" => Tab::Activity(ActivityTab::load(&ctx, &user, query).await?),
        "sessions" => Tab::Sessions(SessionsTab::load(&ctx, &viewer, &user).await?),
        _ => Tab::Info(InfoTab::load(&ctx, &viewer, &user).await?),
    };
    Ok(page(&ctx, &request, &viewer, user, tab, Vec::new()).await?)
}

/// The tab MCP Info after its form was refused, with what was chosen and what is wrong.
///
/// # Errors
/// When the database cannot answer.
pub(crate) async fn show_again(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserRow,
    (wanted, reason): (Option<bool>, String),
    error: Error,
) -> Result<HttpResponse> {
    let chosen = wanted.unwrap_or(user.mcp_enabled);
    let mcp = McpTab { reason, ..McpTab::load(ctx, viewer, &user, chosen, "").await? };
    page(ctx, request, viewer, user, Tab::Mcp(mcp), vec![error]).await
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    user: UserRow,
    tab: Tab,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    // Its form posts to another address and is shown again there; the page is still this one.
    let path = href(&user, "");
    let shell = match tab {
        Tab::Mcp(_) | Tab::Keys(_) => Shell::of_gate(ctx, request, viewer).await?,
        _ => Shell::new(ctx, request, viewer),
    };
    let template = UserPage {
        shell: Shell { path, ..shell },
        now: ctx.clock.now(),
        errors,
        account: directory::account_name(ctx, user.account_id).await?,
        user,
        may_see_mcp: viewer.may(Permission::ViewMcpUsers),
        tab,
    };
    form_with(&template, &template.errors)
}
