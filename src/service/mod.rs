//! Use cases: one function, one transaction, its audit entry inside it. They know no HTTP.

pub mod access;
pub mod api_keys;
pub mod bootstrap;
pub mod calls;
pub mod clients;
pub mod connections;
pub mod consent;
mod context;
pub mod credits;
pub mod deliver;
pub mod directory;
mod failure;
mod hasher;
pub mod import;
pub mod index;
pub mod introspect;
pub mod issue;
pub mod keyring;
pub mod keys;
pub mod login;
pub mod metadata_document;
pub mod meter;
pub mod notify;
pub mod overview;
pub mod people;
pub mod personal_tokens;
pub mod records;
pub mod register;
pub mod reveal;
pub mod revoke;
pub mod sessions;
pub mod settings;
pub mod stop;
pub mod throttle;
pub mod verify;

pub use context::{Ctx, Live};
