//! `/dashboard/stores`: stores by filter.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

use super::fields::{Asked, OF_STORES};
use super::{Bar, Found, PAGE, Pays, bar, call, caller, in_form, paid, store};
use crate::console::mcp_users::parts;
use crate::domain::access::Permission;
use crate::domain::profile::StoreProfile;
use crate::domain::tool::Tool;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
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
    /// What was found, each with the address of its page, which is paid for with the list.
    found: Option<Vec<(StoreProfile, String)>>,
    /// The forms of the first and of the next page.
    pages: Vec<(&'static str, Vec<(&'static str, String)>)>,
    /// Whether the address holds a search that is not paid for.
    is_waiting: bool,
}

/// `GET /dashboard/stores`. Shows what was searched and paid for; opening an address costs nothing.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(OF_STORES, request.query_string());
    if !paid::is_paid(&ctx, viewer.user.id, PATH, &asked) {
        return Ok(page(&ctx, &request, &viewer, asked, None).await?);
    }
    let found = search(&ctx, &request, &viewer, &asked, Pays::Before).await;
    Ok(page(&ctx, &request, &viewer, asked, Some(found)).await?)
}

/// `POST /dashboard/stores`: searches, which counts like a call of `search_stores`, and leads to the
/// address that shows what was found.
///
/// # Errors
/// When the database cannot answer; what is wrong with the search shows the form again.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let asked = Asked { paid: String::new(), ..Asked::from_pairs(OF_STORES, form.0) };
    let found = search(&ctx, &request, &viewer, &asked, Pays::Now).await;
    match found {
        Ok(_) => Ok(see_other(&paid::address(&ctx, viewer.user.id, PATH, &asked))),
        found => Ok(page(&ctx, &request, &viewer, asked, Some(found)).await?),
    }
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    asked: Asked,
    found: Option<Result<Found<StoreProfile>>>,
) -> Result<HttpResponse> {
    let is_waiting = found.is_none() && asked.searches;
    let (found, errors) = match found {
        None => (None, Vec::new()),
        Some(Ok(found)) => (Some(found), Vec::new()),
        Some(Err(error)) => (None, vec![in_form(error, OF_STORES)]),
    };
    let status = errors.first().map_or(200, |error| error.code.status());
    let next = found.as_ref().and_then(|found| found.next_cursor.clone());
    let first = (!asked.cursor.is_empty()).then(|| ("First page", asked.at(String::new()).pairs()));
    let next = next.map(|cursor| ("Next page", asked.at(cursor).pairs()));
    let template = StoresPage {
        shell: Shell::new(ctx, request, viewer),
        bar: bar(ctx, viewer, PATH, OF_STORES, &asked).await?,
        pages: first.into_iter().chain(next).collect(),
        is_waiting,
        sort: asked.sort,
        errors,
        found: found.map(|found| {
            let with_href = |store: StoreProfile| {
                let href = paid::store(ctx, viewer.user.id, &store::href(&store.domain));
                (store, href)
            };
            found.data.into_iter().map(with_href).collect()
        }),
    };
    render_with_status(&template, status)
}

async fn search(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    asked: &Asked,
    pays: Pays,
) -> Result<Found<StoreProfile>> {
    let caller = caller(ctx, request, viewer, Tool::SearchStores).await?;
    let sort = if asked.sort.is_empty() { "added" } else { asked.sort.as_str() };
    let cursor = (!asked.cursor.is_empty()).then_some(&asked.cursor);
    let arguments = json!({ "filters": asked.filters(OF_STORES), "sort": sort, "limit": PAGE, "cursor": cursor });
    call(ctx, &caller, Tool::SearchStores, arguments, pays).await
}
