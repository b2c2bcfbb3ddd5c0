//! The console.

mod connections;
mod index_upload;
mod index_wrong;
mod login;
mod personal_tokens;
mod settings;
mod settings_form;
mod setup;
