//! The resources of the scenarios.

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResponse, ReadResourceResult, Resource, ResourceTemplate};
use serde_json::json;

use super::of;
use super::tools::PIXEL;

pub fn list() -> Vec<Resource> {
    of(json!([
        { "uri": "test://static-text", "name": "text", "description": "A text", "mimeType": "text/plain" },
        { "uri": "test://static-binary", "name": "binary", "description": "An image", "mimeType": "image/png" },
        { "uri": "test://watched-resource", "name": "watched", "description": "Another text", "mimeType": "text/plain" },
    ]))
}

pub fn templates() -> Vec<ResourceTemplate> {
    of(json!([{
        "uriTemplate": "test://template/{id}/data", "name": "template",
        "description": "Data by id", "mimeType": "application/json",
    }]))
}

pub fn read(uri: &str) -> Result<ReadResourceResponse, ErrorData> {
    let templated = || uri.strip_prefix("test://template/")?.strip_suffix("/data");
    let content = match uri {
        "test://static-text" | "test://watched-resource" => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "The text of a resource." })
        }
        "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": PIXEL }),
        _ => {
            let Some(id) = templated() else {
                let asked = Some(json!({ "uri": uri }));
                return Err(ErrorData::resource_not_found("there is no such resource", asked));
            };
            let text = json!({ "id": id }).to_string();
            json!({ "uri": uri, "mimeType": "application/json", "text": text })
        }
    };
    Ok(ReadResourceResult::new(of(json!([content]))).into())
}
