//! The authorization server.

mod authorize;
mod consent;
mod exchange;
mod metadata;
mod prompt;
mod races;
mod refresh;
mod register;
mod token;
