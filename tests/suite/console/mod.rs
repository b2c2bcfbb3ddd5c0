//! The console.

mod api_keys;
mod clients;
mod clients_pages;
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
mod records;
mod settings;
mod settings_form;
mod setup;
mod user_acts;
mod users;
