//! The REST API: the calls of the tools, at addresses, with API keys (contract §8).
//!
//! `operations` is the table of what there is; `admit` decides who calls; `openapi` describes all of
//! it from the same table and the types of the calls. What a call does is `service::calls`.

mod admit;
mod body;
mod openapi;
mod operations;
pub mod reference;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::domain::tool::Tool;
use crate::error::{Error, ErrorCode};
use crate::service::Ctx;
use crate::service::calls::{self, Caller, JsonObject, Line};
use crate::web::error::Failure;
use crate::web::paced::came_late;

pub use openapi::{document, openapi};
pub use operations::{OPERATIONS, Operation};

/// What a handler answers.
type Answer = Result<HttpResponse, Failure>;

/// `GET /api/v1/usage`.
///
/// # Errors
/// As the table of codes says.
pub async fn usage(ctx: web::Data<Ctx>, request: HttpRequest) -> Answer {
    without_body(&ctx, &request, Tool::GetUsage, |_| Ok(Map::new())).await
}

/// `GET /api/v1/taxonomy`.
///
/// # Errors
/// As the table of codes says.
pub async fn taxonomy(ctx: web::Data<Ctx>, request: HttpRequest) -> Answer {
    without_body(&ctx, &request, Tool::ListTaxonomy, |_| Ok(Map::new())).await
}

/// `GET /api/v1/stores/{domain}`.
///
/// # Errors
/// As the table of codes says.
pub async fn store(ctx: web::Data<Ctx>, request: HttpRequest) -> Answer {
    without_body(&ctx, &request, Tool::GetStore, |request| {
        let domain: String = request.match_info().load().map_err(|_| Error {
            param: Some("domain".into()),
            ..Error::new(ErrorCode::InvalidDomain, "is no text that could be read")
        })?;
        Ok(Map::from_iter([("domain".to_owned(), Value::String(domain))]))
    })
    .await
}

/// `POST /api/v1/stores/search`.
///
/// # Errors
/// As the table of codes says.
pub async fn search_stores(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    with_body(&ctx, &request, payload, Tool::SearchStores, Ok).await
}

/// `POST /api/v1/stores/enrich`.
///
/// # Errors
/// As the table of codes says.
pub async fn enrich_domains(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    with_body(&ctx, &request, payload, Tool::EnrichDomains, Ok).await
}

/// `POST /api/v1/contacts/search`.
///
/// # Errors
/// As the table of codes says.
pub async fn search_contacts(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    with_body(&ctx, &request, payload, Tool::SearchContacts, Ok).await
}

/// `POST /api/v1/contacts/reveal`: asking is confirming, and the key for repeating is a header.
///
/// # Errors
/// As the table of codes says.
pub async fn reveal_contacts(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let key = body::idempotency_key(&request);
    with_body(&ctx, &request, payload, Tool::RevealContacts, |mut arguments| {
        // What the tool has beside it is no part of the body here.
        if let Some(name) = arguments.keys().find(|name| *name != "contact_ids") {
            return Err(Error::field(name.clone(), format!("{name} is no field of this request.")));
        }
        arguments.insert("confirm_spend_credits".into(), json!(true));
        if let Some(key) = key? {
            arguments.insert("idempotency_key".into(), json!(key));
        }
        Ok(arguments)
    })
    .await
}

/// A call whose arguments are in its address.
async fn without_body(
    ctx: &Ctx,
    request: &HttpRequest,
    tool: Tool,
    read: impl FnOnce(&HttpRequest) -> Result<JsonObject, Error>,
) -> Answer {
    let caller = admit::admit(ctx, request, tool).await?;
    perform(ctx, &caller, tool, read(request)).await
}

/// A call whose arguments are its body.
async fn with_body(
    ctx: &Ctx,
    request: &HttpRequest,
    payload: web::Payload,
    tool: Tool,
    read: impl FnOnce(JsonObject) -> Result<JsonObject, Error>,
) -> Answer {
    let mut caller = admit::admit(ctx, request, tool).await?;
    let arguments = body::read(request, payload).await.and_then(read);
    if came_late(request) {
        caller = admit::admit(ctx, request, tool).await?;
    }
    perform(ctx, &caller, tool, arguments).await
}

/// Whatever comes of it is written down once: what could not be read here, all else by the call.
async fn perform(
    ctx: &Ctx,
    caller: &Caller,
    tool: Tool,
    arguments: Result<JsonObject, Error>,
) -> Answer {
    let result = match arguments {
        Ok(arguments) => calls::perform(ctx, caller, &Line::default(), tool, arguments).await,
        Err(error) => Err(calls::note(ctx, caller, tool, error).await),
    };
    match result {
        Ok(output) => Ok(HttpResponse::Ok().json(output)),
        Err(error) => Err(Failure::Api(error)),
    }
}
