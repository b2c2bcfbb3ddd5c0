//! `GET /admin/mcp/users`: who has connected what. The address holds the whole view.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::back::Back;
use super::parts::{self, Chip, Header, Pager, Size};
use super::query::{Asked, View};
use crate::clock::Timestamp;
use crate::domain::access::Permission;
use crate::ids::UserId;
use crate::service::{Ctx, connections};
use crate::store::grid::{Dot, GridRow};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewMcpUsers};

/// A row as it is shown.
struct Row {
    id: UserId,
    name: String,
    email: String,
    is_viewer: bool,
    mcp_enabled: bool,
    added_at: Option<Timestamp>,
    last_tool_at: Option<Timestamp>,
    has_active_tokens: bool,
    clients: Vec<Dot>,
    more_clients: usize,
}

impl Row {
    fn new(row: GridRow, viewer: UserId) -> Self {
        let (clients, more_clients) = parts::fold(row.clients);
        Self {
            id: row.id,
            name: row.name,
            email: row.email,
            is_viewer: row.id == viewer,
            mcp_enabled: row.mcp_enabled,
            added_at: row.added_at,
            last_tool_at: row.last_tool_at,
            has_active_tokens: row.active_tokens > 0,
            clients,
            more_clients,
        }
    }
}

#[derive(Template)]
#[template(path = "mcp_users.html")]
struct GridPage {
    shell: Shell,
    now: Timestamp,
    asked: Asked,
    notice: Option<String>,
    /// Sort and page size, which the form of filters keeps.
    kept: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
    headers: Vec<Header>,
    order: String,
    sizes: Vec<Size>,
    pager: Pager,
    total: i64,
    rows: Vec<Row>,
    back: Back,
    /// Nobody on an unfiltered first page has connected anything yet.
    is_untouched: bool,
    mcp_url: String,
}

/// `GET /admin/mcp/users`. What the address says wrongly is named, its default used, and the
/// status 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(request.query_string());
    let page = connections::grid(&ctx, asked.view.to_grid_query()).await?;
    let view = asked.view.at_page(page.page);
    let rows: Vec<Row> = page.rows.into_iter().map(|row| Row::new(row, viewer.user.id)).collect();
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let template = GridPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now: ctx.clock.now(),
        notice: parts::moved_notice(asked.view.page, page.page),
        kept: View {
            page: 1,
            sort: view.sort,
            descending: view.descending,
            page_size: view.page_size,
            ..View::default()
        }
        .pairs(),
        chips: parts::chips(&view),
        headers: parts::headers(&view),
        order: parts::order_in_words(&view),
        sizes: parts::sizes(&view),
        pager: parts::pager(&view, page.total),
        total: page.total,
        is_untouched: !view.is_filtered()
            && view.page == 1
            && rows.iter().all(|row| row.clients.is_empty()),
        rows,
        back: Back::Grid(Box::new(view)),
        mcp_url: ctx.config.mcp_url.clone(),
        asked,
    };
    Ok(render_with_status(&template, status)?)
}
