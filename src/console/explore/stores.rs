//! `/dashboard/stores`: stores by filter.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

use super::fields::{Asked, OF_STORES};
use super::{Bar, Found, PAGE, bar, call, caller, in_form};
use crate::console::mcp_users::parts;
use crate::domain::profile::StoreProfile;
use crate::domain::tool::Tool;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::Viewer;

/// The screen's path.
const PATH: &str = "/dashboard/stores";

/// The orders: value, words.
const SORTS: [(&str, &str); 3] = [
    ("added", "As added to the index"),
    ("traffic_desc", "Most visits first"),
    ("revenue_desc", "Most revenue first"),
];

#[derive(Template)]
#[template(path = "explore_stores.html")]
struct StoresPage {
    shell: Shell,
    errors: Vec<Error>,
    bar: Bar,
    sort: String,
    found: Option<Found<StoreProfile>>,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /dashboard/stores`. With `search` it searches, which counts like a call of `search_stores`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(OF_STORES, request.query_string());
    let (found, errors) = match asked.searches {
        false => (None, Vec::new()),
        true => match search(&ctx, &request, &viewer, &asked).await {
            Ok(found) => (Some(found), Vec::new()),
            Err(error) => (None, vec![in_form(error)]),
        },
    };
    let next = found.as_ref().and_then(|found| found.next_cursor.clone());
    let status = errors.first().map_or(200, |error| error.code.status());
    let template = StoresPage {
        shell: Shell::new(&ctx, &request, &viewer),
        bar: bar(&ctx, &viewer, PATH, OF_STORES, &asked).await?,
        first: (!asked.cursor.is_empty()).then(|| asked.at(String::new()).href(PATH)),
        next: next.map(|cursor| asked.at(cursor).href(PATH)),
        sort: asked.sort,
        errors,
        found,
    };
    Ok(render_with_status(&template, status)?)
}

async fn search(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    asked: &Asked,
) -> Result<Found<StoreProfile>> {
    let caller = caller(ctx, request, viewer, Tool::SearchStores).await?;
    let sort = if asked.sort.is_empty() { "added" } else { asked.sort.as_str() };
    let cursor = (!asked.cursor.is_empty()).then_some(&asked.cursor);
    let arguments = json!({ "filters": asked.filters(OF_STORES), "sort": sort, "limit": PAGE, "cursor": cursor });
    call(ctx, &caller, Tool::SearchStores, arguments).await
}

/// The address of a store's own page.
fn href(domain: &str) -> String {
    format!("{PATH}/{domain}")
}
