//! The console: one folder per screen, handler and view model together.

pub mod activity;
pub mod audit;
pub mod clients;
pub mod clients_config;
pub mod connections;
pub mod dashboard;
pub mod explore;
pub mod health;
pub mod index;
pub mod invite;
pub mod login;
pub mod mcp_settings;
pub mod mcp_users;
pub mod overview;
pub mod password;
pub mod setup;
pub mod theme;
pub mod usage;
pub mod user_edit;
pub mod users;
