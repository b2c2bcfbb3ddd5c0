//! Dashboard → Settings → MCP: a person's own access, connections and personal access tokens.
//! Everything here is the signed-in person's; what is somebody else's is not there.

mod check;
mod edit;
mod form;
mod revoke;
mod tokens;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use self::revoke::ConnectionLine;
use crate::clock::Timestamp;
use crate::console::clients_config::Tabs;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::tokens::{TokenLine, lines};
use crate::domain::grant::TokenStatus;
use crate::service::connections::{self as service, MOST_CONNECTIONS};
use crate::service::{Ctx, people, personal_tokens, verify};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, ago, render};
use crate::web::viewer::Viewer;

pub use check::{ask_check, run_check};
pub use edit::{edit_connection, edit_form};
pub use form::{create_token, token_form};
pub use revoke::{confirm_revoke_connection, revoke_connection};
pub use tokens::{confirm_revoke_token, revoke_token};

/// The page.
pub(crate) const PATH: &str = "/dashboard/settings/mcp";

#[derive(Template)]
#[template(path = "connections.html")]
struct SettingsPage {
    shell: Shell,
    now: Timestamp,
    user: UserRow,
    /// Names and addresses of those who can enable access; read while it is disabled.
    administrators: Vec<(String, String)>,
    /// The account's plan, if nothing may be called with it.
    no_calls: Option<String>,
    mcp_url: String,
    clients: Tabs,
    live: Vec<ConnectionLine>,
    /// Older ones are left out.
    live_is_cut: bool,
    ended: Vec<ConnectionLine>,
    ended_count: usize,
    /// The connection that was made or renewed last.
    newest: Option<Newest>,
    /// A client that is connected and blocked.
    blocked: Option<String>,
    /// Whether those that have ended are shown.
    shows_ended: bool,
    /// Whether personal access tokens are allowed on this server.
    tokens_allowed: bool,
    tokens: Vec<TokenLine>,
}

/// The connection that was made or renewed last.
struct Newest {
    client: String,
    at: Timestamp,
    /// How long ago, to the second while it is fresh.
    ago: String,
}

/// `GET /dashboard/settings/mcp`, with `?ended=1` also what has ended.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let (now, query) = (ctx.clock.now(), request.query_string());
    let shows_ended = parameter(query, "ended") == "1";
    let own = service::own(&ctx, viewer.user.id, shows_ended).await?;
    let administrators = match viewer.user.mcp_enabled {
        true => Vec::new(),
        false => people::administrators(&ctx).await?,
    };
    let name = |connection: &service::Connection| match connection.row.label.as_str() {
        "" => connection.row.client.clone(),
        label => label.to_owned(),
    };
    let (works, held): (Vec<_>, Vec<_>) =
        own.live.iter().partition(|connection| connection.status == TokenStatus::Active);
    let newest = works.into_iter().max_by_key(|connection| connection.latest_at);
    let newest = newest.map(|connection| Newest {
        client: name(connection),
        at: connection.latest_at,
        ago: ago_to_the_second(&connection.latest_at, &now),
    });
    let blocked = held.first().map(|connection| name(connection));
    let line = |connection| ConnectionLine::new(connection, own.is_at_least);
    let template = SettingsPage {
        shell: Shell::of_gate(&ctx, &request, &viewer).await?,
        no_calls: verify::plan_without_calls(&ctx, viewer.user.id).await?,
        now,
        user: viewer.user.clone(),
        administrators,
        mcp_url: ctx.config.mcp_url.clone(),
        clients: Tabs::new(
            &parameter(query, "client"),
            &ctx.config.mcp_url,
            if shows_ended { "?ended=1&client=" } else { "?client=" },
        ),
        live_is_cut: i64::try_from(own.live.len()).is_ok_and(|count| count >= MOST_CONNECTIONS),
        live: own.live.into_iter().map(line).collect(),
        ended: own.ended.into_iter().map(line).collect(),
        ended_count: usize::try_from(own.ended_count).unwrap_or_default(),
        newest,
        blocked,
        shows_ended,
        tokens_allowed: ctx.live_now().await?.settings.personal_access_tokens,
        tokens: lines(personal_tokens::of_person(&ctx, viewer.user.id).await?, now),
    };
    Ok(render(&template)?)
}

/// How long ago; whoever has just connected a client looks for seconds.
fn ago_to_the_second(at: &Timestamp, now: &Timestamp) -> String {
    match (now.0 - at.0).div_euclid(1000) {
        seconds @ 0..60 => format!("{seconds} s ago"),
        _ => ago(at, now),
    }
}

#[cfg(test)]
mod tests_of_words {
    use super::*;

    #[test]
    fn a_fresh_connection_is_told_to_the_second() {
        let at = Timestamp(1_800_000_000_000);
        assert_eq!(ago_to_the_second(&at, &at.plus_seconds(12)), "12 s ago");
        assert_eq!(ago_to_the_second(&at, &at.plus_seconds(60)), "1 minute ago");
    }
}
