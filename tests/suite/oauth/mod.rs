//! The authorization server.

mod authorize;
mod confidential;
mod consent;
mod exchange;
mod introspect;
mod keys;
mod metadata;
mod openid;
mod races;
mod refresh;
mod register;
mod revoke;
mod token;
