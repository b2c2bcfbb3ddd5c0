//! The rules of the house, pure: no I/O, no clock, no crate-internal imports but the basic types.

pub mod access;
pub mod audit;
pub mod client_name;
pub mod contact;
pub mod credit;
pub mod cursor;
pub mod email;
pub mod filter;
pub mod freshness;
pub mod grant;
pub mod host;
pub mod import;
pub mod known_clients;
pub mod metadata_document;
pub mod oauth_error;
pub mod password;
pub mod pkce;
pub mod profile;
pub mod prompt;
pub mod quota;
pub mod redirect;
pub mod refresh;
pub mod scope;
pub mod settings;
pub mod special_use;
pub mod tool;
