//! The authorization server.

mod authorize;
mod consent;
mod documents;
mod exchange;
mod hostile_documents;
mod metadata;
mod prompt;
mod races;
mod refresh;
mod register;
mod token;
