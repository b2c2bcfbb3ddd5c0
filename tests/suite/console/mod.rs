//! The console.

mod account;
mod accounts;
mod clients;
mod clients_pages;
mod confirmation;
mod connections;
mod index_browse;
mod index_upload;
mod index_wrong;
mod invitations;
mod login;
mod mcp_users;
mod mcp_users_mass;
mod mcp_users_views;
mod overview;
mod passwords;
mod personal_tokens;
mod plans;
mod records;
mod roles;
mod settings;
mod settings_form;
mod setup;
mod two_factor;
mod user_acts;
mod users;
