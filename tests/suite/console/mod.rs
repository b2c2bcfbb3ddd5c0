//! The console.

mod clients;
mod clients_pages;
mod connections;
mod explore;
mod index_browse;
mod index_upload;
mod index_wrong;
mod invitations;
mod login;
mod overview;
mod passwords;
mod personal_tokens;
mod records;
mod settings;
mod settings_form;
mod setup;
mod user_acts;
mod users;
