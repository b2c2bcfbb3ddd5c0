//! The tools: one file each with its input, output and work. Here: definitions, and the one way a
//! call goes (arguments, quota, work, settling, answer).

mod enrich_domains;
mod get_store;
mod get_usage;
mod list_taxonomy;
mod reveal_contacts;
mod schema;
mod search_contacts;
mod search_stores;

use std::sync::LazyLock;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::audit::Outcome;
use crate::domain::tool::{TOOLS, Tool, ToolRow};
use crate::error::{Error, ErrorCode, Result};
use crate::mcp::gate::{Caller, micros};
use crate::mcp::line::Line;
use crate::service::Ctx;
use crate::service::meter::{self, Cost};
use crate::store::activity::NewActivity;
use schema::Schemas;

/// What a tool returns: its JSON, and what it costs.
struct Done {
    output: Value,
    cost: Cost,
}

/// A tool's work.
enum Work {
    /// Done, and still to be counted and written down.
    Done(Done),
    /// Counted and written down already, whatever came of it: what spends credits does so in the
    /// transaction that spends them.
    Settled(Result<Value>),
}

/// The definitions for `tools/list`, in the order of the table.
pub(super) fn definitions() -> &'static [(Tool, rmcp::model::Tool)] {
    static DEFINITIONS: LazyLock<Vec<(Tool, rmcp::model::Tool)>> =
        LazyLock::new(|| TOOLS.iter().map(|row| (row.tool, definition(row))).collect());
    &DEFINITIONS
}

/// The schemas of a tool, with all their words.
pub(super) fn schemas(tool: Tool) -> Schemas {
    match tool {
        Tool::GetUsage => Schemas::of::<NoInput, get_usage::Output>(),
        Tool::ListTaxonomy => Schemas::of::<NoInput, list_taxonomy::Output>(),
        Tool::GetStore => Schemas::of::<get_store::Input, get_store::Output>(),
        Tool::SearchStores => Schemas::of::<search_stores::Input, search_stores::Output>(),
        Tool::EnrichDomains => Schemas::of::<enrich_domains::Input, enrich_domains::Output>(),
        Tool::SearchContacts => Schemas::of::<search_contacts::Input, search_contacts::Output>(),
        Tool::RevealContacts => Schemas::of::<reveal_contacts::Input, reveal_contacts::Output>(),
    }
}

fn definition(row: &'static ToolRow) -> rmcp::model::Tool {
    let schemas = schemas(row.tool);
    let mut tool = rmcp::model::Tool::new(row.name, row.description, schemas.input());
    tool.title = Some(row.title.into());
    tool.output_schema = Some(schemas.output().into());
    tool.annotations = Some(ToolAnnotations::from_raw(
        Some(row.title.into()),
        Some(row.is_read_only),
        Some(false),
        Some(true),
        Some(false),
    ));
    tool
}

/// A tool without arguments takes none.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoInput {}

/// Calls a tool: the one way from arguments to answer.
pub(super) async fn call(
    ctx: &Ctx,
    caller: &Caller,
    line: &Line,
    tool: Tool,
    arguments: JsonObject,
) -> CallToolResult {
    let worked = tokio::select! {
        biased;
        worked = work(ctx, caller, line, tool, arguments) => worked,
        // What spends looks at the line itself, and is never left in the middle.
        () = line.cut(), if tool.row().is_read_only => Err(hung_up()),
    };
    let result = match worked {
        Ok(Work::Done(done)) => settle(ctx, caller, tool, done).await,
        Ok(Work::Settled(result)) => result,
        Err(error) => Err(note(ctx, caller, tool, error).await),
    };
    match result {
        Ok(output) => answer(output, false),
        Err(error) => answer(json!({ "error": body(&error, &caller.request_id) }), true),
    }
}

/// What is written down of a call whose caller has hung up.
fn hung_up() -> Error {
    Error::new(ErrorCode::Cancelled, "The caller hung up.")
}

async fn work(
    ctx: &Ctx,
    caller: &Caller,
    line: &Line,
    tool: Tool,
    arguments: JsonObject,
) -> Result<Work> {
    let done = match tool {
        Tool::GetUsage => get_usage::run(ctx, caller, parse(arguments)?).await,
        Tool::ListTaxonomy => list_taxonomy::run(ctx, caller, parse(arguments)?).await,
        Tool::GetStore => get_store::run(ctx, caller, parse(arguments)?).await,
        Tool::SearchStores => search_stores::run(ctx, caller, parse(arguments)?).await,
        Tool::EnrichDomains => enrich_domains::run(ctx, caller, parse(arguments)?).await,
        Tool::SearchContacts => search_contacts::run(ctx, caller, parse(arguments)?).await,
        Tool::RevealContacts => {
            let result = reveal_contacts::run(ctx, caller, line, parse(arguments)?).await?;
            return Ok(Work::Settled(result));
        }
    };
    done.map(Work::Done)
}

/// What a tool without arguments returns, for the resource that repeats it.
///
/// # Errors
/// When the database cannot answer.
pub(super) async fn content(ctx: &Ctx, caller: &Caller, tool: Tool) -> Result<Value> {
    match work(ctx, caller, &Line::default(), tool, JsonObject::new()).await? {
        Work::Done(done) => Ok(done.output),
        Work::Settled(result) => result,
    }
}

