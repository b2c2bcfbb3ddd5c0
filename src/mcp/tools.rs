//! The tools as clients see them: their definitions, and the form of their results. What they do
//! is `service::calls`.

use std::sync::LazyLock;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ToolAnnotations};
use serde_json::{Value, json};

use crate::domain::tool::{TOOLS, Tool, ToolRow};
use crate::error::Error;
use crate::service::Ctx;
use crate::service::calls::{self, Caller, Line};

/// The definitions for `tools/list`, in the order of the table.
pub(super) fn definitions() -> &'static [(Tool, rmcp::model::Tool)] {
    static DEFINITIONS: LazyLock<Vec<(Tool, rmcp::model::Tool)>> =
        LazyLock::new(|| TOOLS.iter().map(|row| (row.tool, definition(row))).collect());
    &DEFINITIONS
}

fn definition(row: &'static ToolRow) -> rmcp::model::Tool {
    let schemas = calls::schemas(row.tool);
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

/// Calls a tool.
pub(super) async fn call(
    ctx: &Ctx,
    caller: &Caller,
    line: &Line,
    tool: Tool,
    arguments: JsonObject,
) -> CallToolResult {
    match calls::perform(ctx, caller, line, tool, arguments).await {
        Ok(output) => answer(output, false),
        Err(error) => {
            // The form of the object is fixed, so the page that helps stands in its message.
            let page = ctx.config.help_url(error.code.as_str());
            let message = format!("{} About this error: {page}", error.message).into();
            let error = Error { message, ..error };
            answer(json!({ "error": body(&error, &caller.request_id) }), true)
        }
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
