//! `GET /admin/users`: the people of this server. The address holds the whole view.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::listing::{Asked, Names};
use crate::clock::Timestamp;
use crate::console::accounts::AccountField;
use crate::console::mcp_users::parts::{self, Chip, Header, Pager, Size};
use crate::domain::access::{Permission, Standing};
use crate::ids::RoleId;
use crate::service::{Ctx, directory};
use crate::store::people::PersonRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewUsers};

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    shell: Shell,
    now: Timestamp,
    asked: Asked,
    notice: Option<String>,
    roles: Vec<(RoleId, String)>,
    account: AccountField,
    kept: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
    headers: Vec<Header>,
    sizes: Vec<Size>,
    pager: Pager,
    total: i64,
    rows: Vec<PersonRow>,
}

impl UsersPage {
    /// Whether the form of filters has chosen that.
    fn has(&self, name: &str, value: &impl ToString) -> bool {
        self.asked.typed(name) == value.to_string()
    }
}

/// `GET /admin/users`. What the address says wrongly is named, its default used, and the status
/// 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewUsers>,
) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::parse(request.query_string());
    asked.look_up_account(&ctx).await?;
    let found = directory::list(&ctx, asked.view.to_query()).await?;
    let roles = directory::roles(&ctx).await?;
    let account = asked.account_field(&ctx).await?;
    let names = Names { roles: &roles, account: asked.account_name(&ctx).await? };
    let view = asked.view.at_page(found.page);
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let template = UsersPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now: ctx.clock.now(),
        notice: parts::moved_notice(asked.view.page, found.page),
        kept: view.kept(),
        chips: view.chips(&names),
        headers: view.headers(),
        sizes: view.sizes(),
        pager: view.pager(found.total),
        total: found.total,
        rows: found.rows,
        roles,
        account,
        asked,
    };
    Ok(render_with_status(&template, status)?)
}
