//! JSON-RPC messages of both eras.

use serde_json::{Value, json};

/// The current revision, whose requests say it themselves.
pub const MODERN: &str = "2026-07-28";
/// The newest revision with a handshake.
pub const LEGACY: &str = "2025-11-25";

/// A legacy request.
pub fn legacy(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// A modern request; `params` must be an object.
pub fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "suite", "version": "1" },
    });
    legacy(method, params)
}

/// The headers that go with a modern request.
pub fn modern_headers(body: &Value) -> Vec<(&'static str, String)> {
    let method = body["method"].as_str().unwrap_or_default().to_owned();
    let mut headers =
        vec![("MCP-Protocol-Version", MODERN.to_owned()), ("Mcp-Method", method.clone())];
    if let Some(name) = body["params"]["name"].as_str().or(body["params"]["uri"].as_str()) {
        headers.push(("Mcp-Name", name.to_owned()));
    }
    headers
}

/// A tool call.
pub fn call(tool: &str, arguments: Value) -> Value {
    json!({ "name": tool, "arguments": arguments })
}
