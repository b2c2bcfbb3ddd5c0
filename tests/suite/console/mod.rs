//! The console.

mod login;
mod settings;
mod setup;
