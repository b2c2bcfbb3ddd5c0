//! The console.

mod login;
mod settings_mcp;
mod settings_mcp_tokens;
mod setup;
