//! Dashboard → Stores and Contacts: the index in the browser. Every search goes the way of the tools
//! (`service::calls`), so that filters, limits, costs and the log are theirs.

mod contacts;
mod fields;
mod paid;
mod reveal;
mod revealed;
mod store;
mod stores;

use std::time::Instant;

use actix_web::{HttpMessage, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::console::mcp_users::parts::Chip;
use crate::domain::tool::Tool;
use crate::error::{Error, ErrorCode, Result};
use crate::service::calls::{self, Caller, Line, Recorded, Surface};
use crate::service::meter;
use crate::service::{Ctx, index, refused, verify};
use crate::web::address;
use crate::web::outer::RequestId;
use crate::web::viewer::Viewer;

use fields::{Asked, Field, Input};

pub(in crate::console) use contacts::{channels, name};
pub use contacts::{show as contacts, submit as search_contacts};
pub use reveal::{confirm as confirm_reveal, submit as reveal};
pub use revealed::{export as export_revealed, show as revealed};
pub(in crate::console) use store::labels;
pub use store::show as store;
pub use stores::{show as stores, submit as search_stores};

/// Rows of one page.
const PAGE: i64 = 25;

/// The viewer as a caller of `tool`, if their role has it. A refusal is written down as a call that
/// was denied.
async fn caller(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer, tool: Tool) -> Result<Caller> {
    let caller = as_caller(ctx, request, viewer).await?;
    if caller.principal.tools.contains(&tool) {
        return Ok(caller);
    }
    Err(calls::note(ctx, &caller, tool, lacking(tool)).await)
}

/// The same for a page of `tool` that calls nothing: a refusal is that of a page, as with any other.
async fn looker(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer, tool: Tool) -> Result<Caller> {
    let caller = as_caller(ctx, request, viewer).await?;
    if caller.principal.tools.contains(&tool) {
        return Ok(caller);
    }
    let (user, name) = (viewer.user.id, tool.row().name);
    let (method, path) = (request.method().as_str(), request.path());
    refused::by_role(ctx, &viewer.actor, user, name, method, path).await?;
    Err(lacking(tool))
}

fn lacking(tool: Tool) -> Error {
    Error::new(
        ErrorCode::PermissionDenied,
        format!(
            "Your role does not include {}. An administrator can change it under User Roles.",
            tool.row().title
        ),
    )
}

async fn as_caller(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer) -> Result<Caller> {
    let request_id =
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    Ok(Caller {
        principal: verify::signed_in(ctx, viewer.user.id).await?,
        surface: Surface::Console,
        request_id,
        address: address::caller(request.head(), &ctx.config.trusted_proxies),
        arrived: Instant::now(),
        recorded: Recorded::default(),
    })
}

/// Whether a call counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pays {
    /// It does.
    Now,
    /// It has been counted, and is shown again.
    Before,
}

/// Calls `tool` as the viewer.
async fn call<T: DeserializeOwned>(
    ctx: &Ctx,
    caller: &Caller,
    tool: Tool,
    arguments: Value,
    pays: Pays,
) -> Result<T> {
    let Value::Object(arguments) = arguments else {
        return Err(Error::internal("arguments that are no object"));
    };
    let answer = match pays {
        Pays::Now => calls::perform(ctx, caller, &Line::default(), tool, arguments).await?,
        Pays::Before => calls::again(ctx, caller, tool, arguments).await?,
    };
    serde_json::from_value(answer).map_err(Error::internal)
}

/// The form above the results.
#[derive(Debug)]
struct Bar {
    path: &'static str,
    text: String,
    inputs: Vec<Input>,
    chips: Vec<Chip>,
    /// Search rows left this month, and how many a page takes at most.
    left: i64,
    page: i64,
    /// The account's plan, if nothing may be called with it.
    no_calls: Option<String>,
    /// Whether there is nothing to search.
    is_empty: bool,
    /// Whether the role includes revealing.
    may_reveal: bool,
}

async fn bar(
    ctx: &Ctx,
    viewer: &Viewer,
    path: &'static str,
    fields: &'static [Field],
    asked: &Asked,
) -> Result<Bar> {
    let taxonomy = index::taxonomy(&ctx.db).await?;
    let principal = verify::signed_in(ctx, viewer.user.id).await?;
    let used = meter::used_by(ctx, &principal).await?;
    Ok(Bar {
        path,
        text: asked.text.clone(),
        inputs: asked.inputs(fields, &taxonomy),
        chips: asked.chips(fields, path),
        no_calls: (!principal.plan.api_access).then(|| principal.plan.name.clone()),
        is_empty: index::is_empty(&ctx.db).await?,
        may_reveal: principal.tools.contains(&Tool::RevealContacts),
        left: (principal.plan.rows_per_month - used.rows).max(0),
        page: PAGE,
    })
}

/// A page of a search.
#[derive(Debug, serde::Deserialize)]
struct Found<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

/// The complaint as the form shows it: by the id of its field, and by the name that people read there.
fn in_form(error: Error, fields: &[Field]) -> Error {
    let param = error.param.as_deref().map(|param| {
        let name = param.strip_prefix("filters.").unwrap_or(param);
        name.split('[').next().unwrap_or(name).replace('.', "-")
    });
    match param.as_deref() {
        Some("q") => Error::field("q", "Text: enter 3 to 200 letters or digits."),
        Some("cursor") => Error {
            param: None,
            ..Error::new(error.code, "That page is not known here any more. Search again.")
        },
        Some(id) => match label(id, fields) {
            // What cannot be read at all was not chosen in the form.
            Some(label) if error.message.starts_with(calls::NOT_RIGHT) => {
                Error::field(id.to_owned(), format!("{label}: choose one of the list."))
            }
            Some(label) => {
                let message = format!("{label}: {}.", error.message.trim_end_matches('.'));
                Error { param: param.map(Into::into), message: message.into(), ..error }
            }
            None => Error { param: param.map(Into::into), ..error },
        },
        None => error,
    }
}

/// What people read at the field of that id.
fn label<'a>(id: &str, fields: &'a [Field]) -> Option<&'a str> {
    let found = fields.iter().find(|field| field.id() == id);
    found.map(|field| field.label).or((id == "sort").then_some("Sort"))
}
