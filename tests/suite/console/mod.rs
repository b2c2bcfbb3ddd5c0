//! The console.

mod login;
mod settings;
mod settings_form;
mod setup;
