//! Use cases: one function, one transaction, its audit entry inside it. They know no HTTP.

pub mod access;
pub mod bootstrap;
pub mod connections;
pub mod consent;
mod context;
mod failure;
mod hasher;
pub mod import;
pub mod index;
pub mod issue;
pub mod keyring;
pub mod login;
pub mod meter;
pub mod people;
pub mod register;
pub mod revoke;
pub mod throttle;
pub mod verify;

pub use context::{Ctx, Live};
