//! `/dashboard/stores/{domain}`: all that the index knows of a store.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;
use url::form_urlencoded;

use super::{Pays, call, caller, paid};
use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::domain::profile::{StoreProfile, label};
use crate::domain::tool::Tool;
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "explore_store.html")]
struct StorePage {
    shell: Shell,
    store: StoreProfile,
    /// When the index last heard of it.
    as_of: Option<Timestamp>,
    /// A search for its contacts.
    contacts: String,
}

/// The plain address of a store's page.
pub(super) fn href(domain: &str) -> String {
    format!("/dashboard/stores/{domain}")
}

/// `GET /dashboard/stores/{domain}`. Counts like a call of `get_store` and leads to the address that
/// is paid for; shows what was paid for, with the list it was in or by itself.
///
/// # Errors
/// `invalid_domain`, `not_found`, what the quota says, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    domain: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let caller = caller(&ctx, &request, &viewer, Tool::GetStore).await?;
    let arguments = json!({ "domain": domain.as_str() });
    let paid = parameter(request.query_string(), "paid");
    if !paid::holds(&ctx, viewer.user.id, &href(&domain), &paid) {
        let store: StoreProfile = call(&ctx, &caller, Tool::GetStore, arguments, Pays::Now).await?;
        return Ok(see_other(&paid::store(&ctx, viewer.user.id, &href(&store.domain))));
    }
    let store: StoreProfile = call(&ctx, &caller, Tool::GetStore, arguments, Pays::Before).await?;
    let contacts = form_urlencoded::Serializer::new(String::new())
        .append_pair("search", "1")
        .append_pair("q", &store.domain)
        .finish();
    let template = StorePage {
        shell: Shell::new(&ctx, &request, &viewer),
        as_of: store.updated_at.as_deref().and_then(Timestamp::from_rfc3339),
        contacts: format!("/dashboard/contacts?{contacts}#results"),
        store,
    };
    Ok(render(&template)?)
}

/// What their slugs mean, in words.
pub(in crate::console) fn labels(slugs: &[String]) -> String {
    let names: Vec<_> = slugs.iter().map(|slug| label(slug)).collect();
    names.join(", ")
}
