//! The program as a process.

mod crash;
mod export;
mod import;
mod serve;
mod user;
