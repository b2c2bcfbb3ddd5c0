//! The authorization server.

mod abuse;
mod authentication;
mod authorize;
mod confidential;
mod consent;
mod documents;
mod exchange;
mod hostile_documents;
mod introspect;
mod keys;
mod logs;
mod mail;
mod metadata;
mod openid;
mod prompt;
mod races;
mod real_clients;
mod refresh;
mod register;
mod restart;
mod revoke;
mod token;
mod two_origins;
