//! `/openapi.json`: the description of the REST API, made from the table of operations and from the
//! types of the calls, so that it cannot say anything else. The suite holds every answer to it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use super::body::IDEMPOTENCY_KEY;
use super::operations::{OPERATIONS, Operation};
use crate::domain::credit::{KEY_PATTERN, LONGEST_KEY};
use crate::domain::tool::Tool;
use crate::error::ErrorCode;
use crate::service::calls::{self, Example};
use crate::service::{Ctx, index};

const ABOUT: &str = "An index of online stores and of the people who work at them, for programs. The same calls, limits and results as the tools that AI \
clients use at the MCP endpoint, from one pool of quotas and credits.\n\nEvery request carries an API key, made under Settings, API keys: \
`Authorization: Bearer pc_key_…`. Every answer carries its id in `X-Request-Id`. Every error has one shape, and a `Link` header with `rel=\"help\"` \
that leads to the page of the manual about it.";

/// The id of a request.
const REQUEST_ID: &str = "0198f0a1b2c37d4e8f00112233445566";

/// `GET /openapi.json`: needs no key.
pub async fn openapi(ctx: web::Data<Ctx>) -> HttpResponse {
    HttpResponse::Ok().json(document(&ctx.config.public_url))
}

/// The document for a server that is known under `url`.
pub fn document(url: &str) -> Value {
    static PATHS: LazyLock<(Value, Value)> = LazyLock::new(|| (paths(), components()));
    let (paths, components) = &*PATHS;
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis store index",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Stores, the people who work at them, and what is left of your quotas.",
            "description": ABOUT,
        },
        "servers": [{ "url": url }],
        "security": [{ "apiKey": [] }],
        "tags": [
            { "name": "account", "description": "What is left of quotas and credits." },
            { "name": "stores", "description": "The stores of the index." },
            { "name": "contacts", "description": "The people who work at them." },
        ],
        "paths": paths,
        "components": components,
    })
}

fn components() -> Value {
    let mut schemas = Map::from_iter([("Error".to_owned(), error_schema(None))]);
    for operation in &OPERATIONS {
        let told = calls::schemas(operation.tool);
        if operation.has_body() {
            let mut input = Value::Object(told.input.clone());
            if operation.tool == Tool::RevealContacts
                && let Some(properties) = input.get_mut("properties").and_then(Value::as_object_mut)
            {
                properties.retain(|name, _| name == "contact_ids");
            }
            schemas.insert(format!("{}_request", operation.tool.row().name), input);
        }
        schemas.insert(answer_name(operation), Value::Object(told.output.clone()));
    }
    json!({
        "securitySchemes": {
            "apiKey": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key made under Settings, API keys. Keep it on a server, never in a web page or an app.",
            },
        },
        "schemas": schemas,
    })
}

