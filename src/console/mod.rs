//! The console: one folder per screen, handler and view model together.

pub mod health;
pub mod login;
pub mod setup;
pub mod theme;
