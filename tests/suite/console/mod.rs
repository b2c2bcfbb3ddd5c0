//! The console.

mod clients;
mod login;
mod setup;
