//! The resources: what two of the tools return, under an address (contract §7).

use rmcp::ErrorData;
use rmcp::model::{CacheScope, ReadResourceResult, Resource, ResourceContents};
use serde_json::json;

use super::server::KEEP_MS;
use crate::domain::tool::Tool;
use crate::error::ErrorCode;
use crate::service::Ctx;
use crate::service::calls::{self, Caller};

/// A request that is right and refused: of the codes that JSON-RPC leaves to servers (§5.1).
const REFUSED: rmcp::model::ErrorCode = rmcp::model::ErrorCode(-32000);

/// A row of the table of resources.
struct ResourceRow {
    uri: &'static str,
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// The tool that returns the same: whoever may call it may read this.
    tool: Tool,
}

const RESOURCES: [ResourceRow; 2] = [
    ResourceRow {
        uri: "portcullis://taxonomy",
        name: "taxonomy",
        title: "Filters and their values",
        description: "Every filter of the searches with its values and their labels, as list_taxonomy returns it.",
        tool: Tool::ListTaxonomy,
    },
    ResourceRow {
        uri: "portcullis://usage",
        name: "usage",
        title: "Usage and quotas",
        description: "Plan, quotas and credits of the account now, as get_usage returns it.",
        tool: Tool::GetUsage,
    },
];

/// The tool behind a resource; the address is compared byte for byte, so that there is nothing to
/// climb out of (checklist B16).
pub(super) fn tool_of(uri: &str) -> Option<Tool> {
    RESOURCES.iter().find(|row| row.uri == uri).map(|row| row.tool)
}

/// What `resources/list` tells this caller.
pub(super) fn list(caller: &Caller) -> Vec<Resource> {
    RESOURCES
        .iter()
        .filter(|row| caller.principal.tools.contains(&row.tool))
        .map(|row| {
            Resource::new(row.uri, row.name)
                .with_title(row.title)
                .with_description(row.description)
                .with_mime_type("application/json")
        })
        .collect()
}

/// Reads a resource. Costs nothing, and is written down like a call.
///
/// # Errors
/// Not found, in the way of the request's era (checklist B15); also for a resource whose tool the
/// role does not allow. What the tool would refuse with is told with its code.
pub(super) async fn read(
    ctx: &Ctx,
    caller: &Caller,
    uri: &str,
    is_modern: bool,
) -> Result<ReadResourceResult, ErrorData> {
    let Some(tool) = tool_of(uri) else { return Err(not_found(uri, is_modern)) };
    let content = calls::read(ctx, caller, tool, &format!("resources/read {uri}")).await;
    let content = content.map_err(|error| match error.code {
        ErrorCode::PermissionDenied => not_found(uri, is_modern),
        ErrorCode::InternalError => ErrorData::internal_error("internal error", None),
        code => {
            let data = json!({ "uri": uri, "code": code.as_str() });
            ErrorData::new(REFUSED, error.message.to_string(), Some(data))
        }
    })?;
    let contents =
        ResourceContents::text(content.to_string(), uri).with_mime_type("application/json");
    Ok(ReadResourceResult::new(vec![contents])
        .with_ttl_ms(KEEP_MS)
        .with_cache_scope(CacheScope::Private))
}

fn not_found(uri: &str, is_modern: bool) -> ErrorData {
    let (message, data) = ("there is no such resource", Some(json!({ "uri": uri })));
    if is_modern {
        ErrorData::invalid_params(message, data)
    } else {
        ErrorData::resource_not_found(message, data)
    }
}
