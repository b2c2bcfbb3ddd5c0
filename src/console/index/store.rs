//! `/admin/index/stores/{domain}`: what the index holds of a store, for whoever looks after the index.
//! Nothing is called, so nothing counts; channels are not shown here either.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::mcp_users::parts;
use crate::domain::contact::ContactPreview;
use crate::domain::profile::StoreProfile;
use crate::service::Ctx;
use crate::service::index::{self, Looked};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewIndex};

#[derive(Template)]
#[template(path = "index_store.html")]
struct StorePage {
    shell: Shell,
    store: StoreProfile,
    /// When the index last heard of it.
    as_of: Option<Timestamp>,
    /// The first of its contacts.
    contacts: Vec<ContactPreview>,
    /// How many it has.
    total: i64,
}

impl StorePage {
    fn has_more(&self) -> bool {
        i64::try_from(self.contacts.len()).is_ok_and(|shown| shown < self.total)
    }
}

/// `GET /admin/index/stores/{domain}`.
///
/// # Errors
/// `invalid_domain`, `not_found`, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewIndex>,
    domain: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let Looked { store, contacts, total } = index::look(&ctx.db, &domain).await?;
    let template = StorePage {
        shell: Shell { path: super::PATH.to_owned(), ..Shell::new(&ctx, &request, &viewer) },
        as_of: store.updated_at.as_deref().and_then(Timestamp::from_rfc3339),
        store,
        contacts,
        total,
    };
    Ok(render(&template)?)
}
