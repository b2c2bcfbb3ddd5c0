//! `GET /admin/accounts`: the list. The address holds the whole view.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::PATH;
use super::query::{ACCESS, Asked};
use crate::clock::Timestamp;
use crate::console::mcp_users::parts::{self, Chip, Header, Pager, Size};
use crate::console::steps::status;
use crate::domain::access::Permission;
use crate::service::accounts::{self, Line};
use crate::service::plans::Offered;
use crate::service::{Ctx, plans};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewAccounts};

#[derive(Template)]
#[template(path = "accounts.html")]
struct GridPage {
    shell: Shell,
    now: Timestamp,
    may_change: bool,
    asked: Asked,
    plans: Vec<Offered>,
    notice: Option<String>,
    kept: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
    cleared: String,
    file: String,
    headers: Vec<(Header, bool)>,
    order: String,
    sizes: Vec<Size>,
    pager: Pager,
    total: i64,
    rows: Vec<Line>,
}

impl GridPage {
    fn is_plan(&self, offered: &Offered) -> bool {
        self.asked.view.plan == Some(offered.plan.id)
    }

    fn is_access(&self, value: &str) -> bool {
        self.asked.typed("access") == value
    }
}

/// `GET /admin/accounts`.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewAccounts>,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(request.query_string());
    let view = &asked.view;
    let order = (view.sort, view.descending);
    let sees_people = viewer.may(Permission::ViewUsers);
    let found =
        accounts::list(&ctx, view.wanted(sees_people), order, view.page, view.page_size).await?;
    let plans = plans::list(&ctx).await?;
    let shown = view.at_page(found.page);
    let status = status(&asked.problems);
    let template = GridPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now: ctx.clock.now(),
        may_change: viewer.may(Permission::ManageAccounts),
        notice: parts::moved_notice(view.page, found.page),
        kept: shown.at_page(1).kept(),
        chips: shown.chips(&plans),
        cleared: shown.cleared().href(),
        file: shown.file_href(),
        headers: shown.headers(),
        order: shown.order_in_words(),
        sizes: shown.sizes(),
        pager: shown.pager(found.total),
        total: found.total,
        rows: found.rows,
        plans,
        asked,
    };
    Ok(render_with_status(&template, status)?)
}
