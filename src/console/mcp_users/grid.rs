//! `GET /admin/mcp/users`: who has connected what. The address holds the whole view.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded::Serializer;

use super::back::Back;
use super::parts::{self, Chip, Header, Pager, Size};
use super::query::{Asked, COLUMNS, Columns, PATH, Unused, View};
use super::tokens::Live;
use super::views::{self, Link};
use crate::clock::Timestamp;
use crate::domain::access::{Permission, Standing};
use crate::domain::credit::Credits;
use crate::ids::UserId;
use crate::service::{Ctx, connections, views as saved};
use crate::store::grid::{Dot, DotState, GridRow};
use crate::store::views::ViewRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ViewMcpUsers};

/// A row as it is shown.
struct Row {
    id: UserId,
    name: String,
    email: String,
    is_viewer: bool,
    standing: Standing,
    mcp_enabled: bool,
    added_at: Option<Timestamp>,
    last_tool_at: Option<Timestamp>,
    role: String,
    live: Live,
    credits: Credits,
    clients: Vec<Dot>,
    more_clients: usize,
}

impl Row {
    fn new(row: GridRow, viewer: Option<UserId>) -> Self {
        let (clients, more_clients) = parts::fold(row.clients);
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            id: row.id,
            name: row.name,
            email: row.email,
            is_viewer: Some(row.id) == viewer,
            standing: row.standing,
            mcp_enabled: row.mcp_enabled,
            added_at: row.added_at,
            last_tool_at: row.last_tool_at,
            role: row.role,
            live: Live { active: whole(row.active_tokens), blocked: whole(row.blocked_tokens) },
            credits: row.credits,
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
    /// Whether the person who looks may do anything to many.
    may_act: bool,
    shows: Columns,
    shown_columns: usize,
    /// The view but for its columns, for the form that chooses them.
    uncolumned: Vec<(&'static str, String)>,
    /// The view with the usual columns.
    usual_columns: String,
    /// The view with everybody.
    cleared: String,
    roles: Vec<String>,
    /// Days that "Not used for" offers.
    unused: Vec<String>,
    views: Vec<Link>,
    /// The name of the view that is shown.
    current: String,
    /// The view as a query of the page of saved views.
    carried: String,
    export: String,
    /// Nobody on an unfiltered first page has connected anything yet.
    is_untouched: bool,
    mcp_url: String,
}

/// `GET /admin/mcp/users`. What the address says wrongly is named, its default used, and the
/// status 400. The bare address opens with the view that the person chose for it.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
    session: Session,
) -> Result<HttpResponse, Failure> {
    let own = saved::own(&ctx, viewer.user.id, saved::MCP_USERS).await?;
    if request.query_string().is_empty()
        && let Some(href) = views::opening(&own, &session)
    {
        return Ok(see_other(&href));
    }
    let shared = saved::shared(&ctx, viewer.user.id, saved::MCP_USERS).await?;
    let asked = Asked::parse(request.query_string());
    let page = connections::grid(&ctx, asked.view.to_grid_query(ctx.clock.now())).await?;
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let shell = Shell::of_gate(&ctx, &request, &viewer).await?;
    let template = page_of(&ctx, shell, asked, page, &own, &shared);
    Ok(render_with_status(&template, status)?)
}

fn page_of(
    ctx: &Ctx,
    shell: Shell,
    asked: Asked,
    page: connections::Page,
    own: &[ViewRow],
    shared: &[(ViewRow, String)],
) -> GridPage {
    let view = asked.view.at_page(page.page);
    let viewer = shell.user().map(|user| user.id);
    let rows: Vec<Row> = page.rows.into_iter().map(|row| Row::new(row, viewer)).collect();
    let mut views = views::built_in_links(&view);
    views.extend(views::own_links(own, &view));
    views.extend(views::shared_links(shared, &view));
    let current = views.iter().find(|view| view.is_current);
    let query = view.at_page(1).to_query_string();
    let carried = match query.is_empty() {
        true => String::new(),
        false => {
            format!("?{}", Serializer::new(String::new()).append_pair("back", &query).finish())
        }
    };
    GridPage {
        now: ctx.clock.now(),
        notice: parts::moved_notice(asked.view.page, page.page),
        kept: view.of_everybody().pairs(),
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
        may_act: shell.may(Permission::RevokeTokens) || shell.may(Permission::ManageMcpAccess),
        shows: view.columns,
        shown_columns: view.columns.count(),
        uncolumned: View { columns: Columns::default(), ..view.at_page(1) }.pairs(),
        usual_columns: View { columns: Columns::default(), ..view.at_page(1) }.href(),
        cleared: view.of_everybody().href(),
        roles: page.roles,
        unused: days_offered(view.unused),
        current: current.map_or_else(|| "not saved".to_owned(), |view| view.name.clone()),
        views,
        carried,
        export: match query.is_empty() {
            true => format!("{PATH}/export"),
            false => format!("{PATH}/export?{query}"),
        },
        back: Back::Grid(Box::new(view)),
        mcp_url: ctx.config.mcp_url.clone(),
        asked,
        shell,
    }
}

/// The days that "Not used for" offers, those of the view among them.
fn days_offered(unused: Option<Unused>) -> Vec<String> {
    let mut days = vec![30, 90, 180, 365];
    if let Some(Unused::Days(of_view)) = unused {
        days.push(of_view);
    }
    days.sort_unstable();
    days.dedup();
    days.into_iter().map(|days| days.to_string()).collect()
}
