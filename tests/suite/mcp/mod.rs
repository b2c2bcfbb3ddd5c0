//! `/mcp`: the gate, the protocol, the tools.

mod bearer;
mod challenge;
mod revocation;
