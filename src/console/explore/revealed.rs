//! `/dashboard/contacts/revealed`: what the account has paid for, to look at again and to export.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::looker;
use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts;
use crate::domain::export::{Cell, Format};
use crate::domain::tool::Tool;
use crate::service::Ctx;
use crate::service::reveal::history::{self, Revealed};
use crate::store::reveals::Place;
use crate::web::error::Failure;
use crate::web::export::{self, BATCH, File};
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

/// The screen's path.
const PATH: &str = "/dashboard/contacts/revealed";
/// Contacts a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "explore_revealed.html")]
struct RevealedPage {
    shell: Shell,
    now: Timestamp,
    total: i64,
    contacts: Vec<Revealed>,
    is_first: bool,
    older: Option<String>,
}

/// `GET /dashboard/contacts/revealed`. What was paid for may be looked at for nothing.
///
/// # Errors
/// When the role does not include revealing, or the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let account = looker(&ctx, &request, &viewer, Tool::RevealContacts).await?.principal.account;
    let before = place(&parameter(request.query_string(), "before"));
    let (contacts, older) = history::page(&ctx, account, before, PAGE).await?;
    let template = RevealedPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now: ctx.clock.now(),
        total: history::count(&ctx, account).await?,
        is_first: before.is_none(),
        older: older.map(|place| format!("{PATH}?before={}-{}", place.at.0, place.id)),
        contacts,
    };
    Ok(render(&template)?)
}

/// A place of an address; what is none is the beginning.
fn place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('-')?;
    Some(Place { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
}

/// `GET /dashboard/contacts/revealed/export`: the same as a CSV file.
///
/// # Errors
/// When the role does not include revealing, or the database cannot answer.
pub async fn export(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let account = looker(&ctx, &request, &viewer, Tool::RevealContacts).await?.principal.account;
    let total = history::count(&ctx, account).await?;
    history::note_export(&ctx, &viewer.actor, account, total).await?;
    let columns = vec![
        "contact_id",
        "first_name",
        "last_name",
        "title",
        "role",
        "seniority",
        "country",
        "store_domain",
        "email",
        "phone",
        "linkedin_url",
        "revealed_at",
        "revealed_by",
    ];
    let file =
        File { name: "revealed-contacts", format: Format::Csv, columns, at: ctx.clock.now() };
    let batch = usize::try_from(BATCH).unwrap_or(1000);
    let first: Option<Place> = None;
    Ok(export::send(file, Some(total), first, move |before| {
        let ctx = ctx.clone();
        async move {
            let (contacts, older) = history::page(&ctx, account, before, batch).await?;
            Ok((contacts.into_iter().map(row).collect(), older.map(Some)))
        }
    }))
}

fn row(revealed: Revealed) -> Vec<Cell> {
    let Revealed { contact, channels, at, by } = revealed;
    vec![
        Cell::from(contact.public_id),
        contact.first_name.into(),
        contact.last_name.into(),
        contact.title.into(),
        contact.role.into(),
        contact.seniority.into(),
        contact.country.into(),
        contact.store_domain.into(),
        channels.email.into(),
        channels.phone.into(),
        channels.linkedin_url.into(),
        at.to_rfc3339().into(),
        by.into(),
    ]
}

/// A person's name, or what stands for it.
fn name(revealed: &Revealed) -> String {
    let names = [revealed.contact.first_name.as_deref(), revealed.contact.last_name.as_deref()];
    let names: Vec<_> = names.into_iter().flatten().collect();
    if names.is_empty() { "Name not known".to_owned() } else { names.join(" ") }
}

/// The LinkedIn page as a link: an address of the web, whatever an import held.
fn link(revealed: &Revealed) -> Option<&str> {
    revealed.channels.linkedin_url.as_deref().filter(|page| page.starts_with("https://"))
}
