//! The console.

mod clients;
mod clients_pages;
mod login;
mod setup;
