//! `/dashboard/contacts`: previews of people by filter, to choose whom to reveal.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

use super::fields::{Asked, OF_CONTACTS};
use super::{Bar, Found, PAGE, Pays, bar, call, caller, in_form, paid};
use crate::console::mcp_users::parts;
use crate::domain::access::Permission;
use crate::domain::contact::ContactPreview;
use crate::domain::credit::MOST_CONTACTS;
use crate::domain::tool::Tool;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::Viewer;

/// The screen's path.
const PATH: &str = "/dashboard/contacts";

#[derive(Template)]
#[template(path = "explore_contacts.html")]
struct ContactsPage {
    shell: Shell,
    errors: Vec<Error>,
    bar: Bar,
    found: Option<Found<ContactPreview>>,
    /// The forms of the first and of the next page.
    pages: Vec<(&'static str, Vec<(&'static str, String)>)>,
    /// Whether the address holds a search that is not paid for.
    is_waiting: bool,
}

/// `GET /dashboard/contacts`. Shows what was searched and paid for; opening an address costs nothing.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(OF_CONTACTS, request.query_string());
    if !paid::is_paid(&ctx, viewer.user.id, PATH, &asked) {
        return Ok(page(&ctx, &request, &viewer, asked, None).await?);
    }
    let found = search(&ctx, &request, &viewer, &asked, Pays::Before).await;
    Ok(page(&ctx, &request, &viewer, asked, Some(found)).await?)
}

/// `POST /dashboard/contacts`: searches, which counts like a call of `search_contacts`, and leads to the
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
    let asked = Asked { paid: String::new(), ..Asked::from_pairs(OF_CONTACTS, form.0) };
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
    found: Option<Result<Found<ContactPreview>>>,
) -> Result<HttpResponse> {
    let is_waiting = found.is_none() && asked.searches;
    let (found, errors) = match found {
        None => (None, Vec::new()),
        Some(Ok(found)) => (Some(found), Vec::new()),
        Some(Err(error)) => (None, vec![in_form(error, OF_CONTACTS)]),
    };
    let status = errors.first().map_or(200, |error| error.code.status());
    let next = found.as_ref().and_then(|found| found.next_cursor.clone());
    let first = (!asked.cursor.is_empty()).then(|| ("First page", asked.at(String::new()).pairs()));
    let next = next.map(|cursor| ("Next page", asked.at(cursor).pairs()));
    let template = ContactsPage {
        shell: Shell::new(ctx, request, viewer),
        bar: bar(ctx, viewer, PATH, OF_CONTACTS, &asked).await?,
        pages: first.into_iter().chain(next).collect(),
        is_waiting,
        errors,
        found,
    };
    render_with_status(&template, status)
}

async fn search(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    asked: &Asked,
    pays: Pays,
) -> Result<Found<ContactPreview>> {
    let caller = caller(ctx, request, viewer, Tool::SearchContacts).await?;
    let cursor = (!asked.cursor.is_empty()).then_some(&asked.cursor);
    let arguments =
        json!({ "filters": asked.filters(OF_CONTACTS), "limit": PAGE, "cursor": cursor });
    call(ctx, &caller, Tool::SearchContacts, arguments, pays).await
}

/// A person's name, or what stands for it.
pub(in crate::console) fn name(contact: &ContactPreview) -> String {
    let name = [contact.first_name.as_deref(), contact.last_name.as_deref()];
    let name: Vec<_> = name.into_iter().flatten().collect();
    if name.is_empty() { "Name not known".to_owned() } else { name.join(" ") }
}

/// What a reveal could give, in words.
pub(in crate::console) fn channels(contact: &ContactPreview) -> String {
    let all = [
        (contact.email_deliverable, "e-mail address"),
        (contact.has_phone, "phone number"),
        (contact.has_linkedin, "LinkedIn page"),
    ];
    let given: Vec<_> = all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, w)| w).collect();
    given.join(", ")
}