/// Reads arguments; the complaint is for the model, which can correct itself (SEP-1303).
fn parse<T: DeserializeOwned>(arguments: JsonObject) -> Result<T> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        Error::new(ErrorCode::InvalidRequest, format!("The arguments are not right: {error}."))
    })
}

/// Serialises a tool's output.
fn output(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// Counts and writes down a call that worked; without that, no answer.
async fn settle(ctx: &Ctx, caller: &Caller, tool: Tool, done: Done) -> Result<Value> {
    let mut call =
        record(ctx, caller, tool.row().name, Outcome::Ok.as_str(), 200, None, done.cost.rows);
    call.at = ctx.clock.now();
    meter::settle(ctx, &caller.principal, done.cost, call).await??;
    Ok(done.output)
}

/// Writes down a call that did not work, as what it was. One that looked and found nothing costs a
/// request like any other, and so does one that nobody waited for.
async fn note(ctx: &Ctx, caller: &Caller, tool: Tool, error: Error) -> Error {
    let outcome = match error.code.status() {
        429 => Outcome::Limited,
        402 | 403 => Outcome::Denied,
        _ => Outcome::Error,
    };
    let call =
        record(ctx, caller, tool.row().name, outcome.as_str(), 200, Some(error.code.as_str()), 0);
    let looked = matches!(error.code, ErrorCode::NotFound | ErrorCode::Cancelled)
        && tool.row().costs_request;
    let cost = if looked { Cost { requests: 1, rows: 0 } } else { Cost::default() };
    match meter::settle(ctx, &caller.principal, cost, call).await {
        Ok(Ok(())) => error,
        Ok(Err(refused)) => refused,
        Err(failed) => failed,
    }
}

/// Writes down a call of a tool that is not there for this caller: `named`, which the role does not
/// allow, or a name of their own, which is not kept.
///
/// # Errors
/// When the database cannot answer.
pub(super) async fn note_unknown(ctx: &Ctx, caller: &Caller, named: Option<Tool>) -> Result<()> {
    let (operation, outcome, code) = match named {
        Some(tool) => (tool.row().name, Outcome::Denied, ErrorCode::PermissionDenied),
        None => ("tools/call", Outcome::Error, ErrorCode::NotFound),
    };
    let code = Some(code.as_str());
    meter::note(ctx, record(ctx, caller, operation, outcome.as_str(), 200, code, 0)).await
}

/// The activity row of a call.
pub(super) fn record(
    ctx: &Ctx,
    caller: &Caller,
    operation: &str,
    outcome: &'static str,
    status: i32,
    code: Option<&str>,
    rows: i64,
) -> NewActivity {
    NewActivity {
        request_id: caller.request_id.clone(),
        at: ctx.clock.now(),
        account_id: Some(caller.principal.account),
        user_id: Some(caller.principal.user),
        client_id: caller.principal.client,
        token_id: Some(caller.principal.token),
        address: caller.address.map(|address| address.to_string()),
        surface: "mcp",
        operation: operation.to_owned(),
        outcome,
        status,
        error_code: code.map(str::to_owned),
        rows_returned: rows,
        credits_spent: 0,
        latency_us: micros(caller.arrived),
    }
}

/// `structuredContent.error` (contract §7, check 8).
fn body(error: &Error, request_id: &str) -> Value {
    let mut body = json!({
        "code": error.code.as_str(),
        "message": error.to_string(),
        "request_id": request_id,
    });
    if let (Some(seconds), Some(members)) = (error.retry_after, body.as_object_mut()) {
        members.insert("retry_after".into(), json!(seconds));
    }
    body
}

/// The result, structured and repeated as text (checklist B6, B7).
fn answer(output: Value, is_error: bool) -> CallToolResult {
    let content = vec![ContentBlock::text(output.to_string())];
    let mut result =
        if is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
    result.structured_content = Some(output);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_defined_the_way_every_client_takes_it() {
        for (tool, definition) in definitions() {
            for schema in
                [definition.input_schema.as_ref(), definition.output_schema.as_deref().unwrap()]
            {
                assert_eq!(schema.get("type"), Some(&json!("object")), "{tool:?}");
                assert!(schema.contains_key("properties"), "{tool:?}");
                assert!(!Value::Object(schema.clone()).to_string().contains("$ref"), "{tool:?}");
            }
            assert_eq!(
                definition.input_schema.get("additionalProperties"),
                Some(&json!(false)),
                "{tool:?}"
            );
            let hints = definition.annotations.as_ref().unwrap();
            assert_eq!(hints.read_only_hint, Some(*tool != Tool::RevealContacts));
            assert!(
                hints.destructive_hint.is_some()
                    && hints.idempotent_hint.is_some()
                    && hints.open_world_hint.is_some()
            );
        }
        let store = definitions().iter().find(|(tool, _)| *tool == Tool::GetStore).unwrap();
        let told = store.1.output_schema.as_deref().unwrap();
        assert!(told["properties"].get("description").is_some(), "a member, not a keyword");
        let all =
            serde_json::to_string(&definitions().iter().map(|(_, tool)| tool).collect::<Vec<_>>())
                .unwrap();
        // About four characters a token; the budget for all definitions is 5,000 tokens.
        assert!(all.len() < 20_000, "{} characters", all.len());
    }
}
