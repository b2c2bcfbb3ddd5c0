//! The suite: the whole product from outside, on every database there is to test on. Folders
//! mirror the URLs; names say the rule. `support` holds the application and those who call it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed"
)]

mod api;
mod architecture;
mod cli;
mod console;
mod credits;
mod deadlock;
mod hangup;
mod index;
mod late;
mod manual;
mod mcp;
mod oauth;
mod programs;
mod properties;
mod proxies;
mod reconnect;
mod routes;
mod support;
