//! Queries: one file per table group, one query per function. They return rows and know no HTTP.

pub mod accounts;
pub mod activity;
pub mod audit;
pub mod clients;
pub mod codes;
pub mod connections;
pub mod consents;
pub mod grid;
pub mod imports;
pub mod index_write;
pub mod keys;
pub mod links;
pub mod outbox;
pub mod people;
pub mod principal;
pub mod refresh_tokens;
pub mod requests;
pub mod roles;
pub mod sessions;
pub mod settings;
pub mod stores;
#[cfg(test)]
pub(crate) mod testing;
pub mod throttles;
pub mod tokens;
pub mod usage;
pub mod users;
pub mod waiting;
