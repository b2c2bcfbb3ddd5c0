//! `/mcp`: the gate, the protocol, the tools.

mod activity;
mod bearer;
mod bounds;
mod challenge;
mod channels;
mod contacts;
mod doors;
mod hangup;
mod messages;
mod modern;
mod order;
mod personal_tokens;
mod prompts;
mod quota;
mod reference;
mod revocation;
mod scopes;
mod secrets;
mod tools;
mod transport;
