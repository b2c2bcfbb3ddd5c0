//! Portcullis: a self-hosted gate between AI agents and a store index.
//!
//! The floors, top to bottom; arrows point down only (see `ARCHITECTURE.md`):
//! surfaces (`console`, `oauth`, `mcp`, `cli`) → `service` → `store` → `db`; `domain` holds the
//! pure rules that everything may use.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod db;
pub mod domain;
pub mod error;
pub mod ids;
pub mod jobs;
pub mod mcp;
pub mod oauth;
pub mod secrets;
pub mod service;
pub mod store;
pub mod web;

/// Many small pieces of memory come and go with every call and every line of an import; the
/// system's allocator takes about twice as long for them. Here, so that the program, its tests and
/// its benchmarks run with the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
