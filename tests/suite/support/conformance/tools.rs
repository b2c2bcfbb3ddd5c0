//! The tools of the scenarios. Four are left out, because they ask the client something while
//! they run, and this server has no stream to ask on: `test_sampling`, `test_elicitation` and
//! the two `test_elicitation_sep…`.
#![expect(deprecated, reason = "log messages are of the earlier revisions, which are checked too")]

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, LoggingLevel,
    LoggingMessageNotificationParam, ProgressNotificationParam, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::handler::{Changes, Handler};
use super::{of, rounds};

/// One red pixel, PNG.
pub const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
/// A header and no sound, WAV.
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

/// Those that take nothing. The first is called by the scenario of the headers.
const PLAIN: [&str; 22] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_logging_tool",
    "test_missing_capability",
    "test_reconnection",
    "test_streaming_elicitation",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

pub fn list() -> Vec<Tool> {
    let plain = PLAIN.map(|name| tool(name, &json!({ "type": "object" })));
    plain.into_iter().chain([with_header(), with_all_keywords()]).collect()
}

fn tool(name: &str, schema: &Value) -> Tool {
    of(json!({ "name": name, "description": "Of the conformance suite", "inputSchema": schema }))
}

/// One whose argument is repeated in a header.
fn with_header() -> Tool {
    tool(
        "test_custom_header",
        &json!({
            "type": "object",
            "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
            "required": ["region"],
        }),
    )
}

/// One whose schema has what lists like to lose.
fn with_all_keywords() -> Tool {
    let either = json!([{ "required": ["phone"] }, { "required": ["email"] }]);
    tool(
        "json_schema_2020_12_tool",
        &json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "address": {
                "$anchor": "addressDef", "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            } },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": either }],
            "if": {
                "properties": { "contactMethod": { "const": "phone" } },
                "required": ["contactMethod"],
            },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        }),
    )
}

pub async fn call(
    handler: &Handler,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let capabilities = context.client_capabilities();
    if let Some(answer) = rounds::call(&handler.shared.handed, &request, capabilities.clone())? {
        return Ok(answer);
    }
    match request.name.as_ref() {
        "test_tool_with_progress" => progress(&context).await,
        "test_tool_with_logging" => log(&context, Some(LoggingLevel::Info)).await,
        "test_logging_tool" => log(&context, context.meta.log_level()).await,
        "test_trigger_tool_change" => {
            handler.shared.changes.send_modify(|Changes { tools, .. }| *tools += 1);
        }
        "test_trigger_prompt_change" => {
            handler.shared.changes.send_modify(|Changes { prompts, .. }| *prompts += 1);
        }
        "test_missing_capability" if capabilities.is_none_or(|can| can.sampling.is_none()) => {
            let needed: ClientCapabilities = of(json!({ "sampling": {} }));
            return Err(ErrorData::missing_required_client_capability(needed));
        }
        "test_error_handling" => {
            return Ok(CallToolResult::error(vec![of(text("This tool fails."))]).into());
        }
        _ => {}
    }
    let content = content(&request.name)?;
    Ok(CallToolResult::success(of(Value::Array(content))).into())
}

fn content(name: &str) -> Result<Vec<Value>, ErrorData> {
    let image = json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" });
    let resource = |uri: &str, kind: &str, text: &str| json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } });
    Ok(match name {
        "test_image_content" => vec![image],
        "test_audio_content" => {
            vec![json!({ "type": "audio", "data": SILENCE, "mimeType": "audio/wav" })]
        }
        "test_embedded_resource" => {
            vec![resource("test://embedded-resource", "text/plain", "Embedded.")]
        }
        "test_multiple_content_types" => vec![
            text("A text, an image and a resource:"),
            image,
            resource("test://mixed-content-resource", "application/json", "{\"mixed\":true}"),
        ],
        "test_custom_header" | "json_schema_2020_12_tool" => vec![text("Called.")],
        name if PLAIN.contains(&name) => vec![text("Called.")],
        _ => return Err(ErrorData::invalid_params("there is no tool of that name", None)),
    })
}

/// Three steps, told if somebody wants to know.
async fn progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else { return };
    for done in [0.0, 50.0, 100.0] {
        let step = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        context.peer.notify_progress(step).await.unwrap();
    }
}

/// Three messages, if the client wants any.
async fn log(context: &RequestContext<RoleServer>, level: Option<LoggingLevel>) {
    let Some(level) = level else { return };
    for message in ["Started", "At work", "Done"] {
        let message = LoggingMessageNotificationParam::new(level, json!(message));
        context.peer.notify_logging_message(message).await.unwrap();
    }
}

/// A result of one text.
pub fn said(said: &str) -> CallToolResponse {
    CallToolResult::success(of(json!([text(said)]))).into()
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}
