//! `GET /admin/mcp/clients`: which programs are registered, and what they do. Registrations that
//! look alike are one row, which leads to its members.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::query::{Asked, PATH, STATES, View, WAYS};
use super::{how_in_words, path_of};
use crate::clock::Timestamp;
use crate::console::mcp_users::parts::{self, Chip, Header, Pager, Size};
use crate::domain::access::Permission;
use crate::service::Ctx;
use crate::service::clients::{self, Whom};
use crate::store::client_grid::ClientRowOfGrid;
use crate::store::client_groups::GroupRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewClients};

/// A row as it is shown.
struct Row {
    about: ClientRowOfGrid,
    /// Its page, or its members.
    href: String,
    /// The path of its acts.
    path: String,
    /// Whether it is more than one registration.
    is_group: bool,
    how: &'static str,
    unverified: i64,
}

impl Row {
    fn new(about: ClientRowOfGrid, view: &View) -> Self {
        let (href, path, is_group) = match about.client {
            Some(client) => {
                let path = path_of(Whom::Client(client));
                (path.clone(), path, false)
            }
            None => {
                let members =
                    View { group: Some(about.group), page_size: view.page_size, ..View::default() };
                (members.href(), path_of(Whom::Group(about.group)), true)
            }
        };
        Self {
            href,
            path,
            is_group,
            how: how_in_words(&about.registration),
            unverified: about.clients - about.verified - about.blocked,
            about,
        }
    }
}

#[derive(Template)]
#[template(path = "clients.html")]
struct GridPage {
    shell: Shell,
    now: Timestamp,
    asked: Asked,
    notice: Option<String>,
    kept: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
    headers: Vec<Header>,
    sizes: Vec<Size>,
    pager: Pager,
    total: i64,
    rows: Vec<Row>,
    group: Option<GroupRow>,
    /// The path of the group's acts.
    group_path: String,
    cleared: String,
    /// The view, for the way back from an act.
    back: String,
}

/// `GET /admin/mcp/clients`. What the address says wrongly is named, its default used, and the
/// status 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewClients>,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(request.query_string());
    let page = clients::grid(&ctx, asked.view.to_client_query()).await?;
    let view = asked.view.at_page(page.page);
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let kept = View { text: None, trust: None, way: None, ..view.at_page(1) };
    let template = GridPage {
        shell: Shell::of_gate(&ctx, &request, &viewer).await?,
        now: ctx.clock.now(),
        notice: parts::moved_notice(asked.view.page, page.page),
        kept: kept.pairs(),
        chips: view.chips(),
        headers: view.headers(),
        sizes: view.sizes(),
        pager: view.pager(page.total),
        total: page.total,
        rows: page.rows.into_iter().map(|row| Row::new(row, &view)).collect(),
        group_path: view.group.map(|group| path_of(Whom::Group(group))).unwrap_or_default(),
        group: page.group,
        cleared: view.cleared().href(),
        back: url::form_urlencoded::byte_serialize(view.to_query_string().as_bytes()).collect(),
        asked,
    };
    Ok(render_with_status(&template, status)?)
}
