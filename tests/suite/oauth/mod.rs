//! The authorization server.

mod authorize;
mod metadata;
mod register;
