//! System → Overview: who is connected, what was called, what needs somebody, and the emergency
//! stop.

pub(super) mod chart;
mod stop;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::mcp_users::parts;
use crate::domain::access::Permission;
use crate::service::Ctx;
use crate::service::overview::{self, Attention, Calls, DAYS, Matter, Overview};
use crate::store::client_grid::ClientRowOfGrid;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewMcpUsers};

use chart::{Chart, Days, Series};

pub use stop::{close, confirm_close, confirm_revoke, revoke};

/// The screen's path.
const PATH: &str = "/admin";
/// Where the endpoint is switched on again.
const SWITCH: &str = "/admin/mcp/settings#setting-mcp_enabled";

/// A matter as it is shown.
struct Notice {
    is_alarm: bool,
    text: String,
    /// What to do, and where.
    link: Option<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    overview: Overview,
    charts: Vec<Chart>,
    notices: Vec<Notice>,
    mcp_url: String,
}

/// `GET /admin`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
) -> Result<HttpResponse, Failure> {
    let now = ctx.clock.now();
    let overview = overview::read(&ctx).await?;
    let found = overview::attention(&ctx).await?;
    let template = OverviewPage {
        shell: Shell::new(&ctx, &request, &viewer),
        charts: charts(&overview),
        notices: found.iter().map(|attention| notice(attention, &viewer, now)).collect(),
        mcp_url: ctx.config.mcp_url.to_string(),
        overview,
    };
    Ok(render(&template)?)
}

fn charts(overview: &Overview) -> Vec<Chart> {
    let days = |values: fn(&Calls) -> Vec<i64>| -> Days {
        overview.figures.days.iter().map(|(day, calls)| (*day, values(calls))).collect()
    };
    let series = |kinds: &[(&'static str, &'static str)]| {
        kinds.iter().map(|(class, label)| Series { class, label }).collect()
    };
    vec![
        Chart::new(
            "calls",
            "Calls",
            series(&[("ok", "answered"), ("bad", "not answered")]),
            &days(|calls| vec![calls.ok, calls.refused()]),
        ),
        Chart::new(
            "refusals",
            "Refusals and errors",
            series(&[("bad", "denied"), ("warn", "over a limit"), ("mute", "errors")]),
            &days(|calls| vec![calls.denied, calls.limited, calls.error]),
        ),
        Chart::new(
            "credits",
            "Credits spent",
            series(&[("info", "credits")]),
            &days(|calls| vec![calls.credits]),
        ),
    ]
}

fn notice(attention: &Attention, viewer: &Admin<ViewMcpUsers>, now: Timestamp) -> Notice {
    let count = attention.count;
    let many = |one: &str, more: &str| {
        format!("{} {}", parts::number(&count), if count == 1 { one } else { more })
    };
    let link = |permission: Permission, words: &'static str, path: String| {
        viewer.may(permission).then_some((words, path))
    };
    let (is_alarm, text, link) = match &attention.matter {
        Matter::SwitchedOff => (
            true,
            "The MCP endpoint is switched off: every call of every AI client is refused, and every call of the REST API.".to_owned(),
            link(Permission::ManageSettings, "Switch it on", SWITCH.into()),
        ),
        Matter::EmptyIndex => (
            false,
            "The index is empty: AI clients find nothing before a file of stores is imported.".to_owned(),
            link(Permission::ManageIndex, "Import a file", "/admin/index".into()),
        ),
        Matter::ReuseAlarms => (
            true,
            format!(
                "{} in the last {} days: a used code or token came again, and the connection was ended.",
                many("reuse alarm", "reuse alarms"),
                overview::ALARM_DAYS
            ),
            link(
                Permission::ViewRecords,
                "See the alarms",
                format!(
                    "/admin/mcp/audit?action=alarms&from={}",
                    now.plus_seconds(-overview::ALARM_DAYS * 86_400).to_utc().format("%Y-%m-%d")
                ),
            ),
        ),
        Matter::NearlySpent(names) => {
            let more = count - i64::try_from(names.len()).unwrap_or_default();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let text = format!(
                "{} used over 80 % of this month’s credits: {}{more}.",
                many("account has", "accounts have"),
                names.join(", ")
            );
            (false, text, link(Permission::ViewAccounts, "See accounts", "/admin/accounts?credits=low".into()))
        }
        Matter::UndeliveredMail => (
            false,
            format!("{} could not be delivered. It is tried again for a while; look at PORTCULLIS_SMTP_URL and the server’s log.", many("mail", "mails")),
            None,
        ),
        Matter::NoMailServer => (
            false,
            "No mail server is configured: mail is written to the folder “outbox” beside the data. Set PORTCULLIS_SMTP_URL to send it.".to_owned(),
            None,
        ),
        Matter::BlockedClients => (
            false,
            format!("{} blocked for everyone.", many("client is", "clients are")),
            link(Permission::ViewClients, "See them", "/admin/mcp/clients?status=blocked".into()),
        ),
        Matter::OldKey => (
            false,
            "The signing key is due for rotation: it should have been replaced by itself and was not. Rotate it, and look at the server’s log.".to_owned(),
            link(Permission::ViewSettings, "See signing keys", "/admin/mcp/keys".into()),
        ),
    };
    Notice { is_alarm, text, link }
}

/// Where a client of the list leads.
fn client_href(row: &ClientRowOfGrid) -> String {
    match row.client {
        Some(client) => format!("/admin/mcp/clients/{client}"),
        None => format!("/admin/mcp/clients?group={}", row.group),
    }
}
