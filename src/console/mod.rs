//! The console: one folder per screen, handler and view model together.

pub mod account;
pub mod accounts;
pub mod activity;
pub mod api_keys;
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

pub mod manual;
pub mod mcp_settings;
pub mod mcp_users;
pub mod metrics;
pub mod overview;
pub mod own_records;
pub mod password;
pub mod plans;
pub mod roles;
pub mod setup;
pub mod signing_keys;
mod steps;
pub mod theme;
pub mod usage;
pub mod user_edit;
pub mod users;
pub mod verify;
