//! `/dashboard/contacts`: previews of people by filter, to choose whom to reveal.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

use super::fields::{Asked, OF_CONTACTS};
use super::{Bar, Found, PAGE, bar, call, caller, in_form};
use crate::console::mcp_users::parts;
use crate::domain::contact::ContactPreview;
use crate::domain::credit::MOST_CONTACTS;
use crate::domain::tool::Tool;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
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
    first: Option<String>,
    next: Option<String>,
}

/// `GET /dashboard/contacts`. With `search` it searches, which counts like a call of
/// `search_contacts`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(OF_CONTACTS, request.query_string());
    let (found, errors) = match asked.searches {
        false => (None, Vec::new()),
        true => match search(&ctx, &request, &viewer, &asked).await {
            Ok(found) => (Some(found), Vec::new()),
            Err(error) => (None, vec![in_form(error)]),
        },
    };
    let next = found.as_ref().and_then(|found| found.next_cursor.clone());
    let status = errors.first().map_or(200, |error| error.code.status());
    let template = ContactsPage {
        shell: Shell::new(&ctx, &request, &viewer),
        bar: bar(&ctx, &viewer, PATH, OF_CONTACTS, &asked).await?,
        first: (!asked.cursor.is_empty()).then(|| asked.at(String::new()).href(PATH)),
        next: next.map(|cursor| asked.at(cursor).href(PATH)),
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
) -> Result<Found<ContactPreview>> {
    let caller = caller(ctx, request, viewer, Tool::SearchContacts).await?;
    let cursor = (!asked.cursor.is_empty()).then_some(&asked.cursor);
    let arguments =
        json!({ "filters": asked.filters(OF_CONTACTS), "limit": PAGE, "cursor": cursor });
    call(ctx, &caller, Tool::SearchContacts, arguments).await
}

/// A person's name, or what stands for it.
pub(super) fn name(contact: &ContactPreview) -> String {
    let name = [contact.first_name.as_deref(), contact.last_name.as_deref()];
    let name: Vec<_> = name.into_iter().flatten().collect();
    if name.is_empty() { "Name not known".to_owned() } else { name.join(" ") }
}

/// What a reveal could give, in words.
pub(super) fn channels(contact: &ContactPreview) -> String {
    let all = [
        (contact.email_deliverable, "e-mail address"),
        (contact.has_phone, "phone number"),
        (contact.has_linkedin, "LinkedIn page"),
    ];
    let given: Vec<_> = all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, w)| w).collect();
    given.join(", ")
}
