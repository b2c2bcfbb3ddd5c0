//! The console.

mod login;
mod setup;