fn answer_name(operation: &Operation) -> String {
    format!("{}_answer", operation.tool.row().name)
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn paths() -> Value {
    let mut paths = Map::new();
    for operation in &OPERATIONS {
        let item = Map::from_iter([(operation.method.to_lowercase(), described(operation))]);
        paths.insert(operation.path.to_owned(), Value::Object(item));
    }
    Value::Object(paths)
}

fn described(operation: &Operation) -> Value {
    let row = operation.tool.row();
    let tag = match operation.tool {
        Tool::GetUsage => "account",
        Tool::SearchContacts | Tool::RevealContacts => "contacts",
        _ => "stores",
    };
    let mut told = json!({
        "operationId": row.name,
        "summary": row.title,
        "description": format!("{} The key needs the permission `{}`.", operation.about, row.scope.row().name),
        "tags": [tag],
        "parameters": parameters(operation),
        "responses": responses(operation),
    });
    if let (true, Some(members)) = (operation.has_body(), told.as_object_mut()) {
        let name = format!("{}_request", row.name);
        let media = json!({ "schema": reference(&name), "example": arguments(operation) });
        let body = json!({ "required": true, "content": { "application/json": media } });
        members.insert("requestBody".into(), body);
    }
    told
}

/// The example's arguments, as they are sent here.
fn arguments(operation: &Operation) -> Value {
    let mut arguments = calls::example(operation.tool).arguments;
    if operation.tool == Tool::RevealContacts
        && let Some(members) = arguments.as_object_mut()
    {
        members.retain(|name, _| name == "contact_ids");
    }
    arguments
}

fn parameters(operation: &Operation) -> Value {
    match operation.tool {
        Tool::GetStore => json!([{
            "name": "domain",
            "in": "path",
            "required": true,
            "description": "The store's domain name, like shop.example.com. A URL is understood too, percent-encoded.",
            "schema": { "type": "string", "minLength": 3, "maxLength": index::LONGEST_DOMAIN },
            "example": calls::example(operation.tool).arguments.get("domain"),
        }]),
        Tool::RevealContacts => json!([{
            "name": IDEMPOTENCY_KEY,
            "in": "header",
            "required": false,
            "description": "A text of your choice, new for each new request. The same text with the same body gets the first answer again at no charge, for 24 hours; with another body it is refused.",
            "schema": { "type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": KEY_PATTERN },
            "example": "spring-campaign-1",
        }]),
        _ => json!([]),
    }
}

fn responses(operation: &Operation) -> Value {
    let Example { answer, .. } = calls::example(operation.tool);
    let media = json!({ "schema": reference(&answer_name(operation)), "example": answer });
    let done = json!({
        "description": "Done.",
        "headers": { "X-Request-Id": request_id() },
        "content": { "application/json": media },
    });
    let mut responses = Map::from_iter([("200".to_owned(), done)]);
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in operation.errors() {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        responses.insert(status.to_string(), failure(status, &codes));
    }
    Value::Object(responses)
}

fn request_id() -> Value {
    json!({
        "description": "The id of the request, in both logs.",
        "required": true,
        "schema": { "type": "string", "minLength": 16 },
        "example": REQUEST_ID,
    })
}

fn retry_after() -> Value {
    json!({
        "description": "Seconds until another try makes sense.",
        "required": true,
        "schema": { "type": "integer", "minimum": 1 },
        "example": 30,
    })
}

/// What failures of one status look like.
fn failure(status: u16, codes: &[ErrorCode]) -> Value {
    let text = |words: &str, example: &str| json!({ "description": words, "required": true, "schema": { "type": "string" }, "example": example });
    let first = codes.first().map_or("", |code| code.as_str());
    let link = format!("<https://gate.example.com/docs/troubleshooting#{first}>; rel=\"help\"");
    let mut headers = Map::from_iter([
        ("X-Request-Id".to_owned(), request_id()),
        ("Link".to_owned(), text("The page of the manual about the code.", &link)),
    ]);
    let own = match status {
        401 => Some((
            "WWW-Authenticate",
            text("How to sign in (RFC 6750).", "Bearer realm=\"portcullis\""),
        )),
        405 => Some(("Allow", text("The methods that there are.", "POST"))),
        429 => Some(("Retry-After", retry_after())),
        _ => None,
    };
    headers.extend(own.map(|(name, told)| (name.to_owned(), told)));
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            let error = json!({
                "type": code.kind(),
                "code": code.as_str(),
                "message": code.headline(),
                "request_id": REQUEST_ID,
            });
            let example = json!({ "summary": code.headline(), "value": { "error": error } });
            (code.as_str().to_owned(), example)
        })
        .collect();
    let words: Vec<&str> = codes.iter().map(|code| code.headline()).collect();
    json!({
        "description": format!("{}.", words.join(". ")),
        "headers": headers,
        "content": { "application/json": { "schema": error_schema(Some(codes)), "examples": examples } },
    })
}

/// The shape of an error; of those codes only, where they are known.
fn error_schema(codes: Option<&[ErrorCode]>) -> Value {
    let mut kinds: Vec<&str> = codes.unwrap_or_default().iter().map(|code| code.kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let names: Vec<&str> = codes.unwrap_or_default().iter().map(|code| code.as_str()).collect();
    let choice = |values: Vec<&str>| match codes {
        Some(_) => json!({ "type": "string", "enum": values }),
        None => json!({ "type": "string" }),
    };
    json!({
        "type": "object",
        "required": ["error"],
        "additionalProperties": false,
        "properties": {
            "error": {
                "type": "object",
                "required": ["type", "code", "message", "request_id"],
                "additionalProperties": false,
                "properties": {
                    "type": choice(kinds),
                    "code": choice(names),
                    "message": { "type": "string", "minLength": 1, "description": "What is wrong and what to do about it." },
                    "param": { "type": "string", "description": "The field that is wrong." },
                    "request_id": { "type": "string", "minLength": 16 },
                },
            },
        },
    })
}
